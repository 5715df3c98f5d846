"""A street for tests: looks at a zone, a rule that follows them, a site of storefronts with its camera."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from edge_agent.core.decisions import Decision, SealStreet, TakePictures
from edge_agent.core.events import Captured, ClockSource, ClockStatus, Event, SceneSeen, Started, Tick
from edge_agent.core.records import Detection, Picture
from edge_agent.core.scene import EvidenceItem, Finding, Phase, StillObject, StreetReport, View
from edge_agent.core.site import Site
from edge_agent.core.site_settings import SiteSettings
from edge_agent.core.street.hours import InForce
from edge_agent.core.street.rule import Move, ZoneRule
from edge_agent.core.street.sample import Sample
from edge_agent.core.street.settings import RuleSettings
from edge_agent.core.units import MS, S

FINDING = {"P": Finding.PRESENT, "S": Finding.SUSPECT, "A": Finding.ABSENT, "?": Finding.UNSEEN}
ALWAYS = InForce(holds=True, detail="", window="always", stay_s=None)
NEVER = InForce(holds=False, detail="outside_hours", window="", stay_s=None)

# 2026-06-15, a Monday, 12:00 in Beijing, at monotonic time 0.
NOON_UTC = 1_781_496_000 * S


def a_look(at_s: float, finding: str = "P", *, unloading: bool = False, low_light: bool = False) -> Sample:
    """One look at a zone: P goods are there, A nothing, S something unnamed, ? could not look."""
    return Sample(round(at_s * S), FINDING[finding], "", (), 500, None, None, unloading, low_light)


def a_rule(**changes: object) -> RuleSettings:
    """The default rule, always in force."""
    return RuleSettings.model_validate({"hours": {"enforce": []}, **changes})


def a_zone_rule(**changes: object) -> ZoneRule:
    """Its state machine, for a camera that looks once a second while something is there."""
    return ZoneRule(a_rule(**changes), slowest=1 * S, watched=15 * S)


def looks(*stretches: tuple[str, float], period_s: float = 1, start_s: float = 0) -> Iterator[Sample]:
    """A look each period: ("A", 60), ("P", 300) is a minute of nothing, then five of goods."""
    at = start_s
    for finding, seconds in stretches:
        for _ in range(round(seconds / period_s)):
            yield a_look(at, finding)
            at += period_s


def follow(
    rule: ZoneRule, samples: Iterable[Sample], force: InForce = ALWAYS, tier: int = 1000
) -> list[tuple[float, Move]]:
    """Every step that the rule takes, with its second."""
    return [(sample.at / S, move) for sample in samples for move in rule.look(sample, force, tier)]


def marks(steps: list[tuple[float, Move]]) -> list[tuple[float, str]]:
    """What happened when."""
    return [(at, str(move.mark)) for at, move in steps]


# -- a whole site ----------------------------------------------------------------------------------

FIT = View("r" * 64, luma=120, contrast=50, sharpness=1000, shift_mpx=0, registered=True, frozen_ms=0)
ZONE = {"rule": "shopfront", "shop": "a", "polygon": [[0.1, 0.5], [0.9, 0.5], [0.9, 0.95], [0.1, 0.95]]}


def street_settings(*, zone: dict[str, object] | None = None, **changes: object) -> SiteSettings:
    """One camera, one zone of one shop; `rule` changes the rule, everything else the street."""
    rule = changes.pop("rule", {})
    street = {
        "shops": {"a": {"name": "Shop A"}},
        "rules": {"shopfront": rule},
        "cameras": {"cam1": {"zones": {"front": {**ZONE, **(zone or {})}}}},
        **changes,
    }
    return SiteSettings.model_validate({"id": "street-test", "legal": {}, "street": street})


def a_scene(at_s: float, *labels: str, camera: str = "cam1", view: View = FIT, model: str = "m") -> SceneSeen:
    """A picture with these things standing side by side on the pavement."""
    boxes = [(100 + 150 * k, 600, 220 + 150 * k, 850) for k, _ in enumerate(labels)]
    at = round(at_s * S)
    return SceneSeen(
        at,
        camera,
        at,
        30 * MS,
        tuple(Detection(label, "evidence", 900, *box) for label, box in zip(labels, boxes, strict=True)),
        tuple(StillObject(*box, 30_000, at) for box in boxes),
        view,
        model * 64,
    )


def scenes(*stretches: tuple[str, float], start_s: float = 0, period_s: float = 1) -> list[Event]:
    """Pictures: ("", 60), ("stall", 300), ("?", 10) is nothing, a stall, then a camera that looks away."""
    at, out = start_s, []
    for what, seconds in stretches:
        for _ in range(round(seconds / period_s)):
            if what == "?":
                blurred = View("r" * 64, 120, 50, 10, 0, registered=True, frozen_ms=0)
                out.append(a_scene(at, view=blurred))
            else:
                out.append(a_scene(at, *what.split()))
            at += period_s
    return out


def a_clock(at_s: float, utc_minus_mono: int = NOON_UTC) -> ClockStatus:
    """A good clock."""
    return ClockStatus(round(at_s * S), utc_minus_mono, ClockSource.NTP, True, 0, 10 * MS)


def start(at_s: float = 0, boot: str = "boot", utc_minus_mono: int = NOON_UTC) -> list[Event]:
    """The daemon comes up, and its clock is good."""
    return [Started(round(at_s * S), boot, "test", "0" * 64), a_clock(at_s, utc_minus_mono)]


def photograph(take: TakePictures, at: int) -> Captured:
    """A camera that takes every picture that it is asked for."""
    pictures = tuple(
        Picture(
            s.role,
            FIT.reference if s.role == "reference" else f"{take.zone}-{s.role}-{s.time}",
            9,
            "image/jpeg",
            1920,
            1080,
            s.time,
            take.camera,
        )
        for s in take.shots
    )
    return Captured(at, take.request, take.camera, pictures, tuple(() for _ in pictures), "m" * 64)


def live(
    site: Site, stream: Iterable[Event], *, camera: bool = True, utc_minus_mono: int = NOON_UTC
) -> list[Decision]:
    """Everything decided on a stream, woken at its deadlines, its clock asked each minute."""
    decided: list[Decision] = []
    now = clock_at = 0

    def step(event: Event) -> None:
        nonlocal now
        now = max(now, event.at)
        for decision in site.step(event):
            decided.append(decision)
            if camera and isinstance(decision, TakePictures):
                step(photograph(decision, now))

    for event in sorted(stream, key=lambda event: event.at):
        while site.deadline is not None and site.deadline < event.at:
            step(Tick(max(site.deadline, now)))
        if event.at - clock_at >= 60 * S and isinstance(event, SceneSeen):
            clock_at = event.at
            step(a_clock(event.at / S, utc_minus_mono))
        step(event)
    return decided


def seals(decided: Iterable[Decision]) -> list[SealStreet]:
    """The street's statements."""
    return [decision for decision in decided if isinstance(decision, SealStreet)]


def story(decided: Iterable[Decision]) -> list[tuple[str, int, str, str]]:
    """Each statement as (case, revision, phase, finding)."""
    return [(s.case, s.revision, str(s.report.phase), str(s.report.finding)) for s in seals(decided)]


def an_item(at_s: float, label: str = "stall") -> EvidenceItem:
    """Something that stands there since then."""
    at = round(at_s * S)
    return EvidenceItem(label, "strong", 900, at, at, 1, 1000, 100, 600, 220, 850)


def a_report(**changes: object) -> StreetReport:
    """A confirmed case after five minutes, everything in order."""
    report = StreetReport(
        event_type="shop_overflow",
        phase=Phase.CONFIRMED,
        finding=Finding.PRESENT,
        camera="cam1",
        zone="front",
        shop="a",
        tier="yellow",
        rule="shopfront",
        order="",
        judged_at=300 * S,
        first_seen_at=0,
        candidate_at=60 * S,
        confirmed_at=300 * S,
        ended_at=None,
        dwell=300 * S,
        paused=0,
        samples=301,
        samples_present=301,
        items=(an_item(0),),
        share=200,
        area_cm2=None,
        passable_mm=None,
        stay_ms=300_000,
        in_force=(("low_light", "false"),),
        reference="r" * 64,
        routes=(),
        text_en="",
        text_zh="",
    )
    return replace(report, **changes)
