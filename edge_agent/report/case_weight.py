"""How a vehicle was weighed: its trace with each axle's plateau, its axles one by one, its side view."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from edge_agent.config.settings import SiteConfig
from edge_agent.core.records import Flag
from edge_agent.core.units import TONNE, US, Ns
from edge_agent.errors import EdgeAgentError
from edge_agent.evidence.statement_bridge import MeasuredAxle, Measurement
from edge_agent.report.sealed import Sealed
from edge_agent.report.trace_data import events_of_bytes, lines_of
from edge_agent.report.trace_plot import Mark, Window, draw_trace
from edge_agent.report.vehicle_plot import DrawnAxle, DrawnGroup, draw_vehicle
from edge_agent.report.weighed_again import AxleOnSensor, WeighedAgain, weigh_again

MAX_RAW = 64 * 1024 * 1024
NO_RAW = "没有原始称重数据，无法绘制波形 · no raw bytes of the instrument are at hand: no trace"
NO_CONFIG = (
    "没有该设备的配置，原始数据无法解读 · no configuration of the box is at hand: its bytes cannot be read"
)
DAMAGED = "原始数据与摘要不符 · the raw bytes are not those that the statement names"
UNREADABLE = "原始数据无法解读 · the raw bytes could not be read"
OTHER_CONFIG = "按另一版本的配置绘制 · drawn by another configuration than the one that weighed"
BY_AREA = (
    "轴重由整个脉冲的面积 × 车速 ÷ 传感器长度得出，平台用于左右分配和采样数 · a load is the area under the "
    "whole pulse × the speed ÷ the sensor's length; the plateau tells the sides, and counts the samples"
)
BY_PLATEAU = "轴重为平台段的均值 · a load is the mean of its plateau"
SOURCE = {
    "measured": "两传感器实测 measured by two sensors",
    "inferred": "单传感器推断 inferred from one sensor",
    "reported": "控制器报告 said by a controller",
    "unknown": "未知 unknown",
}


@dataclass(frozen=True, slots=True)
class Weighing:
    """What the page shows of it."""

    trace: Markup
    notes: tuple[str, ...]
    sensors: tuple[str, ...]
    axles: tuple[dict[str, Any], ...]
    vehicle: Markup


def weighing(sealed: Sealed, config: SiteConfig | None) -> Weighing:
    """Of a statement that has a measurement."""
    measured = sealed.parsed().measurement
    assert measured is not None
    trace, notes, again = _trace(measured, sealed, config)
    lane = config.lanes.get(measured.lane) if config else None
    sensors = tuple(s.id for s in lane.scale.sensors) if lane and again else ()
    return Weighing(trace, notes, sensors, _axle_rows(measured, again, len(sensors)), _vehicle(measured))


def _trace(
    measured: Measurement, sealed: Sealed, config: SiteConfig | None
) -> tuple[Markup, tuple[str, ...], WeighedAgain | None]:
    named = measured.raw.sha256 if measured.raw else None
    raw = sealed.data(named) if named else None
    lane = config.lanes.get(measured.lane) if config else None
    if raw is None or len(raw) > MAX_RAW:
        return Markup(""), (NO_RAW,), None
    if hashlib.sha256(raw).hexdigest() != named:
        return Markup(""), (DAMAGED,), None
    if config is None or lane is None or lane.port not in config.ports:
        return Markup(""), (NO_CONFIG,), None
    protocol, first = config.ports[lane.port].protocol, measured.first_axle_monotonic_us
    try:
        events = events_of_bytes(raw)
    except EdgeAgentError:
        return Markup(""), (UNREADABLE,), None
    lines = lines_of(events, protocol, lane.scale, Ns(first * US))
    if not lines:
        return Markup(""), (UNREADABLE,), None
    again = weigh_again(events, protocol, lane.scale, measured)
    windows = [w for one in again.axles for w in _windows(one, first * US)] if again else []
    marks = [
        Mark(
            (axle.at_monotonic_us - first) / 1e6,
            f"{axle.load_g / TONNE:.2f}" if axle.samples else "–",
            f"±{axle.interval95_g / TONNE:.2f}" if axle.samples else "",
        )
        for axle in measured.axles
    ]
    drawn = draw_trace(
        lines, marks, "称重波形 weigh trace", "秒，从首轴起 seconds from the first axle",
        "吨 t", windows=windows,
    )  # fmt: skip
    notes = [_compared(again, measured), *_how(again)]
    if config.sha256() != sealed.statement["software"]["config_sha256"]:
        notes.append(OTHER_CONFIG)
    return Markup(drawn), tuple(notes), again  # noqa: S704 - our own drawing; its texts are escaped there


def _windows(one: AxleOnSensor, first: int) -> list[Window]:
    if one.load is None:
        return []
    how = "面积×车速 area × speed" if one.by_area else "平台均值 mean of the plateau"
    words = f"轴 axle {one.axle + 1}: {one.load / TONNE:.3f} t ({how})"
    return [
        Window(one.sensor, (start - first) / 1e9, (end - first) / 1e9, one.load / TONNE, words)
        for start, end in one.windows
    ]


def _how(again: WeighedAgain | None) -> list[str]:
    """What the loads rest on."""
    if again is None or not again.axles:
        return []
    if all(one.by_area for one in again.axles):
        return [BY_AREA]
    return [BY_PLATEAU] if not any(one.by_area for one in again.axles) else [BY_AREA, BY_PLATEAU]


def _compared(again: WeighedAgain | None, measured: Measurement) -> str:
    """What came of weighing the raw bytes once more."""
    if again is None:
        return "由原始数据未能重新得出该车 · weighing the raw bytes once more gives no vehicle at that time"
    gross = "–" if again.gross is None else f"{again.gross / TONNE:.3f} t"
    said = "–" if measured.gross_g is None else f"{measured.gross_g / TONNE:.3f} t"
    if again.same:
        return (
            f"由原始数据重新称得 {gross}，记录为 {said}，一致 · "
            f"weighed once more from the raw bytes: {gross}; the record says {said}: the same"
        )
    return (
        f"由原始数据重新称得 {gross}，与记录 {said} 不一致，色块仅供参考 · weighed once more from the raw "
        f"bytes: {gross}, which is NOT what the record says, {said}; the shaded windows may not be those used"
    )


def _axle_rows(measured: Measurement, again: WeighedAgain | None, sensors: int) -> tuple[dict[str, Any], ...]:
    told: dict[tuple[int, int], AxleOnSensor] = {}
    if again is not None and len({one.axle for one in again.axles}) == len(measured.axles):
        told = {(one.axle, one.sensor): one for one in again.axles}
    rows = []
    before: MeasuredAxle | None = None
    for number, axle in enumerate(measured.axles):
        rows.append(
            {
                "number": number + 1,
                "at": f"{(axle.at_monotonic_us - measured.first_axle_monotonic_us) / 1e6:+.3f}",
                "spacing": _spacing(axle, before),
                "load": _kg(axle.load_g) if axle.samples else "–",
                "interval": _kg(axle.interval95_g) if axle.samples else "–",
                "sides": "–" if axle.left_g is None else f"{_kg(axle.left_g)} / {_kg(axle.right_g)}",
                "sensors": [_on_sensor(told.get((number, sensor))) for sensor in range(sensors)],
                "samples": axle.samples,
            }
        )
        before = axle
    return tuple(rows)


def _spacing(axle: MeasuredAxle, before: MeasuredAxle | None) -> str:
    if before is None or axle.offset_mm is None or before.offset_mm is None:
        return "–"
    return f"{(axle.offset_mm - before.offset_mm) / 1000:.2f}"


def _on_sensor(one: AxleOnSensor | None) -> str:
    """Its load there, and how long its plateau was."""
    if one is None or one.load is None:
        return "–"
    lasted = sum(end - start for start, end in one.windows) / 1e6
    return f"{_kg(one.load)} ({lasted:.0f} ms)" if one.windows else _kg(one.load)


def _kg(grams: int | None) -> str:
    return "–" if grams is None else f"{grams / 1000:,.0f}"


def _vehicle(measured: Measurement) -> Markup:
    known = all(axle.offset_mm is not None for axle in measured.axles)
    axles = [
        DrawnAxle(
            axle.offset_mm if axle.offset_mm is not None else number * 2_500,
            axle.load_g,
            axle.interval95_g,
            axle.samples > 0,
        )
        for number, axle in enumerate(measured.axles)
    ]
    groups = [DrawnGroup(group.first_axle, group.axle_count, group.load_g) for group in measured.groups]
    drawn = draw_vehicle(
        axles,
        groups,
        to_scale=known,
        backwards=Flag.REVERSE in measured.flags,
        motion=_motion(measured) + ("" if known else " · 轴距未知，未按比例 spacing unknown, not to scale"),
        title="车辆侧视图：轴距与轴重 the vehicle from the side",
    )
    return Markup(drawn)  # noqa: S704 - our own drawing; its texts are escaped there


def _motion(measured: Measurement) -> str:
    if measured.speed_mm_s is None:
        return "车速未知 speed unknown"
    spread = "" if measured.speed_sd_mm_s is None else f" ± {2 * measured.speed_sd_mm_s * 0.0036:.1f}"
    words = [f"{measured.speed_mm_s * 0.0036:.1f}{spread} km/h", SOURCE[measured.speed_source]]
    if measured.acceleration_mm_s2 is not None:
        words.append(f"{measured.acceleration_mm_s2 / 1000:+.2f} m/s²")
    return " · ".join(words)


def tonnes(grams: int | None) -> str:
    """Two digits; a dash for what is not known."""
    return "–" if grams is None else f"{grams / TONNE:.2f}"


def speed_kmh(measured: Mapping[str, Any]) -> str:
    """One digit."""
    return "–" if measured["speed_mm_s"] is None else f"{measured['speed_mm_s'] * 0.0036:.1f}"
