"""Chinese words beside the program's own, for people who read the pages."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

Names = Mapping[str, str]

STATE: Names = MappingProxyType(
    {"clear": "无占道", "candidate": "待确认", "confirmed": "已确认", "ongoing": "持续中"}
)
FINDING: Names = MappingProxyType(
    {"present": "有物品", "suspect": "未识别物体", "absent": "未见物品", "unseen": "未能观察"}
)
EVENT: Names = MappingProxyType({"shop_overflow": "跨门经营", "mobile_vendor": "流动摊贩"})
TIER: Names = MappingProxyType({"red": "红", "yellow": "黄", "green": "绿"})
STRENGTH: Names = MappingProxyType({"strong": "强", "weak": "弱", "suspect": "未识别"})
ROUTE: Names = MappingProxyType({"owner": "商户", "officer": "执法队员", "platform": "平台"})
RESULT: Names = MappingProxyType(
    {
        "present": "未整改，有规则所列物品 not corrected",
        "absent": "已整改 corrected",
        "suspect": "无法判定 undetermined",
        "unseen": "无法判定 undetermined",
    }
)
# Why a time did not count, or a part was blind: the word before a colon says which.
REASON: Names = MappingProxyType(
    {
        "unloading": "装卸货",
        "outside_hours": "时段外",
        "permitted": "准许时段",
        "hours_unknown": "时段未知",
        "blind": "无法观察",
        "unfit": "画面不合格",
        "hidden": "被遮挡",
        "settling": "重新观察中",
        "few": "数量不足",
        "moving": "尚未静止",
        "in_reference": "参考图中已有",
        "requires": "无人看管",
        "suspect": "发现未识别物体",
        "suspect_still": "未识别物体",
        "frozen": "画面冻结",
        "overexposed": "过曝",
        "covered": "遮挡镜头",
        "dark": "过暗",
        "no_reference": "无参考图",
        "blurred": "模糊",
        "shifted": "视角偏移",
        "no_detector": "未运行检测",
        "camera_down": "相机断线",
        "silent": "无画面",
        "no_picture": "尚无画面",
        "clock": "时钟不可信",
        "starting": "启动中",
        "sensor_silent": "传感器无数据",
        "port_unknown": "串口尚无数据",
        "port_silent": "串口无数据",
        "port_down": "串口断开",
        "port_degraded": "串口异常",
        "other": "其他",
    }
)


def reason(detail: str) -> str:
    """A reason in both languages, its particulars kept: parts are parted by colons.

    >>> reason("blind:shifted"), reason("lorry")
    ('无法观察·视角偏移 blind:shifted', 'lorry')
    """
    chinese = [REASON[part] for part in detail.split(":") if part in REASON]
    return f"{'·'.join(chinese)} {detail}" if chinese else detail
