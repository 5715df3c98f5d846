"""A regression as one HTML page that needs nothing else."""

from __future__ import annotations

from edge_agent.comparing.compare import How
from edge_agent.corpus.regression import Regression, boxes_total
from edge_agent.corpus.tables import differing_settings
from edge_agent.web.templates import environment

MOST = 500  # recordings of which differences are listed


def page(found: Regression, left: str, right: str) -> str:
    """The page's text.

    Args:
        found: what differs.
        left: what the run of then is called.
        right: that of now.
    """
    rows = found.told()
    return (
        environment("edge_agent.corpus")
        .get_template("regression.html")
        .render(
            left=left,
            right=right,
            asked=differing_settings(found.left, found.right),
            states=sorted(found.states.items()),
            numbers=found.numbers(),
            hows=[str(how) for how in How],
            both=found.both,
            left_cpu_s=found.left_cpu_s,
            right_cpu_s=found.right_cpu_s,
            rows=rows[:MOST],
            left_out=max(0, len(rows) - MOST),
            boxes={name: boxes_total(cameras) for name, cameras in sorted(found.boxes.items())},
        )
    )
