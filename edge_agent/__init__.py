"""edge-agent: roadside enforcement on one box. Read docs/architecture.md first."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_agent.notebook.recording import OpenRecording

__all__ = ["__version__", "open_recording"]

__version__ = "0.1.0"


def open_recording(path: str | PathLike[str]) -> OpenRecording:
    """Open a recording to look at it in Python: crossings, plate reads, cases, weights.

    Args:
        path: an `.mcap` file, a folder of them (a black box), or the folder that `edge-agent replay` wrote.

    Returns:
        Something to ask; nothing is read but the header.

    Raises:
        UsageError: there is nothing at `path`.
        JournalError: what is there is no recording.

    Examples:
        >>> import edge_agent
        >>> rec = edge_agent.open_recording("bridge.mcap")
        >>> for seen in rec.crossings():
        ...     print(f"{seen.utc:%H:%M:%S} {seen.record.crossing.gross / 1e6:.1f} t")
        08:00:03 12.1 t
        08:00:09 27.7 t
    """
    from edge_agent.notebook.opening import opened  # noqa: PLC0415 - `import edge_agent` stays instant

    return opened(path)
