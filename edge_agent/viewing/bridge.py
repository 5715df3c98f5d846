"""What the bridge concluded, as things to show: crossings, axles, verdicts, matches."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.core.decisions import CrossingSeen, Seal
from edge_agent.core.events import PlateSeen
from edge_agent.core.records import Crossing, Match, Outcome, Verdict
from edge_agent.core.units import TONNE, Ns, S
from edge_agent.viewing.plates import PlateWords
from edge_agent.viewing.things import Line, Numbers, Place, State, Thing

KMH_PER_MM_S = 0.0036
MATCH_SHOWN = 3 * S  # a match is a moment; as a bar it can be seen
IN_ORDER = (Outcome.OVER, Outcome.NOT_ASSESSED, Outcome.WITHIN, Outcome.NOT_COVERED)


def crossing(seen: CrossingSeen) -> Iterator[Thing]:
    """One vehicle over the scale: its axles where they were, the rest where its first axle was."""
    crossed, lane = seen.crossing, ("lanes", seen.crossing.lane)
    for axle in crossed.axles:
        values = {"axle_t": axle.load / TONNE, "interval_t": axle.interval / TONNE}
        yield Numbers(axle.at, (*lane, "axle"), values)
    yield Numbers(crossed.first_axle_at, (*lane, "crossing"), _numbers(crossed))
    yield State(crossed.first_axle_at, (*lane, "limits"), _said(seen.verdicts))
    yield State(crossed.closed_at, (*lane, "limits"), "")
    over = [verdict for verdict in seen.verdicts if verdict.outcome is Outcome.OVER]
    yield Line(seen.at, "warning" if over else "info", f"lane/{crossed.lane}", _words(crossed, over))


def _numbers(crossed: Crossing) -> dict[str, float]:
    values: dict[str, float] = {"axles": len(crossed.axles)}
    if crossed.gross is not None:
        values["gross_t"] = crossed.gross / TONNE
    if crossed.gross_interval is not None:
        values["interval_t"] = crossed.gross_interval / TONNE
    if crossed.speed is not None:
        values["speed_kmh"] = crossed.speed * KMH_PER_MM_S
    return values


def _said(verdicts: tuple[Verdict, ...]) -> str:
    """Over where anything is; else what the posted limit says, and without one the first of `IN_ORDER`."""
    outcomes = {verdict.outcome for verdict in verdicts}
    posted = [verdict.outcome for verdict in verdicts if verdict.evaluator == "posted"]
    if posted and Outcome.OVER not in outcomes:
        return posted[0].value
    return next((outcome.value for outcome in IN_ORDER if outcome in outcomes), "")


def _words(crossed: Crossing, over: list[Verdict]) -> str:
    gross = "no gross weight" if crossed.gross is None else f"{crossed.gross / TONNE:.2f} t"
    if crossed.gross_interval is not None:
        gross += f" ± {crossed.gross_interval / TONNE:.2f}"
    speed = "" if crossed.speed is None else f", {crossed.speed * KMH_PER_MM_S:.1f} km/h"
    flags = f" [{' '.join(crossed.flags)}]" if crossed.flags else ""
    limits = "".join(
        f"; over {verdict.evaluator} by {verdict.excess / TONNE:.2f} t" if verdict.excess else ""
        for verdict in over
    )
    return f"crossing {crossed.number}: {gross}, {len(crossed.axles)} axles{speed}{flags}{limits}"


def case(seal: Seal, plates: PlateWords) -> Iterator[Thing]:
    """A case was sealed: the match, with every candidate's posterior."""
    match, lane = seal.match, ("lanes", seal.crossing.lane)
    best = match.candidates[0].posterior if match.candidates else 0
    values = {"best": best / 1e6, "none": match.none_posterior / 1e6, "margin": match.margin / 1e6}
    yield Numbers(match.decided_at, (*lane, "match"), values)
    yield from _moment(match.decided_at, (*lane, "match", "status"), match.status.value)
    text = f"crossing {match.crossing}: {match.status.value}{_candidates(match, plates)}"
    yield Line(seal.at, "info", f"lane/{match.lane}", text)
    reasons = f" ({', '.join(seal.reasons)})" if seal.reasons else ""
    text = f"case {seal.case}.{seal.revision} sealed, class {seal.use_class.value}{reasons}"
    yield Line(seal.at, "warning", f"lane/{match.lane}", text)


def _candidates(match: Match, plates: PlateWords) -> str:
    said = [f"{plates(c.read.text)} ({c.read.id}) {c.posterior / 1e4:.2f} %" for c in match.candidates]
    return "".join(f"; {words}" for words in [*said, f"none {match.none_posterior / 1e4:.2f} %"])


def _moment(at: Ns, path: Place, state: str) -> Iterator[State]:
    yield State(at, path, state)
    yield State(Ns(at + MATCH_SHOWN), path, "")


def plate(seen: PlateSeen, plates: PlateWords) -> Iterator[Thing]:
    """A read came in."""
    path = ("cameras", seen.camera, "plate")
    yield Numbers(seen.captured_at or seen.at, path, {"confidence": seen.confidence / 1000})
    what = " ".join(word for word in (seen.colour, seen.vehicle, seen.direction) if word)
    text = f"plate {plates(seen.text)} {seen.confidence / 10:.1f} %{f' ({what})' if what else ''}"
    yield Line(seen.at, "info", f"camera/{seen.camera}", text)
