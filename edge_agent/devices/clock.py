"""The only file that reads clocks. Says what time it is, and how far that can be trusted.

The kernel's own account (adjtimex(2), kept by chrony, ntpd, ptp4l or gpsd) is read directly: no
daemon needs to be asked and no program started. `maxerror` is the kernel's upper bound of the error.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from edge_agent.core.events import ClockSource, ClockStatus, Event
from edge_agent.core.settings import Settings
from edge_agent.core.units import US, Ns

STA_UNSYNC = 0x0040
STA_NANO = 0x2000
TIME_ERROR = 5  # adjtimex(2): clock not synchronised


class ClockSettings(Settings):
    """Where the box's time comes from."""

    source: Literal["gnss", "ptp", "nts", "ntp", "none"] = "ntp"
    """What disciplines the kernel clock. `none`: nothing does; statements become `reference`."""
    interval_ms: Annotated[int, Field(ge=100, le=600_000)] = 10_000
    """How often the clock's state is recorded."""


def monotonic() -> Ns:
    """Now on the box's monotonic clock."""
    return Ns(time.monotonic_ns())


def utc_minus_mono() -> Ns:
    """What to add to `monotonic()` for UTC; of five tries the one with the least delay between reads."""
    best: tuple[int, int] | None = None
    for _ in range(5):
        before = time.monotonic_ns()
        utc = time.time_ns()
        after = time.monotonic_ns()
        tried = (after - before, utc - (before + after) // 2)
        best = min(best, tried) if best else tried
    assert best is not None
    return Ns(best[1])


@dataclass(frozen=True, slots=True)
class KernelClock:
    """The kernel's account of its own clock."""

    synced: bool
    offset: Ns
    max_error: Ns


class _Timex(ctypes.Structure):
    """struct timex of Linux (include/uapi/linux/timex.h), whose padding ctypes works out itself."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("tv_sec", ctypes.c_long),
        ("tv_usec", ctypes.c_long),
        ("tick", ctypes.c_long),
        ("rest", ctypes.c_byte * 128),
    )


def kernel_clock() -> KernelClock | None:
    """What adjtimex(2) says; None where the system has no such call."""
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return None
    timex = _Timex()  # modes = 0: read only
    state = adjtimex(ctypes.byref(timex))
    if state < 0:
        return None
    scale = 1 if timex.status & STA_NANO else US
    return KernelClock(
        synced=state != TIME_ERROR and not timex.status & STA_UNSYNC,
        offset=Ns(timex.offset * scale),
        max_error=Ns(timex.maxerror * US),
    )


def clock_status(settings: ClockSettings) -> ClockStatus:
    """The clock's state now."""
    kernel = kernel_clock()
    synced = kernel is not None and kernel.synced and settings.source != "none"
    return ClockStatus(
        at=monotonic(),
        utc_minus_mono=utc_minus_mono(),
        source=ClockSource(settings.source) if synced else ClockSource.NONE,
        synced=synced,
        offset=kernel.offset if kernel else Ns(0),
        est_error=kernel.max_error if kernel and synced else None,
    )


class ClockWatch:
    """Emits the clock's state at once and then every `interval_ms`."""

    def __init__(self, settings: ClockSettings, emit: Callable[[Event], None]) -> None:
        self._settings = settings
        self._emit = emit
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="clock", daemon=True)

    def start(self) -> None:
        """Begin watching."""
        self._emit(clock_status(self._settings))
        self._thread.start()

    def stop(self) -> None:
        """Stop and wait for the thread."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(self._settings.interval_ms / 1000):
            self._emit(clock_status(self._settings))
