"""Texts of the outbox and of a statement."""

from __future__ import annotations

from edge_agent.web.words import Texts

OUTBOX: Texts = {
    "outbox_title": ("发件箱与回执", "Outbox and receipts"),
    "no_platform": (
        "未配置平台连接：记录封存并保留在本机，不发送。",
        "No platform is configured: statements are sealed and kept here, nothing is sent.",
    ),
    "head": ("链条末端", "Head of the chain"),
    "pending": ("待回执", "Without receipt"),
    "oldest": ("其中最早", "Oldest of them"),
    "receipted": ("已回执", "Receipted"),
    "median": ("封存到回执（中位数）", "Seal to receipt (median)"),
    "set_aside": ("隔离 + 平台退回", "Quarantined + rejected"),
    "lost": ("丢失", "Lost"),
    "held": ("本机照片与文件", "Files on this box"),
    "last_receipts": ("最近回执", "Last receipts"),
    "newest_statements": ("最新记录", "Newest statements"),
    "aside_title": ("未能送达：隔离与退回", "Not delivered: quarantined and rejected"),
    "kind": ("类别", "Kind"),
    "sealed_at": ("封存时间", "Sealed"),
    "statement_state": ("状态", "State"),
    "receipted_at": ("回执时间", "Receipt"),
    "waited": ("用时", "After"),
    "size": ("大小", "Size"),
    "why": ("原因", "Why"),
    "statement_sealed": ("待回执", "waiting"),
    "statement_receipted": ("已回执", "receipted"),
    "statement_purged": ("已回执，照片已清除", "receipted, pictures purged"),
    "statement_quarantined": ("已隔离", "quarantined"),
    "statement_rejected": ("平台退回", "rejected"),
    "older": ("更早", "Older"),
    "download": ("下载证据包", "Download bundle"),
    "statement_title": ("记录 seq {seq}", "Statement seq {seq}"),
    "files": ("附件", "Files"),
    "file_kept": ("在本机", "here"),
    "file_purged": ("已清除", "purged"),
    "file_damaged": ("已损坏", "damaged"),
    "as_signed": ("签名内容", "As signed"),
    "none": ("无", "None"),
    "verify_hint": (
        "证据包可用 edge-agent verify 或 openssl 核验。",
        "The bundle is checked by edge-agent verify, or with openssl by hand.",
    ),
}
