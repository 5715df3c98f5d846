"""`edge-agent bench`: all of it as one table and one JSON file; `compare`: two of those files."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from edge_agent import bars
from edge_agent.cli.bench_common import AsJson

Result = dict[str, Any]


def main(  # noqa: PLR0917 - options of a command line
    context: typer.Context,
    quick: Annotated[
        bool, typer.Option("--quick", help="Minutes instead of half an hour: a look, not a result.")
    ] = False,
    long: Annotated[bool, typer.Option("--long", help="Memory over an hour, the whole day: hours.")] = False,
    only: Annotated[str, typer.Option(metavar="PART,PART", help="These parts alone.")] = "",
    out: Annotated[Path, typer.Option(metavar="FILE.json", help="Every number.")] = Path("bench.json"),
    pictures: Annotated[
        Path | None, typer.Option(metavar="DIR|CSV", help="Labelled plates, as `bench plates` takes them.")
    ] = None,
    ultralytics_python: Annotated[
        Path | None, typer.Option(metavar="PYTHON", help="Has ultralytics and lap: the cameras' peer is run.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE.pt", help="The same network for Ultralytics; else the .onnx.")
    ] = None,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="The table as the README shows it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measured on this machine, as ratios against a floor of the same run; without a command: all of it."""
    if context.invoked_subcommand is not None:
        return
    from edge_agent.bench import whole  # noqa: PLC0415 - help stays instant
    from edge_agent.bench.whole_parts import Choices  # noqa: PLC0415
    from edge_agent.errors import UsageError  # noqa: PLC0415

    if quick and long:
        raise UsageError("--quick and --long: one of them")
    parts = whole.chosen_parts(only)
    if not out.parent.is_dir():
        raise UsageError(f"--out {out}: {out.parent} is not a folder")
    choices = Choices(
        "quick" if quick else "long" if long else "usual", ultralytics_python, weights, pictures
    )
    with bars.words(quiet=as_json) as bar, _like_ctrl_c(signal.SIGTERM, signal.SIGHUP):

        def begins(what: str, done: int, of: int) -> None:
            said = f"part {done + 1} of {of}: {what}"
            bar.told(said)
            _say(f"{said} ...", quiet=as_json)

        def is_done(result: Result) -> None:
            _write(out, result)
            _say(f"  {_last(result)}", quiet=as_json)

        result = whole.run(parts, choices, begins, is_done)
    _write(out, result)
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        print(whole.markdown(result) if as_markdown else whole.table(result))
        print(f"every number: {out}")
    if result["interrupted"] or any("failed" in part for part in result["parts"].values()):
        raise typer.Exit(1)


def compare(
    old: Annotated[Path, typer.Argument(metavar="OLD.json")],
    new: Annotated[Path, typer.Argument(metavar="NEW.json")],
    noise: Annotated[float, typer.Option(min=0, metavar="PERCENT", help="Less is taken for chance.")] = 15.0,
    as_json: AsJson = False,
) -> None:
    """Ratios of two runs: what moved by more than the noise. Exit 1 when a goal that was met is missed."""
    from edge_agent.bench import whole  # noqa: PLC0415 - help stays instant

    result = whole.compare(whole.load_result(old), whole.load_result(new), noise)
    print(json.dumps(result, ensure_ascii=False) if as_json else whole.compared(result))
    if result["missed_now"]:
        raise typer.Exit(1)


def _write(out: Path, result: Result) -> None:
    """Whole or not at all: it is written again after each part."""
    part = out.with_name(f"{out.name}.part")
    part.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    part.replace(out)


@contextmanager
def _like_ctrl_c(*numbers: signal.Signals) -> Iterator[None]:
    """These signals end the bench as Ctrl-C does, unless somebody (`nohup`) has said that they shall not."""
    taken = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _last(result: Result) -> str:
    name, part = list(result["parts"].items())[-1]
    seconds = f"{part['seconds']:.0f} s" if "seconds" in part else "not run"
    return f"{name}: {'FAILED after ' if 'failed' in part else ''}{seconds}"


def _say(text: str, *, quiet: bool) -> None:
    """A line of what is going on: above the bar, or in a log."""
    if not quiet:
        print(text, file=sys.stderr, flush=True)
