"""A weighing in words: what was measured, which limit by how much, whose plate and how sure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from edge_agent.core.match.rivals import Rivals
from edge_agent.core.records import Outcome, SpeedSource
from edge_agent.core.weigh.limits.facts import ASSUMPTIONS
from edge_agent.evidence.statement import Statement
from edge_agent.evidence.statement_bridge import Limit, Measurement, Recognition
from edge_agent.report.explain_plate import plate_section, whose
from edge_agent.report.reasons import FLAG_PREFIX, reason_in_words
from edge_agent.report.saying import Say, Section, china_time, kilograms, kmh, tonnes
from edge_agent.report.words import EVALUATOR, EVALUATOR_EN

SPEED = {
    SpeedSource.MEASURED: ("由两个传感器实测", "measured by two sensors a known distance apart"),
    SpeedSource.INFERRED: ("由单个传感器推断", "inferred from one sensor"),
    SpeedSource.REPORTED: ("由第三方控制器报告", "as a third party's controller said"),
    SpeedSource.UNKNOWN: ("来源未知", "of unknown source"),
}


def bridge_sections(
    statement: Statement, say: Say, *, plates: bool, rivals: Rivals | None
) -> Iterator[Section]:
    """All that is special to a weighing."""
    measured, recognised = statement.measurement, statement.recognition
    assert measured is not None
    yield _in_short(statement, measured, recognised, say)
    yield _weight(measured, say)
    yield _limits(measured, say)
    if recognised is not None:
        yield plate_section(measured, recognised, say, plates=plates, rivals=rivals)


def _in_short(
    statement: Statement, measured: Measurement, recognised: Recognition | None, say: Say
) -> Section:
    utc = statement.time.event_utc_us
    when = say("时间未知", "At a time that is not known") if utc is None else china_time(utc, say)
    axles = len(measured.axles)
    sentences = [
        say(
            f"{when}，车道 {measured.lane} 通过一辆 {axles} 轴车。",
            f"{when}, a vehicle with {axles} axle(s) crossed the scale of lane {measured.lane}.",
        ),
        _gross(measured, say),
    ]
    over = [limit for limit in measured.limits if limit.outcome is Outcome.OVER]
    verified = [limit for limit in over if not limit.reference_only]
    for limit in verified or over:
        if limit.excess_g is not None and limit.limit_g is not None:
            name = _evaluator(limit, say)
            sentences.append(
                say(
                    f"疑似超限：按{name}，限值 {tonnes(limit.limit_g)}，超出 {tonnes(limit.excess_g)}。",
                    f"Suspected over: by the {name}, {tonnes(limit.limit_g)} are allowed; it is over by "
                    f"{tonnes(limit.excess_g)}.",
                )
            )
    if not over:
        sentences.append(say("没有一项限值判为超限。", "No limit says over."))
    if recognised is not None:
        sentences.append(whose(recognised, say))
    return Section(say("结论", "In short"), tuple(sentences))


def _gross(measured: Measurement, say: Say) -> str:
    if measured.gross_g is None:
        return say(
            "总重无法确定：有的轴没有有效值，因此不猜。",
            "There is no gross weight: an axle has no value, and nothing is guessed.",
        )
    weight = tonnes(measured.gross_g)
    if measured.gross_interval95_g is None:
        return say(f"总重 {weight}。", f"Its gross weight is {weight}.")
    half = tonnes(measured.gross_interval95_g)
    share = 100 * measured.gross_interval95_g / measured.gross_g if measured.gross_g > 0 else 0.0
    return say(
        f"总重 {weight}，95 % 区间 ± {half}（{share:.1f} %）。",
        f"Its gross weight is {weight}, with a 95 % interval of ± {half} ({share:.1f} %).",
    )


# -- the weight -----------------------------------------------------------------------------------


def _weight(measured: Measurement, say: Say) -> Section:
    sentences = []
    if measured.speed_mm_s is None:
        sentences.append(say("车速未知。", "Its speed is not known."))
    else:
        spread = (
            "" if measured.speed_sd_mm_s is None else f" ± {measured.speed_sd_mm_s * 2 * 0.0036:.1f} km/h"
        )
        sentences.append(
            say(
                f"车速 {kmh(measured.speed_mm_s)}{spread}，{SPEED[measured.speed_source][0]}。",
                f"It drove {kmh(measured.speed_mm_s)}{spread}, {SPEED[measured.speed_source][1]}.",
            )
        )
    if measured.acceleration_mm_s2 is not None:
        a = measured.acceleration_mm_s2 / 1000
        sentences.append(say(f"加速度 {a:+z.2f} m/s²。", f"Its acceleration was {a:+z.2f} m/s²."))
    if measured.flags:
        for flag in measured.flags:
            reason = reason_in_words(FLAG_PREFIX + flag.value)
            sentences.append("• " + say(reason.why_zh, reason.why_en))
    else:
        sentences.append(
            say("称重没有任何异常标记。", "Nothing was odd about the weighing: there is no flag.")
        )
    sentences.append(
        say(
            f"标定编号：{measured.calibration or '无'}。",
            f"The calibration in use: {measured.calibration or 'none'}.",
        )
    )
    if measured.temperature_millicelsius is not None:
        t = measured.temperature_millicelsius / 1000
        sentences.append(say(f"温度 {t:.1f} °C。", f"The temperature was {t:.1f} °C."))
    figures = []
    for number, axle in enumerate(measured.axles, start=1):
        load = (
            f"{kilograms(axle.load_g)} ± {kilograms(axle.interval95_g)}"
            if axle.samples
            else say("无有效值", "no value")
        )
        place = (
            ""
            if axle.offset_mm is None or number == 1
            else say(
                f"，距首轴 {axle.offset_mm / 1000:.2f} m", f", {axle.offset_mm / 1000:.2f} m behind the first"
            )
        )
        figures.append((say(f"第 {number} 轴", f"axle {number}"), load + place))
    figures += [
        (
            say(
                f"第 {group.first_axle + 1}–{group.first_axle + group.axle_count} 轴（组）",
                f"axles {group.first_axle + 1}-{group.first_axle + group.axle_count}, a group",
            ),
            f"{kilograms(group.load_g)} ± {kilograms(group.interval95_g)}",
        )
        for group in measured.groups
        if group.axle_count > 1
    ]
    if measured.gross_g is not None:
        half = "" if measured.gross_interval95_g is None else f" ± {kilograms(measured.gross_interval95_g)}"
        figures.append((say("总重", "gross"), kilograms(measured.gross_g) + half))
    return Section(say("称重", "The weight"), tuple(sentences), tuple(figures))


# -- the limits -----------------------------------------------------------------------------------


def _evaluator(limit: Limit, say: Say) -> str:
    names = EVALUATOR if say.chinese else EVALUATOR_EN
    return names.get(limit.evaluator, limit.evaluator.replace("_", " "))


OUTCOME = {
    Outcome.OVER: ("疑似超限", "suspected over"),
    Outcome.WITHIN: ("未超", "within"),
    Outcome.NOT_COVERED: ("不适用于此车", "not covered by this rule"),
    Outcome.NOT_ASSESSED: ("未判定", "not assessed"),
}


def _limits(measured: Measurement, say: Say) -> Section:
    sentences = [
        say(
            "“超限”指扣减后严格大于限值；各项各自判断，互不替代。",
            "Over means strictly above the limit after the deduction. Each rule speaks for itself alone.",
        )
    ]
    sentences += [f"• {_one_limit(limit, say)}" for limit in measured.limits]
    assumed = [ASSUMPTIONS.get(key, (key, key)) for key in measured.assumptions]
    listed = "；".join(zh for _, zh in assumed) if say.chinese else "; ".join(en for en, _ in assumed)
    sentences.append(
        say(f"秤看不到、因此假设成立：{listed}。", f"What a scale cannot see and was assumed: {listed}.")
    )
    return Section(say("限值", "The limits"), tuple(sentences))


def _subject(subject: str, say: Say) -> str:
    """What was judged: the gross weight, or an axle group by its axles."""
    if not say.chinese:
        return re.sub(r"^axles (\d+)$", r"axle \1", subject)
    return "总重" if subject == "gross" else re.sub(r"^axles ([\d-]+)$", r"第 \1 轴", subject)


def _one_limit(limit: Limit, say: Say) -> str:
    name, subject = _evaluator(limit, say), _subject(limit.subject, say)
    said = (
        f"{name} ({subject}): {OUTCOME[limit.outcome][1]}"
        if not say.chinese
        else f"{name}（{subject}）：{OUTCOME[limit.outcome][0]}"
    )
    numbers = []
    if limit.measured_g is not None:
        numbers.append(say(f"实测 {kilograms(limit.measured_g)}", f"measured {kilograms(limit.measured_g)}"))
    if limit.deduction_g is not None and limit.deducted_g is not None:
        numbers.append(
            say(
                f"扣减 {kilograms(limit.deduction_g)} 后 {kilograms(limit.deducted_g)}",
                f"{kilograms(limit.deducted_g)} after a deduction of {kilograms(limit.deduction_g)}",
            )
        )
    if limit.limit_g is not None:
        numbers.append(say(f"限值 {kilograms(limit.limit_g)}", f"limit {kilograms(limit.limit_g)}"))
    if limit.excess_g is not None:
        numbers.append(say(f"超出 {kilograms(limit.excess_g)}", f"over by {kilograms(limit.excess_g)}"))
    told = said + (say("，", ", ") + say("，", ", ").join(numbers) if numbers else "")
    if limit.reference_only:
        told += say("（规则未经核实，仅供参考）", " (the rule is not verified: for information)")
    if limit.legal_basis:
        told += say(f"。依据：{limit.legal_basis}", f". Basis: {limit.legal_basis}")
    return told
