"""Rerun's viewer started on a file: on this machine only, and nothing is told to anybody.

A viewer sends statistics of its use to its makers unless it is told not to, and asks GitHub for a newer
release (seen with 0.41). `CI` turns the statistics off (with `RUST_LOG=debug` it says so); for
everything else it is given a proxy that is not there.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from edge_agent.errors import UsageError

LOOPBACK = "127.0.0.1"
NOBODY = "http://127.0.0.1:9"  # the port for throwing away; nothing listens there
QUIET = {
    "CI": "1",
    **dict.fromkeys(
        ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "http_proxy", "https_proxy"), NOBODY
    ),
    **dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost"),
}


def has_display(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Whether a window can be opened."""
    if platform.startswith("linux"):
        return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))
    return True


def has_ffmpeg() -> bool:
    """Whether the viewer in a window can decode H.264 and H.265: it starts this program."""
    return shutil.which("ffmpeg") is not None


def rerun_program() -> str:
    """The viewer that came with `rerun-sdk`: itself, not the script that starts it and is deaf to signals.

    Raises:
        UsageError: there is none.
    """
    spec = importlib.util.find_spec("rerun_cli")
    for folder in (spec and spec.submodule_search_locations) or ():
        for name in ("rerun", "rerun.exe"):
            if (program := Path(folder) / name).is_file():
                return str(program)
    raise UsageError("no Rerun viewer in this Python: pip install 'edge-agent[view]'")


def window_command(file: Path) -> list[str]:
    """The viewer in a window; its server answers on this machine only, on whatever port is free."""
    return [rerun_program(), str(file), "--bind", LOOPBACK, "--port", "auto", "--hide-welcome-screen"]


def open_window(file: Path) -> int:
    """Show the file until the window is closed; the viewer's exit status."""
    environment = {**os.environ, **QUIET}
    return subprocess.run(window_command(file), check=False, env=environment).returncode  # noqa: S603 - a path
