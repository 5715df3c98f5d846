"""What a rule should make of what really stood past a zone's door line: for scoring, never for concluding.

* An **event** is when enough goods stood on a zone's ground (`truth.occupied`), two stretches no further
  apart than the rule's gap made one.
* Its **dwell** is its time without (a) what nobody could have watched; (b) a delivery within the rule's
  grace; (c) what is outside the rule's hours. Goods whose stay was not reached before the rule paused for
  longer than its cooldown begin anew.
* It is a **case** when its dwell reaches `SURELY` times the stay that the rule asks for, by the window, the
  shop's grade and the light; **none** when it never reaches that stay; **open** between the two (a day's end,
  an outage or a delivery cut it short), when either answer is right. Open is also what came after a case when
  less than `SURELY` times `clear_s` of the time between could be watched: for all that anybody saw, it is the
  same case. An open one counts nowhere.
* A **report** (a record that confirms or reopens) finds an event of its zone when it comes within `NEAR` of a
  stay of when it was due, or when the two overlap in time by `LEAST_IOU`; what was never cleared (the day
  ended, or the camera saw no more) claims nothing beyond the picture that confirmed it, and is compared up to
  there. One report an event: a second one of the same goods is false, and so is one of an event that is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from edge_agent.core.street.hours import InForce
from edge_agent.core.street.settings import RuleSettings
from edge_agent.core.units import MS, Ns, S
from edge_agent.sim.street.truth import Interval, merged

SURELY = 1.5
NEAR = 0.2  # 60 s of a stay of 300 s, scaled
LEAST_IOU = 0.3
KINDS = ("case", "open", "none")
STEP = 100 * MS
WHOLE = 1000  # permille

ALWAYS = InForce(holds=True, detail="", window="always", stay_s=None)


@dataclass(frozen=True, slots=True)
class Stood:
    """Goods that stood in one zone, and what the rule should make of them."""

    zone: str
    start: Ns
    end: Ns
    dwell: Ns  # that counts
    due: Ns | None  # when the stay was reached
    kind: str  # case | open | none


@dataclass(frozen=True, slots=True)
class Said:
    """One report: a record that confirmed or reopened a case."""

    zone: str
    phase: str
    first: Ns  # seen
    at: Ns  # judged
    end: Ns | None  # cleared; None where it never was
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Around:
    """What else a rule looks at, besides the goods."""

    away: Sequence[Interval]  # nobody could have watched
    unloading: Sequence[Interval]  # a delivery stood beside the zone
    dark: Callable[[int], bool]  # the rule asks for a longer stay in this light
    in_force: Callable[[int], InForce] = lambda _at: ALWAYS
    tier_stay: int = WHOLE  # permille of the stay, by the shop's grade


def should(zone: str, occupied: Sequence[Interval], rule: RuleSettings, around: Around) -> tuple[Stood, ...]:
    """Everything that stood past the zone's door line, with what the rule should make of it.

    Args:
        zone: its name.
        occupied: when enough goods stood on its ground.
        rule: that holds there.
        around: what else it looks at.
    """
    events: list[Stood] = []
    for span in merged(occupied, rule.gap_s * S):
        kind, dwell, due = _judged(rule, span, around)
        event = Stood(zone, Ns(span[0]), Ns(span[1]), dwell, due, kind)
        before = events[-1] if events else None
        follows = before is not None and before.kind != "none" and event.kind == "case"
        if before and follows and _seen(before.end, event.start, around.away) < SURELY * rule.clear_s * S:
            event = replace(event, kind="open")
        events.append(event)
    return tuple(events)


def match(events: Sequence[Stood], said: Sequence[Said], stay: Ns) -> dict[int, int]:
    """Which report (index) found which event (index): cases first, then by overlap, one to one."""
    pairs = []
    for i, report in enumerate(said):
        for k, event in enumerate(events):
            overlap = _overlap(report, event)
            late = abs(report.at - event.due) if event.due is not None else None
            if report.zone == event.zone and (
                overlap >= LEAST_IOU or (late is not None and late <= NEAR * stay)
            ):
                pairs.append((KINDS.index(event.kind), -overlap, i, k))
    found: dict[int, int] = {}
    for _, _, i, k in sorted(pairs):
        if i not in found and k not in found.values():
            found[i] = k
    return found


def _judged(rule: RuleSettings, span: Interval, around: Around) -> tuple[str, Ns, Ns | None]:
    """Case, open or none; the dwell that counts; when it reached the stay."""
    dwell, excused, paused, due, surely = 0, 0, 0, None, False
    dark_at: int | None = None
    for t in range(span[0], span[1], STEP):
        if any(start <= t < end for start, end in around.away):
            continue
        if around.dark(t):
            dark_at = t
        force = around.in_force(t)
        if not force.holds:
            paused += STEP
            continue
        if paused > rule.cooldown_s * S and due is None:
            dwell = excused = 0
        paused = 0
        if excused < rule.unloading_grace_s * S and any(start <= t < end for start, end in around.unloading):
            excused += STEP
            continue
        dwell += STEP
        dark = dark_at is not None and t - dark_at <= rule.gap_s * S
        need = _asked(rule, force, around.tier_stay, dark=dark)
        if due is None and dwell >= need:
            due = Ns(t)
        surely = surely or dwell >= SURELY * need
    return ("case" if surely else "open" if due is not None else "none"), Ns(dwell), due


def _asked(rule: RuleSettings, force: InForce, tier_stay: int, *, dark: bool) -> int:
    """The stay that the rule asks for: the window's or its own, by grade and light."""
    need = (force.stay_s or rule.stay_s) * S * tier_stay // WHOLE
    if dark:
        need = need * rule.low_light_stay // WHOLE
    return max(need, rule.candidate_s * S)


def _seen(start: int, end: int, away: Sequence[Interval]) -> int:
    """How much of a time could be watched."""
    return end - start - sum(max(0, min(end, b) - max(start, a)) for a, b in away)


def _overlap(report: Said, event: Stood) -> float:
    if report.end is None:
        return _iou((report.first, report.at), (event.start, min(event.end, report.at)))
    return _iou((report.first, report.end), (event.start, event.end))


def _iou(a: Interval, b: Interval) -> float:
    both = min(a[1], b[1]) - max(a[0], b[0])
    return both / (max(a[1], b[1]) - min(a[0], b[0])) if both > 0 else 0.0
