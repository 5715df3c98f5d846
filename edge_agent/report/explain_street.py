"""A street's record in words: what was seen when, by which rule, what stopped its clock, what came of it."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.core.scene import Finding, Phase
from edge_agent.core.street.text import INSPECTED, RECHECKED
from edge_agent.devices.pictures.words import LABELS, ROLES
from edge_agent.evidence.statement import Statement
from edge_agent.evidence.statement_street import Storefront
from edge_agent.report.names import EVENT, FINDING, REASON, ROUTE, TIER
from edge_agent.report.saying import Say, Section, china_time, lasting
from edge_agent.report.times import stamp
from edge_agent.report.words import FACT

LATER = ("shop_confirmed_7d", "shop_minutes_7d", "shop_not_corrected_7d", "shop_tier_suggested")


def street_sections(statement: Statement, say: Say) -> Iterator[Section]:
    """All that is special to a street."""
    said = statement.storefront
    assert said is not None
    facts = {fact.name: fact.value for fact in said.in_force}
    yield _in_short(statement, said, say)
    yield _seen(said, say)
    if said.phase is not Phase.INSPECTION:
        yield _clock_of_the_rule(said, facts, say)
    yield _rule(said, facts, say)


def _word(word: str, names: dict[str, str], say: Say) -> str:
    return names.get(word, word) if say.chinese else word.replace("_", " ")


def _where(said: Storefront, say: Say) -> str:
    shop = say(f"，商户 {said.shop}", f", shop {said.shop}") if said.shop else ""
    return say(
        f"区域 {said.zone}{shop}（相机 {said.camera}）", f"zone {said.zone}{shop} (camera {said.camera})"
    )


PHASE = {
    Phase.CONFIRMED: (
        "停留达到规则时限，案件成立（候选证据）。",
        "The stay has reached what the rule asks for: a case, as candidate evidence.",
    ),
    Phase.REOPENED: (
        "清除后又出现，停留再次达到规则时限，原案件重新打开。",
        (
            "What had been cleared is there again, and stayed as long as the rule asks for: the case is open "
            "again."
        ),
    ),
    Phase.ONGOING: ("案件成立后物品仍在。", "The goods are still there after the case was confirmed."),
    Phase.CLEARED: (
        "已观察到物品清除，案件结束。",
        "The goods were observed to be gone: the case has ended.",
    ),
}


def _in_short(statement: Statement, said: Storefront, say: Say) -> Section:
    event = EVENT.get(said.event_type, said.event_type) if say.chinese else said.event_type.replace("_", " ")
    utc = statement.time.event_utc_us
    when = say("时间未知", "At a time that is not known") if utc is None else china_time(utc, say)
    sentences = [
        say(
            f"{when}，{_where(said, say)}，事项：{event}。",
            f"{when}, {_where(said, say)}; what it is about: {event}.",
        )
    ]
    if said.phase is Phase.RECHECK:
        en, zh = RECHECKED[said.finding]
        sentences.append(say(f"告知后的复查：{zh}。", f"Looked again after a notice: {en}."))
        if said.finding in {Finding.SUSPECT, Finding.UNSEEN}:
            sentences.append(
                say(
                    "看不清既不算整改，也不算未整改。",
                    "What could not be told counts neither as corrected nor as not corrected.",
                )
            )
    elif said.phase is Phase.INSPECTION:
        en, zh = INSPECTED[said.finding]
        sentences.append(
            say(f"按指令 {said.order} 抽查：{zh}。", f"An inspection as ordered ({said.order}): {en}.")
        )
        sentences.append(say("抽查只看一次，不要求停留。", "An inspection looks once; no stay is asked for."))
    else:
        sentences.append(say(*PHASE[said.phase]))
    sentences.append(say(said.text.zh, said.text.en))
    return Section(say("结论", "In short"), tuple(sentences))


def _seen(said: Storefront, say: Say) -> Section:
    sentences = [
        say(
            f"此刻所见：{FINDING.get(said.finding.value, said.finding.value)}。",
            f"What this look says: {said.finding.value}.",
        )
    ]
    if said.samples:
        share = 100 * said.samples_present / said.samples
        sentences.append(
            say(
                f"自首次发现以来看了 {said.samples} 次，其中 {said.samples_present} 次有物品（{share:.0f} "
                "%）。",
                f"Since it was first seen there were {said.samples} looks, goods in {said.samples_present} "
                f"of them ({share:.0f} %).",
            )
        )
    figures = [
        (name, stamp(at))
        for name, at in (
            (say("首次发现", "first seen"), said.first_seen_utc_us),
            (say("成为候选", "candidate"), said.candidate_utc_us),
            (say("确认", "confirmed"), said.confirmed_utc_us),
            (say("结束", "ended"), said.ended_utc_us),
        )
        if at is not None
    ]
    for item in said.items:
        stood = lasting((item.last_seen_monotonic_us - item.first_seen_monotonic_us) // 1000, say)
        strength = say("证据强" if item.strength == "strong" else "证据弱", f"{item.strength} evidence")
        figures.append(
            (
                _word(item.label, dict(LABELS), say),
                say(
                    f"最高 {item.score_permille / 10:.0f} %，{strength}，{item.samples} 次，历时 {stood}，"
                    f"落地 {item.share_permille / 10:.0f} % 在区内",
                    f"best score {item.score_permille / 10:.0f} %, {strength}, in {item.samples} looks over "
                    f"{stood}, {item.share_permille / 10:.0f} % of its foot in the zone",
                ),
            )
        )
    if said.items_left_out:
        sentences.append(
            say(
                f"另有 {said.items_left_out} 件未列出。", f"{said.items_left_out} more things are not listed."
            )
        )
    if said.finding is Finding.PRESENT:
        figures.append((say("占用区域", "share of the zone"), f"{said.share_permille / 10:.1f} %"))
    for zh, en, value in (
        ("占地", "ground covered", None if said.area_cm2 is None else f"{said.area_cm2 / 10_000:.2f} m²"),
        (
            "剩余通行宽度",
            "width left to pass",
            None if said.passable_mm is None else f"{said.passable_mm / 1000:.2f} m",
        ),
        (
            "越线距离",
            "past the line by",
            None if said.protrusion_mm is None else f"{said.protrusion_mm / 1000:.2f} m",
        ),
    ):
        if value is not None:
            figures.append((say(zh, en), value))
    return Section(say("看到了什么", "What was seen"), tuple(sentences), tuple(figures))


def _clock_of_the_rule(said: Storefront, facts: dict[str, str], say: Say) -> Section:
    dwell, asked, paused = (lasting(ms, say) for ms in (said.dwell_ms, said.stay_ms, said.paused_ms))
    sentences = [
        say(
            f"规则有效期间累计观察到停留 {dwell}；规则要求 {asked}。",
            f"A stay of {dwell} was observed while the rule held; the rule asks for {asked}.",
        )
    ]
    if said.paused_ms:
        sentences.append(
            say(
                f"另有 {paused} 未计入：装卸货、时段外、准许时段或无法观察。",
                f"{paused} more did not count: unloading, outside the hours, permitted, or not to be seen.",
            )
        )
    else:
        sentences.append(say("没有未计入的时间。", "There was no time that did not count."))
    unloading = facts.get("unloading_s", "0")
    if unloading not in {"", "0"}:
        sentences.append(say(f"其中装卸货 {unloading} 秒。", f"Of that, {unloading} s were unloading."))
    if facts.get("low_light") == "true":
        sentences.append(
            say(
                "光线不足：时限与分数门限已相应提高。",
                "It was dark: a longer stay and higher scores were asked for.",
            )
        )
    for name, zh, en in (
        ("absent", "有物品但不计入，因为：", "Something is there that does not count, because: "),
        ("unseen", "未能观察，因为：", "It could not be seen, because: "),
    ):
        if name in facts:
            why = "·".join(REASON.get(part, part) for part in facts[name].split(":"))
            sentences.append(say(f"{zh}{why}。", f"{en}{facts[name].replace('_', ' ')}."))
    return Section(say("规则的计时", "The rule's clock"), tuple(sentences))


def _rule(said: Storefront, facts: dict[str, str], say: Say) -> Section:
    sentences = [say(f"适用规则：{said.rule}。", f"The rule that was applied: {said.rule}.")]
    if said.tier:
        sentences.append(
            say(
                f"商户等级：{TIER.get(said.tier, said.tier)}；等级影响时限。",
                f"The shop's grade is {said.tier}; it has a part in the stay that is asked for.",
            )
        )
    if said.order and said.phase is not Phase.INSPECTION:
        sentences.append(
            say(f"依据的告知或指令：{said.order}。", f"The notice or order that asked for it: {said.order}.")
        )
    if said.routes:
        told = [ROUTE.get(route, route) if say.chinese else route for route in said.routes]
        sentences.append(
            say(
                f"应告知：{'、'.join(told)}（由平台告知）。",
                f"To be told, by the platform: {', '.join(told)}.",
            )
        )
    sentences.append(
        say(
            f"这是案件 {said.case} 的第 {said.revision + 1} "
            f"条记录（{ROLES.get(said.phase.value, said.phase.value)}）。",
            f"This is record {said.revision + 1} of case {said.case} ({said.phase.value}).",
        )
    )
    figures = tuple(
        (FACT.get(name, name) if say.chinese else name.replace("_", " "), value)
        for name, value in facts.items()
        if name not in LATER
    )
    return Section(say("规则", "The rule"), tuple(sentences), figures)
