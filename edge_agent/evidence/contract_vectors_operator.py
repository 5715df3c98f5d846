"""Test vectors of what people did at a box: a calibration, a commissioning with its report, an action."""

from __future__ import annotations

import hashlib
from typing import Any

from edge_agent.core.records import Picture
from edge_agent.evidence import dsse, strict_json
from edge_agent.evidence.attachments import attachment_of
from edge_agent.evidence.build import Built, build_record
from edge_agent.evidence.contract_vectors_street import link
from edge_agent.evidence.dsse import EVIDENCE_TYPE
from edge_agent.evidence.examples import KEY
from edge_agent.evidence.identity import Identity
from edge_agent.evidence.intray import NoteRecord
from edge_agent.evidence.statement import Attachment
from edge_agent.evidence.statement_operator import Calibration, Commissioning, OperatorAction, SpeedFactor

REPORT = (
    '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>验收报告</title>'
    "<h1>验收报告 Commissioning report</h1></html>\n"
).encode()

_CALIBRATION = Calibration(
    lane="1",
    method="test_truck",
    outcome="applied",
    by="王工",
    reference="three-axle truck, 24,980 ± 20 kg on the certified weighbridge, 2026-11-30",
    old_calibration_id="none",
    new_calibration_id="lane-1-2026-11-30",
    factor_ppm=-24_000,
    interval_ppm=1_200,
    factors=[
        SpeedFactor(up_to_mm_s=2_778, factor_ppm=-21_500, interval_ppm=2_100, runs=5),
        SpeedFactor(up_to_mm_s=5_556, factor_ppm=-26_100, interval_ppm=None, runs=1),
    ],
    runs=6,
    runs_left_out=1,
    cost323_class="B+(7)",
    r134_class="5",
    detail="",
    report_sha256=None,
)
_COMMISSIONING = Commissioning(
    outcome="accepted_with_remarks",
    by="王工",
    organisation="某某养护公司",
    remarks="夜间补光灯待装 the lamp for the night is still to be put up",
    config_sha256="5a" * 32,
    calibration_ids=["lane-1-2026-11-30"],
    checks_ok=21,
    checks_warning=1,
    checks_fault=0,
    checks_unknown=0,
    test_crossings=3,
    test_receipted=3,
    report_sha256=hashlib.sha256(REPORT).hexdigest(),
)
_ACTION = OperatorAction(
    by="wang",
    role="technician",
    via="console",
    address="192.0.2.7",
    action="reference_accepted",
    subject="camera/cam2",
    outcome="done",
    detail="",
)
OF_PEOPLE: tuple[NoteRecord, ...] = (_CALIBRATION, _COMMISSIONING, _ACTION)


def operator_chain(identity: Identity, last: Built, genesis: Built) -> dict[str, Built]:
    """Statements that follow `last`, by name."""
    made: dict[str, Built] = {}
    for record in OF_PEOPLE:
        name = record.type.replace("_", "-")
        files = (_report(),) if isinstance(record, Commissioning) else ()
        sealed = last.statement.time.sealed_utc_us + 1_000_000
        last = made[name] = build_record(record, identity, link(last, genesis), sealed, attachments=files)
    return made


def operator_attachments() -> dict[str, bytes]:
    """Their file, by SHA-256."""
    return {hashlib.sha256(REPORT).hexdigest(): REPORT}


def bad_operator(commissioning: Built) -> dict[str, tuple[bytes, str, str]]:
    """Name -> (envelope, check that fails, why)."""

    def resigned(**fields: Any) -> bytes:
        payload = {**strict_json.loads(commissioning.payload), **fields}
        return dsse.sign(EVIDENCE_TYPE, strict_json.dumps(payload), [KEY])

    def record(**fields: Any) -> dict[str, Any]:
        return {**strict_json.loads(commissioning.payload)["record"], **fields}

    return {
        "commissioning-with-fault": (
            resigned(record=record(outcome="accepted", checks_fault=1)),
            "form",
            "accepted without a remark although a check found a fault",
        ),
        "commissioning-unproven": (
            resigned(record=record(outcome="accepted", test_receipted=0)),
            "form",
            "accepted without a remark although no test reached the platform",
        ),
        "commissioning-remarks-missing": (
            resigned(record=record(remarks=" ")),
            "form",
            "accepted with remarks, and there are none",
        ),
        "commissioning-without-report": (
            resigned(attachments=[]),
            "form",
            "its report is neither attached nor named as missing",
        ),
        "calibration-as-commissioning": (
            resigned(record=_CALIBRATION.model_dump(mode="json")),
            "form",
            "kind and record differ",
        ),
        "operator-action-unknown-outcome": (
            resigned(kind="operator_action", record=_ACTION.model_dump(mode="json") | {"outcome": "perhaps"}),
            "form",
            "an outcome that there is not",
        ),
    }


def _report() -> Attachment:
    size, sha256 = len(REPORT), hashlib.sha256(REPORT).hexdigest()
    return attachment_of(Picture("report", sha256, size, "text/html", 0, 0, None), None)
