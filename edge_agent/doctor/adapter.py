"""What the system says of the device that a line is on: there, allowed, held, how patient its driver is."""

from __future__ import annotations

import grp
import os
from dataclasses import dataclass
from pathlib import Path

SYS = Path("/sys")
PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Adapter:
    """A serial device as the system knows it."""

    exists: bool = True
    group: str = ""  # that may open it
    holders: tuple[str, ...] = ()  # other programs that have it open, "name (pid)"; as far as we may see
    latency_ms: int | None = None  # an FTDI's latency timer; None: not such an adapter
    may_sleep: bool = False  # USB autosuspend is on for it


def look_at(device: str) -> Adapter:
    """Of a path such as `/dev/ttyUSB0`, links followed; a network address is always there."""
    if "://" in device:
        return Adapter()
    path = Path(device)
    try:
        real, facts = path.resolve(strict=True), path.stat()
    except OSError:
        return Adapter(exists=False)
    return Adapter(
        group=_group(facts.st_gid),
        holders=_holders(facts.st_rdev),
        latency_ms=_number(SYS / "bus/usb-serial/devices" / real.name / "latency_timer"),
        may_sleep=_may_sleep(SYS / "class/tty" / real.name / "device"),
    )


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):
        return None


def _may_sleep(device: Path) -> bool:
    """The nearest USB device above says `auto`."""
    for folder in (device.resolve(), *device.resolve().parents):
        if (folder / "idVendor").exists():
            try:
                return (folder / "power/control").read_text("ascii").strip() == "auto"
            except OSError:
                return False
    return False


def _holders(device: int) -> tuple[str, ...]:
    """Other programs with the same device open. Those of other users are seen by root only."""
    own = str(os.getpid())
    others = (process for process in PROC.iterdir() if process.name.isdigit() and process.name != own)
    found = (f"{_name(one)} ({one.name})" for one in others if _has_open(one / "fd", device))
    return tuple(sorted(found))


def _has_open(folder: Path, device: int) -> bool:
    try:
        for one in folder.iterdir():
            try:
                if one.stat().st_rdev == device:
                    return True
            except OSError:
                continue
    except OSError:
        return False
    return False


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text("utf-8").strip()
    except OSError:
        return "?"
