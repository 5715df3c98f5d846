"""The serial lines: there, speaking what is configured, whole, and fast enough for the traffic.

    no device ─> held ─> silent ─> other bytes: rate? framing? instrument? ─> frames: damaged? slow? gaps?

The first that is wrong explains the rest, so a line that does not speak has one finding and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from edge_agent.config.settings import SiteConfig
from edge_agent.core.units import MS
from edge_agent.core.weigh.protocols.settings import (
    ModbusRtuSettings,
    ProtocolSettings,
    WimJsonSettings,
    YaohuaCmdSettings,
)
from edge_agent.core.weigh.protocols.timing import gap_after
from edge_agent.core.weigh.settings import ScaleSettings
from edge_agent.devices.settings_ports import SerialPortSettings
from edge_agent.doctor.adapter import Adapter, look_at
from edge_agent.doctor.baud import FURTHEST, guessed_rate, likely_rates
from edge_agent.doctor.decoded import Decoded, decode
from edge_agent.doctor.finding import Finding, State
from edge_agent.doctor.line_guess import seven_bit_framing, spoken
from edge_agent.doctor.observed import LISTEN_S, Eyes, SerialSeen
from edge_agent.doctor.serial_texts import TEXTS

__all__ = ["TEXTS", "serial_findings"]

# One rate is tried for so long: six frames of the slowest common indicator (5 a second), and its silence.
TRY_S = 1.2
# A good line damages nothing. One frame in 200 is a plug or a shield, one in ten is a weight that is missing
# from every other axle.
DAMAGED, BROKEN = 0.005, 0.1
# Instruments keep their rate to a crystal's 0.02 %, or an RC clock's per cent (protocols/timing.py); this far
# off it is another setting, and samples are put at wrong times.
RATE_APART = 0.05
# One long pause may be this box; from the second on it is the line.
GAPS = 2
# An FTDI hands bytes over so late, unless told otherwise (facts on WIM, 1.9): 1 ms is what can be set.
BEST_LATENCY_MS = 1
KMH = 0.0036  # of a mm/s

AdapterOf = Callable[[str], Adapter]


def serial_findings(config: SiteConfig, eyes: Eyes, adapter_of: AdapterOf = look_at) -> Iterator[Finding]:
    """Every port of the configuration."""
    for name, port in config.ports.items():
        scales = [lane.scale for lane in config.lanes.values() if lane.port == name]
        yield from _port(name, port, scales, eyes, adapter_of(port.device))


def _port(
    name: str, port: SerialPortSettings, scales: list[ScaleSettings], eyes: Eyes, adapter: Adapter
) -> Iterator[Finding]:
    subject = f"port/{name}"
    yield from _of_adapter(subject, port, adapter)
    seen = eyes.serial(name, LISTEN_S)
    if seen.problem:
        yield _why_not(subject, port, adapter, seen)
        return
    if adapter.holders and not seen.held_by_daemon:
        values = {"device": port.device, "holders": ", ".join(adapter.holders)}
        yield Finding("serial.shared", subject, State.WARNING, values)
    read = decode(port.protocol, seen, port.char_ns)
    if not seen.chunks and not read.speaks:
        yield _silent(subject, port, seen)
    elif not read.speaks:
        yield _not_understood(subject, name, port, seen, eyes)
    else:
        found = list(_of_frames(subject, port, scales, seen, read))
        yield from found or [Finding("serial.ok", subject, State.OK, _numbers(port, seen, read))]


def _of_adapter(subject: str, port: SerialPortSettings, adapter: Adapter) -> Iterator[Finding]:
    if adapter.latency_ms is not None and adapter.latency_ms > BEST_LATENCY_MS:
        values = {"device": port.device, "latency_ms": adapter.latency_ms}
        yield Finding("serial.latency", subject, State.WARNING, values)
    if adapter.may_sleep:
        yield Finding("serial.may_sleep", subject, State.WARNING, {"device": port.device})


def _why_not(subject: str, port: SerialPortSettings, adapter: Adapter, seen: SerialSeen) -> Finding:
    """Why the line could not be opened."""
    said = seen.problem.lower()
    key, values = "serial.unreadable", {"device": port.device, "problem": seen.problem}
    if "://" in port.device:
        key = "serial.unreachable"
    elif not adapter.exists:
        key = "serial.missing"
    elif "permission denied" in said or "errno 13" in said:
        key, values["group"] = "serial.permission", adapter.group or "dialout"
    elif any(word in said for word in ("exclusively lock", "busy", "temporarily unavailable")):
        key, values["holders"] = "serial.busy", ", ".join(adapter.holders) or "?"
    return Finding(key, subject, State.FAULT, values)


def _silent(subject: str, port: SerialPortSettings, seen: SerialSeen) -> Finding:
    values: dict[str, Any] = {"device": port.device, "seconds": round(seen.seconds), "baud": port.baud}
    protocol = port.protocol
    if isinstance(protocol, WimJsonSettings):  # it speaks when a vehicle comes
        return Finding("serial.waiting", subject, State.UNKNOWN, values)
    if isinstance(protocol, ModbusRtuSettings | YaohuaCmdSettings):
        problems = [poll.problem for poll in seen.registers if poll.problem]
        values |= {"problem": problems[-1] if problems else "", "protocol": protocol.kind}
        return Finding("serial.no_answer", subject, State.FAULT, values)
    return Finding("serial.silent", subject, State.FAULT, values)


# ---- bytes that are no frames ----------------------------------------------------------------------


def _not_understood(
    subject: str, name: str, port: SerialPortSettings, seen: SerialSeen, eyes: Eyes
) -> Finding:
    """Bytes come, and they are no frames as configured: which setting is it?"""
    protocol = port.protocol
    values: dict[str, Any] = {
        "device": port.device,
        "protocol": protocol.kind,
        "baud": port.baud,
        "bytes": sum(len(chunk.data) for chunk in seen.chunks),
    }
    framing = seven_bit_framing(seen, protocol)
    if framing:
        values |= {"framing": framing, "configured": port.framing}
        return Finding("serial.wrong_framing", subject, State.FAULT, values)
    other = spoken(seen, protocol)
    if other is not None and other.kind != protocol.kind:
        return Finding("serial.wrong_protocol", subject, State.FAULT, {**values, "spoken": other.kind})
    if other is not None and other.options:
        return Finding("serial.wrong_options", subject, State.FAULT, {**values, "options": other.options})
    return _by_rate(subject, name, port, seen, eyes, values)


def _by_rate(
    subject: str, name: str, port: SerialPortSettings, seen: SerialSeen, eyes: Eyes, values: dict[str, Any]
) -> Finding:
    data = b"".join(chunk.data for chunk in seen.chunks)
    for rate in likely_rates(data, port.protocol, port.baud):
        tried = eyes.serial_at(name, rate, TRY_S)
        if tried is None:
            return _guessed(subject, port, data, values)
        if decode(port.protocol, tried).speaks:
            return Finding("serial.wrong_baud", subject, State.FAULT, {**values, "right_baud": rate})
        other = spoken(tried, port.protocol)
        if other is not None:
            values |= {"right_baud": rate, "spoken": other.kind, "options": other.options}
            return Finding("serial.wrong_baud_and_protocol", subject, State.FAULT, values)
    return Finding("serial.not_frames", subject, State.FAULT, values)


def _guessed(subject: str, port: SerialPortSettings, data: bytes, values: dict[str, Any]) -> Finding:
    """The daemon holds the line: by the bytes alone."""
    guess = guessed_rate(data, port.protocol, port.baud)
    if guess is None:
        return Finding("serial.not_frames", subject, State.FAULT, values)
    values |= {"right_baud": guess.baud, "next_baud": guess.next_baud, "furthest": FURTHEST}
    return Finding("serial.likely_baud", subject, State.FAULT, values)


# ---- frames ----------------------------------------------------------------------------------------


def _of_frames(
    subject: str, port: SerialPortSettings, scales: list[ScaleSettings], seen: SerialSeen, read: Decoded
) -> Iterator[Finding]:
    numbers = _numbers(port, seen, read)
    if read.refused > DAMAGED:
        state = State.FAULT if read.refused > BROKEN else State.WARNING
        yield Finding("serial.damaged", subject, state, numbers)
        return  # what is missing makes pauses, and a lower rate
    if isinstance(port.protocol, WimJsonSettings):
        return
    nominal = _nominal_hz(port.protocol)
    if nominal and read.rate_hz and abs(read.rate_hz / nominal - 1) > RATE_APART:
        yield Finding("serial.rate_differs", subject, State.WARNING, {**numbers, "nominal_hz": nominal})
    elif read.counters.gaps >= GAPS and read.counters.gap_ms_max:
        yield Finding("serial.gaps", subject, State.WARNING, numbers)
    for scale in scales:
        yield from _of_rate(subject, numbers, read.rate_hz, scale)


def _of_rate(
    subject: str, numbers: dict[str, Any], rate_hz: float, scale: ScaleSettings
) -> Iterator[Finding]:
    """Enough samples on the shortest pad at every speed that the lane is verified for?"""
    envelope = scale.envelope
    carried = fastest_mm_s(rate_hz, scale)
    if carried is None or carried >= envelope.speed_max_mm_s:
        return
    values = {
        **numbers,
        "fastest_kmh": round(carried * KMH, 1),
        "wanted_kmh": round(envelope.speed_max_mm_s * KMH, 1),
        "wanted_hz": round(needed_hz(scale)),
    }
    state = State.FAULT if carried < envelope.speed_min_mm_s else State.WARNING
    yield Finding("serial.too_slow", subject, state, values)


def fastest_mm_s(rate_hz: float, scale: ScaleSettings) -> float | None:
    """Up to which speed an axle still has its samples on every pad; None where no pad is there to say."""
    ways = [s.length_mm - scale.patch_mm for s in scale.sensors if s.kind == "pad"]
    if not ways or not rate_hz:
        return None
    fastest = rate_hz * min(ways) / scale.envelope.min_plateau_samples
    if rate_hz < scale.envelope.min_rate_hz:
        fastest = min(fastest, scale.envelope.slow_rate_speed_mm_s)
    return fastest


def needed_hz(scale: ScaleSettings) -> float:
    """Samples a second that the greatest speed of the envelope asks for."""
    envelope = scale.envelope
    way = min(s.length_mm - scale.patch_mm for s in scale.sensors if s.kind == "pad")
    needed = envelope.min_plateau_samples * envelope.speed_max_mm_s / way
    return max(needed, envelope.min_rate_hz if envelope.speed_max_mm_s > envelope.slow_rate_speed_mm_s else 0)


def _nominal_hz(protocol: ProtocolSettings) -> float:
    """Samples a second as configured; 0 where nobody said."""
    period_ns: int = getattr(protocol, "period_ns", 0)
    return 1e9 / period_ns if period_ns else 0.0


def _numbers(port: SerialPortSettings, seen: SerialSeen, read: Decoded) -> dict[str, Any]:
    gap_ns = gap_after(int(getattr(port.protocol, "period_ns", 0)), int(getattr(port.protocol, "gap_ms", 0)))
    return {
        "device": port.device,
        "protocol": port.protocol.kind,
        "baud": port.baud,
        "frames": read.counters.frames,
        "rate_hz": round(read.rate_hz, 1),
        "damaged_permille": round(1000 * read.refused),
        "gaps": read.counters.gaps,
        "gap_ms": read.counters.gap_ms_max,
        "gap_limit_ms": gap_ns // MS,
        "jitter_ms": _jitter_ms(seen),
    }


def _jitter_ms(seen: SerialSeen) -> float:
    """How much longer the longest of a hundred pauses between two reads is than the middle one."""
    pauses = sorted(b.at_ns - a.at_ns for a, b in zip(seen.chunks, seen.chunks[1:], strict=False))
    if len(pauses) < 2:
        return 0.0
    return round((pauses[len(pauses) * 99 // 100] - pauses[len(pauses) // 2]) / MS, 1)
