"""Which processor numbers were measured on."""

from __future__ import annotations

import platform
from pathlib import Path


def processor() -> str:
    """Its name; the kind of machine where it has none."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="ascii", errors="replace").splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
