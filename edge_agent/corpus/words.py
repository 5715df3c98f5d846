"""What `corpus` says of runs and regressions, in 简体中文 and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_agent.comparing.wording import Both, outcome
from edge_agent.corpus.goldens import NO_GOLDEN, NO_RECORDING, WITHIN
from edge_agent.corpus.plan import DIED, FAILED, TOO_LONG
from edge_agent.corpus.regression import (
    BAD,
    DIFFERS,
    NOT_DONE,
    ONLY_LEFT,
    ONLY_RIGHT,
    OTHER_RECORDING,
    OTHER_REQUESTS,
    SAME,
)
from edge_agent.web.words import LANGUAGES, Texts, Words

# How a recording is: in a run, beside its golden, in two runs.
STATE: Texts = {
    FAILED: ("失败", "failed"),
    DIED: ("进程死亡", "died"),
    TOO_LONG: ("超时", "too long"),
    SAME: ("相同", SAME),
    OTHER_REQUESTS: ("结论相同", OTHER_REQUESTS),
    DIFFERS: ("不同", DIFFERS),
    ONLY_LEFT: ("仅左侧有", ONLY_LEFT),
    ONLY_RIGHT: ("仅右侧有", ONLY_RIGHT),
    NOT_DONE: ("未能重放", NOT_DONE),
    OTHER_RECORDING: ("录制已更换", OTHER_RECORDING),
    BAD: ("两侧均未能重放", BAD),
    WITHIN: ("在允许范围内", WITHIN),
    NO_GOLDEN: ("未认可", NO_GOLDEN),
    NO_RECORDING: ("录制已不在", NO_RECORDING),
}
# What was asked of a run.
ASKED: Texts = {
    "program": ("程序", "program"),
    "config": ("配置", "config"),
    "settings": ("设置", "settings"),
    "redetect": ("重新检测", "redetect"),
    "given": ("另行给出", "given"),
    "each recording's own": ("各录制自带", "each recording's own"),
    "None": ("否", "no"),
    "configured": ("配置中的模型", "the configured model"),
}
# Columns of the detector's boxes.
BOXES: Texts = {
    "pictures": ("画面", "pictures"),
    "not_recorded": ("无录像", "not recorded"),
    "other_reference": ("参考图不同", "other reference"),
    "then": ("原有", "then"),
    "now": ("现有", "now"),
    "same": ("相同", "same"),
    "moved": ("移动", "moved"),
    "added": ("新增", "added"),
    "removed": ("消失", "removed"),
}
BLESSED: Texts = {
    "new": ("新认可", "new"),
    "changed": ("已更改", "changed"),
    "unchanged": ("未变", "unchanged"),
    "not done": ("无结果", "not done"),
}
TEXTS: Texts = {
    # a run
    "run": ("{n} 段录制，已重放 {done}", "{n} recordings, {done} replayed"),
    "some": ("，{state} {n}", ", {n} {state}"),
    "not_reached": ("，未做到 {n}", ", {n} not reached"),
    "taken_over": ("；沿用先前结果 {n}", "; {n} taken over from before"),
    "took": (
        "录制时长 {recorded} 秒，重放用 CPU {cpu} 秒；本次用 {engine}，{took} 秒",
        "{recorded} s recorded, {cpu} s of CPU to replay; this run: {took} s on {engine}",
    ),
    "replaying": ("重放", "replaying"),
    "rate": ("每秒 {n} 段", "{n} a second"),
    "bad": ("，未成功 {n}", ", {n} bad"),
    "a_second": ("，每秒 {n} 段", ", {n} recordings a second"),
    "crossings": (
        "过车 {n}，超限 {over}；案件：{cases}",
        "{n} crossings, {over} over a limit; cases: {cases}",
    ),
    "street": (
        "街面记录：{records}；未识别物体 {suspects}，不成案件",
        "street records: {records}; {suspects} suspects, which are no cases",
    ),
    "faults": ("故障：{most}", "faults: {most}"),
    "refused": ("拒绝：{n} 个案件无法形成记录", "REFUSED: no statement could be made of {n} case(s)"),
    "torn": ("{n} 段断尾，断处之前已重放：{which}", "{n} torn, what came before was replayed: {which}"),
    "not_looked": ("未重新检测 {n}：{why}", "not looked at again, {n}: {why}"),
    "looked_at_nothing": (
        "没有任何画面被重新检测（--redetect）",
        "LOOKED AT NOTHING: the detector saw no picture again (--redetect)",
    ),
    "goldens": ("与认可结果相比：{states}", "goldens: {states}"),
    "otherwise": ("不同 {name}", "DIFFERS {name}"),
    "interrupted": (
        "已中断：已完成的在 {out}；再次执行同一命令即可继续",
        "interrupted: what is done is in {out}; the same command goes on from there",
    ),
    "results": (
        "结果：{out}/recordings/NAME/，汇总：{out}/summary.json",
        "results: {out}/recordings/NAME/, summary: {out}/summary.json",
    ),
    # two runs
    "asked_the_same": ("两次运行的要求相同", "both runs were asked the same"),
    "recordings": ("{n} 段录制：{states}", "{n} recordings: {states}"),
    "outcomes": ("结论：{numbers}", "outcomes: {numbers}"),
    "cpu": (
        "重放 {n} 段录制的 CPU：先 {left} 秒，后 {right} 秒（{ratio} 倍）",
        "CPU to replay {n} recordings: {left} s, then {right} s ({ratio} x)",
    ),
    "not_ended": (
        "{run} 没有做完：它未做到的录制按没有计",
        "{run} was not finished: recordings that it did not reach count as not there",
    ),
    "one_of_them": ("查看其中一段的全部：", "all of one of them:"),
    # tables
    "recording": ("录制", "recording"),
    "why": ("原因", "why"),
    "zone": ("区域", "zone"),
    "class": ("类别", "class"),
    "all": ("合计", "all"),
    "none": ("无", "none"),
    "and_more": (" 等，另 {n}", " and {n} more"),
    "more_rows": ("… 另有 {n} 行", "... and {n} more"),
    "boxes": (
        "检测框：“现有”为 {run} 的模型所见，“原有”为录制时所见",
        "boxes: now as the model of {run} sees them, then as recorded",
    ),
    "by_recording": ("检测框，按录制", "boxes by recording"),
    "by_class": ("检测框，按类别", "boxes by class"),
    "by_zone": ("区域内的检测框", "boxes in zones"),
}


def name_of(word: str, table: Texts, language: str) -> str:
    """A word of one of the tables; itself where it has no other name."""
    return table.get(word, (word, word))[LANGUAGES.index(language)]


def counted(counts: Mapping[str, int], table: Texts, words: Words) -> str:
    """`3 matched, 1 unmatched`; empty where nothing was counted."""
    if not words.chinese:
        return ", ".join(f"{n} {word}" for word, n in counts.items())
    return "，".join(
        f"{table[word][0] if word in table else _concluded(word)} {n}" for word, n in counts.items()
    )


def _concluded(word: str) -> str:
    """What the core concluded, in Chinese; `recheck: absent` is two words of it."""
    return "：".join(outcome(part)[0] for part in word.split(": "))


def engine(name: str, words: Words) -> str:
    """Who worked: `2 processes`, `Dask at tcp://...`."""
    if not words.chinese:
        return name
    count, _, what = name.partition(" ")
    return f"{count} 个进程" if what.startswith("process") else name.replace("Dask at", "Dask 集群")


def asked(value: object) -> Both:
    """What a run was asked, of one kind."""
    if isinstance(value, list):
        return (" ".join(map(str, value)),) * 2 if value else TEXTS["none"]
    if isinstance(value, dict):
        return _model(value)
    return ASKED.get(str(value), (str(value),) * 2)


def _model(redetect: Mapping[str, Any]) -> Both:
    if not redetect.get("model"):
        return ASKED["configured"]
    return (f"{redetect['model']} ({str(redetect.get('sha256'))[:12]})",) * 2
