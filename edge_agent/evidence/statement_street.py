"""What a statement says of one zone of a street: what stood there, since when, and by which rule it counts.

Three kinds carry it: `storefront` (a case: confirmed, ongoing, cleared, reopened), `recheck` (the look
after a notice) and `inspection` (an ordered look, whether or not anything is wrong).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge_agent.core.scene import Finding, Phase
from edge_agent.evidence.statement_parts import Box, Count, Int, Model, Permille, Sha256, Text, Wording

# So much fits a statement of 64 KiB with room to spare; what is left out is counted.
MAX_ITEMS = 16
MAX_RULE_FACTS = 24
FACT_CHARS = 300
MAX_ROUTES = 16
MAX_PICTURES = 20
MAX_SEEN = 6
MAX_SEEN_BOXES = 12

# What a phase may say was found. A suspect is never a case by itself, and what was not seen is neither
# there nor gone.
FINDINGS = {
    Phase.CONFIRMED: frozenset({Finding.PRESENT}),
    Phase.REOPENED: frozenset({Finding.PRESENT}),
    Phase.ONGOING: frozenset({Finding.PRESENT}),
    Phase.CLEARED: frozenset({Finding.ABSENT}),
    Phase.RECHECK: frozenset(Finding),
    Phase.INSPECTION: frozenset(Finding),
}

ShortText = Annotated[str, Field(max_length=100)]
Strength = Literal["strong", "weak"]
Tier = Literal["red", "yellow", "green", ""]
FactText = Annotated[str, Field(max_length=FACT_CHARS)]


class StoodItem(Model):
    """One thing that stood in the zone, as the case remembers it."""

    label: ShortText
    """Project class: stall, goods_pile, ..."""
    strength: Strength
    """Of one strong item is enough; of weak ones the rule wants several."""
    score_permille: Permille
    """The detector's best."""
    first_seen_monotonic_us: Int
    last_seen_monotonic_us: Int
    samples: Count
    """Pictures in which it was seen."""
    share_permille: Permille
    """Of its footprint that lies in the zone, latest."""
    x_min: Permille
    y_min: Permille
    x_max: Permille
    y_max: Permille


class RuleFact(Model):
    """One thing that held when the rule was applied: hours, window, thresholds, low light, legal basis."""

    name: ShortText
    value: FactText


class SeenPicture(Model):
    """What the detector saw in one picture; no boxes: it looked and saw nothing."""

    sha256: Sha256
    """The picture, among the attachments or the missing ones."""
    boxes: Annotated[list[Box], Field(max_length=MAX_SEEN_BOXES)]
    """Best first. `in_lane`: its footprint stands in the zone."""


class Storefront(Model):
    """What is concluded of one zone at one moment, with everything that it rests on."""

    case: Text
    """Stable over the case's statements."""
    revision: Count
    """Counts the case's statements up from 0."""
    event_type: ShortText
    """shop_overflow, mobile_vendor, or the rule's own word."""
    phase: Phase
    finding: Finding
    camera: Text
    zone: Text
    shop: Text
    """Id of the shop; empty where none answers for the zone."""
    tier: Tier
    """The shop's grade when it was judged."""
    rule: Text
    """Name of the rule in the configuration that `software.config_sha256` names."""
    order: Text
    """Id of the inspection order or notice that asked for the look; empty when none did."""
    text: Wording
    judged_monotonic_us: Int
    """Capture time of the picture that decided it."""
    first_seen_monotonic_us: Int | None
    first_seen_utc_us: Int | None
    candidate_monotonic_us: Int | None
    candidate_utc_us: Int | None
    confirmed_monotonic_us: Int | None
    confirmed_utc_us: Int | None
    ended_monotonic_us: Int | None
    ended_utc_us: Int | None
    dwell_ms: Count
    """Observed presence that counted."""
    paused_ms: Count
    """Unloading, outside the hours, blind: neither presence that counted nor observed absence."""
    stay_ms: Count
    """The dwell that the rule asked for; tier, hours and light are in it."""
    samples: Count
    """Pictures looked at since it was first seen."""
    samples_present: Count
    """Those in which it was there."""
    items: Annotated[list[StoodItem], Field(max_length=MAX_ITEMS)]
    """Strongest first."""
    items_left_out: Count
    share_permille: Permille
    """Of the zone's ground that is covered."""
    area_cm2: Count | None
    """Ground covered, square centimetres; null where the zone has no metric calibration."""
    passable_mm: Count | None
    """Narrowest free width left past the door line; null as above."""
    protrusion_mm: Count | None
    """How far goods stand out past the door line; null as above."""
    in_force: Annotated[list[RuleFact], Field(max_length=MAX_RULE_FACTS)]
    """The rule in force, fact by fact."""
    in_force_left_out: Count
    reference_sha256: Sha256 | None
    """The accepted picture of the clear ground that was compared with; null when there is none."""
    routes: Annotated[list[ShortText], Field(max_length=MAX_ROUTES)]
    """Who is to be told; the platform does the telling."""
    detector_sha256: Sha256 | None
    """Digest of the detector's weights; null when none ran."""
    detections: Annotated[list[SeenPicture], Field(max_length=MAX_SEEN)]
    detections_left_out: Count
    """Boxes that are not listed."""
    pictures_left_out: Count
    """Pictures that were taken and are neither listed nor named as missing: too many for a statement."""

    @model_validator(mode="after")
    def _says_what_it_may(self) -> Self:
        if self.finding not in FINDINGS[self.phase]:
            raise ValueError(f"phase {self.phase} with finding {self.finding}")
        if self.finding is Finding.PRESENT and not self.items:
            raise ValueError("present without an item that is")
        return self

    @model_validator(mode="after")
    def _confirmed_is_founded(self) -> Self:
        dates = (self.first_seen_monotonic_us, self.confirmed_monotonic_us)
        if self.phase is Phase.CONFIRMED and None in dates:
            raise ValueError("confirmed without the times of first seen and confirmed")
        if self.phase in {Phase.CONFIRMED, Phase.REOPENED} and self.dwell_ms < self.stay_ms:
            raise ValueError(f"{self.phase} after {self.dwell_ms} ms, the rule asks for {self.stay_ms} ms")
        return self
