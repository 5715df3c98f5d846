"""Which boxes are enrolled, and with which keys: a directory of PEM files.

To enrol a box, put `<device_id>.pem` there; to bar it, take the file away. Neither needs a restart.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge_agent.errors import UsageError
from edge_agent.evidence import dsse
from edge_agent.evidence.keys import KeyRing, read_public_keys
from edge_agent.evidence.uplink.topics import NAME


@dataclass(frozen=True, slots=True)
class _Known:
    stamp: tuple[int, int]  # mtime_ns and size of the file that was read
    ring: KeyRing | None


class Devices:
    """The rings of enrolled boxes, read when first asked for and again when the file has changed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._known: dict[str, _Known] = {}

    def ring(self, device: str) -> KeyRing | None:
        """The keys that may sign for this box; None when it is not enrolled or its file is unusable."""
        if not NAME.fullmatch(device) or device.startswith("."):
            return None
        path = self._directory / f"{device}.pem"
        try:
            status = path.stat()
        except OSError:
            self._known.pop(device, None)
            return None
        stamp = (status.st_mtime_ns, status.st_size)
        known = self._known.get(device)
        if known is None or known.stamp != stamp:
            known = _Known(stamp, _read(path))
            self._known[device] = known
        return known.ring


def _read(path: Path) -> KeyRing | None:
    try:
        return KeyRing({dsse.EVIDENCE_TYPE: read_public_keys(path)})
    except UsageError:
        return None
