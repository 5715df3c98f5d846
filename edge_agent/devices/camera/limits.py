"""A bound for FFmpeg's memory: no single piece larger than the largest picture needs.

A camera that begins a picture and never ends it makes FFmpeg's parser gather all of it, up to 2 GiB
(measured: 2 GB in six seconds over loopback), and no option of RTSP or of the parser stops it. What does is
libavutil's own limit for one allocation, `av_max_alloc`, which PyAV does not pass on: it is called in
the library that PyAV has loaded. The limit holds for the whole process.
"""

from __future__ import annotations

import ctypes
import logging
import threading
from pathlib import Path

log = logging.getLogger(__name__)

LEAST = 64_000_000
_lock = threading.Lock()
_allowed = 0


def allow_pictures_of(pixels: int) -> None:
    """Pictures of so many pixels can be decoded and converted; a larger call before this one holds on."""
    global _allowed  # noqa: PLW0603 what it stands for is the process's too
    with _lock:
        wanted = max(LEAST, 3 * pixels + 4_000_000)  # BGR, a little padding
        if wanted <= _allowed:
            return
        _allowed = wanted
        for path in _loaded("libavutil"):
            ctypes.CDLL(path).av_max_alloc(ctypes.c_size_t(wanted))
            return
    log.warning("libavutil was not found among the loaded libraries: its memory has no bound of ours")


def _loaded(name: str) -> list[str]:
    """Paths of the shared libraries of this name in this process (Linux)."""
    try:
        lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    paths = {line.split(maxsplit=5)[5] for line in lines if "/" in line and len(line.split(maxsplit=5)) == 6}
    # OpenCV brings a libavutil of its own, which no camera is read with.
    return sorted(p for p in paths if Path(p).name.startswith(name) and "opencv" not in p)
