"""What is decided, a line each, as it happens in a replay."""

from __future__ import annotations

from edge_agent.core.decisions import CrossingSeen, Decision, Fault, Seal, SealStreet
from edge_agent.core.records import Crossing, Match, MatchStatus, Outcome, Verdict
from edge_agent.core.units import KG, Ns, S
from edge_agent.local_time import local_time, to_the_millisecond


def told(decision: Decision, utc_minus_mono: Ns | None, utc_offset_minutes: int) -> str:
    """`08:00:12.3  lane 1  ...`; empty for what is not news to a person who watches.

    Args:
        decision: as the core made it.
        utc_minus_mono: of the box's clock then; None: its own time is shown, in seconds.
        utc_offset_minutes: of the site's local time.
    """
    match decision:
        case CrossingSeen():
            what = _crossing(decision.crossing, decision.verdicts)
        case Seal():
            what = f"lane {decision.crossing.lane}  case of #{decision.crossing.number}: {_plate(decision)}"
        case SealStreet():
            report = decision.report
            what = f"zone {report.zone}  {report.event_type} {report.phase}: {report.finding}"
            what += f", stood {report.dwell // S} s"
        case Fault():
            what = f"fault at {decision.source}: {decision.kind} {decision.detail}"
        case _:
            return ""
    return f"{_time(decision.at, utc_minus_mono, utc_offset_minutes)}  {what}"


def _time(at: Ns, utc_minus_mono: Ns | None, utc_offset_minutes: int) -> str:
    if utc_minus_mono is None:
        return f"{at / S:12.3f}"
    return to_the_millisecond(local_time(Ns(at + utc_minus_mono), utc_offset_minutes))


def _crossing(crossing: Crossing, verdicts: tuple[Verdict, ...]) -> str:
    gross = "no weight" if crossing.gross is None else f"{crossing.gross // KG:,} kg"
    speed = "" if crossing.speed is None else f", {crossing.speed * 36 / 10_000:.0f} km/h"
    over = [verdict for verdict in verdicts if verdict.outcome is Outcome.OVER]
    limits = "".join(
        f"; OVER {verdict.evaluator} {verdict.subject} by {(verdict.excess or 0) // KG:,} kg"
        for verdict in over
    )
    flags = f" [{' '.join(crossing.flags)}]" if crossing.flags else ""
    axles = f"{len(crossing.axles)} axles"
    return f"lane {crossing.lane}  #{crossing.number}: {axles}, {gross}{speed}{limits}{flags}"


def _plate(seal: Seal) -> str:
    match: Match = seal.match
    amended = f" (amended, revision {seal.revision})" if seal.revision else ""
    if match.status is MatchStatus.MATCHED and match.read:
        return f"matched {match.read.text}{amended}"
    return f"{match.status}{amended}"
