"""Pictures that are accepted while the daemon runs are taken into use without a restart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edge_agent.devices.scene.scene import Scene

# A look at a file's date so often, for each camera.
LOOK_S = 3.0


class Renewal:
    """Makes a camera's scene anew when its list of accepted pictures has changed.

    Args:
        manifest: the list (`bank.MANIFEST`); it need not be there yet.
        make: a fresh scene, with what is accepted by then.
    """

    def __init__(self, manifest: Path, make: Callable[[], Scene]) -> None:
        self._manifest = manifest
        self._make = make
        self._seen = _mark(manifest)

    def look(self) -> Scene | None:
        """The fresh scene; None where nothing has changed.

        Raises:
            ConfigError: the list, or a picture of it, is not as it must be.
        """
        mark = _mark(self._manifest)
        if mark == self._seen:
            return None
        self._seen = mark
        return self._make()


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
