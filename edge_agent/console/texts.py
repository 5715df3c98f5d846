"""Texts of all pages of the console: 简体中文, English. Pages have tables of their own; here they meet."""

from __future__ import annotations

from types import MappingProxyType

from edge_agent.console.texts_live import LIVE
from edge_agent.report.words import JUDGED
from edge_agent.web.texts import DOOR
from edge_agent.web.words import Texts

FRAME: Texts = {
    "app": ("edge-agent 现场控制台", "edge-agent console"),
    "error_403_role": (
        "此操作须由技术员（technician）账号进行。",
        "Only a user with the role “technician” may do this.",
    ),
    "error_503": (
        "设备暂时无法完成此操作，请查看设备日志。",
        "The box cannot do this now: see its log.",
    ),
    "back": ("返回首页", "Back to the first page"),
    "pages": ("页面", "Pages"),
    "at_the_box": ("本机", "at the box"),
    "nav_live": ("实时", "Live"),
}

TEXTS: Texts = MappingProxyType({**DOOR, **JUDGED, **FRAME, **LIVE})
