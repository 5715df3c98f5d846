"""The page of a statement: its case in full and in words, with what a journal tells besides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edge_agent.config.settings import SiteConfig
from edge_agent.report.documents import told_in_words
from edge_agent.report.explain import kind_in_words
from edge_agent.report.from_journal import InJournal
from edge_agent.report.from_statement import Beside
from edge_agent.report.notices import notice_of
from edge_agent.report.page import Shown
from edge_agent.report.saying import Say
from edge_agent.report.sealed import Sealed, only_file
from edge_agent.report.times import stamp


def statement_page(
    beside: Beside, config: SiteConfig | None, told: InJournal | None, *, plates: bool
) -> Shown:
    """The page, its pictures not yet in it.

    Args:
        beside: the statement, or several of a bundle.
        config: of the box; None: not at hand.
        told: by its journal; None: none was given.
        plates: name other people's.
    """
    sealed = [_with(one, told) for one in beside.sealed]
    last = sealed[-1]
    alone = len(sealed) == 1 or last.statement["storefront"] is not None
    kind = kind_in_words(last.parsed(), Say("zh")), kind_in_words(last.parsed(), Say("en"))
    report = beside.report
    if told is not None and told.lacking:
        report = replace(report, not_checked=[*report.not_checked, *told.lacking])
    if told is not None and not told.found and last.statement["measurement"] is not None:
        note = "录制重放未得出此案件 the journal, replayed, gives no such case"
        report = replace(report, not_checked=[*report.not_checked, note])
    return Shown(
        title=f"{kind[0]} {kind[1].capitalize()}" if alone else "证据包 Evidence bundle",
        subtitle=_where(last) if alone else f"{last.statement['site_id']} · {len(sealed)}",
        sealed=sealed,
        decisions=(),
        config=config,
        report=report,
        notice=notice_of(sealed),
        about=_about(sealed),
        words=told_in_words(last, plates=plates) if alone else (),
        lines=told.lines if told else None,
        overview=False,
    )


def _with(one: Sealed, told: InJournal | None) -> Sealed:
    """The statement with what the journal tells of it."""
    if told is None or one.statement["measurement"] is None:
        return one
    own, raw = one.data, only_file(told.raw)

    def read(sha256: str) -> bytes | None:
        held = own(sha256)
        return held if held is not None else raw(sha256)

    return replace(one, rivals=told.rivals, data=read)


def _where(one: Sealed) -> str:
    statement = one.statement
    return f"{statement['site_id']} · {statement['device_id']} · {stamp(statement['time']['event_utc_us'])}"


def _about(sealed: Sequence[Sealed]) -> list[tuple[str, str, str]]:
    statement = sealed[-1].statement
    chain, software = statement["chain"], statement["software"]
    return [
        ("记录 packet", statement["packet_id"], ""),
        ("链条 chain", f"epoch {chain['epoch'][:8]} seq {chain['seq']}", ""),
        ("内容 payload sha256", f"{sealed[-1].payload_sha256[:16]}…", ""),
        ("软件 software", software["agent_version"], ""),
        ("配置 configuration sha256", f"{software['config_sha256'][:16]}…", ""),
        ("规则 ruleset", software["ruleset"] or "–", ""),
    ]
