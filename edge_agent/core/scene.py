"""Records of the street: what was seen in a picture, and what was concluded of a zone.

A picture's boxes are in the coordinates of the camera's accepted reference: where the view has shifted
a little and was registered, the device has already moved them. Permille of the picture, origin top-left.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from edge_agent.core.units import Ns, Permille, Ppm


@dataclass(frozen=True, slots=True)
class StillObject:
    """Something on the ground that the accepted reference does not have and that does not move."""

    x_min: Permille
    y_min: Permille
    x_max: Permille
    y_max: Permille
    area: Ppm  # changed pixels, of the whole picture
    since: Ns  # captured_at of the first picture in which it stood still


@dataclass(frozen=True, slots=True)
class View:
    """What was measured of the picture as a picture; the core judges whether it is fit."""

    reference: str  # SHA-256 of the reference picture compared with; empty: none is accepted
    luma: int  # median grey level, 0 to 255
    contrast: int  # standard deviation of grey levels, 0 to 255
    sharpness: Permille  # fine detail against the reference's; 1000 = as sharp; 0 when there is none
    shift_mpx: int  # how far the view is from the reference, thousandths of a pixel at 480 px width
    registered: bool  # the shift could be measured and was taken out of all boxes
    frozen_ms: int  # for how long every picture has been the same


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """One thing that stood in a zone, as the case remembers it."""

    label: str  # project class: stall, goods_pile, ...
    strength: str  # strong | weak | suspect (a still object that no class names; score 0)
    score: Permille  # best
    first_at: Ns
    last_at: Ns
    samples: int  # pictures in which it was seen
    share: Permille  # of its footprint inside the zone, latest
    x_min: Permille
    y_min: Permille
    x_max: Permille
    y_max: Permille


class Finding(StrEnum):
    """What one look at a zone says."""

    PRESENT = "present"  # enough evidence stands past the line
    SUSPECT = "suspect"  # something stands there that no class names: never a case by itself
    ABSENT = "absent"  # looked, and nothing is there
    UNSEEN = "unseen"  # could not look: blind, unfit view, or hidden


class Phase(StrEnum):
    """Which record of a case this is."""

    CONFIRMED = "confirmed"
    ONGOING = "ongoing"
    CLEARED = "cleared"
    REOPENED = "reopened"
    RECHECK = "recheck"  # present = not corrected, absent = corrected
    INSPECTION = "inspection"  # ordered: whether or not anything is wrong


class ZoneState(StrEnum):
    """Where a zone's rule stands."""

    CLEAR = "clear"
    CANDIDATE = "candidate"
    CONFIRMED = "confirmed"
    ONGOING = "ongoing"


@dataclass(frozen=True, slots=True)
class ZoneNow:
    """Where a zone stands now, for people who look; nothing is concluded from it."""

    camera: str
    shop: str  # empty where the zone belongs to no shop
    rule: str  # its name in the configuration
    state: ZoneState
    finding: Finding  # of the last look
    looked_at: Ns
    dwell: Ns  # of the stay that is observed
    asked: Ns  # the stay that the rule asks for


@dataclass(frozen=True, slots=True)
class StreetReport:
    """What is concluded of one zone at one moment, with everything it rests on."""

    event_type: str  # shop_overflow | mobile_vendor | the rule's own word
    phase: Phase
    finding: Finding
    camera: str
    zone: str
    shop: str  # empty where the zone belongs to no shop
    tier: str  # red | yellow | green | empty
    rule: str  # name of the rule in the configuration
    order: str  # id of the inspection order or notice that asked for it; empty when none did
    judged_at: Ns  # captured_at of the picture that decided it
    first_seen_at: Ns | None
    candidate_at: Ns | None
    confirmed_at: Ns | None
    ended_at: Ns | None
    dwell: Ns  # observed presence that counted
    paused: Ns  # unloading, outside hours, blind: neither counted presence nor observed absence
    samples: int  # pictures looked at since it was first seen
    samples_present: int
    items: tuple[EvidenceItem, ...]  # strongest first
    share: Permille  # of the zone's ground that is covered
    area_cm2: int | None  # None where the zone has no metric calibration
    passable_mm: int | None  # narrowest free width left past the door line; None as above
    stay_ms: int  # the dwell that the rule asked for, tier, hours and light included
    in_force: tuple[tuple[str, str], ...]  # what held: hours, window, score thresholds, low light ...
    reference: str  # SHA-256 of the reference picture
    routes: tuple[str, ...]  # who is to be told: owner, officer, platform
    text_en: str
    text_zh: str
    protrusion_mm: int | None = None  # how far goods stand out past the door line; None as passable_mm


@dataclass(frozen=True, slots=True)
class Watched:
    """How long one zone or lane was truly watched, and what was wrong for the rest."""

    part: str  # zone/<name> | lane/<name>
    watched_ms: int
    blind: tuple[tuple[str, int], ...]  # (reason, ms), sorted by reason
