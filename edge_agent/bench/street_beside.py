"""What the box said of a day beside what was true: reports, misses, re-checks, what was watched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from edge_agent.bench.street_truth import TrueEvent, around, as_row, away_of, dark_lights, truth_of
from edge_agent.core.decisions import Decision, SealCoverage, SealStreet, ZoneChanged
from edge_agent.core.scene import Finding, Phase
from edge_agent.core.street.settings import RuleSettings
from edge_agent.core.units import Ns, S
from edge_agent.sim.street.script import StreetDay
from edge_agent.sim.street.should import Said, match
from edge_agent.sim.street.zones import ShopZone

CHECK_SLACK = 5 * S  # a re-check that comes this near to a change is right either way


def beside_truth(
    day: StreetDay, zones: tuple[ShopZone, ...], rule: RuleSettings, decided: Sequence[Decision]
) -> dict[str, Any]:
    """What was true and what was said of it, as a row of JSON; times in seconds of the day."""
    seals = [one for one in decided if isinstance(one, SealStreet)]
    dark, away, stay = dark_lights(day, rule), away_of(day), Ns(rule.stay_s * S)
    events, everything, reports = [], [], []
    for zone in zones:
        said = _said(seals, zone.name)
        true = truth_of(day, zone, rule, dark, away)
        found = match(true, said, stay)
        by_event = {k: said[i] for i, k in found.items()}
        for k, event in enumerate(true):
            silent = k not in by_event and event.kind != "none"
            timeline = _heard(decided, event) if silent else []
            events.append({**as_row(event), **_answer(event, by_event.get(k)), "timeline": timeline})
        for i, one in enumerate(said):
            kind = true[found[i]].kind if i in found else "false"
            reports.append(_report_row(day, zone, one, "false" if kind == "none" else kind))
        plain = truth_of(day, zone, rule, dark, ())
        everything += _plainly(plain, set(match(plain, said, stay).values()))
    return {
        "events": events,
        "everything": everything,
        "reports": reports,
        "rechecks": _rechecks(day, zones, seals, rule),
        "suspects": sum(isinstance(one, ZoneChanged) and one.detail == "suspect" for one in decided),
        "cleared_early": _cleared_early(day, zones, seals),
        **_coverage(decided),
    }


def _plainly(true: Sequence[TrueEvent], found: set[int]) -> list[bool]:
    """Of each case whether it was found."""
    return [k in found for k, event in enumerate(true) if event.kind == "case"]


def _said(seals: Sequence[SealStreet], zone: str) -> list[Said]:
    """The zone's reports, each until its case was cleared."""
    out: list[Said] = []
    for seal in seals:
        report = seal.report
        if report.zone != zone:
            continue
        if report.phase in (Phase.CONFIRMED, Phase.REOPENED):
            first = report.first_seen_at if report.first_seen_at is not None else report.judged_at
            labels = tuple(item.label for item in report.items)
            out.append(Said(zone, str(report.phase), first, report.judged_at, None, labels))
        elif report.phase is Phase.CLEARED and out:
            last = out[-1]
            end = report.ended_at or report.judged_at
            out[-1] = Said(zone, last.phase, last.first, last.at, Ns(max(end, last.at)), last.labels)
    return out


def _answer(event: TrueEvent, report: Said | None) -> dict[str, Any]:
    if report is None:
        return {"found_s": None, "delay_s": None}
    delay = None if event.due is None else (report.at - event.due) / S
    return {"found_s": report.at / S, "delay_s": delay}


def _report_row(day: StreetDay, zone: ShopZone, one: Said, kind: str) -> dict[str, Any]:
    row = {
        "zone": one.zone,
        "kind": kind,
        "phase": one.phase,
        "first_s": one.first / S,
        "at_s": one.at / S,
        "end_s": None if one.end is None else one.end / S,
        "labels": list(one.labels),
    }
    return row | ({"around": list(around(day, zone, (one.first, one.at)))} if kind == "false" else {})


def _heard(decided: Sequence[Decision], event: TrueEvent) -> list[str]:
    """What was said of the zone meanwhile."""
    return [
        f"{one.at / S:.0f} {one.state} {one.finding} {one.detail}".strip()
        for one in decided
        if isinstance(one, ZoneChanged)
        and one.zone == event.zone
        and event.start - 10 * S <= one.at <= event.end + 10 * S
    ]


def _rechecks(
    day: StreetDay, zones: tuple[ShopZone, ...], seals: Sequence[SealStreet], rule: RuleSettings
) -> dict[str, int]:
    counts: Counter[str] = Counter(right=0, wrong=0, unseen=0)
    true = {zone.name: day.true_occupancy(zone, rule.weak_needed) for zone in zones}
    for seal in seals:
        report = seal.report
        if report.phase is not Phase.RECHECK:
            continue
        if report.finding is Finding.UNSEEN:
            counts["unseen"] += 1
            continue
        at = report.judged_at
        answers = {
            any(start <= t < end for start, end in true[report.zone])
            for t in (at - CHECK_SLACK, at, at + CHECK_SLACK)
        }
        counts["right" if (report.finding is Finding.PRESENT) in answers else "wrong"] += 1
    return dict(counts)


def _cleared_early(day: StreetDay, zones: tuple[ShopZone, ...], seals: Sequence[SealStreet]) -> int:
    """Cases called cleared while goods stood there all along."""
    true = {zone.name: day.true_occupancy(zone) for zone in zones}
    return sum(
        any(
            start <= seal.report.ended_at < seal.report.judged_at < end
            for start, end in true[seal.report.zone]
        )
        for seal in seals
        if seal.report.phase is Phase.CLEARED and seal.report.ended_at is not None
    )


def _coverage(decided: Sequence[Decision]) -> dict[str, Any]:
    watched, blind = 0, Counter[str]()
    for one in decided:
        if isinstance(one, SealCoverage):
            for part in one.parts:
                watched += part.watched_ms
                blind.update(dict(part.blind))
    return {"watched_ms": watched, "blind_ms": dict(sorted(blind.items()))}
