"""The black box: recordings in segments, flushed by event time, the oldest removed at the quota."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import IO

from edge_agent.core.decisions import Decision, Seal, SealStreet
from edge_agent.core.events import Event
from edge_agent.core.units import MS
from edge_agent.errors import JournalError
from edge_agent.journal.settings import JournalSettings
from edge_agent.journal.video import VideoPacket
from edge_agent.journal.writer import RecordingHeader, RecordingWriter

MB = 1_000_000


class Recorder:
    """Writes every event before the core sees it, and every decision after.

    Segments are named by a count, so that their order is the order of names.
    """

    def __init__(self, folder: Path, settings: JournalSettings, header: RecordingHeader) -> None:
        self._folder = folder
        self._settings = settings
        self._header = header
        self._stream: IO[bytes] | None = None
        self._writer: RecordingWriter | None = None
        self._flushed_at = 0
        self._lock = threading.Lock()  # cameras bring their video from threads of their own
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise JournalError(f"{folder}: {error.strerror}") from None
        self._count = self._last_count()
        self._open_segment()

    @property
    def path(self) -> Path:
        """The segment being written."""
        return self._segment(self._count)

    def event(self, event: Event) -> None:
        """Write the event; a full disk raises, for a box without its black box must say so."""
        with self._lock:
            assert self._writer is not None
            self._writer.event(event)
            if event.at - self._flushed_at >= self._settings.flush_ms * MS:
                self._flushed_at = event.at
                self._flush()

    def decision(self, decision: Decision) -> None:
        """Write the decision; a statement's journal is in the kernel before it is sealed."""
        with self._lock:
            assert self._writer is not None
            self._writer.decision(decision)
            if isinstance(decision, Seal | SealStreet):
                self._flush()

    def video(self, packet: VideoPacket, at: int) -> None:
        """Write a compressed picture; safe from any thread, nothing after `close`."""
        with self._lock:
            if self._writer is not None:
                self._writer.video(packet, at)

    def close(self) -> None:
        """Write the index of the segment."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._writer is not None and self._stream is not None:
            self._writer.close()
            self._stream.close()
            self._writer = None

    def _flush(self) -> None:
        assert self._writer is not None
        assert self._stream is not None
        self._writer.flush()
        if self._stream.tell() >= self._settings.segment_mb * MB:
            self._close()
            self._count += 1
            self._open_segment()

    def _open_segment(self) -> None:
        self._make_room()
        try:
            self._stream = self._segment(self._count).open("xb")
        except OSError as error:
            raise JournalError(f"{self._segment(self._count)}: {error.strerror}") from None
        self._writer = RecordingWriter(self._stream, self._header)

    def _make_room(self) -> None:
        allowed = (self._settings.quota_mb - self._settings.segment_mb) * MB
        files = sorted(self._folder.glob("journal-*.mcap"))
        total = sum(file.stat().st_size for file in files)
        for file in files:
            if total <= allowed:
                return
            total -= file.stat().st_size
            file.unlink()

    def _last_count(self) -> int:
        """The next count; copies that somebody put beside the recordings have no say."""
        counts = (file.stem.removeprefix("journal-") for file in self._folder.glob("journal-*.mcap"))
        return max((int(count) for count in counts if count.isascii() and count.isdigit()), default=0) + 1

    def _segment(self, count: int) -> Path:
        return self._folder / f"journal-{count:08d}.mcap"


class NoRecorder:
    """Keeps nothing: for replay, and for a box configured without a black box."""

    def event(self, event: Event) -> None:
        """Nothing."""

    def decision(self, decision: Decision) -> None:
        """Nothing."""

    def video(self, packet: VideoPacket, at: int) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""
