"""What the page of a recording says at its top: what it is, whether it says the same again, what lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from edge_agent import __version__
from edge_agent.config.settings import SiteConfig
from edge_agent.core.units import US, Ns, S
from edge_agent.evidence.verify import Report
from edge_agent.journal.reader import Recording
from edge_agent.replaying.for_page import OTHER_CONFIGURATION, Found
from edge_agent.report.documents import tiles_of
from edge_agent.report.notices import WHAT_IF, notice_of
from edge_agent.report.page import Shown
from edge_agent.report.times import to_the_second

About = tuple[str, str, str]  # label, value, tone

NOT_CHECKED = (
    "签名、链条、回执：录制中没有 signatures, chain, receipts: a recording has none",
    "照片：录制只有摘要；用 --evidence 指定证据包 pictures: a recording names them only; --evidence BUNDLE",
)


def recording_page(found: Found, recordings: Sequence[Recording], config: SiteConfig, what: Path) -> Shown:
    """The page, its pictures not yet in it."""
    simulated = any(recording.metadata.get("simulated") == "yes" for recording in recordings)
    return Shown(
        title="录制报告 Report of a recording",
        subtitle=f"{config.site.name or config.site.id} · {what.name} · {_when(found)}",
        sealed=found.sealed,
        decisions=found.decisions,
        offsets_us=found.offsets_us,
        config=config,
        report=Report(checked=_checked(found), not_checked=list(NOT_CHECKED), problems=_problems(found)),
        notice=notice_of(
            found.sealed,
            simulated=simulated,
            besides=WHAT_IF if _is_trial(found, recordings, config) else None,
        ),
        tiles=tiles_of(found.decisions, found.sealed),
        about=_about(found, recordings, config, simulated=simulated),
        lines=found.lines,
    )


def _is_trial(found: Found, recordings: Sequence[Recording], config: SiteConfig) -> bool:
    """Somebody gave a configuration, and it is not the recorded one."""
    recorded = recordings[-1].metadata.get("config_sha256")
    return found.not_comparable == OTHER_CONFIGURATION and recorded != config.sha256()


def _about(
    found: Found, recordings: Sequence[Recording], config: SiteConfig, *, simulated: bool
) -> list[About]:
    first = recordings[0].metadata
    recorded = first.get("config_sha256", "")
    rows = [
        ("录制时的软件 recorded by", ", ".join(sorted(found.software)) or first.get("software", "–"), ""),
        ("重放的软件 replayed by", f"edge-agent {__version__}", ""),
        ("配置 configuration sha256", _config_said(recorded, config.sha256()), ""),
        ("模型 models", _models(recordings[0].models), ""),
        (
            "录制标明为模拟 marked as simulated",
            "是 yes" if simulated else "否 no",
            "warn" if simulated else "",
        ),
        ("时长 recorded time", str(timedelta(seconds=found.elapsed // S)), ""),
        ("事件 events", f"{found.events:,}", ""),
        ("运行次数 runs of the daemon", str(found.runs), ""),
        ("文件 files", str(len(recordings)), ""),
        ("与现场结论相比 beside the live decisions", *_compared(found)),
        ("断尾 torn", "; ".join(found.torn) or "否 no", "warn" if found.torn else ""),
        ("缺失 lost by the journal", "; ".join(found.lacking) or "否 no", "warn" if found.lacking else ""),
        ("间断 gaps over 60 s", _gaps(found.gaps), "warn" if found.gaps else ""),
    ]
    if first.get("note"):
        rows.append(("备注 note", first["note"], ""))
    if found.refused:
        rows.append(("无法形成记录 refused", f"{found.refused}", "bad"))
    return rows


def _config_said(recorded: str, used: str) -> str:
    if not recorded or recorded == used:
        return f"{used[:16]}…"
    return f"{used[:16]}… （录制时 recorded: {recorded[:16]}…）"


def _models(named: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {sha256[:12]}…" for name, sha256 in named.items()) or "–"


def _compared(found: Found) -> tuple[str, str]:
    if not found.compared:
        return "录制中没有现场结论 none were recorded", ""
    if found.not_comparable:
        return found.not_comparable, "warn"
    if found.difference is None:
        return "逐字节相同 the same, byte for byte", "good"
    return f"自第 {found.difference.number} 条起不同 differ from decision {found.difference.number} on", "bad"


def _gaps(gaps: Sequence[Ns]) -> str:
    if not gaps:
        return "否 no"
    longest = timedelta(seconds=max(gaps) // S)
    return f"{len(gaps)}，最长 longest {longest}"


def _checked(found: Found) -> list[str]:
    said = ["由本程序重放并重新得出全部结论 replayed: all that is shown was decided anew by this program"]
    if found.compared and found.difference is None and not found.not_comparable:
        said.append("与现场结论逐字节相同 the same as what was decided live, byte for byte")
    return said


def _problems(found: Found) -> list[tuple[str, str]]:
    difference = found.wrong
    if difference is None:
        return []
    where = f"结论 decision {difference.number}"
    live, replayed = difference.excerpts(300)
    return [(where, f"live {live or '–'} | replay {replayed or '–'}")]


def _when(found: Found) -> str:
    if found.first_at is None:
        return "无事件 no event"
    if found.utc_minus_mono is None:
        return str(timedelta(seconds=found.elapsed // S))
    offset = found.utc_minus_mono // US
    first, last = (to_the_second(at // US + offset) for at in (found.first_at, found.last_at))
    return f"{first} – {last} 北京时间 China time"
