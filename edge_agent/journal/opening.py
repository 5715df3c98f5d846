"""The recordings of a place: one file, or the segments of a folder that belong together."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from edge_agent.core.events import PlateSeen
from edge_agent.errors import UsageError
from edge_agent.journal.reader import NoHeader, Recording
from edge_agent.journal.segments import PREFIX
from edge_agent.journal.writer import DROPPED

log = logging.getLogger(__name__)


def pictures_folder(recording: Path) -> Path:
    """The folder beside a recording for pictures that it names; `import` makes it where there was video."""
    return recording.with_name(recording.name + ".pictures")


def open_all(path: Path) -> list[Recording]:
    """The recordings at `path`: one file, or a folder's `*.mcap` in order of name.

    Raises:
        UsageError: nothing there.
        JournalError: one that is no recording.
    """
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder")
    if path.is_dir():
        files = sorted(path.glob("*.mcap"))
        if not files:
            raise UsageError(f"{path}: no *.mcap in this folder")
        return open_together(files)
    return [Recording.open(path)]


def open_together(files: Sequence[Path]) -> list[Recording]:
    """The segments of one journal, in their order.

    Raises:
        JournalError: one that is no recording.
    """
    recordings = list(_opened(files))
    share_plates(recordings)
    return recordings


def _opened(files: Sequence[Path]) -> Iterator[Recording]:
    """Each of a folder. What the power took as the black box began a segment holds nothing, and is said."""
    for file in files:
        try:
            yield Recording.open(file)
        except NoHeader as error:
            if len(files) == 1 or not file.name.startswith(PREFIX):
                raise
            log.warning("left out: %s", error)


def share_plates(recordings: Iterable[Recording]) -> None:
    """A plate that one segment withheld may have been given back in a later one."""
    found: dict[tuple[str, int], PlateSeen] = {}
    dropped = [recording for recording in recordings if recording.plates == DROPPED]
    for recording in dropped:
        found |= recording.look_for_plates()
        recording.given_back = found
