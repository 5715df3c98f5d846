"""What a part says of its trouble, in Chinese: the daemon itself says it in English, as its log does."""

from __future__ import annotations

import re
from typing import Final

from edge_agent.health import ROOM
from edge_agent.report.names import REASON
from edge_agent.report.words import blind
from edge_agent.web.words import Words

_ROOM_ZH = (
    "已用 70 %，不再保存带框副本",
    "已用 80 %，不再保存视频片段",
    "已用 90 %，低等级记录只留一张照片",
    "已用 95 %，低等级记录不再保存",
    "已满，不再保存任何记录",
)
SAID: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"nobody vouches for the time"), "没有时间源为时钟作保"),
    (re.compile(r"nothing for (\d+) ms"), r"\1 毫秒无数据"),
    (re.compile(r"no broker has had us since the start"), "启动以来未连上消息服务器"),
    (re.compile(r"cannot listen on (\S+) port (\d+): .*"), r"\1 端口 \2 已被占用或不可用"),
    *(
        (re.compile(re.escape(f"evidence: {said}")), zh)
        for said, zh in zip(ROOM.values(), _ROOM_ZH, strict=True)
    ),
)


def detail_in_words(detail: str, words: Words) -> str:
    """A detail in the reader's language; as it was said where it has no other words."""
    if detail and all(part in REASON for part in detail.split(":")):
        return blind(detail, words)
    if words.chinese:
        for pattern, chinese in SAID:
            if found := pattern.fullmatch(detail):
                return found.expand(chinese)
    return detail
