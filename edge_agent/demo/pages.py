"""The demo's report: the page of its evidence with the summary's numbers on top."""

from __future__ import annotations

from pathlib import Path

from edge_agent.demo.job import Demo, Outcome
from edge_agent.journal.opening import open_all
from edge_agent.report.page import Tile, write_page


def write_report(demo: Demo, outcome: Outcome) -> Path:
    """`report.html` in the demo's folder."""
    summary = outcome.summary
    over, matches, statements = summary["overweight"], summary["matches"], summary["statements"]
    p95 = summary["latency_ms"]["p95"]
    tiles = (
        Tile(str(summary["crossings"]), "过车", "crossings"),
        Tile(f"{over['decided']} / {over['true']}", "疑似超限 判定/真实", "overweight, decided / true"),
        Tile(str(matches["matched"]), "号牌已匹配", "plates matched"),
        Tile(str(matches["wrong"]), "匹配错误", "wrong matches", "bad" if matches["wrong"] else "good"),
        Tile(f"{statements['receipted']} / {statements['sealed']}", "已回执 / 已封存", "receipted / sealed"),
        Tile("–" if p95 is None else f"{p95 / 1000:.2f} s", "末轴到回执 p95", "last axle to receipt, p95"),
    )
    recordings = open_all(demo.places.root / "journal")
    page = demo.places.root / "report.html"
    write_page(
        page,
        title=demo.stage.title,
        subtitle=f"{demo.config.site.name} · seed {demo.seed} · {summary['broker']}",
        notice=demo.stage.notice,
        tiles=tiles,
        decisions=(decision for recording in recordings for decision in recording.decisions()),
        bundle=outcome.bundle,
        config=demo.config,
        report=outcome.report,
    )
    return page
