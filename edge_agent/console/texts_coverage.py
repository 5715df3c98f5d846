"""Texts of the calendar of watched time."""

from __future__ import annotations

from edge_agent.web.words import Texts

COVERAGE: Texts = {
    "coverage_title": ("有效观察时间", "Watched time"),
    "coverage_note": (
        "没有案件不等于没有发生：这里是各部分每天真正被观察的时间占比。空白表示当天没有记录。",
        "That there is no case does not say that nothing happened: so much of each day was truly watched.",
    ),
    "day": ("日期", "Day"),
    "part": ("部分", "Part"),
    "share_watched": ("观察占比", "Watched"),
    "watched_of": ("{watched} / {total}", "{watched} of {total}"),
    "not_watched": ("未观察的原因", "Why not"),
    "by_period": ("逐时段", "Period by period"),
    "unknown_day": ("时间未知的记录", "Records without a known time"),
    "earlier": ("更早", "Earlier"),
    "today": ("最近", "Latest"),
    "no_coverage": ("尚无记录：每小时记录一次。", "No record yet: one is made every hour."),
    "calendar": ("日历", "Calendar"),
}
