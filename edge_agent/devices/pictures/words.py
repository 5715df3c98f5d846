"""Chinese words for what is written onto pictures and pages: project classes and parts of a case."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

LABELS = MappingProxyType(
    {
        "stall": "摊位",
        "vendor_cart": "流动摊车",
        "vendor_tricycle": "载货三轮车",
        "goods_pile": "堆放物品",
        "display_rack": "展示架",
        "table": "桌子",
        "seat": "凳椅",
        "parasol_tent": "伞篷",
        "cooking_gear": "炊具",
        "movable_sign": "移动招牌",
        "person": "行人",
        "two_wheeler": "两轮车",
        "motor_vehicle": "机动车",
        "hand_truck": "手推车",
        "street_furniture": "公共设施",
    }
)
ROLES = MappingProxyType(
    {
        "reference": "参考（无占道）",
        "first_seen": "首次发现",
        "middle": "持续期间",
        "confirmed": "确认",
        "ongoing": "仍在持续",
        "cleared": "已清理",
        "reopened": "再次出现",
        "recheck": "复查",
        "inspection": "抽查",
        "clip": "视频片段",
    }
)


def both(word: str, chinese: Mapping[str, str]) -> str:
    """Chinese and the program's own word; the word alone where it has no Chinese here.

    >>> both("seat", LABELS), both("skip_bin", LABELS)
    ('凳椅 seat', 'skip_bin')
    """
    return f"{chinese[word]} {word}" if word in chinese else word
