"""The recordings of a place: one file, or the segments of a folder that belong together."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from edge_agent.core.events import PlateSeen
from edge_agent.errors import UsageError
from edge_agent.journal.reader import Gone, NoHeader, Recording
from edge_agent.journal.segments import PREFIX
from edge_agent.journal.writer import DROPPED

HEADER_BYTES = 4_096  # of the metadata with which a recording begins, at most

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
        if not files and (path / "decisions.jsonl").is_file():
            raise UsageError(f"{path}: what a replay decided, no recording; give the recording it is of")
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
    """Each of a folder; what is left out is said.

    What the power took as the black box began a segment holds nothing, and it makes room meanwhile. What
    holds more and cannot be read is told with the recording before it; where it is the first, the numbers
    of the next one tell it.
    """
    before: Recording | None = None
    for file in files:
        try:
            recording = Recording.open(file)
        except (NoHeader, Gone) as error:
            if len(files) == 1 or not file.name.startswith(PREFIX):
                raise
            log.warning("left out: %s", error)
            if before and not _hardly_begun(file):
                before.left_out.append(str(error))
            continue
        yield recording
        before = recording


def _hardly_begun(file: Path) -> bool:
    """It ends within its header, or the file system had the length and not yet the bytes; or it is gone."""
    try:
        with file.open("rb") as stream:
            head = stream.read(HEADER_BYTES + 1)
    except OSError:
        return True
    return len(head) <= HEADER_BYTES or not any(head)


def share_plates(recordings: Iterable[Recording]) -> None:
    """A plate that one segment withheld may have been given back in a later one."""
    found: dict[tuple[str, int], PlateSeen] = {}
    dropped = [recording for recording in recordings if recording.plates == DROPPED]
    for recording in dropped:
        with contextlib.suppress(Gone):  # the quota took it just now: whoever reads it is told
            found |= recording.look_for_plates()
        recording.given_back = found
