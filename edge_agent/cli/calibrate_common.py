"""What the commands of `edge-agent calibrate` share: options, who did it, recordings, the record."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_agent import bars
from edge_agent.errors import UsageError, both

if TYPE_CHECKING:
    from edge_agent.calibration.proposal import Proposal
    from edge_agent.config.settings import LaneConfig, SiteConfig
    from edge_agent.core.events import Event

Site = Annotated[Path, typer.Option("--config", metavar="SITE.yaml", help="The box's configuration.")]
Lane = Annotated[str, typer.Option(help="Which lane.")]
By = Annotated[str, typer.Option(metavar="NAME", help="Who does this; asked for on a terminal.")]
Record = Annotated[
    bool, typer.Option("--record", help="Leave a signed record of it in the box's chain, as measured.")
]
Out = Annotated[Path | None, typer.Option(metavar="PROPOSAL.yaml", help="For `calibrate apply`.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Name = Annotated[str, typer.Option(help="Id of the new calibration; default: the lane, the date, the time.")]
Date = Annotated[str, typer.Option(help="ISO date of it; default: today.")]

WHO = {"zh": "您的姓名（写入签名记录）", "en": "Your name, for the signed record"}
RECORDED = {
    "zh": "记录 {note} 已放入收件盘，后台程序将其封存入链。",
    "en": "Record {note} is in the tray: the daemon seals it into the chain.",
}
READING = {"zh": "读取记录：{number} 个事件", "en": "reading recordings: {number} events"}
NEXT = {"zh": "下一步：", "en": "next: "}


def lane_of(site: SiteConfig, config: Path, lane: str) -> LaneConfig:
    """The lane's configuration. Raises UsageError: there is none."""
    if lane not in site.lanes:
        there = ", ".join(sorted(site.lanes))
        raise UsageError(
            both(f"{config}：没有车道 {lane!r}；有 {there}", f"{config}: no lane {lane!r}; there are {there}")
        )
    return site.lanes[lane]


def new_file(out: Path | None) -> None:
    """Raises UsageError: something is there already, or nothing can be put there.

    Asked before the work: nobody wants to carry the weights twice.
    """
    if out is None:
        return
    if out.exists():
        raise UsageError(
            both(
                f"{out} 已存在：请给另一个 --out，或先删除", f"{out} exists; give another --out or remove it"
            )
        )
    if not os.access(out.parent, os.W_OK):
        raise UsageError(both(f"{out.parent}：不能写入", f"{out.parent}: nothing can be written there"))


def today(date: str) -> str:
    """The ISO date given, else today's."""
    from datetime import UTC, datetime  # noqa: PLC0415 - help stays instant

    return date or datetime.now(UTC).date().isoformat()


def new_id(of: str, day: str) -> str:
    """No two calibrations of a day share it: weights are told apart by it."""
    from datetime import UTC, datetime  # noqa: PLC0415 - help stays instant

    return f"{of}-{day}-{datetime.now(UTC):%H%M%S}"


def who(by: str, language: str) -> str:
    """Who signs for it. Raises UsageError: nobody said, and nobody can be asked."""
    if by.strip():
        return by.strip()
    if not sys.stdin.isatty():
        raise UsageError(
            both(
                "--by 姓名：由谁操作？写入签名记录",
                "--by NAME: who does this? It goes into the signed record",
            )
        )
    while not by.strip():
        by = str(typer.prompt(WHO[language]))
    return by.strip()


def signer(record: bool, by: str, language: str) -> str:
    """Who signs for the record, empty where none is wanted. Asked before the work, not after it."""
    return who(by, language) if record else ""


def events_of(
    recordings: Sequence[Path], told: Callable[[int], None] = lambda _: None
) -> Iterator[tuple[Path, Iterator[Event]]]:
    """Each recording, of files or folders of them, and its events, counted while they are read."""
    from edge_agent.journal.opening import open_all  # noqa: PLC0415 - help stays instant

    number = 0

    def counted(events: Iterator[Event]) -> Iterator[Event]:
        nonlocal number
        for event in events:
            number += 1
            told(number)
            yield event

    # A folder and a file of it, or a file twice: its passes count once.
    found = {one.path.resolve(): one for path in recordings for one in open_all(path)}
    for recording in found.values():
        yield recording.path, counted(recording.events())


def finish(
    proposal: Proposal,
    site: SiteConfig,
    config: Path,
    *,
    out: Path | None,
    signed_by: str,
    language: str,
    quiet: bool,
) -> None:
    """Write the proposal, leave the record where somebody signs for it, say what comes next."""
    text = proposal.text()
    if out is not None:
        out.write_text(text, encoding="utf-8")
    if signed_by:
        from edge_agent.calibration.record import leave_record  # noqa: PLC0415 - help stays instant
        from edge_agent.evidence.intray import tray_of  # noqa: PLC0415

        tray = tray_of(site.evidence.store.directory)
        note = leave_record(tray, proposal, text.encode(), "measured", signed_by)
        if not quiet:
            print(RECORDED[language].format(note=note))
    if out is not None and proposal.changes_something and not quiet:
        print(f"\n{NEXT[language]}edge-agent calibrate apply {out} --config {config}")


@contextmanager
def progress(language: str, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """The events read so far."""
    with bars.words(READING[language].format(number=0), quiet=quiet) as bar:

        def told(number: int) -> None:
            if bar.due():
                bar.told(READING[language].format(number=number))

        yield told
