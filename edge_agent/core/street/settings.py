"""What a human chose about the street: shops, rules, zones. The defaults are proposals, not law."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge_agent.core.civil import IsoDate
from edge_agent.core.settings import Settings
from edge_agent.core.street.plane import Plane

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Point = tuple[Share, Share]
# In file names, in addresses of pages, and in `zone/<name>`: no slash, and nothing that hides.
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^./\\\x00-\x1f][^/\\\x00-\x1f]*$")]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]
Tier = Literal["red", "yellow", "green"]

# An order's id, as statements and receipts carry it.
MAX_ORDER_CHARS = 100

# Ground twenty times as far away as the calibrated patch is not measured by it; further is the horizon.
DEPTH_MIN = 0.05
DayKind = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "workday", "restday"]


def permille(points: tuple[Point, ...]) -> tuple[tuple[int, int], ...]:
    """Corners as integers, 0 to 1000."""
    return tuple((round(x * 1000), round(y * 1000)) for x, y in points)


class MetricSettings(Settings):
    """Four points on the ground and the lengths between them: what makes a picture measurable."""

    quad: Annotated[tuple[Point, ...], Field(min_length=4, max_length=4)]
    """Corners A, B, C, D of a patch of ground, in order around it, normalised to the picture."""
    sides_mm: Annotated[
        tuple[Annotated[int, Field(gt=0, le=100_000)], ...], Field(min_length=4, max_length=4)
    ]
    """Lengths AB, BC, CD, DA, measured with a tape."""
    diagonal_mm: Annotated[int, Field(gt=0, le=150_000)] | None = None
    """Length AC. Without it the angle at B is taken to be a right angle."""

    def plane(self) -> Plane:
        """The ground that these make; in permille of the picture."""
        quad = tuple((1000 * x, 1000 * y) for x, y in self.quad)
        return Plane(quad, self.sides_mm, self.diagonal_mm)

    @model_validator(mode="after")
    def _lies_flat(self) -> Self:
        self.plane()
        return self


class WindowSettings(Settings):
    """A stretch of the local day, on some days."""

    days: Annotated[tuple[DayKind, ...], Field(min_length=1)] = ("workday", "restday")
    """workday and restday follow the calendar (weekends, `holidays`, `workdays`)."""
    start: ClockTime
    end: ClockTime
    """Not after midnight; an evening that goes on past it is two windows, the second from 00:00."""
    stay_s: Annotated[int, Field(ge=1, le=86_400)] | None = None
    """Within this window the rule's stay is this one: lunch and delivery hours, say."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start >= self.end:
            raise ValueError(f"start {self.start} is not before end {self.end}; past midnight: two windows")
        return self


class HoursSettings(Settings):
    """When a rule holds."""

    enforce: tuple[WindowSettings, ...] = (WindowSettings(start="07:00", end="22:00"),)
    """Enforcement hours; empty: always."""
    permitted: tuple[WindowSettings, ...] = ()
    """Windows in which the same is allowed all the same: a licensed night market, say."""


class CalendarSettings(Settings):
    """The city's calendar, for hours by day."""

    holidays: tuple[IsoDate, ...] = ()
    """Days off that fall on Monday to Friday."""
    workdays: tuple[IsoDate, ...] = ()
    """Make-up working days (调休) that fall on a weekend."""


class RuleSettings(Settings):
    """What counts as one kind of case. Zones name a rule; other scenes are other rules, not other code."""

    event_type: Slug = "shop_overflow"
    """shop_overflow (跨门经营), mobile_vendor (流动摊贩), or a word of your own."""
    title_en: Annotated[str, Field(max_length=100)] = "Goods past the shop's door line"
    title_zh: Annotated[str, Field(max_length=100)] = "跨门经营"
    legal_basis: Annotated[str, Field(max_length=300)] = ""
    """As the authority confirmed it; stated in the statement, never interpreted."""
    strong: tuple[Slug, ...] = ("stall", "vendor_cart", "vendor_tricycle", "goods_pile")
    """Classes of which one is enough."""
    weak: tuple[Slug, ...] = ("display_rack", "table", "seat", "parasol_tent", "cooking_gear", "movable_sign")
    """Classes of which `weak_needed` are needed where nothing strong stands."""
    weak_needed: Annotated[int, Field(ge=1, le=10)] = 2
    requires: tuple[Slug, ...] = ()
    """Classes of which one must be in or beside the zone as well: a person at a vendor's cart."""
    stationary: bool = True
    """Only what stands still counts."""
    settle_s: Annotated[int, Field(ge=0, le=600)] = 5
    """What stayed in one place for so long, and in two pictures at least, stands still; never longer than
    `candidate_s`. It counts from then on; the record says its first picture all the same."""
    needs_change: bool = True
    """What stands still counts only where the picture differs from the accepted reference: furniture
    that was accepted with the reference is never evidence. Without a reference it has no effect."""
    under_umbrella: tuple[Slug, ...] = ("parasol_tent",)
    """Classes ignored where they overlap a person (an umbrella in the rain)."""
    hiding: tuple[Slug, ...] = ("person", "two_wheeler", "motor_vehicle")
    """Classes that hide what stands behind them: a zone mostly covered by them was not seen."""
    veto: tuple[Slug, ...] = ("person", "two_wheeler", "motor_vehicle", "hand_truck", "street_furniture")
    """Still objects that these explain are not suspects."""
    suspects: bool = True
    """Follow still objects that no class names; they never become a case by themselves."""
    suspect_min_ppm: Annotated[int, Field(ge=0, le=1_000_000)] = 1_000
    """Changed pixels, in millionths of the picture, below which a still object is no suspect."""
    enter_score: Annotated[int, Field(ge=1, le=1000)] = 450
    """Permille: a thing must be this sure to begin to count."""
    keep_score: Annotated[int, Field(ge=1, le=1000)] = 300
    """Permille: and this sure to go on counting."""
    containment: Annotated[int, Field(ge=1, le=1000)] = 500
    """Permille of the lower third of a box that must lie in the zone; or its foot point does."""
    same_iou: Annotated[int, Field(ge=1, le=1000)] = 500
    """Permille of overlap by which a box is the thing that stood there before."""
    same_centre: Annotated[int, Field(ge=1, le=1000)] = 300
    """Or its centre lies within this share (permille) of the box's width."""
    candidate_s: Annotated[int, Field(ge=1, le=3_600)] = 60
    """A thing that stays so long is a candidate."""
    candidate_share: Annotated[int, Field(ge=1, le=1000)] = 600
    """Permille of the pictures in that time in which it must be seen."""
    stay_s: Annotated[int, Field(ge=1, le=86_400)] = 300
    """A stay of so long, since first seen, is a case."""
    gap_s: Annotated[int, Field(ge=0, le=3_600)] = 30
    """It may be out of sight or unrecognised for so long without its stay ending."""
    unloading: tuple[Slug, ...] = ("motor_vehicle", "hand_truck")
    """Classes beside the zone that mean a delivery; empty: no grace."""
    unloading_grace_s: Annotated[int, Field(ge=0, le=7_200)] = 900
    """The stay pauses for a delivery, this long at most."""
    low_light_luma: Annotated[int, Field(ge=0, le=255)] = 40
    """Below this median grey level: more certainty, a longer stay, no suspects."""
    low_light_score: Annotated[int, Field(ge=0, le=500)] = 100
    """Permille added to both score thresholds then."""
    low_light_stay: Annotated[int, Field(ge=1000, le=10_000)] = 2_000
    """Permille of the stay that is asked for then."""
    clear_s: Annotated[int, Field(ge=1, le=3_600)] = 120
    """Observed absence of so long ends a case."""
    cooldown_s: Annotated[int, Field(ge=0, le=86_400)] = 1_800
    """The same again within this reopens the case instead of making another."""
    ongoing_every_s: Annotated[int, Field(ge=60, le=86_400)] = 1_800
    ongoing_max: Annotated[int, Field(ge=0, le=48)] = 6
    recheck_s: Annotated[int, Field(ge=0, le=604_800)] = 900
    """After the notice the zone is looked at again and the answer recorded; 0: never."""
    recheck_after: Literal["confirmed", "notice"] = "confirmed"
    """Whether the time runs from the case's record (the notice goes out with it) or from a notice
    that the platform reports."""
    picture_spacing_s: Annotated[int, Field(ge=0, le=3_600)] = 60
    """Two pictures of a case lie at least so far apart, where the stay allows it: persistence."""
    passable_min_mm: Annotated[int, Field(ge=0, le=20_000)] = 1_500
    """Less free width than this is said in the record, where the zone is calibrated."""
    hours: HoursSettings = HoursSettings()
    routes: tuple[Slug, ...] = ("owner", "officer", "platform")
    """Who is to be told; the platform does the telling."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.keep_score > self.enter_score:
            raise ValueError(f"keep_score {self.keep_score} is above enter_score {self.enter_score}")
        if self.candidate_s > self.stay_s:
            raise ValueError(f"candidate_s {self.candidate_s} is longer than stay_s {self.stay_s}")
        if not self.strong and not self.weak:
            raise ValueError("neither strong nor weak classes: nothing could ever be a case")
        both = sorted(set(self.strong) & set(self.weak))
        if both:
            raise ValueError(f"{', '.join(both)}: both strong and weak")
        return self


class TierSettings(Settings):
    """How closely a shop of one grade is looked at."""

    stay: Annotated[int, Field(ge=100, le=10_000)] = 1_000
    """Permille of the rule's stay."""
    recheck: Annotated[int, Field(ge=100, le=10_000)] = 1_000
    """Permille of the rule's re-check time."""
    period_ms: Annotated[int, Field(ge=200, le=60_000)] = 2_000
    """A picture so often while nothing is there."""


class TiersSettings(Settings):
    """The three-colour practice; the figures are proposals."""

    red: TierSettings = TierSettings(stay=600, recheck=600, period_ms=1_000)
    yellow: TierSettings = TierSettings()
    green: TierSettings = TierSettings(stay=2_000, recheck=2_000, period_ms=4_000)


class ShopSettings(Settings):
    """One shop."""

    name: Annotated[str, Field(max_length=200)] = ""
    tier: Tier = "yellow"
    """Set by the platform; here, or by command."""


class ZoneSettings(Settings):
    """A stretch of public ground in one camera's picture, and the rule that holds on it."""

    rule: str
    """Name under `rules`."""
    shop: str = ""
    """Id under `shops`; empty: no shop answers for it."""
    polygon: Annotated[tuple[Point, ...], Field(min_length=3, max_length=32)]
    """The public side: ground on which nothing may stand. Its edge along the shop is the door line
    (towns paint one); nothing of the shop's own ground belongs into it."""
    door_line: Annotated[tuple[Point, ...], Field(max_length=8)] = ()
    """That edge, from left to right; needed to measure how far goods stand out and what width is left."""
    permitted: tuple[Annotated[tuple[Point, ...], Field(min_length=3, max_length=32)], ...] = ()
    """Strips inside the polygon where goods are allowed."""
    metric: MetricSettings | None = None
    """Makes areas and widths measurable."""

    @model_validator(mode="after")
    def _has_an_area(self) -> Self:
        corners = permille(self.polygon)
        pairs = zip(corners, (*corners[1:], corners[0]), strict=True)
        if abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs)) < 2 * 1000:
            raise ValueError("polygon covers less than 0.1 % of the picture; its corners must go around")
        if len(self.door_line) == 1:
            raise ValueError("door_line needs two points or more")
        if self.metric is not None:
            plane = self.metric.plane()
            for x, y in (*self.polygon, *self.door_line):
                if plane.depth(1000 * x, 1000 * y) < DEPTH_MIN:
                    raise ValueError(
                        f"({x}, {y}) lies at the horizon of `metric`: check its corners and sides"
                    )
        return self


class FitSettings(Settings):
    """When a picture can be judged. Outside it a zone is blind: nothing is cleared, nothing confirmed."""

    shift_max_mpx: Annotated[int, Field(ge=0, le=100_000)] = 2_000
    """Largest shift from the reference that could not be taken out, thousandths of a pixel at 480 px."""
    registered_max_mpx: Annotated[int, Field(ge=0, le=100_000)] = 20_000
    """Largest shift that is believed when it was taken out: beyond it somebody must aim the camera anew."""
    sharpness_min: Annotated[int, Field(ge=0, le=1000)] = 350
    """Permille of the reference's fine detail."""
    contrast_min: Annotated[int, Field(ge=0, le=255)] = 8
    """A covered lens, fog, or no light at all."""
    luma_min: Annotated[int, Field(ge=0, le=255)] = 8
    luma_max: Annotated[int, Field(ge=0, le=255)] = 247
    frozen_max_ms: Annotated[int, Field(ge=1_000)] = 20_000
    unfit_after_ms: Annotated[int, Field(ge=0)] = 5_000
    """A view unfit for so long is told as a fault."""
    silence_ms: Annotated[int, Field(ge=1_000)] = 15_000
    """No picture looked at for so long: blind."""
    needs_reference: bool = True
    """Without an accepted reference the camera is unfit."""


class StreetCameraSettings(Settings):
    """What the core knows of one street camera."""

    zones: Annotated[dict[Name, ZoneSettings], Field(min_length=1, max_length=64)]
    fit: FitSettings = FitSettings()
    busy_period_ms: Annotated[int, Field(ge=200, le=10_000)] = 1_000
    """A picture so often while something is there."""


class InspectionSettings(Settings):
    """An inspection drawn beforehand (双随机)."""

    order: Annotated[str, Field(min_length=1, max_length=MAX_ORDER_CHARS)]
    """Id of the order, as the platform drew it."""
    zone: str
    date: IsoDate
    time: ClockTime
    window_s: Annotated[int, Field(ge=60, le=86_400)] = 1_800
    """How long the box may wait for a fit view."""


class StreetSettings(Settings):
    """The street side of a site. Zone names are unique over all cameras."""

    shops: dict[Name, ShopSettings] = Field(default_factory=dict)
    rules: Annotated[dict[Name, RuleSettings], Field(min_length=1)]
    cameras: Annotated[dict[Name, StreetCameraSettings], Field(min_length=1, max_length=64)]
    tiers: TiersSettings = TiersSettings()
    calendar: CalendarSettings = CalendarSettings()
    inspections: tuple[InspectionSettings, ...] = ()
    picture_wait_ms: Annotated[int, Field(ge=0, le=60_000)] = 8_000
    """How long a record waits for its pictures."""
    clip_s: Annotated[int, Field(ge=0, le=60)] = 10
    """Seconds of video kept with a confirmed case, ending at its picture; 0: none."""
    coverage_s: Annotated[int, Field(ge=60, le=86_400)] = 3_600
    """How often what was truly watched is recorded, on whole multiples of it in UTC."""
    utc_offsets: tuple[tuple[int, int], ...] = ()
    """(UTC second from which on, minutes ahead of UTC), ascending; made from the site's time zone when
    the configuration is read. Empty: `legal.utc_offset_minutes` always."""

    def unknown_names(self) -> tuple[str, ...]:
        """What one part says of another that does not exist, in words."""
        wrong: list[str] = []
        seen: set[str] = set()
        for camera, chosen in self.cameras.items():
            for name, zone in chosen.zones.items():
                where = f"street.cameras.{camera}.zones.{name}"
                if name in seen:
                    wrong.append(f"{where}: a zone of this name exists already")
                seen.add(name)
                if zone.rule not in self.rules:
                    wrong.append(f"{where}.rule: no rule {zone.rule!r}; there are {sorted(self.rules)}")
                if zone.shop and zone.shop not in self.shops:
                    wrong.append(f"{where}.shop: no shop {zone.shop!r}; there are {sorted(self.shops)}")
        drawn = [(chosen.order, chosen.zone) for chosen in self.inspections]
        wrong += [
            f"street.inspections.{order}: names zone {zone!r} twice; an order is carried out once in a zone"
            for order, zone in sorted({one for one in drawn if drawn.count(one) > 1})
        ]
        wrong += [
            f"street.inspections.{chosen.order}: no zone {chosen.zone!r}"
            for chosen in self.inspections
            if chosen.zone not in seen
        ]
        return tuple(wrong)
