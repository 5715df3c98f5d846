"""The report: everything that was looked at, on one page that a browser opens, prints and keeps alone."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from markupsafe import Markup

from edge_agent.commissioning.chain import Chain
from edge_agent.commissioning.lanes import LaneFacts
from edge_agent.commissioning.outcome import Outcome, Reason
from edge_agent.commissioning.proof import Proof
from edge_agent.commissioning.runs_plot import draw_passes, passes
from edge_agent.commissioning.views import Shape, View
from edge_agent.commissioning.words import Tongue
from edge_agent.config.settings import SiteConfig
from edge_agent.core.records import Outcome as Judged
from edge_agent.core.units import TONNE, US, Ns
from edge_agent.doctor.finding import Finding, State
from edge_agent.doctor.report import in_words
from edge_agent.errors import EdgeAgentError
from edge_agent.evidence.statement_bridge import Limit
from edge_agent.evidence.statement_operator import SpeedFactor
from edge_agent.report.times import local, span, to_the_second
from edge_agent.report.trace_data import lines_of_bytes
from edge_agent.report.trace_plot import Mark, draw_trace
from edge_agent.web.templates import environment
from edge_agent.web.words import CHINESE, ENGLISH

MAX_DRAWN = 6  # tests with a drawing; a table has all of them
WORST_FIRST = (State.FAULT, State.UNKNOWN, State.WARNING, State.OK)
TONE = {State.OK: "good", State.WARNING: "warn", State.FAULT: "bad", State.UNKNOWN: "warn"}
OUTCOME_TONE = {Outcome.ACCEPTED: "good", Outcome.ACCEPTED_WITH_REMARKS: "warn", Outcome.REFUSED: "bad"}
JUDGED_TONE = {Judged.OVER: "bad", Judged.WITHIN: "good"}


@dataclass(frozen=True, slots=True)
class Signed:
    """What the person who examines the box says."""

    outcome: Outcome
    by: str
    organisation: str
    remarks: str
    at_utc_us: int


@dataclass(frozen=True, slots=True)
class Examined:
    """What was looked at."""

    config: SiteConfig
    lanes: Sequence[LaneFacts]
    views: Sequence[View]
    proofs: Sequence[Proof]
    findings: Sequence[Finding]
    software: Mapping[str, str]
    models: Mapping[str, str]
    keyid: str
    since_utc_us: int

    def count(self, state: State) -> int:
        """How many of the doctor's lines say so."""
        return sum(finding.state is state for finding in self.findings)


def html(examined: Examined, signed: Signed, against: Sequence[Reason], chain: Chain, language: str) -> str:
    """The page.

    Args:
        examined: what was looked at.
        signed: what is concluded of it.
        against: why it could not be accepted without remarks.
        chain: the raw bytes of the tests are drawn from it.
        language: `zh`, `en` or `both`.
    """
    t = Tongue(language)
    template = environment("edge_agent.commissioning", ".").get_template("report.html")
    bridge = [proof for proof in examined.proofs if proof.on_bridge]
    street = [proof for proof in examined.proofs if not proof.on_bridge]
    return template.render(
        t=t,
        lang="en" if language == ENGLISH else "zh-CN",
        config=examined.config,
        site=examined.config.site,
        signed=signed,
        when=to_the_second(signed.at_utc_us),
        since=to_the_second(examined.since_utc_us) if examined.since_utc_us else "",
        tone=OUTCOME_TONE[signed.outcome],
        against=[t(reason.key, what=reason.what) for reason in against],
        states=[(state, TONE[state], examined.count(state)) for state in State],
        receipted=sum(proof.receipted for proof in examined.proofs),
        made=len(examined.proofs),
        others=any(not proof.is_test for proof in examined.proofs),
        lanes=[_lane(lane, local(signed.at_utc_us).date(), chain, t) for lane in examined.lanes],
        views=[_view(view, t) for view in examined.views],
        bridge=list(_crossings(bridge, examined.config, chain, t)),
        street=[_case(proof, examined.config, t) for proof in street],
        findings=_findings(examined, t),
        software=examined.software,
        models=examined.models,
        keyid=examined.keyid,
        parties=("party_box", "party_authority"),
    )


# -- instruments ----------------------------------------------------------------------------------


def _lane(lane: LaneFacts, today: date, chain: Chain, t: Tongue) -> dict[str, Any]:
    certificate, calibration = lane.certificate, lane.config.scale.calibration
    speeds = "–"
    if certificate is not None and certificate.speed_max_kmh is not None:
        speeds = f"{certificate.speed_min_kmh or 0}-{certificate.speed_max_kmh} km/h"
    return {
        "name": lane.name,
        "instrument": " ".join(filter(None, lane.config.instrument.model_dump().values())) or "–",
        "line": f"{lane.config.port} · {lane.protocol}",
        "certificate": certificate,
        "speeds": speeds,
        "expired": lane.expired(today),
        "in_use": lane.in_use,
        "factor_in_use": _percent(calibration.factor_ppm),
        "last": _calibrated(lane, chain, t),
        "note": _calibration_note(lane, t),
    }


def _calibrated(lane: LaneFacts, chain: Chain, t: Tongue) -> dict[str, Any] | None:
    if lane.last is None:
        return None
    record, read = lane.last.record, lane.last.read
    factor = "–" if record.factor_ppm is None else _percent(record.factor_ppm)
    if record.interval_ppm is not None:
        factor += f" ± {record.interval_ppm / 10_000:.2f}"
    return {
        "recorded": f"seq {read.seq} · {to_the_second(read.listed.sealed_utc_us)} · {record.by}",
        "method": t.name(record.method) + Markup(" · ") + t.name(record.outcome),
        "reference": record.reference,
        "factor": f"{factor} %",
        "runs": f"{record.runs} ({record.runs_left_out})",
        "reached": " · ".join(
            f"{name} {found}"
            for name, found in (("COST 323", record.cost323_class), ("R 134", record.r134_class))
            if found
        )
        or "–",
        "figures": record.report_sha256 or "–",
        "bins": [_bin(one) for one in record.factors],
        "plot": _runs(record.report_sha256, chain, t),
    }


def _runs(figures_sha256: str | None, chain: Chain, t: Tongue) -> Markup:
    """The passes that the calibration rests on, where its figures are still here."""
    figures = chain.attachment(figures_sha256) if figures_sha256 else None
    texts = [t(key).striptags() for key in ("runs_plot", "speed", "runs_plot_y")]
    return Markup(draw_passes(passes(figures), *texts) if figures else "")  # noqa: S704 - ours, escaped


def _bin(one: SpeedFactor) -> tuple[str, str, str, str]:
    interval = "–" if one.interval_ppm is None else f"{one.interval_ppm / 10_000:.2f} %"
    return f"{one.up_to_mm_s * 0.0036:.0f}", f"{_percent(one.factor_ppm)} %", interval, str(one.runs)


def _calibration_note(lane: LaneFacts, t: Tongue) -> Markup:
    if lane.last is None:
        return t("no_record")
    return Markup("") if lane.is_of_use else t("other_record", id=lane.last.record.new_calibration_id)


def _percent(ppm: int) -> str:
    return f"{ppm / 10_000:+.2f}"


# -- cameras --------------------------------------------------------------------------------------


def _view(view: View, t: Tongue) -> dict[str, Any]:
    seen = view.seen
    facts = [seen.codec, f"{seen.width}×{seen.height}" if seen.width else ""]
    if seen.frames_per_s:
        facts.append(f"{seen.frames_per_s:.1f}/s")
    line = Markup(" · ").join(filter(None, facts))
    if seen.keyframe_interval_s is not None:
        line += Markup(" · ") + t("keyframe", seconds=f"{seen.keyframe_interval_s:.1f}")
    return {
        "name": view.camera,
        "facts": line,
        "problem": seen.problem,
        "picture": _data_uri("image/jpeg", view.jpeg) if view.jpeg else "",
        "width": view.width,
        "height": view.height,
        "shapes": [_shape(shape, view, t) for shape in view.shapes],
        "note": t("masked" if view.masked else "coarse"),
    }


def _shape(shape: Shape, view: View, t: Tongue) -> dict[str, Any]:
    points = [(x * view.width / 1000, y * view.height / 1000) for x, y in shape.corners]
    name = f"{t.name(shape.kind).striptags()} {shape.name}" if shape.kind == "lane" else shape.name
    return {
        "kind": shape.kind,
        "closed": shape.closed,
        "points": " ".join(f"{x:.0f},{y:.0f}" for x, y in points),
        "label": name if shape.closed else "",  # a line's colour says what it is
        "x": round(sum(x for x, _ in points) / len(points)),
        "y": round(sum(y for _, y in points) / len(points)),
        "size": max(14, view.width // 30),
    }


def _data_uri(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


# -- tests ----------------------------------------------------------------------------------------


def _crossings(
    proofs: Sequence[Proof], config: SiteConfig, chain: Chain, t: Tongue
) -> Iterator[dict[str, Any]]:
    """The newest are drawn."""
    for left, proof in zip(itertools.count(len(proofs), -1), proofs, strict=False):
        measured, recognised = proof.statement.measurement, proof.statement.recognition
        assert measured is not None
        gross = "–" if measured.gross_g is None else f"{measured.gross_g / TONNE:.2f}"
        if measured.gross_g is not None and measured.gross_interval95_g is not None:
            gross += f" ± {measured.gross_interval95_g / TONNE:.2f}"
        yield {
            **_delivered(proof, t),
            "lane": measured.lane,
            "gross": gross,
            "axles": len(measured.axles),
            "speed": "–" if measured.speed_mm_s is None else f"{measured.speed_mm_s * 0.0036:.1f}",
            "flags": " ".join(flag.value for flag in measured.flags),
            "plate": proof.plate,
            "status": t.name(recognised.status.value) if recognised else Markup("–"),
            "limits": [_limit(limit, t) for limit in measured.limits],
            "drawn": left <= MAX_DRAWN,
            "trace": _trace(proof, config, chain, t) if left <= MAX_DRAWN else Markup(""),
        }


def _delivered(proof: Proof, t: Tongue) -> dict[str, Any]:
    """What became of a statement on its way."""
    read, statement = proof.read, proof.statement
    receipt: str | Markup = to_the_second(read.listed.receipted_utc_us)
    if not proof.receipted:
        receipt = (
            t("rejected", why=read.listed.reason) if read.listed.state == "rejected" else t("no_receipt")
        )
    seconds = ["–" if ms is None else f"{ms / 1000:.1f} s" for ms in (proof.to_seal_ms, proof.to_receipt_ms)]
    return {
        "seq": read.seq,
        "sha256": read.listed.payload_sha256,
        "when": to_the_second(statement.time.event_utc_us),
        "use_class": t.name(statement.legal.use_class.value) if statement.legal else Markup("–"),
        "sealed": to_the_second(read.listed.sealed_utc_us),
        "receipted": proof.receipted,
        "receipt": receipt,
        "latency": " / ".join(seconds),
    }


def _limit(limit: Limit, t: Tongue) -> dict[str, Any]:
    def kg(grams: int | None) -> str:
        return "–" if grams is None else f"{grams / 1000:,.0f}"

    return {
        "name": t.name(limit.evaluator),
        "subject": limit.subject,
        "measured": kg(limit.measured_g),
        "deducted": kg(limit.deducted_g),
        "limit": kg(limit.limit_g),
        "result": t.name(limit.outcome.value),
        "tone": JUDGED_TONE.get(limit.outcome, "soft"),
    }


def _trace(proof: Proof, config: SiteConfig, chain: Chain, t: Tongue) -> Markup:
    """The weigh trace out of the statement's own raw bytes; empty where they are not there any more."""
    measured = proof.statement.measurement
    assert measured is not None
    lane = config.lanes.get(measured.lane)
    digest = measured.raw.sha256 if measured.raw else None
    data = chain.attachment(digest) if digest else None
    if lane is None or data is None:
        return Markup("")
    first = measured.first_axle_monotonic_us
    try:
        lines = lines_of_bytes(data, config.ports[lane.port].protocol, lane.scale, Ns(first * US))
    except EdgeAgentError:
        return Markup("")
    marks = [Mark((a.at_monotonic_us - first) / 1e6, f"{a.load_g / TONNE:.2f}") for a in measured.axles]
    texts = (t(key).striptags() for key in ("trace", "trace_x", "trace_y"))
    return Markup(draw_trace(lines, marks, *texts))  # noqa: S704 - ours; its texts are escaped there


def _case(proof: Proof, config: SiteConfig, t: Tongue) -> dict[str, Any]:
    said = proof.statement.storefront
    assert said is not None
    shop = config.street.shops.get(said.shop) if config.street else None
    return {
        **_delivered(proof, t),
        "zone": said.zone,
        "shop": (shop.name if shop else "") or said.shop or "–",
        "event": t.name(said.event_type),
        "stood": f"{span(said.dwell_ms)} / {span(said.stay_ms)}",
    }


# -- the doctor -----------------------------------------------------------------------------------


def _findings(examined: Examined, t: Tongue) -> list[dict[str, Any]]:
    """What is wrong first."""

    def row(finding: Finding) -> dict[str, Any]:
        said = {which: in_words(finding, which) for which in (CHINESE, ENGLISH)}
        parts = {
            part: {which: getattr(said[which], part) for which in said} for part in ("found", "means", "next")
        }
        return {
            "state": t.name(finding.state.value),
            "tone": TONE[finding.state],
            "key": finding.key,
            "subject": finding.subject,
            **{part: t.by_language(texts) for part, texts in parts.items()},
        }

    ordered = sorted(examined.findings, key=lambda finding: WORST_FIRST.index(finding.state))
    return [row(finding) for finding in ordered]
