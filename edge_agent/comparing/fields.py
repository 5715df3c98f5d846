"""An outcome field by field: what was concluded, and the numbers that it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.comparing.outcomes import (
    BridgeCase,
    BridgeCrossing,
    FaultCount,
    Look,
    StreetCase,
    Suspect,
    WatchedTime,
)
from edge_agent.core.records import Verdict

Value = int | str | tuple[str, ...] | None
AnyOutcome = BridgeCrossing | StreetCase | Look | Suspect | FaultCount | WatchedTime

KINDS: dict[type[AnyOutcome], str] = {
    BridgeCrossing: "crossing",
    StreetCase: "case",
    Look: "look",
    Suspect: "suspect",
    FaultCount: "fault",
    WatchedTime: "watched",
}

# Reasons against a higher use class that are about pictures. A replay asks no camera: with other settings it
# wants pictures of other instants, and has none of them. So these are no conclusions.
PICTURES = frozenset(
    {
        "pictures_missing",
        "pictures_small",
        "pictures_identical",
        "picture_spacing",
        "reference_differs",
        "vehicle_unchecked",
    }
)


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that an outcome says.

    `unit` is empty for a conclusion (over, matched, a plate, a use class); for a number that conclusions
    rest on it is g, ns, ms, ppm, mm_s, count or labels.
    """

    value: Value
    unit: str = ""


def fields_of(outcome: AnyOutcome) -> dict[str, Field]:
    """Every field of an outcome by its name, always in the same order."""
    match outcome:
        case BridgeCrossing():
            return dict(_crossing(outcome))
        case StreetCase():
            return dict(_case(outcome))
        case Look():
            return {
                "finding": Field(str(outcome.finding)),
                **_use(outcome),
                "judged_at": Field(outcome.judged_at, "ns"),
            }
        case Suspect():
            return {"at": Field(outcome.at, "ns")}
        case FaultCount():
            return {"count": Field(outcome.count, "count")}
        case WatchedTime():
            blind = {f"blind.{reason}": Field(ms, "ms") for reason, ms in outcome.blind}
            return {"watched_ms": Field(outcome.watched_ms, "ms"), **blind}


def _crossing(seen: BridgeCrossing) -> Iterator[tuple[str, Field]]:
    for verdict in seen.verdicts:
        yield f"verdict.{verdict.evaluator}.{verdict.subject}.outcome", Field(str(verdict.outcome))
    yield "flags", Field(seen.flags)
    yield "axles", Field(seen.axles)
    yield "case", Field("sealed" if seen.case else None)
    if seen.case is not None:
        yield from _bridge_case(seen.case)
    yield "first_axle_at", Field(seen.first_axle_at, "ns")
    yield "last_axle_at", Field(seen.last_axle_at, "ns")
    yield "gross", Field(seen.gross, "g")
    yield "gross_interval", Field(seen.gross_interval, "g")
    yield "speed", Field(seen.speed, "mm_s")
    for verdict in seen.verdicts:
        yield from _numbers(verdict)


def _numbers(verdict: Verdict) -> Iterator[tuple[str, Field]]:
    name = f"verdict.{verdict.evaluator}.{verdict.subject}"
    if verdict.subject != "gross":  # that is the crossing's own
        yield f"{name}.measured", Field(verdict.raw, "g")
    yield f"{name}.deducted", Field(verdict.deducted, "g")
    yield f"{name}.limit", Field(verdict.limit, "g")
    yield f"{name}.basis", Field((verdict.legal_basis,), "labels")


def _bridge_case(case: BridgeCase) -> Iterator[tuple[str, Field]]:
    match = case.match
    yield "case.match.status", Field(str(match.status))
    yield "case.match.plate", Field(match.plate)
    yield from ((f"case.{name}", field) for name, field in _use(case).items())
    confirmed = {None: "unchecked", True: "yes", False: "no"}[case.vehicle_confirmed]
    yield "case.vehicle_confirmed", Field(confirmed)
    yield "case.match.best", Field((match.best,) if match.best else (), "labels")
    yield "case.match.posterior", Field(match.posterior or 0, "ppm")
    yield "case.match.margin", Field(match.margin, "ppm")
    yield "case.match.none_posterior", Field(match.none_posterior, "ppm")
    yield "case.revision", Field(case.revision, "count")


def _case(case: StreetCase) -> Iterator[tuple[str, Field]]:
    yield "opened", Field(str(case.opened))
    yield "event_type", Field(case.event_type)
    yield "rule", Field(case.rule)
    yield "shop", Field(case.shop)
    yield from _use(case).items()
    yield "first_seen_at", Field(case.first_seen_at, "ns")
    yield "confirmed_at", Field(case.confirmed_at, "ns")
    yield "cleared_at", Field(case.cleared_at, "ns")
    yield "dwell", Field(case.dwell, "ns")
    yield "stay_ms", Field(case.stay_ms, "ms")
    yield "ongoing", Field(case.ongoing, "count")
    yield "revision", Field(case.revision, "count")
    yield "items", Field(tuple(sorted(item.label for item in case.items)), "labels")


def _use(said: BridgeCase | StreetCase | Look) -> dict[str, Field]:
    return {
        "use_class": Field(str(said.use_class)),
        "reasons": Field(tuple(word for word in said.reasons if word not in PICTURES)),
        "pictures": Field(tuple(word for word in said.reasons if word in PICTURES), "labels"),
    }
