"""What a configuration allows and perhaps does not mean: said, never refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.config.settings import LaneConfig, SiteConfig
from edge_agent.core.records import UseClass
from edge_agent.core.use_class import UNCALIBRATED


@dataclass(frozen=True, slots=True)
class Note:
    """One thing, about one key of the file."""

    key: str  # "lanes.1.certificate"
    english: str  # what follows the key in a sentence
    chinese: str

    def __str__(self) -> str:
        return f"{self.key} {self.english}"


ALL_REFERENCE = ("every statement will be `reference`", "所有记录只能是“参考”")
LANE_REFERENCE = ("every statement of the lane will be `reference`", "该车道的记录只能是“参考”")


def notes(config: SiteConfig) -> list[Note]:
    """Of a whole configuration."""
    return [*_standing(config), *_delivery(config)]


def _standing(config: SiteConfig) -> Iterator[Note]:
    """Why no statement of an enforcement site can be `enforcement`, as far as the file shows it."""
    legal = config.site.legal
    if legal.use_class is not UseClass.ENFORCEMENT:
        return
    everything, everything_zh = ALL_REFERENCE
    lane_is, lane_is_zh = LANE_REFERENCE
    for name in ("approval_number", "published_location", "sign_id", "enforcement_from"):
        if not getattr(legal, name):
            yield Note(f"site.legal.{name}", f"is empty: {everything}", f"未填写：{everything_zh}")
    if config.clock.source == "none":
        yield Note("clock.source", f"is none: {everything}", f"为 none：{everything_zh}")
    for name, lane in config.lanes.items():
        yield from _verified(name, lane)
        if UNCALIBRATED in lane.scale.calibration.id:
            yield Note(f"lanes.{name}.scale.calibration", f"is none: {lane_is}", f"未标定：{lane_is_zh}")
        if lane.limits.posted is None and lane.limits.gvw_art3 is None:
            yield Note(
                f"lanes.{name}.limits",
                "has neither posted nor gvw_art3: no case will ever be opened",
                "既无 posted 也无 gvw_art3：永远不会立案",
            )
        if lane.scale.sensors and len(lane.scale.sensors) == 1 and lane.scale.sensors[0].kind != "deck":
            yield Note(
                f"lanes.{name}.scale",
                "has one sensor: speed is inferred, every statement will be `reference`",
                f"只有一个传感器，速度是推算的：{lane_is_zh}",
            )


def _verified(name: str, lane: LaneConfig) -> Iterator[Note]:
    lane_is, lane_is_zh = LANE_REFERENCE
    if lane.certificate is None:
        yield Note(f"lanes.{name}.certificate", f"is missing: {lane_is}", f"缺失：{lane_is_zh}")
    elif lane.certificate.calibration_id not in {"", lane.scale.calibration.id}:
        yield Note(
            f"lanes.{name}.certificate.calibration_id",
            f"is another calibration than the one in use: {lane_is}",
            f"不是现用的标定：{lane_is_zh}",
        )


def _delivery(config: SiteConfig) -> Iterator[Note]:
    """What would keep evidence on the box for ever, or make it look like more than it is."""
    if config.evidence.sm2_key_file is not None:
        yield Note(
            "evidence.sm2_key_file:",
            "software SM2 is no certified module and passes no 密评; for trials only",
            "软件 SM2 不是认证模块，不能通过密评，仅供试验",
        )
    if config.uplink is None:
        yield Note(
            "uplink",
            "is left out: statements are sealed and kept, nothing is sent",
            "未配置：记录封存在本机，不发送",
        )
    elif config.uplink.receipt_keys_file is None:
        yield Note(
            "uplink.receipt_keys_file",
            "is left out: no receipt can be believed, nothing is ever purged",
            "未配置：不能相信任何回执，证据永远不会清理",
        )
    for name, lane in config.lanes.items():
        if not lane.camera:
            yield Note(
                f"lanes.{name}.camera",
                "is left out: overweight crossings get neither plate nor pictures",
                "未配置：超限车辆既无车牌也无图片",
            )
