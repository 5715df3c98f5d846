"""`edge-agent diff A B`: which decisions differ, and why: which threshold, by how much."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from edge_agent.cli.language import LangOption, chosen_language
from edge_agent.errors import UsageError

if TYPE_CHECKING:
    from edge_agent.comparing.compare import Comparison, Tolerance
    from edge_agent.comparing.sides import Side
    from edge_agent.comparing.two import Two

app = typer.Typer(add_completion=False)


@app.command()
def main(  # noqa: PLR0917 - options of a command line
    a: Annotated[
        Path, typer.Argument(metavar="A", help="A folder made by replay, a decisions.jsonl, or a recording.")
    ],
    b: Annotated[Path | None, typer.Argument(metavar="[B]", help="Another one of these.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Instead of B: A replayed with this. Repeatable."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="SITE.yaml", help="Instead of B: A replayed with this file.")
    ] = None,
    exact: Annotated[bool, typer.Option("--exact", help="Only: are the decisions the same bytes?")] = False,
    grams: Annotated[int, typer.Option(min=0, help="Weights may differ by so much.")] = 0,
    ms: Annotated[int, typer.Option(min=0, help="Times may differ by so much.")] = 0,
    ppm: Annotated[int, typer.Option(min=0, help="Posteriors may differ by so much.")] = 0,
    ignore: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Leave out kind.field: watched, 'crossing.*.axle_group.*'."),
    ] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page of it.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="Show so many differences; 0: all.")] = 50,
    shifted: Annotated[
        bool, typer.Option("--shifted", help="List also what was concluded alike from other numbers.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, with everything.")] = False,
    lang: LangOption = None,
) -> None:
    """Compare what two runs concluded: added, removed, changed, only shifted, with the reasons.

    Exit: 0 the same, 1 they differ.
    """
    from edge_agent.comparing.as_json import as_json as to_json  # noqa: PLC0415 - help stays instant
    from edge_agent.comparing.compare import Tolerance  # noqa: PLC0415
    from edge_agent.comparing.text import lines  # noqa: PLC0415

    if (b is None) == (not settings and config is None):
        raise UsageError("give B, or --set or --config to replay A with something changed, not both")
    try:
        tolerance = Tolerance(grams=grams, ms=ms, ppm=ppm, ignore=tuple(ignore or ()))
    except ValueError as error:
        raise UsageError(f"--ignore {error}") from None
    language = chosen_language(lang)
    with _sides(a, b, config, settings or [], language, quiet=as_json) as (left, right):
        _not_of_nothing(left, right)
        if exact:
            _exactly(left, right, as_json=as_json)
            return
        comparison, two = _compared(left, right, tolerance)
    if html is not None:
        from edge_agent.comparing.page import write_page  # noqa: PLC0415

        write_page(html, comparison, two)
    if as_json:
        print(json.dumps(to_json(comparison, two), ensure_ascii=False))
    else:
        console = Console(highlight=False, soft_wrap=True)
        for line in lines(comparison, two, language=language, limit=limit, shifted=shifted):
            console.print(_shown(line))
    if comparison.differences:
        raise typer.Exit(1)


def _shown(line: Text) -> Text:
    """As it is; without its colours where something in it would move the terminal's cursor."""
    from edge_agent.report.saying import visible  # noqa: PLC0415 - help stays instant

    plain = "\n".join(map(visible, line.plain.split("\n")))
    return line if plain == line.plain else Text(plain)


@contextmanager
def _sides(
    a: Path, b: Path | None, config: Path | None, settings: list[str], language: str, *, quiet: bool
) -> Iterator[tuple[Side, Side]]:
    """Both sides; what had to be replayed for them is gone afterwards."""
    from edge_agent.comparing.sides import open_side  # noqa: PLC0415 - help stays instant

    if b is not None:
        yield open_side(a), open_side(b)
        return
    with TemporaryDirectory(prefix="edge-agent-diff-") as folder:
        many = "settings" if len(settings) > 1 else "setting"
        changed = str(config) if config is not None else f"{len(settings)} {many} changed"
        yield (
            _replayed(a, None, [], Path(folder) / "a", f"{a}, as it was", language, quiet=quiet),
            _replayed(a, config, settings, Path(folder) / "b", f"{a}, with {changed}", language, quiet=quiet),
        )


def _replayed(
    path: Path,
    config: Path | None,
    settings: list[str],
    out: Path,
    name: str,
    language: str,
    *,
    quiet: bool,
) -> Side:
    from dataclasses import replace  # noqa: PLC0415 - help stays instant

    from edge_agent import __version__  # noqa: PLC0415
    from edge_agent.cli.replay_bar import ReplayBar  # noqa: PLC0415
    from edge_agent.comparing.sides import open_side, several, torn_note  # noqa: PLC0415
    from edge_agent.journal.opening import open_all  # noqa: PLC0415
    from edge_agent.replaying.again import WHOLE  # noqa: PLC0415
    from edge_agent.replaying.configurations import configurations  # noqa: PLC0415
    from edge_agent.replaying.replay import replay  # noqa: PLC0415

    if path.suffix != ".mcap" and not (path.is_dir() and any(path.glob("*.mcap"))):
        raise UsageError(f"{path} is no recording: --set and --config replay one")
    recordings = open_all(path)
    sites = configurations(recordings, config, settings)
    out.mkdir()
    with ReplayBar(recordings, WHOLE, quiet=quiet, language=language) as bar:
        done = replay(recordings, sites, out, bar.step)
    notes = [torn_note(torn) for torn in done.torn]
    if len(set(map(id, sites))) > 1:
        notes.append(several(len(recordings)))
    return replace(open_side(out), name=name, software=f"edge-agent {__version__}", notes=tuple(notes))


def _not_of_nothing(left: Side, right: Side) -> None:
    """Two sides of which nothing could be read are not the same."""
    torn = [english for _, english in left.notes if english.startswith("torn: ")]
    if torn and not left.outcomes.decisions and not right.outcomes.decisions:
        raise UsageError(f"nothing was decided on either side: {'; '.join(torn)}")


def _compared(left: Side, right: Side, tolerance: Tolerance) -> tuple[Comparison, Two]:
    from edge_agent.comparing.compare import compare  # noqa: PLC0415 - help stays instant
    from edge_agent.comparing.reasons import with_reasons  # noqa: PLC0415
    from edge_agent.comparing.two import Two  # noqa: PLC0415
    from edge_agent.replaying.what_if import differences  # noqa: PLC0415

    settings = differences(left.config, right.config) if left.config and right.config else ()
    two = Two(left, right, settings)
    return with_reasons(compare(left.outcomes, right.outcomes, tolerance), two), two


def _exactly(left: Side, right: Side, *, as_json: bool) -> None:
    """The same bytes, or the first lines that are not."""
    from edge_agent.journal.compare import first_difference  # noqa: PLC0415 - help stays instant

    difference = first_difference(left.lines(), right.lines())
    if as_json:
        found = None if difference is None else asdict(difference)
        print(json.dumps({"identical": difference is None, "first": found}, ensure_ascii=False))
    elif difference is None:
        print(f"identical: {left.outcomes.decisions} decisions, byte for byte")
    else:
        print(f"they differ, first at decision {difference.number}:")
        a, b = difference.excerpts()
        print(f"  A  {a or '(nothing)'}")
        print(f"  B  {b or '(nothing)'}")
    if difference is not None:
        raise typer.Exit(1)
