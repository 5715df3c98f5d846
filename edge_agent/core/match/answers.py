"""From a standing to an answer: matched, ambiguous or unmatched."""

from __future__ import annotations

from edge_agent.core.match.pool import Vehicle, best_read
from edge_agent.core.match.posterior import Standing
from edge_agent.core.match.settings import MatchSettings
from edge_agent.core.records import Match, MatchCandidate, MatchStatus
from edge_agent.core.units import Ns, Ppm

NOTHING_KNOWN = Standing((), 0)


def sure(standing: Standing, settings: MatchSettings) -> bool:
    """One sighting is probable enough, and enough more probable than anything else."""
    best = standing.best
    return best is not None and best[0] >= settings.decide_ppm and standing.margin >= settings.margin_ppm


def open_status(standing: Standing, settings: MatchSettings) -> MatchStatus:
    """Ambiguous while any readable plate is plausible, be its reads at odds or not; else unmatched.

    An unreadable sighting takes its vehicle like any other, and keeps readable ones from it; what
    it leaves is a crossing with a picture and no plate: unmatched.
    """
    plausible = any(ppm >= settings.plausible_ppm and s.legible for ppm, s in standing.candidates)
    return MatchStatus.AMBIGUOUS if plausible else MatchStatus.UNMATCHED


def answer(
    vehicle: Vehicle, status: MatchStatus, standing: Standing, now: Ns, settings: MatchSettings
) -> Match:
    """Put it into words; an answer to a crossing that had one is `late`."""
    listed = tuple(
        MatchCandidate(best_read(vehicle, sighting, settings), Ppm(ppm))
        for ppm, sighting in standing.candidates
        if ppm >= settings.report_floor_ppm
    )
    return Match(
        lane=vehicle.crossing.lane,
        crossing=vehicle.crossing.number,
        status=status,
        decided_at=now,
        predicted_at=vehicle.expected.at,
        predicted_sd=vehicle.sd,
        candidates=listed,
        none_posterior=Ppm(standing.none_ppm),
        margin=Ppm(standing.margin),
        late=vehicle.answer is not None,
    )
