"""Texts of all pages of the console: 简体中文, English. Pages have tables of their own; here they meet."""

from __future__ import annotations

from types import MappingProxyType

from edge_agent.console.parts import PARTS
from edge_agent.console.texts_config import CONFIG
from edge_agent.console.texts_coverage import COVERAGE
from edge_agent.console.texts_doctor import DOCTOR
from edge_agent.console.texts_live import LIVE
from edge_agent.console.texts_outbox import OUTBOX
from edge_agent.console.texts_references import REFERENCES
from edge_agent.console.texts_zones import ZONES
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
    "comma": ("、", ", "),
    "colon": ("：", ": "),
    "at_the_box": ("本机", "at the box"),
    "nav_live": ("实时", "Live"),
    "nav_outbox": ("发件箱", "Outbox"),
    "nav_coverage": ("观察时间", "Watched"),
    "nav_doctor": ("体检", "Doctor"),
    "nav_config": ("配置", "Configuration"),
    "nav_commissioning": ("验收", "Sign-off"),
}

TEXTS: Texts = MappingProxyType(
    {
        **DOOR,
        **JUDGED,
        **FRAME,
        **PARTS,
        **LIVE,
        **ZONES,
        **REFERENCES,
        **OUTBOX,
        **COVERAGE,
        **DOCTOR,
        **CONFIG,
    }
)
