"""The disk under a folder, as the kernel tells of it; nothing is started and nothing is written."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

SECTOR_BYTES = 512  # of /sys/block/*/stat, whatever the disk's own are
SHORTEST_UPTIME_S = 3600.0  # before that, writes a day are the start's and nothing else


@dataclass(frozen=True, slots=True)
class Wear:
    """What an eMMC says of itself (JEDEC eMMC 5.0, EXT_CSD 267-269)."""

    life_time: int  # 1: up to 10 % of its life is used, ... 10: up to 100 %, 11: more
    pre_eol: int  # spare blocks: 1 normal, 2 80 % used, 3 90 % used


@dataclass(frozen=True, slots=True)
class DiskSeen:
    """A folder's file system."""

    path: str
    filesystem: str
    own: bool  # not the one that the system is on
    read_only: bool
    free_bytes: int
    total_bytes: int
    free_inodes: int
    total_inodes: int  # 0: it has no fixed number
    wear: Wear | None = None
    written_bytes_a_day: int | None = None  # since the start; None: not known yet
    ssd: str = ""  # `/dev/nvme0n1`: it wears, and only SMART says how much; that takes root


@dataclass(frozen=True, slots=True)
class Mount:
    """A line of /proc/self/mountinfo."""

    device: str  # "179:2"
    point: str
    filesystem: str
    read_only: bool


def look(folder: Path) -> DiskSeen:
    """At the disk of a folder, or of the nearest folder above it that is there. Raises OSError."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    room = os.statvfs(there)
    mounts = parse_mounts(Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace"))
    mount = mount_of(there.resolve(), mounts)
    return DiskSeen(
        path=str(folder),
        filesystem=mount.filesystem if mount else "",
        own=mount is not None and mount.device != _device_of_root(mounts),
        read_only=bool(room.f_flag & os.ST_RDONLY),
        free_bytes=room.f_bavail * room.f_frsize,
        total_bytes=room.f_blocks * room.f_frsize,
        free_inodes=room.f_favail,
        total_inodes=room.f_files,
        wear=_wear(mount) if mount else None,
        written_bytes_a_day=_written_a_day(mount) if mount else None,
        ssd=ssd_of(_whole_disk(mount)) if mount else "",
    )


def parse_mounts(mountinfo: str) -> list[Mount]:
    """`36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`."""
    found = []
    for line in mountinfo.splitlines():
        left, dash, right = line.partition(" - ")
        words, kinds = left.split(" "), right.split(" ")
        if dash and len(words) > 5:
            point = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), words[4])
            found.append(Mount(words[2], point, kinds[0], "ro" in words[5].split(",")))
    return found


def mount_of(path: Path, mounts: list[Mount]) -> Mount | None:
    """The last mounted of the deepest mount points above a path."""
    over = [mount for mount in mounts if path == Path(mount.point) or Path(mount.point) in path.parents]
    return max(enumerate(over), key=lambda item: (len(item[1].point), item[0]), default=(0, None))[1]


def _device_of_root(mounts: list[Mount]) -> str:
    root = mount_of(Path("/"), mounts)
    return root.device if root else ""


def _whole_disk(mount: Mount) -> Path | None:
    """`/sys/block/mmcblk0` of a partition on it; None where the file system is on no disk."""
    device = Path("/sys/dev/block") / mount.device
    if not device.exists():
        return None
    disk = device.resolve()
    return disk.parent if (disk / "partition").exists() else disk


def ssd_of(disk: Path | None) -> str:
    """The device of an NVMe or SATA disk without turning parts, by its folder in sysfs; else empty."""
    if disk is None or not disk.name.startswith(("nvme", "sd")):
        return ""
    with contextlib.suppress(OSError):
        turns = (disk / "queue" / "rotational").read_text(encoding="ascii").strip()
        return "" if turns == "1" else f"/dev/{disk.name}"
    return ""


def _wear(mount: Mount) -> Wear | None:
    disk = _whole_disk(mount)
    if disk is None:
        return None
    with contextlib.suppress(OSError, ValueError):  # no eMMC
        worst = max(int(word, 16) for word in (disk / "device" / "life_time").read_text().split())
        return Wear(worst, int((disk / "device" / "pre_eol_info").read_text(), 16))
    return None


def _written_a_day(mount: Mount) -> int | None:
    disk = _whole_disk(mount)
    with contextlib.suppress(OSError, ValueError, IndexError):
        uptime_s = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
        if disk is not None and uptime_s >= SHORTEST_UPTIME_S:
            written = int((disk / "stat").read_text(encoding="ascii").split()[6]) * SECTOR_BYTES
            return round(written * 86_400 / uptime_s)
    return None
