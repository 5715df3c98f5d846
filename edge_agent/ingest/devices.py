"""Which boxes are enrolled, and with which keys: a directory of PEM files.

To enrol a box, put `<device_id>.pem` there; to bar it, take the file away. Neither needs a restart.
"""

from __future__ import annotations

from pathlib import Path

from edge_agent.errors import UsageError
from edge_agent.evidence import dsse
from edge_agent.evidence.keys import KeyRing, read_public_keys
from edge_agent.ingest.device_files import DeviceFiles


class Devices:
    """The rings of enrolled boxes."""

    def __init__(self, directory: Path) -> None:
        self._files = DeviceFiles(directory, ".pem", _read)

    def ring(self, device: str) -> KeyRing | None:
        """The keys that may sign for this box; None when it is not enrolled or its file is unusable."""
        return self._files.of(device)


def _read(path: Path) -> KeyRing | None:
    try:
        return KeyRing({dsse.EVIDENCE_TYPE: read_public_keys(path)})
    except UsageError:
        return None
