"""What the layouts call their panels and states, for people in China and for others.

Names of places (`/lanes/1/limits`), of values (`gross_t`) and the lines of the log are the program's own.
"""

from __future__ import annotations

from types import MappingProxyType

from edge_agent.report.names import FINDING, STATE
from edge_agent.report.words import JUDGED
from edge_agent.web.words import Texts, Words

TEXTS: Texts = {
    "cameras": ("摄像机", "Cameras"),
    "video": ("视频", "video"),
    "stills": ("抓拍", "stills"),
    "log": ("日志", "Log"),
    "loads": ("车道 {lane}：各传感器载荷、各轴（t）", "Lane {lane}: load on each sensor, axles (t)"),
    "crossings": ("车道 {lane}：总重（t）、车速（km/h）", "Lane {lane}: gross (t), speed (km/h)"),
    "posteriors": (
        "车道 {lane}：首选号牌与“无号牌”的后验概率",
        "Lane {lane}: posterior of the best plate, of none",
    ),
    "crossings_and_match": (
        "车道 {lane}：总重（t）、车速（km/h）、匹配",
        "Lane {lane}: gross (t), speed (km/h), match",
    ),
    "dwell": ("区域：占道时长（s）", "Zones: dwell (s)"),
    "states": ("状态", "States"),
    "axle": ("轴重 t", "axle t"),
    "gross": ("总重 t", "gross t"),
    "speed": ("车速 km/h", "km/h"),
    "best": ("匹配后验概率", "match posterior"),
}
STATES = MappingProxyType(
    {name: JUDGED[name][0] for name in ("over", "within", "not_covered", "not_assessed")}
    | {"matched": "已匹配", "ambiguous": "多个候选", "unmatched": "未匹配"}
    | dict(STATE)
    | dict(FINDING)
    | {"ok": "正常", "up": "在线", "down": "离线", "degraded": "异常", "blind": "无数据", "fault": "故障"}
    | {"unknown": "未知"}
)


class LayoutWords(Words):
    """The texts of both layouts in one language."""

    def __init__(self, language: str) -> None:
        super().__init__(TEXTS, language)

    def screen(self, camera: str, screen: str) -> str:
        """What a camera's picture is called."""
        return f"{camera}: {self(screen)}"

    def state(self, state: str) -> str:
        """A state; what has no Chinese name is called as it is."""
        return STATES.get(state, state) if self.chinese else state
