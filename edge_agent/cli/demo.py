"""`edge-agent demo`: the whole job on simulated hardware, once, with its numbers."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from edge_agent import bars
from edge_agent.demo.anpr import Anpr
from edge_agent.demo.broker import Choice

if TYPE_CHECKING:
    from edge_agent.demo.job import Demo
    from edge_agent.demo.stage import Progress, Stage

app = typer.Typer(add_completion=False)


@app.command()
def main(
    seconds: Annotated[
        float | None, typer.Option(min=10, help="Length of the traffic; default: the scenario's own.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="What the demo leaves behind.")] = Path("out/demo"),
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other traffic and other noise.")] = 1,
    broker: Annotated[
        Choice, typer.Option(help="auto: mosquitto where it is installed, else the pure-Python one.")
    ] = Choice.AUTO,
    anpr: Annotated[
        Anpr,
        typer.Option(help="Who reads plates: the camera, which pushes them; the box, in its video; or both."),
    ] = Anpr.PUSH,
    no_console: Annotated[
        bool, typer.Option("--no-console", help="No live table in the terminal: lines and the summary only.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print summary.json and nothing else.")] = False,
) -> None:
    """Run the whole job on simulated hardware: weigh, match, seal, publish, receipt, verify, replay.

    Exit 1 if anything sealed is not receipted and verified, or a match is wrong.
    """
    from edge_agent.demo.rendered import rendered_stage  # noqa: PLC0415 - help stays instant

    play(
        lambda _progress: rendered_stage(seconds, anpr),
        out,
        seed,
        table=not no_console,
        as_json=as_json,
        broker=broker,
    )


def play(
    stage: Callable[[Progress], Stage],
    out: Path,
    seed: int,
    *,
    table: bool,
    as_json: bool = False,
    broker: Choice = Choice.AUTO,
) -> None:
    """Play a stage once, show it, leave its summary and report in `out`; exit 1 when it is not good."""
    from edge_agent.demo.job import Demo  # noqa: PLC0415 - help stays instant
    from edge_agent.demo.pages import write_report  # noqa: PLC0415
    from edge_agent.demo.site import prepare_folder  # noqa: PLC0415

    screen = _screen(as_json=as_json)
    places = prepare_folder(out)
    # The terminal is for the table; what the daemon has to say goes where a daemon's words go.
    logging.basicConfig(
        filename=places.root / "daemon.log",
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        force=True,
    )
    with bars.share(on=screen) as bar:
        demo = Demo(places, stage(bar.told), seed, broker)
        demo.prepare(bar.told)
    _run(demo, screen, table=screen.is_terminal and table and not as_json)
    outcome = demo.conclude()
    page = write_report(demo, outcome)
    if as_json:
        print(json.dumps(outcome.summary, ensure_ascii=False))
    else:
        _say(screen, outcome.summary, places.root, page)
        for where, what in outcome.report.problems:
            screen.print(f"BAD {where}: {what}", style="red", markup=False)
    if not outcome.good:
        raise typer.Exit(1)


def _screen(*, as_json: bool) -> Console:
    terminal = Console(stderr=as_json, quiet=as_json)
    # A log file has no width; the table wants about this much.
    return terminal if terminal.is_terminal else Console(stderr=as_json, quiet=as_json, width=120)


def _run(demo: Demo, screen: Console, *, table: bool) -> None:
    from edge_agent.demo.live_table import live_table, street_table  # noqa: PLC0415

    note = f"{demo.broker.name if demo.broker else ''} · {demo.scenario.duration_s:g} s"

    def tables() -> Group:
        shown = [live_table(demo.board, demo.origin, note, screen.width)]
        if demo.stage.street is not None:
            shown.append(street_table(demo.street, demo.origin))
        return Group(*shown)

    if not table:
        screen.print(f"traffic for {demo.scenario.duration_s:g} s ...")
        demo.run(lambda: None)
        screen.print(tables())
        return
    with Live(console=screen, refresh_per_second=4) as live:
        demo.run(lambda: live.update(tables()))
        live.update(tables())


def _plate_lines(summary: dict[str, Any]) -> Iterator[tuple[str, str]]:
    plates = summary["plates"]
    if plates["asked"]:
        yield (
            "本机识读号牌 plates read on the box",
            (
                f"{plates['asked']} vehicles asked for, {plates['named']} named, "
                f"{plates['of_vehicles_within_limits']} of vehicles within limits; "
                f"{plates['decoded_each']} pictures decoded and {plates['read_each']} read each (mean)"
            ),
        )


def _street_lines(summary: dict[str, Any]) -> Iterator[tuple[str, str]]:
    street = summary.get("street")
    if street is None:
        return
    cases, rechecks = street["cases"], street["rechecks"]
    yield (
        "街面 street cases",
        (
            f"{cases['confirmed']} confirmed, {cases['true']} true, {cases['falsely']} falsely, "
            f"{street['cleared']} cleared"
        ),
    )
    yield (
        "复查 re-checks",
        (
            f"{rechecks['corrected']} corrected, {rechecks['not_corrected']} not, "
            f"{rechecks['undetermined']} undetermined"
        ),
    )


def _say(screen: Console, summary: dict[str, Any], folder: Path, page: Path) -> None:
    table = Table(title="模拟 simulated", show_header=False)
    over, matches, statements = summary["overweight"], summary["matches"], summary["statements"]
    latency = summary["latency_ms"]
    matched = f"{matches['matched']} matched, {matches['ambiguous']} ambiguous, "
    sealed = f"{statements['sealed']} sealed, {statements['published']} published, "
    for name, value in (
        ("过车 crossings", f"{summary['crossings']} of {summary['passages']} vehicles"),
        ("疑似超限 overweight", f"{over['decided']} decided, {over['true']} true, {over['falsely']} falsely"),
        ("号牌匹配 matches", f"{matched}{matches['unmatched']} unmatched, {matches['wrong']} wrong"),
        (
            "陈述 statements",
            f"{sealed}{statements['receipted']} receipted, {statements['verified']} verified",
        ),
        ("末轴到回执 last axle to receipt", f"p50 {latency['p50']} ms, p95 {latency['p95']} ms"),
        *_plate_lines(summary),
        *_street_lines(summary),
        ("重放 replay", "identical, byte for byte" if summary["replay_identical"] else "DIFFERS"),
    ):
        table.add_row(name, value)
    screen.print(table)
    screen.print(f"summary  {folder / 'summary.json'}", markup=False, soft_wrap=True)
    screen.print(f"report   {page}", markup=False, soft_wrap=True)
    screen.print(f"evidence {folder / 'evidence'}   (edge-agent verify)", markup=False, soft_wrap=True)
    screen.print(f"journal  {folder / 'journal'}   (edge-agent replay)", markup=False, soft_wrap=True)
    screen.print(f"log      {folder / 'daemon.log'}", markup=False, soft_wrap=True)
