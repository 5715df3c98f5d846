"""The clock: who vouches for it, how wrong it may be, and whether it stands before what surely has been."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import edge_agent
from edge_agent.config.settings import SiteConfig
from edge_agent.core.events import ClockStatus
from edge_agent.core.records import UseClass
from edge_agent.core.units import MS, S
from edge_agent.devices.clock import Clock
from edge_agent.doctor.box import box_of
from edge_agent.doctor.finding import Finding, State
from edge_agent.doctor.observed import Eyes
from edge_agent.errors import UsageError
from edge_agent.evidence.certificates import read_certificates

# Two clocks that are both right may differ by this when a certificate is made and used at once.
TOLERANCE_US = 60 * 1_000_000
LARGE_OFFSET_MS = 100.0
RTC = Path("/sys/class/rtc/rtc0")
PAST = {  # in Chinese and English
    "software": ("安装本软件", "this software was installed"),
    "statement": ("封存最后一条记录", "the last statement was sealed"),
    "certificate": ("签发证书", "a certificate was issued"),
}


@dataclass(frozen=True, slots=True)
class ClockSeen:
    """The clock, and moments that lie in the past of any clock that is right."""

    status: ClockStatus
    now_utc_us: int
    past_utc_us: Mapping[str, int]  # one of `PAST`: when
    rtc: bool  # a battery keeps the time while the power is away
    error_max_ms: int
    binding: bool  # statements are meant to be of class enforcement


def check(seen: ClockSeen) -> Iterator[Finding]:
    """What is to be said of a clock."""
    troubles = [*_behind(seen), *_unsure(seen)]
    yield from troubles
    if not seen.rtc:
        yield Finding("clock.no_rtc", "clock", State.WARNING)
    if not troubles:
        status = seen.status
        values = {
            "source": str(status.source),
            "offset_ms": _ms(status.offset),
            "error_ms": _error_ms(status),
        }
        yield Finding("clock.ok", "clock", State.OK, values)


def _behind(seen: ClockSeen) -> Iterator[Finding]:
    name, newest = max(seen.past_utc_us.items(), key=lambda item: item[1], default=("", 0))
    if seen.now_utc_us < newest - TOLERANCE_US:
        values = {
            "now": _said(seen.now_utc_us),
            "what_zh": PAST[name][0],
            "what_en": PAST[name][1],
            "at": _said(newest),
            "behind_s": (newest - seen.now_utc_us) // 1_000_000,
        }
        yield Finding("clock.behind", "clock", State.FAULT, values)


def _unsure(seen: ClockSeen) -> Iterator[Finding]:
    status, bad = seen.status, State.FAULT if seen.binding else State.WARNING
    if not status.synced:
        yield Finding("clock.unsynced", "clock", bad)
    elif status.est_error is None or _ms(status.est_error + abs(status.offset)) > seen.error_max_ms:
        values = {"error_ms": _error_ms(status), "offset_ms": _ms(status.offset), "max_ms": seen.error_max_ms}
        yield Finding("clock.error_large", "clock", bad, values)
    elif abs(_ms(status.offset)) > LARGE_OFFSET_MS:
        yield Finding("clock.offset", "clock", State.WARNING, {"offset_ms": _ms(status.offset)})


def clock_findings(config: SiteConfig, eyes: Eyes) -> Iterator[Finding]:
    """Look at this box's clock."""
    time = Clock(config.clock)
    store = box_of(config, eyes).store().holds
    past = {"software": int(Path(edge_agent.__file__).stat().st_mtime * 1_000_000)}
    if store is not None:
        past["statement"] = store.newest_utc_us
    begins = _certificates_begin(config)
    if begins:
        past["certificate"] = max(begins)
    yield from check(
        ClockSeen(
            status=time.status(),
            now_utc_us=time.utc_us(),
            past_utc_us=past,
            rtc=RTC.exists(),
            error_max_ms=config.site.legal.clock_error_max_ms,
            binding=config.site.legal.use_class is UseClass.ENFORCEMENT,
        )
    )


def _certificates_begin(config: SiteConfig) -> list[int]:
    """When the certificates for the broker begin to be valid; damaged files are others' to tell."""
    broker = config.uplink.mqtt if config.uplink else None
    begins: list[int] = []
    for path in (broker.tls_ca_certs, broker.tls_client_cert) if broker else ():
        with contextlib.suppress(UsageError):
            found = read_certificates(path) if path else ()
            begins += [int(one.not_valid_before_utc.timestamp() * 1_000_000) for one in found]
    return begins


def _error_ms(status: ClockStatus) -> float | None:
    return None if status.est_error is None else _ms(status.est_error)


def _ms(ns: int) -> float:
    return round(ns / MS, 1)


def _said(utc_us: int) -> str:
    return f"{datetime.fromtimestamp(utc_us * 1000 // S, UTC):%Y-%m-%d %H:%M} UTC"
