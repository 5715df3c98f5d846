"""The words of `edge-agent outbox`, in both languages."""

from __future__ import annotations

import json
import time
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from edge_agent.report.times import to_the_second

if TYPE_CHECKING:
    from edge_agent.evidence.owed import Owed
    from edge_agent.evidence.reading import Listed
    from edge_agent.evidence.requeue import Asked

STATES = {
    "sealed": "sealed 待回执",
    "receipted": "receipted 已回执",
    "purged": "receipted, pictures gone 已回执，图片已清除",
    "quarantined": "QUARANTINED 已隔离",
    "rejected": "REJECTED 平台拒收",
}


def status_text(found: Owed) -> str:
    """The whole picture on one screen."""
    head = found.head
    rows = [
        (
            "chain 证据链",
            "not begun 尚未开始" if head is None else f"head seq {head.seq}, epoch {head.epoch}",
        ),
        ("", "" if head is None else f"sha256 {head.payload_sha256}"),
        ("waiting 待回执", f"{found.pending} ({_size(found.pending_bytes)})"),
        ("oldest waiting 最早待回执", _oldest(found.oldest)),
        ("receipted 已回执", f"{found.receipted}, of them pictures gone 其中图片已清除 {found.purged}"),
        ("quarantined 已隔离", str(found.quarantined)),
        ("rejected 平台拒收", str(found.rejected)),
        ("lost for want of room 因空间不足丢失", str(found.lost)),
        ("pictures on the disk 磁盘上的图片", _size(found.held_bytes)),
        ("receipt after, median 回执延迟中位数", _seconds(found.median_s)),
    ]
    lines = _table([row for row in rows if row[1]])
    if found.last_receipts:
        lines += ["", "newest receipts 最近回执"]
        lines += [f"  {listed_text(one)}" for one in found.last_receipts[:5]]
    if found.aside:
        lines += ["", "set aside 已搁置"]
        for one in found.aside:
            lines += [f"  {listed_text(one)}"]
        lines += ["", *NEXT_STEP]
    return "\n".join(lines)


NEXT_STEP = (
    "next: mend the reason, then `edge-agent outbox requeue SEQ` for what is quarantined;",
    "      what the platform has rejected must be mended there, it asks again by itself.",
    "下一步：排除原因后对“已隔离”的证据执行 `edge-agent outbox requeue SEQ`；",
    "      “平台拒收”的须在平台侧处理，平台会重新索取。",
)


def listed_text(one: Listed) -> str:
    """One line."""
    after = f" after 用时 {_seconds(one.receipted_after_s)}" if one.receipted_after_s is not None else ""
    zone = f" {one.zone}" if one.zone else ""
    why = f": {one.reason}" if one.reason else ""
    return (
        f"{one.seq:>8}  {to_the_second(one.sealed_utc_us)}  {_padded(one.kind + zone, 24)}"
        f"  {STATES[one.state]}{after}{why}"
    )


def whole_text(found: dict[str, Any]) -> str:
    """One statement with all that belongs to it."""
    rows = [
        ("place 位置", f"seq {found['seq']}, {found['kind']}"),
        ("id 编号", found["packet_id"]),
        ("sha256", found["payload_sha256"]),
        ("sealed 封存时间", to_the_second(found["sealed_utc_us"])),
        ("state 状态", STATES[found["state"]] + (f": {found['reason']}" if found["reason"] else "")),
        ("receipt after 回执延迟", _seconds(found["receipted_after_s"])),
        *(("file 文件", f"{f['sha256']}  {_size(f['size'])}  {f['state']}") for f in found["files"]),
    ]
    lines = _table(rows)
    for title, part in (("statement 证据内容", found["statement"]), ("receipt 平台回执", found["receipt"])):
        if part is not None:
            lines += ["", title, json.dumps(part, ensure_ascii=False, indent=2)]
    lines += ["", "shown, not checked: `edge-agent verify` checks 仅显示，未校验：请用 `edge-agent verify`"]
    return "\n".join(lines)


def requeue_text(asked: Asked, details: Sequence[str]) -> str:
    """What became of a request."""
    lines = [f"seq {seq}: not sent again 不重新发送: {why}" for seq, why in asked.refused.items()]
    lines += [f"recorded 已记录: {detail}" for detail in details]
    if asked.seqs and not asked.recorded:
        seqs = ", ".join(map(str, asked.seqs))
        lines += [f"seq {seqs}: the daemon sees to it as soon as it runs 守护进程运行后将自动处理"]
    return "\n".join(lines)


def _oldest(one: Listed | None) -> str:
    if one is None:
        return "–"
    hours = max(0.0, time.time() - one.sealed_utc_us / 1e6) / 3600
    return f"seq {one.seq}, {to_the_second(one.sealed_utc_us)}, {hours:.1f} h ago 小时前"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} s"


def _size(number: int) -> str:
    return f"{number / 1e6:.1f} MB" if number >= 100_000 else f"{number / 1e3:.1f} kB"


def _table(rows: Sequence[tuple[str, str]]) -> list[str]:
    width = max(_width(label) for label, _ in rows)
    return [f"{_padded(label, width)}  {value}" for label, value in rows]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    """Columns of a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
