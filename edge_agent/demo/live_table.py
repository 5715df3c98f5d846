"""The terminal's live table: crossings as they come, and how far the evidence of each has got."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich import box
from rich.table import Table
from rich.text import Text

from edge_agent.core.records import MatchStatus, Outcome
from edge_agent.core.scene import ZoneState
from edge_agent.core.units import TONNE, Ns, S
from edge_agent.demo.board import Board, Row
from edge_agent.demo.street_board import Record, StreetBoard

NEWEST = 16  # rows shown; the report has them all


WIDE = 112  # columns of a terminal that everything fits in


@dataclass(frozen=True, slots=True)
class _Column:
    heading: str
    cell: Callable[[Row, Ns], str | Text]
    right: bool = True
    essential: bool = True  # shown on a narrow terminal too


COLUMNS = (
    _Column("时刻\ns", lambda row, start: f"{(row.crossing.first_axle_at - start) / S:.1f}"),
    _Column("车道\nlane", lambda row, _: row.crossing.lane, right=False, essential=False),
    _Column("轴数\naxles", lambda row, _: str(len(row.crossing.axles))),
    _Column("总重\ngross t", lambda row, _: tonnes(row.crossing.gross)),
    _Column("95 %\n± t", lambda row, _: tonnes(row.crossing.gross_interval), essential=False),
    _Column("车速\nkm/h", lambda row, _: kmh(row.crossing.speed), essential=False),
    _Column("标记\nflags", lambda row, _: flags(row), right=False, essential=False),
    _Column("结论\nresult", lambda row, _: result(row), right=False),
    _Column("号牌\nplate", lambda row, _: plate(row), right=False),
    _Column("证据\nevidence", lambda row, _: evidence(row), right=False),
    _Column("回执\ns", lambda row, _: latency(row)),
)


STATES = {
    ZoneState.CLEAR: Text("空 clear", style="green"),
    ZoneState.CANDIDATE: Text("候选 candidate", style="yellow"),
    ZoneState.CONFIRMED: Text("疑似成立 confirmed", style="bold red"),
    ZoneState.ONGOING: Text("持续 ongoing", style="red"),
}


def street_table(board: StreetBoard, started_at: Ns) -> Table:
    """Zone by zone: where its rule stands, and what has been sealed of it."""
    table = Table(box=box.SIMPLE_HEAD, title="街面 street", padding=(0, 1, 0, 0))
    for heading in ("区域\nzone", "状态\nstate", "停留\nstay s", "说明\ndetail", "记录\nrecords"):
        table.add_column(heading, no_wrap=True)
    for name, zone in sorted(board.zones.items()):
        mine = [record for record in board.records() if record.seal.report.zone == name]
        said = Text(" ").join(_street_record(record, started_at) for record in mine)
        table.add_row(name, STATES[zone.state], f"{zone.dwell_ms / 1000:.0f}", zone.detail, said)
    return table


def _street_record(record: Record, started_at: Ns) -> Text:
    """Which record, when, and how far it has got: red refused, dim waiting, cyan sealed, green receipted."""
    report = record.seal.report
    style = "red" if record.problem else "dim"
    if record.receipted_at is not None:
        style = "green"
    elif record.sealed_at is not None:
        style = "cyan"
    return Text(f"{report.phase}@{(report.judged_at - started_at) / S:.0f}s", style=style)


def live_table(board: Board, started_at: Ns, note: str, width: int = WIDE) -> Table:
    """A fresh table of the newest crossings, with fewer columns on a terminal narrower than `WIDE`."""
    title = "edge-agent demo · 模拟数据 simulated"
    columns = [column for column in COLUMNS if column.essential or width >= WIDE]
    table = Table(box=box.SIMPLE_HEAD, title=title, caption=note, padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(column.heading, justify="right" if column.right else "left", no_wrap=True)
    for row in board.snapshot()[-NEWEST:]:
        table.add_row(*(column.cell(row, started_at) for column in columns))
    return table


def flags(row: Row) -> Text:
    """Why the weight is not safe to use."""
    return Text(" ".join(row.crossing.flags), style="yellow")


def latency(row: Row) -> str:
    """Last axle to receipt, seconds."""
    took = row.latency_ms
    return "" if took is None else f"{took / 1000:.2f}"


def tonnes(grams: int | None) -> str:
    """Two decimals, or a dash where there is no value."""
    return "–" if grams is None else f"{grams / TONNE:.2f}"


def kmh(speed_mm_s: int | None) -> str:
    """One decimal, or a dash where the speed is not known."""
    return "–" if speed_mm_s is None else f"{speed_mm_s * 0.0036:.1f}"


RESULTS = {
    Outcome.OVER: Text("疑似超限 over", style="bold red"),
    Outcome.WITHIN: Text("未超 within", style="green"),
    Outcome.NOT_ASSESSED: Text("未判定 unsure", style="yellow"),
    Outcome.NOT_COVERED: Text("不适用 n/a", style="dim"),
}


def result(row: Row) -> Text:
    """What the posted limit's evaluator says."""
    posted = next((v.outcome for v in row.verdicts if v.evaluator == "posted"), None)
    return RESULTS[posted] if posted else Text("")


def plate(row: Row) -> str:
    """The matched plate, or in words why there is none."""
    if row.match is None:
        return ""
    if row.match.read is not None:
        return row.match.read.text
    return "多个候选 ambiguous" if row.match.status is MatchStatus.AMBIGUOUS else "未匹配 unmatched"


def evidence(row: Row) -> Text:
    """How far the statement has got."""
    if row.problem:
        return Text(row.problem, style="red")
    if row.receipted_at is not None:
        return Text("已回执 receipted", style="green")
    if row.sealed_at is not None:
        return Text("已封存 sealed", style="cyan")
    if row.over:
        return Text("等待 waiting", style="dim")
    return Text("")
