"""`edge-agent replay REC --out DIR`: the same decisions again, or those of another configuration."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge_agent.cli.window_options import End, Lanes, Start, Zones
from edge_agent.errors import UsageError

if TYPE_CHECKING:
    from edge_agent.config.settings import SiteConfig
    from edge_agent.core.decisions import Decision
    from edge_agent.core.units import Ns
    from edge_agent.journal.reader import Recording
    from edge_agent.replaying.rehearsal import Delivery, Rehearsal
    from edge_agent.replaying.replay import Hooks, Replayed
    from edge_agent.replaying.what_if import Change
    from edge_agent.report.replay_note import Asked

app = typer.Typer(add_completion=False)

INTERRUPTED = 130  # as shells say it


@app.command()
def main(  # noqa: PLR0917 - options of a command line
    recording: Annotated[Path, typer.Argument(metavar="REC", help="An .mcap file, or a folder of them.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="For decisions.jsonl and statements/.")],
    config: Annotated[
        Path | None, typer.Option(metavar="SITE.yaml", help="Default: the one in the recording.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change one setting: street.rules.x.stay_s=240"),
    ] = None,
    start: Start = None,
    end: End = None,
    lanes: Lanes = None,
    zones: Zones = None,
    cold: Annotated[
        bool, typer.Option("--cold", help="Begin at --from with a core that has seen nothing.")
    ] = False,
    speed: Annotated[
        float | None,
        typer.Option(
            min=0.01, metavar="N", help="1: as it happened, told as it happens; default: as fast as it goes."
        ),
    ] = None,
    publish: Annotated[
        str | None,
        typer.Option(
            metavar="BROKER", help="Sign and send all of it, as tests: HOST:PORT here, or a YAML file."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Give a recording to the core again and write down what it decides.

    With the recording's own configuration the decisions are compared with those recorded live: exit 1
    when they differ by a byte.

    --from, --to, --lane and --zone choose of what is decided. The core sees everything up to --to all the
    same: zero, clock, rivals and open stays are history. Only --cold leaves out what was before --from, and
    its decisions may be others.
    """
    from edge_agent.cli.replay_bar import ReplayBar  # noqa: PLC0415 - help stays instant
    from edge_agent.cli.replay_text import say  # noqa: PLC0415
    from edge_agent.journal.moments import moment  # noqa: PLC0415
    from edge_agent.journal.opening import open_all  # noqa: PLC0415
    from edge_agent.replaying.again import Part  # noqa: PLC0415
    from edge_agent.replaying.changes import changes, marks  # noqa: PLC0415
    from edge_agent.replaying.configurations import configurations  # noqa: PLC0415
    from edge_agent.replaying.only import only  # noqa: PLC0415
    from edge_agent.replaying.replay import Hooks, replay  # noqa: PLC0415
    from edge_agent.report.replay_note import Asked  # noqa: PLC0415

    if cold and start is None:
        raise UsageError("--cold begins at --from: give one")
    recordings = open_all(recording)
    sites = configurations(recordings, config, settings or [])
    changed = changes(recordings, sites)
    part = Part(
        moment(start) if start else None,
        moment(end) if end else None,
        only(sites, lanes or (), zones or ()),
        cold=cold,
    )
    empty_folder(out)
    note = partial(
        _note, out, recordings, changed, Asked(start, end, tuple(lanes or ()), tuple(zones or ())), cold=cold
    )
    delivery: Delivery | None = None
    began = time.perf_counter()
    with ExitStack() as use:
        asked = use.enter_context(_interrupts())
        # Until it has ended it is interrupted: whoever kills it leaves a part.
        hooks = Hooks(begun=partial(note, interrupted=True), stop=asked.is_set)
        box: Rehearsal | None = None
        if publish is not None:
            sites, box = _rehearsal(recordings, sites, publish, out)
            hooks.seal = use.enter_context(box).seal
        bar = use.enter_context(ReplayBar(recordings, part, quiet=as_json))
        if speed is not None:
            _paced(hooks, speed, asked, None if as_json else bar.line, sites[0])
        done = replay(recordings, sites, out, bar.step, part, hooks, marks(changed, cold=cold))
        took = time.perf_counter() - began
        if box is not None:
            delivery = box.deliver(bar.delivered)
    if (part.start or part.end) and not done.inside and not done.interrupted:
        raise _nothing_there(recordings, done, out)
    compared = done.compared and not (config or changed or cold or publish)
    note(interrupted=done.interrupted)
    result = {
        "events": done.events,
        "decisions": done.decided,
        "statements": done.statements,
        "refused": done.refused,
        **done.counts,
        "recorded_s": round(done.elapsed / 1e9, 3),
        "took_s": round(took, 3),
        "times_real_time": round(done.elapsed / 1e9 / took, 1) if took else None,
        "asked": {"from": start, "to": end, "lanes": lanes or [], "zones": zones or []},
        "configurations": len(set(map(id, sites))),
        "what_if": bool(changed),
        "changes": [{"key": c.key, "old": c.old, "new": c.new} for c in changed],
        "cold": cold,
        "compared_with_live": compared,
        "identical": done.difference is None if compared and not done.lacking else None,
        "torn": list(done.torn),
        "incomplete": list(done.lacking),
        "interrupted": done.interrupted,
        "published": _published(delivery),
    }
    difference = done.difference if compared else None
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        say(result, changed, difference, out, sites[-1])
    unlike = difference is not None and not done.lacking
    unsent = delivery is not None and delivery.published < delivery.sealed
    if done.interrupted or unlike or unsent:
        raise typer.Exit(INTERRUPTED if done.interrupted else 1)


def _note(
    out: Path,
    recordings: Sequence[Recording],
    changed: Sequence[Change],
    asked: Asked,
    *,
    cold: bool,
    interrupted: bool,
) -> None:
    """What the folder says of itself."""
    from edge_agent.replaying.changes import note  # noqa: PLC0415
    from edge_agent.report.replay_note import write_note  # noqa: PLC0415 - help stays instant

    write_note(out, note(recordings, changed, asked, cold=cold, interrupted=interrupted))


def _nothing_there(recordings: Sequence[Recording], done: Replayed, out: Path) -> UsageError:
    """No event lies in the window. The folder is emptied: the right call may name it again."""
    from edge_agent.replaying.extent import extent  # noqa: PLC0415
    from edge_agent.replaying.window import Bounds  # noqa: PLC0415
    from edge_agent.report.replay_note import NOTE_FILE  # noqa: PLC0415 - help stays instant
    from edge_agent.sinks import CONFIG_FILE, DECISIONS_FILE  # noqa: PLC0415

    for name in (NOTE_FILE, CONFIG_FILE, DECISIONS_FILE):
        (out / name).unlink(missing_ok=True)
    whole = extent(recordings, [Bounds()] * len(recordings)) or done.elapsed
    return UsageError(f"nothing of the recording lies there; it is {whole / 1e9:.0f} s long")


def empty_folder(out: Path) -> None:
    """Make the folder; somebody else's files are left alone.

    Raises:
        UsageError: it has files in it, or is a file.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out}: a file; give a folder, a new or an empty one")
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise UsageError(f"{out} is not empty: give another --out")


def _rehearsal(
    recordings: Sequence[Recording], sites: Sequence[SiteConfig], publish: str, out: Path
) -> tuple[tuple[SiteConfig, ...], Rehearsal]:
    from edge_agent.replaying.rehearsal import Rehearsal  # noqa: PLC0415 - help stays instant
    from edge_agent.replaying.rehearsal_settings import (  # noqa: PLC0415
        as_recorded,
        as_test,
        not_its_own,
        rehearsal_settings,
    )

    chosen = rehearsal_settings(publish)
    for made_it in as_recorded(recordings):  # --config and --set may say that the site is another
        not_its_own(made_it, chosen)
    tests = {id(site): as_test(site, chosen) for site in sites}
    found = tuple(tests[id(site)] for site in sites)
    return found, Rehearsal(out / "box", found[0], chosen, "replay")


def _published(delivery: Delivery | None) -> dict[str, Any] | None:
    from dataclasses import asdict  # noqa: PLC0415 - help stays instant

    return asdict(delivery) if delivery else None


def _paced(
    hooks: Hooks, speed: float, asked: threading.Event, line: Callable[[str], None] | None, site: SiteConfig
) -> None:
    """Hold events back, and tell what is decided as it is."""
    from edge_agent.replaying.pace import Pace  # noqa: PLC0415 - help stays instant
    from edge_agent.replaying.told import told  # noqa: PLC0415

    hooks.hold = Pace(speed, asked.wait).hold
    if line is None:
        return
    say = line

    def tell(decision: Decision, utc_minus_mono: Ns | None) -> None:
        text = told(decision, utc_minus_mono, site.site.legal.utc_offset_minutes)
        if text:
            say(text)

    hooks.told = tell


@contextmanager
def _interrupts() -> Iterator[threading.Event]:
    """Set when a person interrupts: what was done so far is written down. A second time ends at once."""
    asked = threading.Event()

    def note(_signal: int, _frame: object) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = signal.signal(signal.SIGINT, note)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)
