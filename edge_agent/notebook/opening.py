"""What lies at a path: recordings, or what a replay made of some."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from edge_agent.errors import UsageError
from edge_agent.journal.opening import open_all
from edge_agent.notebook.recording import OpenRecording
from edge_agent.notebook.sources import Recorded, ReplayFolder
from edge_agent.sinks import CONFIG_FILE, DECISIONS_FILE


def opened(path: str | PathLike[str]) -> OpenRecording:
    """See `edge_agent.open_recording`."""
    where = Path(path)
    if not (where / DECISIONS_FILE).is_file():
        return OpenRecording(Recorded(tuple(open_all(where))))
    if not (where / CONFIG_FILE).is_file():
        raise UsageError(f"{where}: {DECISIONS_FILE} without {CONFIG_FILE}: an older replay? replay it again")
    return OpenRecording(ReplayFolder(where / DECISIONS_FILE, where / CONFIG_FILE))
