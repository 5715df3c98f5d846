"""Texts of the live page."""

from __future__ import annotations

from edge_agent.web.words import Texts

LIVE: Texts = {
    "live_title": ("实时状态", "Live"),
    "level_ok": ("一切正常", "All is well"),
    "level_degraded": ("部分异常", "Something is not well"),
    "level_fault": ("故障", "Fault"),
}
