"""What time it is, and how far that can be trusted.

chronyd is asked where one runs (`devices/chrony.py`). Elsewhere the kernel's own account counts
(adjtimex(2), kept by ntpd, ptp4l or gpsd), whose `maxerror` is an upper bound of the error.
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
from edge_agent.core.units import MS, US, Ns, S
from edge_agent.devices import chrony
from edge_agent.devices.chrony import Tracking
from edge_agent.progress import IDLE_S, Pulse

STA_UNSYNC = 0x0040
STA_NANO = 0x2000
TIME_ERROR = 5  # adjtimex(2): clock not synchronised

# A jump of UTC after which chronyd's word of before is worth nothing: it may not have noticed yet.
STEP = 100 * MS
# A clock that nobody sets any more may drift so far; adjtimex(2)'s own assumption.
DRIFT_PPM = 500


class ClockSettings(Settings):
    """Where the box's time comes from."""

    source: Literal["gnss", "ptp", "nts", "ntp", "none"] = "ntp"
    """What sets the clock. `none`: nothing does; statements become `reference`. Where chronyd answers, it
    says itself whether that is the network or a reference clock; `nts` it tells nobody but root."""
    chrony_port: Annotated[int, Field(ge=0, le=65_535)] = chrony.PORT
    """UDP port on which chronyd takes questions; 0: it is not asked, the kernel's word counts."""
    max_sync_age_s: Annotated[int, Field(ge=10, le=604_800)] = 3_600
    """Not synced when chronyd compared the clock with its source longer ago than this, or ended then."""
    interval_ms: Annotated[int, Field(ge=100, le=600_000)] = 10_000
    """How often the clock's state is recorded."""


def monotonic() -> Ns:
    """Now on the box's monotonic clock."""
    return Ns(time.monotonic_ns())


def utc_minus_mono(utc_ns: Callable[[], int] | None = None) -> Ns:
    """What to add to `monotonic()` for UTC; of five tries the one with the least delay between reads."""
    read = utc_ns or time.time_ns
    best: tuple[int, int] | None = None
    for _ in range(5):
        before = time.monotonic_ns()
        utc = read()
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


class Clock:
    """The box's clock, and who vouches for it. Any thread may ask.

    Args:
        settings: what sets it.
        utc_ns: the system's UTC.
        kernel: the kernel's account of it.
        tracking: chronyd's; default: the one on `settings.chrony_port`.
    """

    def __init__(
        self,
        settings: ClockSettings,
        utc_ns: Callable[[], int] | None = None,
        kernel: Callable[[], KernelClock | None] | None = None,
        tracking: Callable[[], Tracking | None] | None = None,
    ) -> None:
        self._settings = settings
        self._utc_ns = utc_ns or time.time_ns
        self._kernel = kernel or kernel_clock
        self._tracking = tracking or self._ask
        self._lock = threading.Lock()
        self._offset: Ns | None = None  # utc_minus_mono when last looked at
        self._heard: tuple[Ns, Tracking] | None = None  # chronyd's last word, and when it came
        self._distrusted: int | None = None  # the comparison that chronyd had made before a step

    def utc_us(self) -> int:
        """Microseconds of UTC, as the system says."""
        return self._utc_ns() // US

    def status(self) -> ClockStatus:
        """The clock's state now."""
        with self._lock:
            said = self._tracking()
            at, offset = monotonic(), utc_minus_mono(self._utc_ns)
            if said is not None:
                self._heard = at, said
            stepped = self._offset is not None and abs(offset - self._offset) >= STEP
            self._offset = offset
            if self._heard is None:
                return self._by_kernel(at, offset)
            if stepped:
                self._distrusted = self._heard[1].set_at_utc
            return self._by_chrony(at, offset, *self._heard)

    def _ask(self) -> Tracking | None:
        port = self._settings.chrony_port
        return chrony.ask(port) if port else None

    def _by_kernel(self, at: Ns, offset: Ns) -> ClockStatus:
        kernel = self._kernel()
        synced = kernel is not None and kernel.synced and self._settings.source != "none"
        return ClockStatus(
            at=at,
            utc_minus_mono=offset,
            source=ClockSource(self._settings.source) if synced else ClockSource.NONE,
            synced=synced,
            offset=kernel.offset if kernel else Ns(0),
            est_error=kernel.max_error if kernel and synced else None,
        )

    def _by_chrony(self, at: Ns, offset: Ns, heard_at: Ns, said: Tracking) -> ClockStatus:
        age = at + offset - said.set_at_utc
        synced = (
            said.synced
            and self._settings.source != "none"
            and said.set_at_utc != self._distrusted
            and -S < age <= self._settings.max_sync_age_s * S
        )
        alone = (at - heard_at) * DRIFT_PPM // 1_000_000
        return ClockStatus(
            at=at,
            utc_minus_mono=offset,
            source=self._source(said) if synced else ClockSource.NONE,
            synced=synced,
            offset=Ns(said.offset),
            est_error=Ns(said.est_error + alone) if synced else None,
            stratum=said.stratum,
        )

    def _source(self, said: Tracking) -> ClockSource:
        """Of a reference clock the name tells; other names and NTS are as the settings have it."""
        chosen = ClockSource(self._settings.source)
        if not said.reference:
            return ClockSource.NTS if chosen is ClockSource.NTS else ClockSource.NTP
        if said.reference.startswith(("PHC", "PTP")):
            return ClockSource.PTP
        return chosen if chosen in (ClockSource.GNSS, ClockSource.PTP) else ClockSource.GNSS


class ClockWatch:
    """Emits the clock's state at once and then every `interval_ms`."""

    def __init__(self, clock: Clock, interval_ms: int, emit: Callable[[Event], None]) -> None:
        self._clock = clock
        self._interval = interval_ms * MS
        self._emit = emit
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="clock", daemon=True)
        self.latest: ClockStatus | None = None
        self.pulse = Pulse("clock", limit_s=60)

    def start(self) -> None:
        """Begin watching."""
        self._look()
        self._thread.start()

    def stop(self) -> None:
        """Stop and wait for the thread."""
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        self.latest = self._clock.status()
        self._emit(self.latest)

    def _watch(self) -> None:
        due = monotonic() + self._interval
        with self.pulse:
            while not self._stop.wait(min(max(due - monotonic(), 0) / S, IDLE_S)):
                self.pulse.beat()
                if monotonic() >= due:
                    due = monotonic() + self._interval
                    self._look()
