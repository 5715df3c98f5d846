"""The core's records as the statement says them: one function a record, nothing decided here."""

from __future__ import annotations

from edge_agent.core.decisions import Seal
from edge_agent.core.records import Axle, AxleGroup, Detection, Match, PlateRead, Verdict
from edge_agent.core.units import US
from edge_agent.evidence.statement_bridge import (
    Limit,
    MeasuredAxle,
    MeasuredGroup,
    Measurement,
    Network,
    Plate,
    PlateCandidate,
    PlateString,
    RawData,
    ReadingOnBox,
    Recognition,
    Threshold,
)
from edge_agent.evidence.statement_parts import Box, Wording

# So many fit a statement of 64 KiB with room to spare; what is left out is counted.
MAX_CANDIDATES = 8
MAX_PICTURES = 16
MAX_BOXES = 16


def measurement(seal: Seal, raw_sha256: str | None) -> Measurement:
    """The crossing and what the limits say of it."""
    crossing = seal.crossing
    return Measurement(
        lane=crossing.lane,
        crossing=crossing.number,
        case=seal.case,
        revision=seal.revision,
        gross_g=crossing.gross,
        gross_interval95_g=crossing.gross_interval,
        axles=[_axle(axle) for axle in crossing.axles],
        groups=[_group(group) for group in crossing.groups],
        speed_mm_s=crossing.speed,
        speed_sd_mm_s=crossing.speed_sd,
        speed_source=crossing.speed_source,
        acceleration_mm_s2=crossing.acceleration,
        first_axle_monotonic_us=crossing.first_axle_at // US,
        last_axle_monotonic_us=crossing.last_axle_at // US,
        flags=list(crossing.flags),
        sample_rate_mhz=crossing.rate_mhz,
        zero_g=crossing.zero,
        temperature_millicelsius=crossing.temperature,
        calibration=crossing.calibration,
        raw=_raw(seal, raw_sha256),
        limits=[_limit(verdict) for verdict in seal.verdicts],
        assumptions=sorted({a for verdict in seal.verdicts for a in verdict.assumptions}),
    )


def recognition(seal: Seal) -> Recognition:
    """The matcher's answer and the detector's boxes."""
    match = seal.match
    kept = match.candidates[:MAX_CANDIDATES]
    frames = seal.detections[:MAX_PICTURES]
    boxes = [_best(frame) for frame in frames]
    return Recognition(
        status=match.status,
        plate=_plate(match.read) if match.read else None,
        posterior_ppm=match.candidates[0].posterior if match.candidates else 0,
        runner_up_ppm=_runner_up(match),
        none_ppm=match.none_posterior,
        margin_ppm=match.margin,
        predicted_monotonic_us=match.predicted_at // US,
        predicted_sd_us=match.predicted_sd // US,
        late=match.late,
        candidates=[PlateCandidate(plate=_plate(c.read), posterior_ppm=c.posterior) for c in kept],
        candidates_left_out=len(match.candidates) - len(kept),
        vehicle_confirmed=seal.vehicle_confirmed,
        detector_sha256=seal.model_sha256 or None,
        detections=boxes,
        detections_left_out=sum(map(len, seal.detections)) - sum(map(len, boxes)),
    )


def _axle(axle: Axle) -> MeasuredAxle:
    return MeasuredAxle(
        at_monotonic_us=axle.at // US,
        load_g=axle.load,
        interval95_g=axle.interval,
        left_g=axle.left,
        right_g=axle.right,
        offset_mm=axle.offset,
        samples=axle.samples,
    )


def _group(group: AxleGroup) -> MeasuredGroup:
    return MeasuredGroup(
        first_axle=group.first,
        axle_count=group.count,
        load_g=group.load,
        interval95_g=group.interval,
        spacings_mm=list(group.spacings),
    )


def _limit(verdict: Verdict) -> Limit:
    return Limit(
        evaluator=verdict.evaluator,
        subject=verdict.subject,
        outcome=verdict.outcome,
        measured_g=verdict.raw,
        deduction_g=verdict.deduction,
        deducted_g=verdict.deducted,
        limit_g=verdict.limit,
        excess_g=verdict.excess,
        legal_basis=verdict.legal_basis,
        rule_version=verdict.rule_version,
        deduction_basis=verdict.deduction_ref,
        assumptions=list(verdict.assumptions),
        reference_only=verdict.reference_only,
        text=Wording(en=verdict.text_en, zh=verdict.text_zh),
    )


def _raw(seal: Seal, sha256: str | None) -> RawData | None:
    if seal.raw is None:
        return None
    return RawData(
        port=seal.raw.port,
        start_monotonic_us=seal.raw.start // US,
        end_monotonic_us=seal.raw.end // US,
        sha256=sha256,
    )


def _runner_up(match: Match) -> int:
    return max([match.none_posterior, *(c.posterior for c in match.candidates[1:])])


def _plate(read: PlateRead) -> Plate:
    return Plate(
        text=read.text,
        colour=read.colour,
        vehicle=read.vehicle,
        confidence_permille=read.confidence,
        camera=read.camera,
        read=read.id,
        read_monotonic_us=read.at // US,
        read_sd_us=read.at_sd // US,
        reads=read.reads,
        agreeing=read.agreeing,
        side=read.side,
        on_box=_on_box(read),
    )


def _on_box(read: PlateRead) -> ReadingOnBox | None:
    if read.means is None:
        return None
    return ReadingOnBox(
        networks=[Network(name=name, sha256=sha256) for name, sha256 in read.means.models],
        thresholds=[Threshold(name=name, value=value) for name, value in read.means.thresholds],
        pictures_decoded=read.means.decoded,
        pictures_read=read.means.read,
        strings=[PlateString(text=c.text, confidence_permille=c.score) for c in read.candidates],
    )


def _best(frame: tuple[Detection, ...]) -> list[Box]:
    """Boxes in the lane first, then by score; ties by place in the picture, then by name."""
    ranked = sorted(
        frame, key=lambda d: (not d.in_lane, -d.score, d.x_min, d.y_min, d.x_max, d.y_max, d.label, d.role)
    )
    return [box(detection) for detection in ranked[:MAX_BOXES]]


def box(detection: Detection) -> Box:
    """A detector's box."""
    return Box(
        label=detection.label,
        role=detection.role,
        score_permille=detection.score,
        x_min=detection.x_min,
        y_min=detection.y_min,
        x_max=detection.x_max,
        y_max=detection.y_max,
        in_lane=detection.in_lane,
    )
