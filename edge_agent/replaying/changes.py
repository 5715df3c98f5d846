"""What a replay changed of its recordings' configuration, and how its statements and its folder say so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edge_agent import __version__
from edge_agent.config.recorded import from_text
from edge_agent.config.settings import SiteConfig
from edge_agent.journal.reader import Recording
from edge_agent.replaying.what_if import Change, differences
from edge_agent.report.replay_note import Asked, Changed, File, ReplayNote

MOST = 50  # changes that a statement lists


def changes(recordings: Sequence[Recording], sites: Sequence[SiteConfig]) -> tuple[Change, ...]:
    """In what each recording's configuration is another than its own; what is so of all is said once."""
    texts = {one.config_text: site for one, site in zip(recordings, sites, strict=True) if one.config_text}
    found: list[Change] = []
    for text, site in texts.items():
        found += [change for change in differences(from_text(text), site) if change not in found]
    return tuple(found)


def marks(changed: Sequence[Change], *, cold: bool) -> dict[str, Any]:
    """What each statement says under `ext.replay`; empty for one that was decided live alike."""
    if not changed and not cold:
        return {}
    listed = [str(change) for change in changed[:MOST]]
    more = [f"... and {len(changed) - MOST} more"] if len(changed) > MOST else []
    return {"evidence": "no", "what_if": [*listed, *more], "cold": cold}


def note(
    recordings: Sequence[Recording], changed: Sequence[Change], asked: Asked, *, cold: bool, interrupted: bool
) -> ReplayNote:
    """What is written into its folder."""
    return ReplayNote(
        software=f"edge-agent {__version__}",
        recordings=tuple(File(one.path.name, one.path.stat().st_size) for one in recordings),
        what_if=tuple(Changed(one.key, one.old, one.new) for one in changed),
        asked=asked,
        cold=cold,
        interrupted=interrupted,
    )
