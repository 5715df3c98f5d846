"""What the live page says, in words: health, vehicles, zones, boxes. Made anew each time it is asked for."""

from __future__ import annotations

from typing import Any

from edge_agent.console.accounts import TECHNICIAN
from edge_agent.console.box import Box
from edge_agent.console.details import detail_in_words
from edge_agent.console.parts import part_in_words
from edge_agent.console.recent import Weighed
from edge_agent.core.events import ClockStatus
from edge_agent.core.records import MatchStatus, Outcome, Verdict
from edge_agent.core.scene import ZoneState
from edge_agent.core.units import MS, TONNE, US, Ns, S
from edge_agent.devices import clock
from edge_agent.report.names import FINDING, STATE
from edge_agent.report.times import span, to_the_second
from edge_agent.report.words import FLAG
from edge_agent.web.gate import Visit
from edge_agent.web.words import Words

MOST_ROWS = 12
KMH = 0.0036  # of a millimetre a second
TONE = {Outcome.OVER: "bad", Outcome.WITHIN: "good"}
STALE_NS = 15 * S  # boxes of a picture this old say nothing of now


def live_state(box: Box, visit: Visit, words: Words) -> dict[str, Any]:
    """For the page's script; texts are in the visitor's language."""
    now = clock.monotonic()
    level = box.health.level()
    return {
        "now_ms": now // MS,
        "level": level,
        "level_text": words(f"level_{level}"),
        "unwell": [
            {
                "part": part_in_words(part.part, words),
                "state": words.name(part.state, words_of_states(words)),
                "detail": detail_in_words(part.detail, words),
            }
            for part in box.health.unwell()
        ],
        "clock": clock_in_words(box.clock(), words),
        "chain": _chain(box, words),
        "crossings": [_crossing(one, box, visit, words) for one in box.recent.weighed()[:MOST_ROWS]],
        "zones": _zones(box, now, words),
        "boxes": {name: _boxes(box, name, now) for name in box.cameras},
    }


def words_of_states(words: Words) -> dict[str, str]:
    """How a part may be."""
    return {state: words(f"state_{state}") for state in ("degraded", "blind", "stuck", "fault", "unknown")}


def clock_in_words(status: ClockStatus, words: Words) -> str:
    """The time, and how well it is known."""
    said = to_the_second((status.at + status.utc_minus_mono) // US)
    if not status.synced:
        return words("clock_unsynced", time=said)
    if status.est_error is None:
        return words("clock_unbounded", time=said, source=status.source.upper())
    return words(
        "clock_synced", time=said, source=status.source.upper(), error=f"{status.est_error / MS:.1f}"
    )


def _chain(box: Box, words: Words) -> str:
    glance = box.health.glance()
    if glance is None:
        return words("chain_unknown")
    oldest = span(1000 * glance.oldest_pending_s) if glance.oldest_pending_s is not None else "–"
    return words("chain_is", seq=glance.head.seq, pending=glance.pending, oldest=oldest, lost=glance.lost)


# -- vehicles -------------------------------------------------------------------------------------


def _crossing(one: Weighed, box: Box, visit: Visit, words: Words) -> dict[str, str]:
    crossing = one.seen.crossing
    outcome = decisive(one.seen.verdicts)
    gross = "–" if crossing.gross is None else f"{crossing.gross / TONNE:.2f}"
    if crossing.gross is not None and crossing.gross_interval is not None:
        gross += f" ± {crossing.gross_interval / TONNE:.2f}"
    at = box.utc_us(crossing.first_axle_at)
    return {
        "time": _when(at, crossing.first_axle_at, words),
        "lane": crossing.lane,
        "axles": str(len(crossing.axles)),
        "gross": gross,
        "speed": "–" if crossing.speed is None else f"{crossing.speed * KMH:.0f}",
        "flags": words("comma").join(words.name(flag.value, FLAG) for flag in crossing.flags) or "–",
        "verdict": words(outcome.value) if outcome else "–",
        "tone": TONE.get(outcome, "") if outcome else "",
        "use": words(one.seal.use_class.value) if one.seal else "–",
        "plate": _plate(one, outcome, visit, words),
    }


def decisive(verdicts: tuple[Verdict, ...]) -> Outcome | None:
    """The worst that a rule whose text has been read says; None: no rule says anything."""
    said = {verdict.outcome for verdict in verdicts if not verdict.reference_only}
    order = (Outcome.OVER, Outcome.NOT_ASSESSED, Outcome.WITHIN, Outcome.NOT_COVERED)
    return next((outcome for outcome in order if outcome in said), None)


def _plate(one: Weighed, outcome: Outcome | None, visit: Visit, words: Words) -> str:
    """Nobody's plate but of a vehicle over a limit, and that for technicians alone."""
    if one.seal is None:
        return words("plate_waiting" if outcome is Outcome.OVER else "plate_not_kept")
    match = one.seal.match
    if match.status is MatchStatus.MATCHED and match.read and visit.role == TECHNICIAN:
        return match.read.text
    return words(f"plate_{match.status.value}")


def _when(utc_us: int | None, at: Ns, words: Words) -> str:
    if utc_us is not None:
        return to_the_second(utc_us)
    return words("ago", time=span((clock.monotonic() - at) // S * 1000))


# -- the street -----------------------------------------------------------------------------------


def _zones(box: Box, now: Ns, words: Words) -> list[dict[str, str]]:
    street = box.config.street
    shops = street.shops if street else {}
    rows = []
    for name, zone in box.zones().items():
        shop = shops.get(zone.shop)
        looked = zone.looked_at > 0
        rows.append(
            {
                "zone": name,
                "shop": (shop.name if shop else "") or zone.shop or words("no_shop"),
                "state": zone.state.value,
                "state_text": words.name(zone.state.value, STATE),
                "finding": words.name(zone.finding.value, FINDING),
                "dwell": span(zone.dwell // MS // 1000 * 1000) if zone.dwell else "–",
                "asked": span(zone.asked // MS),
                "looked": words("ago", time=span((now - zone.looked_at) // S * 1000)) if looked else "–",
                "tone": _tone(zone.state),
            }
        )
    order = {ZoneState.ONGOING: 0, ZoneState.CONFIRMED: 0, ZoneState.CANDIDATE: 1, ZoneState.CLEAR: 2}
    return sorted(rows, key=lambda row: (order[ZoneState(row["state"])], row["shop"], row["zone"]))


def _tone(state: ZoneState) -> str:
    if state is ZoneState.CLEAR:
        return "good"
    return "warn" if state is ZoneState.CANDIDATE else "bad"


def _boxes(box: Box, camera: str, now: Ns) -> list[dict[str, Any]]:
    """Of the last picture of a street camera that was looked at; a road camera is looked at seldom."""
    scene = box.recent.scene(camera)
    if scene is None or now - scene.captured_at > STALE_NS:
        return []
    return [
        {
            "label": found.label,
            "role": found.role,
            "score": found.score,
            "box": [found.x_min, found.y_min, found.x_max, found.y_max],
        }
        for found in scene.detections
    ]
