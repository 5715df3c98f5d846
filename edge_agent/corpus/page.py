"""A regression as one HTML page that needs nothing else, Chinese and English beside each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from edge_agent.comparing.compare import How
from edge_agent.comparing.describe import HOW
from edge_agent.corpus.boxes import LOOKED, ROW, by_class, by_recording, by_zone
from edge_agent.corpus.regression import SAME, Regression, Row
from edge_agent.corpus.tables import differing_settings
from edge_agent.corpus.words import BOXES, STATE, TEXTS
from edge_agent.web.templates import environment
from edge_agent.web.words import LANGUAGES

MOST = 500  # recordings of which differences are listed, and rows of boxes


def page(found: Regression, left: str, right: str) -> str:
    """The page's text.

    Args:
        found: what differs.
        left: what the run of then is called.
        right: that of now.
    """
    rows = [row for row in found.rows if row.state != SAME]
    kinds = (
        ("by_class", ROW, by_class),
        ("by_zone", ROW, by_zone),
        ("by_recording", LOOKED + ROW, by_recording),
    )
    return (
        environment("edge_agent.corpus")
        .get_template("regression.html")
        .render(
            left=left,
            right=right,
            asked=differing_settings(found.left, found.right),
            unfinished=[
                run for run, whole in ((left, found.left_whole), (right, found.right_whole)) if not whole
            ],
            states=sorted(found.states.items()),
            numbers=found.numbers(),
            hows=[str(how) for how in How],
            both_done=found.both,
            left_cpu_s=found.left_cpu_s,
            right_cpu_s=found.right_cpu_s,
            rows=[_row(row) for row in rows[:MOST]],
            left_out=max(0, len(rows) - MOST),
            boxes=[
                (TEXTS[name], columns, list(counts.items())[:MOST], max(0, len(counts) - MOST))
                for name, columns, of in kinds
                if (counts := of(found.boxes))
            ],
            HOW=HOW,
            STATE=STATE,
            BOXES=BOXES,
        )
    )


def _row(row: Row) -> dict[str, Any]:
    return {
        "recording": row.recording,
        "state": row.state,
        "why": row.why,
        "numbers": row.told.numbers if row.told else {},
        "told": [_arrows(row.told.all(language)) for language in LANGUAGES]
        if row.told and row.told.differs
        else [],
    }


def _arrows(lines: Iterable[str]) -> list[str]:
    """A browser breaks a line within "->"."""
    return [line.replace("->", "→") for line in lines]
