"""What a box says of itself, and what people did at it, in words: a sentence or more a kind of record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from edge_agent.evidence.statement import Statement
from edge_agent.evidence.statement_operator import Calibration, Commissioning, OperatorAction
from edge_agent.evidence.statement_records import (
    Certificate,
    CommandResult,
    ConfigChange,
    Coverage,
    Genesis,
    Heartbeat,
    Incident,
    KeyRotation,
    Loss,
    TimeStep,
)
from edge_agent.report.explain_people import calibration_told, commissioning_told, operator_told
from edge_agent.report.names import REASON
from edge_agent.report.saying import Parts, Say, Section, lasting
from edge_agent.report.times import to_the_second

BEGINNINGS = {
    "new_store": ("设备上的证据库是新建的", "the box's store is new"),
    "store_corrupt": ("原证据库已损坏", "the store before it was damaged"),
    "store_missing": ("原证据库丢失", "the store before it was missing"),
    "store_restored": ("证据库由备份恢复", "the store was restored from a copy"),
}


def record_sections(statement: Statement, say: Say) -> Iterator[Section]:
    """Of any record."""
    sentences, figures = _told(statement, say)
    yield Section(say("结论", "In short"), tuple(s for s in sentences if s), tuple(figures))


def _told(statement: Statement, say: Say) -> Parts:
    record = statement.record
    tell = TOLD.get(type(record))
    if tell is None:
        kind = statement.kind.value
        return [say(f"一条“{kind}”类记录。", f"A record of kind {kind}.")], []
    return tell(record, say)


def _heartbeat(said: Heartbeat, say: Say) -> Parts:
    up = lasting(said.uptime_s * 1000, say)
    return [
        say(
            f"没有新情况：设备已运行 {up}，这是链条此刻的末端。",
            f"Nothing new: the box has been up for {up}, and this is the end of its chain now.",
        )
    ], []


def _incident(said: Incident, say: Say) -> Parts:
    return [
        say(
            f"证据本身发生了情况：{said.what}，涉及 {said.subject}。",
            f"Something happened to the evidence itself: {said.what}, to {said.subject}.",
        ),
        said.detail,
    ], []


def _key_rotation(said: KeyRotation, say: Say) -> Parts:
    return [
        say(
            "设备更换了签名密钥；新旧两把密钥都签了这条记录，旧密钥此后不再签名。",
            "The box took a new signing key. Both keys signed this; the old one signs nothing after it.",
        )
    ], [
        (say("旧密钥", "old key"), f"{said.old_keyid[:16]}…"),
        (say("新密钥", "new key"), f"{said.new_keyid[:16]}…"),
    ]


def _certificate(said: Certificate, say: Say) -> Parts:
    return [
        say(
            f"设备的签名密钥启用了证书，链上共 {len(said.chain)} 张；证书是否有效由 edge-agent verify 核验。",
            f"The box's signing key has a certificate from here on, {len(said.chain)} in its chain. "
            "Whether it holds, edge-agent verify says.",
        )
    ], [(say("证书 SHA-256", "certificate SHA-256"), f"{said.cert_sha256[:16]}…")]


def _config_change(said: ConfigChange, say: Say) -> Parts:
    return [say("从这里起另一份配置生效。", "From here on another configuration holds."), said.detail], [
        (say("原配置", "before"), said.old_sha256[:16] or "–"),
        (say("新配置", "after"), said.new_sha256[:16] or "–"),
    ]


def _genesis(said: Genesis, say: Say) -> Parts:
    sentences = [
        say(
            f"一条新的证据链从这里开始，因为{BEGINNINGS[said.reason][0]}。",
            f"A new chain of evidence begins here, because {BEGINNINGS[said.reason][1]}.",
        )
    ]
    if said.last_epoch is not None:
        sentences.append(
            say(
                f"此前的链条 {said.last_epoch[:8]} 止于 seq {said.last_seq}。",
                f"The chain before it, {said.last_epoch[:8]}, ended at seq {said.last_seq}.",
            )
        )
    else:
        sentences.append(say("设备不知道此前有任何链条。", "The box knows of no chain before it."))
    return sentences, []


def _loss(said: Loss, say: Say) -> Parts:
    return [
        say(
            f"有 {said.count} 件“{said.lost_class}”未能封存，原因：{said.reason}。",
            f"{said.count} of class {said.lost_class} could not be sealed. Why: {said.reason}.",
        ),
        say(
            "它们的内容不在链条里，无法补回；这里只如实登记丢失。",
            "What they said is in no chain and cannot be had back; that they were lost is told here.",
        ),
    ], [
        (say("最早", "first"), to_the_second(said.first_utc_us)),
        (say("最晚", "last"), to_the_second(said.last_utc_us)),
    ]


def _time_step(said: TimeStep, say: Say) -> Parts:
    ms = abs(said.step_us) / 1000
    way = say("拨快" if said.step_us > 0 else "拨慢", "forward" if said.step_us > 0 else "back")
    return [
        say(
            f"设备的 UTC 时间被{way}了 {ms:,.1f} 毫秒，共 {said.steps} 次；来源 {said.source.value}。",
            f"The box's UTC was put {way} by {ms:,.1f} ms in {said.steps} step(s); source: "
            f"{said.source.value}.",
        ),
        say("在此之前的记录用的是跳变前的时间。", "Records before it bear the time as it was before."),
        said.detail,
    ], []


def _command(said: CommandResult, say: Say) -> Parts:
    name = said.name or say("（读不出的指令）", "(a command that could not be read)")
    outcome = {
        "done": ("已执行", "was carried out"),
        "failed": ("执行失败", "was tried and failed"),
        "refused": ("被拒绝", "was refused"),
    }[said.outcome]
    sentences = [say(f"平台指令 {name} {outcome[0]}。", f"The platform's command {name} {outcome[1]}.")]
    if said.reason:
        sentences.append(say(f"拒绝原因：{said.reason}。", f"Why it was refused: {said.reason}."))
    if said.detail:
        sentences.append(said.detail)
    return sentences, [
        (say("指令编号", "command"), said.command_id or "–"),
        (say("签发者", "issuer"), said.issuer or "–"),
        (say("计数", "counter"), "–" if said.counter is None else str(said.counter)),
    ]


def _coverage(said: Coverage, say: Say) -> Parts:
    period_ms = -(-(said.end_monotonic_us - said.start_monotonic_us) // 1000)
    if said.start_utc_us is None or said.end_utc_us is None:
        when = say("时间未知的一段", "in a stretch of unknown date")
    else:
        when = say(
            f"{to_the_second(said.start_utc_us)} 至 {to_the_second(said.end_utc_us)}",
            f"from {to_the_second(said.start_utc_us)} to {to_the_second(said.end_utc_us)}",
        )
    sentences = [
        say(
            f"{when}，各部分真正被有效观察的时间如下（共 {lasting(period_ms, say)}）。",
            f"How long each part was truly watched, {when} ({lasting(period_ms, say)} in all).",
        ),
        say(
            "没有案件不等于没有发生：未被观察的时间里什么都不知道。",
            "That no case came does not say that nothing happened: of the time that was not watched nothing "
            "is known.",
        ),
    ]
    figures = []
    for part in said.parts:
        share = 100 * part.watched_ms / period_ms if period_ms else 0.0
        blind = "; ".join(f"{_why(lost.reason, say)} {lasting(lost.blind_ms, say)}" for lost in part.blind)
        figures.append((part.part, f"{share:.1f} %" + (f" ({blind})" if blind else "")))
    if said.parts_left_out:
        sentences.append(
            say(
                f"另有 {said.parts_left_out} 个部分未列出。",
                f"{said.parts_left_out} more parts are not listed.",
            )
        )
    return sentences, figures


def _why(reason: str, say: Say) -> str:
    parts = reason.split(":")
    return (
        "·".join(REASON.get(part, part) for part in parts)
        if say.chinese
        else " ".join(parts).replace("_", " ")
    )


TOLD: dict[type[Any], Callable[[Any, Say], Parts]] = {
    Genesis: _genesis,
    Heartbeat: _heartbeat,
    Loss: _loss,
    Incident: _incident,
    TimeStep: _time_step,
    KeyRotation: _key_rotation,
    Certificate: _certificate,
    ConfigChange: _config_change,
    CommandResult: _command,
    Coverage: _coverage,
    Calibration: calibration_told,
    Commissioning: commissioning_told,
    OperatorAction: operator_told,
}
