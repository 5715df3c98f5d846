"""A file for each box in a folder: read when first asked for, and again when it has changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from edge_agent.evidence.uplink.topics import NAME

Content = TypeVar("Content")


@dataclass(frozen=True, slots=True)
class _Known(Generic[Content]):
    stamp: tuple[int, int]  # mtime_ns and size of the file that was read
    content: Content | None


class DeviceFiles(Generic[Content]):
    """What is in `<device_id><ending>`, without a restart when it comes, changes or goes.

    Args:
        directory: the folder.
        ending: of the files' names, with the dot.
        read: a file; None where nothing can be made of it.
    """

    def __init__(self, directory: Path, ending: str, read: Callable[[Path], Content | None]) -> None:
        self._directory = directory
        self._ending = ending
        self._read = read
        self._known: dict[str, _Known[Content]] = {}

    def of(self, device: str) -> Content | None:
        """What is in a box's file; None when there is none here, or it cannot be read."""
        if not NAME.fullmatch(device) or device.startswith("."):
            return None
        path = self._directory / f"{device}{self._ending}"
        try:
            status = path.stat()
        except OSError:
            self._known.pop(device, None)
            return None
        stamp = (status.st_mtime_ns, status.st_size)
        known = self._known.get(device)
        if known is None or known.stamp != stamp:
            known = self._known[device] = _Known(stamp, self._read(path))
        return known.content
