"""The terminal's live table: crossings as they come, and how far the evidence of each has got."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from edge_agent.core.records import MatchStatus, Outcome
from edge_agent.core.units import TONNE, Ns, S
from edge_agent.demo.board import Board, Row

NEWEST = 16  # rows shown; the report has them all


def live_table(board: Board, started_at: Ns, note: str) -> Table:
    """A fresh table of the newest crossings."""
    table = Table(
        box=box.SIMPLE_HEAD, title="edge-agent demo · 模拟数据 simulated", caption=note, expand=False
    )
    for heading, justify in (
        ("时刻\ns", "right"),
        ("车道\nlane", "left"),
        ("轴数\naxles", "right"),
        ("总重\ngross t", "right"),
        ("95 %\n± t", "right"),
        ("车速\nkm/h", "right"),
        ("标记\nflags", "left"),
        ("结论\nresult", "left"),
        ("号牌\nplate", "left"),
        ("证据\nevidence", "left"),
        ("回执\ns", "right"),
    ):
        table.add_column(heading, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for row in board.snapshot()[-NEWEST:]:
        table.add_row(*_cells(row, started_at))
    return table


def _cells(row: Row, started_at: Ns) -> list[str | Text]:
    crossing = row.crossing
    latency = row.latency_ms
    return [
        f"{(crossing.first_axle_at - started_at) / S:.1f}",
        crossing.lane,
        str(len(crossing.axles)),
        tonnes(crossing.gross),
        tonnes(crossing.gross_interval),
        kmh(crossing.speed),
        Text(" ".join(crossing.flags), style="yellow"),
        result(row),
        plate(row),
        evidence(row),
        "" if latency is None else f"{latency / 1000:.2f}",
    ]


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
