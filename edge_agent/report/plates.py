"""Other people's plates: who only drove past is named to nobody."""

from __future__ import annotations

from edge_agent.core.decisions import Fault, FaultKind

SHOWN = 2  # characters at either end


def masked(text: str) -> str:
    """Its ends alone: enough to tell two of them apart, too little to find somebody.

    >>> masked("粤B12311"), masked("粤B1"), masked("")
    ('粤B•••11', '••••', '')
    """
    if len(text) < 2 * SHOWN + 2:
        return "••••" if text else ""
    return f"{text[:SHOWN]}{'•' * (len(text) - 2 * SHOWN)}{text[-SHOWN:]}"


def detail_of(fault: Fault, *, plates: bool) -> str:
    """What is said of a fault. A text that is no plate may be one all the same, misread: it is hidden too."""
    hidden = fault.kind is FaultKind.PLATE_OUTSIDE_GRAMMAR and not plates
    return "a text that is no plate" if hidden else fault.detail
