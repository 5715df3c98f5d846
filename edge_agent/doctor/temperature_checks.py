"""How hot the box is, and whether its processor is slowed down for it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_agent.config.settings import SiteConfig
from edge_agent.doctor.finding import Finding, State
from edge_agent.doctor.observed import Eyes

SUBJECT = "temperature"
HOT_C, TOO_HOT_C = 80.0, 95.0
# Sensors that are not there or not connected say such things.
SENSIBLE_C = (-50.0, 150.0)
SLOWED_PERMILLE = 900  # of the full clock rate


@dataclass(frozen=True, slots=True)
class HeatSeen:
    """The sensors of the processor and board."""

    sensors_c: tuple[tuple[str, float], ...]  # name, °C
    throttled: int | None = None  # times since the start; None: nobody counts
    rate_permille: int | None = None  # clock rate that is allowed now, of the most


def check(seen: HeatSeen) -> Iterator[Finding]:
    """What is to be said of the heat."""
    sensors = [(name, c) for name, c in seen.sensors_c if SENSIBLE_C[0] < c < SENSIBLE_C[1]]
    if not sensors:
        yield Finding("temperature.unknown", SUBJECT, State.UNKNOWN)
    else:
        name, hottest = max(sensors, key=lambda item: (item[1], item[0]))
        values = {"sensor": name, "celsius": round(hottest, 1)}
        if hottest >= TOO_HOT_C:
            yield Finding("temperature.too_hot", SUBJECT, State.FAULT, values)
        elif hottest >= HOT_C:
            yield Finding("temperature.hot", SUBJECT, State.WARNING, values)
        else:
            yield Finding("temperature.ok", SUBJECT, State.OK, values)
    slowed = seen.rate_permille is not None and seen.rate_permille < SLOWED_PERMILLE
    if slowed or seen.throttled:
        values = {"times": seen.throttled or 0, "percent": (seen.rate_permille or 1000) // 10}
        yield Finding("temperature.throttled", SUBJECT, State.WARNING, values)


def temperature_findings(_config: SiteConfig, _eyes: Eyes) -> Iterator[Finding]:
    """Look at this box's sensors."""
    yield from check(look(Path("/sys")))


def look(sys: Path) -> HeatSeen:
    """What the kernel tells, under its folder `sys`."""
    sensors = []
    for zone in sorted(sys.glob("class/thermal/thermal_zone*")):
        with contextlib.suppress(OSError, ValueError):
            name = (zone / "type").read_text(encoding="utf-8").strip()
            sensors.append((name, int((zone / "temp").read_text(encoding="ascii")) / 1000))
    cpu = sys / "devices" / "system" / "cpu" / "cpu0"
    counts = [_number(cpu / "thermal_throttle" / f"{part}_throttle_count") for part in ("core", "package")]
    known = [count for count in counts if count is not None]
    allowed, most = (_number(cpu / "cpufreq" / name) for name in ("scaling_max_freq", "cpuinfo_max_freq"))
    return HeatSeen(
        tuple(sensors),
        throttled=max(known, default=None),
        rate_permille=allowed * 1000 // most if allowed is not None and most else None,
    )


def _number(path: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        return int(path.read_text(encoding="ascii"))
    return None
