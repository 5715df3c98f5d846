"""`edge-agent report REC|STATEMENT`: one page that shows why it was decided so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from edge_agent.cli.window_options import End, Lanes, Start, Zones
from edge_agent.errors import UsageError

if TYPE_CHECKING:
    from edge_agent.report.documents import Wishes
    from edge_agent.report.page import Shown

app = typer.Typer(add_completion=False)

RECORDING = ".mcap"


@app.command()
def main(  # noqa: PLR0917 - options of a command line
    what: Annotated[
        Path,
        typer.Argument(
            metavar="REC|STATEMENT",
            help="A recording, a folder of them or of a replay; a statement's file, or a bundle's folder.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Default: NAME.report.html, here. A new file.")
    ] = None,
    start: Start = None,
    end: End = None,
    lanes: Lanes = None,
    zones: Zones = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="SITE.yaml", help="The box's configuration. Default: the recording's own."),
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Recordings of the box that made the statement: who else competed."),
    ] = None,
    evidence: Annotated[
        Path | None,
        typer.Option(metavar="BUNDLE", help="Where the pictures of a recording's cases are."),
    ] = None,
    keys: Annotated[Path | None, typer.Option(help="PEM file of the evidence keys that you trust.")] = None,
    receipt_keys: Annotated[
        Path | None, typer.Option(help="PEM file of the platform's receipt keys that you trust.")
    ] = None,
    pictures_mb: Annotated[int, typer.Option(min=0, help="Embed pictures up to so many MB.")] = 20,
    plates: Annotated[
        bool, typer.Option("--plates", help="Show the plates of others who competed for a match.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="All cases and crossings, however many; else the gravest 50.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over an older page.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make one page of a recording or of a statement: a single file, nothing in it comes from outside.

    Of a recording: every weighing with its axles and limits, who competed for each plate, the street's time
    lines and cases, what was watched, faults. Of a statement: the same for its one case, and in words.

    Exit: 0 the page was made, 1 what it shows is not good (a signature, a digest, a difference from what was
    decided live), 2 the command makes no sense.
    """
    from edge_agent.report.documents import Wishes, finished  # noqa: PLC0415 - help stays instant
    from edge_agent.report.inline import MEGABYTE  # noqa: PLC0415
    from edge_agent.report.page import render  # noqa: PLC0415

    page = out or Path(f"{what.resolve().name.removesuffix(RECORDING)}.report.html")
    if page.exists() and not force:
        raise UsageError(f"{page} exists: give another --out, or --force")
    wishes = Wishes(pictures_mb * MEGABYTE, plates, everything)
    if _is_recording(what) or (journal is not None and _is_replay(what)):
        shown, result = _of_recording(
            what, journal, config, _Part(start, end, lanes, zones), evidence, quiet=as_json
        )
    elif _is_replay(what):
        shown, result = _of_replay(what, config, evidence)
    else:
        if what.is_dir() and not _holds_statements(what):
            raise UsageError(f"{what}: neither a recording (*.mcap) nor a statement (*.json) in it")
        if start or end or lanes or zones:
            raise UsageError("--from, --to, --lane and --zone choose of a recording, not of a statement")
        shown, result = _of_statement(what, journal, config, keys, receipt_keys, wishes)
    page.write_text(render(finished(shown, wishes)), encoding="utf-8")
    result |= {"page": str(page), "bytes": page.stat().st_size}
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        _say(result)
    if result["problems"]:
        raise typer.Exit(1)


class _Part(NamedTuple):
    """What of a recording is asked for."""

    start: str | None
    end: str | None
    lanes: list[str] | None
    zones: list[str] | None


def _is_recording(path: Path) -> bool:
    if path.is_dir():
        return any(path.glob(f"*{RECORDING}"))
    return path.suffix == RECORDING


def _is_replay(folder: Path) -> bool:
    from edge_agent.sinks import DECISIONS_FILE  # noqa: PLC0415 - help stays instant

    return (folder / DECISIONS_FILE).is_file()


def _holds_statements(folder: Path) -> bool:
    return any(True for where in (folder, folder / "statements") for _ in where.glob("*.json"))


def _of_recording(
    what: Path, journal: Path | None, config: Path | None, asked: _Part, evidence: Path | None, *, quiet: bool
) -> tuple[Shown, dict[str, Any]]:
    from edge_agent.cli.replay_bar import ReplayBar  # noqa: PLC0415 - help stays instant
    from edge_agent.journal.moments import moment  # noqa: PLC0415
    from edge_agent.journal.opening import open_all, pictures_folder  # noqa: PLC0415
    from edge_agent.replaying.again import Part  # noqa: PLC0415
    from edge_agent.replaying.configurations import configurations  # noqa: PLC0415
    from edge_agent.replaying.for_page import OTHER_CONFIGURATION, gather, with_files  # noqa: PLC0415
    from edge_agent.replaying.only import only  # noqa: PLC0415
    from edge_agent.replaying.recording_page import recording_page  # noqa: PLC0415
    from edge_agent.report.from_statement import files_of, pictures_of  # noqa: PLC0415
    from edge_agent.sinks import CONFIG_FILE  # noqa: PLC0415

    recordings = open_all(journal or what)
    replayed = what / CONFIG_FILE if journal is not None else None  # of the replay that is told of
    sites = configurations(recordings, config or replayed, ())
    start, end = (moment(text) if text else None for text in (asked.start, asked.end))
    part = Part(start, end, only(sites, asked.lanes or (), asked.zones or ()))
    with ReplayBar(recordings, part, quiet=quiet) as bar:
        found = gather(recordings, sites, bar.step, part)
    files = files_of(evidence) if evidence else pictures_of(pictures_folder(what))
    found.sealed = with_files(found.sealed, files)
    if config is not None or journal is not None:
        found.not_comparable = OTHER_CONFIGURATION
    problems = []
    if found.wrong is not None:
        problems.append(f"differs from what was decided live, first at decision {found.wrong.number}")
    result = {
        "of": "recording",
        "events": found.events,
        "crossings": sum(type(d).__name__ == "CrossingSeen" for d in found.decisions),
        "statements": len(found.sealed),
        "torn": list(found.torn),
        "problems": problems,
    }
    return recording_page(found, recordings, sites[-1], what), result


def _of_replay(what: Path, config: Path | None, evidence: Path | None) -> tuple[Shown, dict[str, Any]]:
    from edge_agent.config.loader import load  # noqa: PLC0415 - help stays instant
    from edge_agent.replaying.replay_page import replay_page  # noqa: PLC0415
    from edge_agent.report.from_statement import files_of, read_config  # noqa: PLC0415
    from edge_agent.sinks import CONFIG_FILE  # noqa: PLC0415

    site = load(config) if config else read_config(what / CONFIG_FILE)
    if site is None:
        raise UsageError(f"{what} holds no configuration: give one with --config SITE.yaml")
    shown = replay_page(what, site, files_of(evidence))
    return shown, {"of": "replay", "statements": len(shown.sealed), "problems": []}


def _of_statement(
    what: Path,
    journal: Path | None,
    config: Path | None,
    keys: Path | None,
    receipt_keys: Path | None,
    wishes: Wishes,
) -> tuple[Shown, dict[str, Any]]:
    from edge_agent.config.loader import load  # noqa: PLC0415 - help stays instant
    from edge_agent.evidence.keys import read_public_keys  # noqa: PLC0415
    from edge_agent.report.from_journal import case_in_journal  # noqa: PLC0415
    from edge_agent.report.from_statement import open_statements  # noqa: PLC0415
    from edge_agent.report.statement_page import statement_page  # noqa: PLC0415

    beside = open_statements(
        what,
        read_public_keys(keys) if keys else (),
        read_public_keys(receipt_keys) if receipt_keys else (),
    )
    site = load(config) if config else beside.config
    told = None
    if journal is not None:
        if len({one.statement["chain"]["boot_id"] for one in beside.sealed}) > 1:
            raise UsageError("--journal tells of one case: name one statement of the bundle")
        told = case_in_journal(beside.sealed[-1].parsed(), journal)
        site = site or told.config
    shown = statement_page(beside, site, told, plates=wishes.plates)
    problems = [f"{where}: {said}" for where, said in beside.report.problems]
    return shown, {"of": "statement", "statements": len(beside.sealed), "problems": problems}


def _say(result: dict[str, Any]) -> None:
    from edge_agent.report.saying import visible  # noqa: PLC0415 - help stays instant

    counted = ", ".join(
        f"{result[name]} {name}" for name in ("events", "crossings", "statements") if name in result
    )
    print(f"{result['page']}: {result['bytes'] / 1e6:.2f} MB, of a {result['of']}: {counted}")
    for torn in result.get("torn", ()):
        print(visible(f"torn: {torn}; what came before it is shown"))
    for problem in result["problems"]:
        print(visible(f"BAD {problem}"))
