"""What simulated boxes signed against what the platform's database holds, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import func, select, text

from edge_agent.bench.platform_boxes import Box
from edge_agent.ingest.store import PlatformStore
from edge_agent.ingest.tables import attachment, statement


def compare(store: PlatformStore, boxes: Iterable[Box], sent: Mapping[str, int]) -> dict[str, Any]:
    """Compare.

    Args:
        store: the platform's, on PostgreSQL.
        boxes: each as new, so that it signs its chain once more.
        sent: how many statements of its chain each box has sent, by device.

    Returns:
        counts; `bad` is the sum of those that must be zero.
    """
    lost = differing = behind = 0
    pictures: set[str] = set()
    columns = (statement.c.seq, statement.c.envelope, statement.c.complete)
    for box in boxes:
        here = select(*columns).where((statement.c.device == box.device) & (statement.c.epoch == box.epoch))
        stored = {seq: (bytes(envelope), complete) for seq, envelope, complete in store.rows(here)}
        for _ in range(sent[box.device]):
            signed = box.sign_next()
            envelope, complete = stored.get(signed.seq, (b"", False))
            lost += not complete
            differing += bool(envelope) and envelope != signed.envelope
            pictures |= {signed.picture} if signed.picture else set()
        mark = store.watermark(box.device, box.epoch)
        behind += mark is None or mark.seq != sent[box.device] - 1
    total, ids = store.rows(select(func.count(), func.count(statement.c.packet_id.distinct())))[0]
    held = {sha256 for (sha256,) in store.rows(select(attachment.c.sha256))}
    wrong = store.rows(text("SELECT COUNT(*) FROM attachment WHERE encode(sha256(body), 'hex') <> sha256"))
    zeros = {
        "lost": lost,
        "twice": total - ids,
        "differing": differing + max(0, total - sum(sent.values())),
        "watermarks_behind": behind,
        "pictures_bad": len(pictures ^ held) + int(wrong[0][0]),
        "alarms": len(store.alarms()),
        "refusals": len(store.refusals()),
    }
    return {"sent": sum(sent.values()), "pictures": len(pictures), **zeros, "bad": sum(zeros.values())}
