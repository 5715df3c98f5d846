"""What people did at a box, in words: a calibration, a commissioning, an action."""

from __future__ import annotations

from edge_agent.evidence.statement_operator import Calibration, Commissioning, OperatorAction
from edge_agent.report.saying import Parts, Say
from edge_agent.report.words import DONE


def _done(word: str, say: Say) -> str:
    return DONE.get(word, word) if say.chinese else word.replace("_", " ")


def calibration_told(said: Calibration, say: Say) -> Parts:
    """A scale was calibrated or checked."""
    sentences = [
        say(
            f"车道 {said.lane} 的秤经{_done(said.method, say)}标定或检查：{_done(said.outcome, say)}。"
            f"经办人：{said.by or '未填'}。",
            f"The scale of lane {said.lane} was calibrated or checked ({_done(said.method, say)}): "
            f"{_done(said.outcome, say)}. By: {said.by or 'not said'}.",
        ),
        say("这不是检定：检定由法定机构进行。", "This is no verification: that is the institute's."),
    ]
    if said.reference:
        sentences.append(say(f"参照质量：{said.reference}。", f"The known mass: {said.reference}."))
    if said.detail:
        sentences.append(said.detail)
    figures = [(say("采用 / 剔除次数", "runs used / left out"), f"{said.runs} / {said.runs_left_out}")]
    if said.factor_ppm is not None:
        half = "" if said.interval_ppm is None else f" ± {said.interval_ppm / 10_000:.2f} %"
        figures.append((say("修正", "correction"), f"{said.factor_ppm / 10_000:+.2f} %{half}"))
    if said.new_calibration_id:
        figures.append(
            (say("标定编号", "calibration"), f"{said.old_calibration_id or '–'} → {said.new_calibration_id}")
        )
    for zh, en, value in (
        ("COST 323 等级", "COST 323 class", said.cost323_class),
        ("R 134 等级", "R 134 class", said.r134_class),
    ):
        if value:
            figures.append((say(zh, en), value))
    return sentences, figures


def commissioning_told(said: Commissioning, say: Say) -> Parts:
    """A box was signed off, or not."""
    who = " · ".join(part for part in (said.by, said.organisation) if part) or say("未填", "not said")
    sentences = [
        say(
            f"设备整体检查并签字：{_done(said.outcome, say)}。签字人：{who}。",
            f"The box was examined as a whole and signed off: {_done(said.outcome, say)}. By: {who}.",
        ),
        say(
            f"自检 {said.checks_ok} 项正常，{said.checks_warning} 项注意，{said.checks_fault} 项故障，"
            f"{said.checks_unknown} 项未知。",
            f"Of its checks {said.checks_ok} were good, {said.checks_warning} gave a warning, "
            f"{said.checks_fault} a fault, {said.checks_unknown} could not be told.",
        ),
        say(
            f"为此测试 {said.test_crossings} 次，其中 {said.test_receipted} 次得到平台回执。",
            f"{said.test_crossings} test(s) were made for it; the platform receipted {said.test_receipted}.",
        ),
    ]
    if said.remarks:
        sentences.append(say(f"备注：{said.remarks}", f"Remarks: {said.remarks}"))
    return sentences, [(say("报告 SHA-256", "report SHA-256"), f"{said.report_sha256[:16]}…")]


def operator_told(said: OperatorAction, say: Say) -> Parts:
    """Somebody did something at the box."""
    who = said.by or say("未登录者", "somebody who was not logged in")
    where = said.address or say("设备本机", "the box itself")
    action = said.action.replace("_", " ")
    sentences = [
        say(
            f"{who} 在 {where} 经{_done(said.via, say)}操作：{action}（{said.subject or '–'}），"
            f"{_done(said.outcome, say)}。",
            f"{who}, at {where} by the {_done(said.via, say)}: {action} ({said.subject or 'no subject'}), "
            f"{_done(said.outcome, say)}.",
        )
    ]
    if said.detail:
        sentences.append(said.detail)
    return sentences, []
