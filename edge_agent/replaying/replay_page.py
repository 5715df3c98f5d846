"""The page of a folder that a replay wrote: its decisions and statements, without the recording."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import Decision
from edge_agent.core.records import UseClass
from edge_agent.errors import EdgeAgentError, UsageError
from edge_agent.evidence.verify import Report
from edge_agent.journal.codec import parse_decision_line
from edge_agent.replaying.for_page import with_files
from edge_agent.report.documents import tiles_of
from edge_agent.report.from_statement import open_statements
from edge_agent.report.notices import REPLAYED, WHAT_IF, Notice, notice_of
from edge_agent.report.page import USED, Shown
from edge_agent.report.replay_note import ReplayNote, read_note
from edge_agent.report.sealed import Data, Sealed
from edge_agent.report.zone_line import ZoneLine, without_changes
from edge_agent.sinks import DECISIONS_FILE

NOT_CHECKED = (
    "签名、链条、回执：回放没有 signatures, chain, receipts: a replay has none",
    "波形与竞争过车：需要录制（--journal） traces and rivals: they need the recording (--journal)",
)


def replay_page(folder: Path, config: SiteConfig, data: Data) -> Shown:
    """The page, its pictures not yet in it.

    Raises:
        UsageError: a line of its decisions cannot be read.
    """
    sealed = latest(open_statements(folder).sealed) if (folder / "statements").is_dir() else []
    note = read_note(folder)
    lines: dict[str, ZoneLine] = {}
    used = [d for d in without_changes(_decisions(folder / DECISIONS_FILE), lines) if isinstance(d, USED)]
    return Shown(
        title="回放报告 Report of a replay",
        subtitle=f"{config.site.name or config.site.id} · {folder.name}",
        sealed=with_files(sealed, data),
        decisions=used,
        config=config,
        report=Report(not_checked=list(NOT_CHECKED)),
        notice=notice_of(
            sealed, simulated=config.site.legal.use_class is UseClass.TEST, besides=_told_besides(note)
        ),
        tiles=tiles_of(used, sealed),
        about=[
            ("配置 configuration sha256", f"{config.sha256()[:16]}…", ""),
            *([("部分 part", note.part, "warn")] if note.part else []),
            *(("改动 changed", f"{one.key}: {one.old} -> {one.new}", "warn") for one in note.what_if),
        ],
        lines=lines,
    )


def _told_besides(note: ReplayNote) -> Notice | None:
    if note.what_if:
        return WHAT_IF
    return None if note.software else REPLAYED  # an older program's folder does not say


def latest(sealed: list[Sealed]) -> list[Sealed]:
    """Of a weighing that was amended only the last statement; all records of a street."""
    out: dict[str, Sealed] = {}
    for one in sealed:
        measured = one.statement["measurement"]
        out[f"case {measured['case']}" if measured else one.packet_id] = replace(one)
    return list(out.values())


def _decisions(path: Path) -> Iterator[Decision]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield parse_decision_line(line)
            except (EdgeAgentError, ValueError) as error:
                raise UsageError(f"{path}:{number}: no decision: {str(error)[:200]}") from error
