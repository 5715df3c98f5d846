"""Where plates are read, as configured, against when the vehicles that were weighed were really read.

A wrong distance and a wrong clock both make vehicles come at the wrong time. Only vehicles of different
speeds tell them apart (`core/match/distance.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edge_agent.config.settings import SiteConfig
from edge_agent.core.match.distance import FEWEST, DistanceEstimate, estimate_distance, observe
from edge_agent.core.match.settings import LaneMatchSettings, MatchSettings
from edge_agent.doctor.finding import Finding, State, Text, Texts
from edge_agent.doctor.observed import Eyes
from edge_agent.taps import Matched

# A 95 % interval is missed by one good lane in twenty: twice as wide it is not.
SURE = 2

TEXTS: Texts = {
    "lane.ok": Text(
        "车道 {lane}、相机 {camera} 的距离正确：{configured_m} 米（{vehicles} 辆车测得 {true_m} ±"
        " {interval_m} 米）",
        "the distance of lane {lane} to camera {camera} is right: {configured_m} m ({true_m} ±"
        " {interval_m} m by "
        "{vehicles} vehicles)",
    ),
    "lane.distance_unknown": Text(
        "车道 {lane}、相机 {camera}：{vehicles} 辆车不足以检查距离",
        "lane {lane}, camera {camera}: {vehicles} vehicles are not enough to check the distance",
        "至少要 {fewest} 辆已配对且车速不同的车。",
        "It takes {fewest} or more matched vehicles of different speeds.",
        "过一段时间再看，或用 `edge-agent calibrate lane` 跑几趟快慢不同的车。",
        "Look again later, or drive by at different speeds with `edge-agent calibrate lane`.",
    ),
    "lane.wrong_distance": Text(
        "车道 {lane} 到相机 {camera} 的距离不对：设置为 {configured_m} 米，实际约 {true_m} ±"
        " {interval_m} 米",
        "the distance of lane {lane} to camera {camera} is wrong: {configured_m} m are configured, it is"
        " about "
        "{true_m} ± {interval_m} m",
        "快车和慢车会配到别人的号牌，或配不上。",
        "Fast and slow vehicles are matched to another one's plate, or to none.",
        "量出第一块秤台到读牌线的距离，或用 `edge-agent calibrate lane` 测定后改 `distance_mm`。",
        "Measure from the first pad to the reading line, or let `edge-agent calibrate lane` find it, and set "
        "`distance_mm`.",
    ),
    "lane.clock_offset": Text(
        "相机 {camera} 在车道 {lane} 的时间偏差约 {measured_ms} 毫秒（设置 {offset_ms}）",
        "reads of camera {camera} on lane {lane} are about {measured_ms} ms late ({offset_ms} configured)",
        "从这些车看不是距离的问题，而是相机时钟或上报延迟。",
        "By these vehicles it is not the distance but the camera's clock, or the delay of its reports.",
        "让相机与本机用同一个 NTP 服务器对时。",
        "Keep camera and box on time by the same NTP server.",
    ),
}  # fmt: skip


def lane_findings(config: SiteConfig, eyes: Eyes) -> Iterator[Finding]:
    """Every lane that a camera's reads are matched to."""
    matched = eyes.matched()
    for name, camera in config.cameras.items():
        for lane in camera.match.lanes:
            of_lane = [m for m in matched if m.camera == name and m.crossing.lane == lane.lane]
            yield _lane(name, lane, camera.match, of_lane)


def _lane(camera: str, lane: LaneMatchSettings, settings: MatchSettings, matched: list[Matched]) -> Finding:
    subject = f"lane/{lane.lane}"
    seen = [observe(m.crossing, m.read_at, m.read_sd, lane, settings) for m in matched]
    observations = [one for one in seen if one is not None]
    base: dict[str, Any] = {"lane": lane.lane, "camera": camera, "vehicles": len(observations)}
    found = estimate_distance(observations)
    if found is None:
        return Finding("lane.distance_unknown", subject, State.UNKNOWN, {**base, "fewest": FEWEST})
    values = {**base, **_numbers(lane, found)}
    # Less than one spread of the camera's own time does not move a match, at the speed that is driven here.
    speed = sorted(one.speed for one in observations)[len(observations) // 2]
    matters_mm = settings.camera_sd_ms * speed / 1000
    off_mm = abs(found.distance_mm - lane.distance_mm)
    if off_mm > max(SURE * found.interval_mm, matters_mm):
        return Finding("lane.wrong_distance", subject, State.FAULT, values)
    values["measured_ms"] = measured_ms = _measured_ms(lane, found, speed)
    if abs(measured_ms - lane.offset_ms) > settings.offset.alarm_ms:
        return Finding("lane.clock_offset", subject, State.WARNING, values)
    return Finding("lane.ok", subject, State.OK, values)


def _measured_ms(lane: LaneMatchSettings, found: DistanceEstimate, speed: int) -> int:
    """The delay at the usual speed, the distance as configured: far surer than the two apart."""
    return round(found.delay_ms + (found.distance_mm - lane.distance_mm) * 1_000 / speed)


def _numbers(lane: LaneMatchSettings, found: DistanceEstimate) -> dict[str, Any]:
    return {
        "configured_mm": lane.distance_mm,
        "configured_m": round(lane.distance_mm / 1000, 1),
        "true_mm": found.distance_mm,
        "true_m": round(found.distance_mm / 1000, 1),
        "interval_mm": found.interval_mm,
        "interval_m": round(found.interval_mm / 1000, 1),
        "delay_ms": found.delay_ms,
        "delay_interval_ms": found.delay_interval_ms,
        "offset_ms": lane.offset_ms,
        "left_out": found.left_out,
    }
