"""The street side of a box: pictures of storefronts in, cases with their evidence out.

    SceneSeen ──> occupancy (one Sample a zone) ──> rule (a table) ──> SealStreet, with its pictures
                       │                                 │
                       └──> is the view fit? ──> Fault   └──> TakePictures, Watch, ZoneChanged

Everything is judged by the time of capture. A picture that comes after a later one is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from edge_agent.core.coverage import Coverage
from edge_agent.core.decisions import Decision, Fault, FaultKind, Watch
from edge_agent.core.events import (
    Captured,
    CaseRecalled,
    ClockStatus,
    DeviceChanged,
    InspectionOrdered,
    NoticeGiven,
    OrderAnswered,
    SceneSeen,
    TierSet,
)
from edge_agent.core.scene import ZoneNow
from edge_agent.core.standing import clock_reasons
from edge_agent.core.street.cases import Cases
from edge_agent.core.street.filing import Filing
from edge_agent.core.street.fitness import unfit
from edge_agent.core.street.hours import Calendar, Hours, LocalTime
from edge_agent.core.street.inspections import Inspections
from edge_agent.core.street.occupancy import Occupancy
from edge_agent.core.street.pictures import Album, Requests
from edge_agent.core.street.report import Place
from edge_agent.core.street.rule import ZoneRule
from edge_agent.core.street.settings import (
    MAX_ORDER_CHARS,
    StreetCameraSettings,
    StreetSettings,
    ZoneSettings,
)
from edge_agent.core.street.shops import Shops
from edge_agent.core.street.view import DOWN, NO_PICTURE, SILENT, CameraView
from edge_agent.core.street.zone import Zone
from edge_agent.core.units import MS, Ns
from edge_agent.core.use_class_settings import LegalSettings

StreetEvent = SceneSeen | TierSet | InspectionOrdered | NoticeGiven | CaseRecalled | OrderAnswered
STREET_EVENTS = (SceneSeen, TierSet, InspectionOrdered, NoticeGiven, CaseRecalled, OrderAnswered)

# Of what comes from outside so much is repeated in a fault.
FAULT_CHARS = 200

LONG_ORDER = f"an order's id is longer than {MAX_ORDER_CHARS} characters"

# A camera is silent when it missed so many of its looks, or for the time that its settings say.
LOOKS_MISSED = 3


@dataclass(slots=True)
class _Camera:
    settings: StreetCameraSettings
    view: CameraView
    zones: tuple[tuple[str, Zone, Occupancy], ...]  # by the part of the coverage ledger
    down: set[str] = field(default_factory=set)  # its streams that are
    captured_at: Ns | None = None  # of the last picture
    period_ms: int | None = None  # as last told


class Street:
    """All street cameras of the site.

    Args:
        settings: cameras, zones, rules, shops.
        legal: the site's standing.
        coverage: where watched and blind time is noted, part `zone/<name>`.
        boot: id of this run, part of every case's id.
        at: when it began.
    """

    def __init__(
        self, settings: StreetSettings, legal: LegalSettings, coverage: Coverage, boot: str, at: Ns
    ) -> None:
        self._settings = settings
        self._legal = legal
        self._coverage = coverage
        self._boot = boot
        self._began = at
        self._local = LocalTime(settings.utc_offsets, legal.utc_offset_minutes)
        self._shops = Shops(settings)
        self._requests = Requests(settings.picture_wait_ms)
        self._filing = Filing(legal)
        self._inspections = Inspections(settings.inspections, self._local, at)
        self._cameras = {name: self._camera(name, chosen) for name, chosen in settings.cameras.items()}
        self._zones = {
            zone.place.zone: zone for camera in self._cameras.values() for _, zone, _ in camera.zones
        }

    def started(self, now: Ns) -> Iterator[Decision]:
        """Say how often to look."""
        yield from self._watch(now)

    @property
    def zones(self) -> dict[str, ZoneNow]:
        """Where each zone stands."""
        return {name: zone.now for name, zone in self._zones.items()}

    # -- what happened -----------------------------------------------------------------------------

    def take(self, now: Ns, event: StreetEvent, clock: ClockStatus | None) -> Iterator[Decision]:
        """Take in one event that only the street knows what to do with."""
        match event:
            case SceneSeen():
                return self._scene(now, event, clock)
            case TierSet():
                return self._tier(now, event)
            case InspectionOrdered():
                return self._inspection(now, event)
            case NoticeGiven():
                return self._notice(now, event)
            case CaseRecalled():
                return self._recall(now, event)
            case OrderAnswered():
                self._inspections.new(event.order, event.zone)
                return iter(())

    def _scene(self, now: Ns, event: SceneSeen, clock: ClockStatus | None) -> Iterator[Decision]:
        """A picture was looked at."""
        camera = self._cameras.get(event.camera)
        if camera is None:
            yield self._unknown(now, f"camera/{event.camera}", "a picture of a camera that has no zones")
            return
        # Nothing is captured after it arrived; a stamp that says so must not make all others late.
        at = min(event.captured_at, now)
        if camera.captured_at is not None and at <= camera.captured_at:
            return
        since = at if camera.captured_at is None else camera.captured_at
        if at - since > camera.view.silence and camera.view.reason != DOWN:
            self._lapse(camera, at, SILENT)
        camera.captured_at = at
        event = replace(event, captured_at=at)
        wrong = unfit(event.view, camera.settings.fit)
        yield from camera.view.looked(now, at, wrong or ("" if event.model_sha256 else "no_detector"))
        untimed = "clock" if any(clock_reasons(self._legal, at, clock)) else ""
        for part, zone, occupancy in camera.zones:
            sample = occupancy.look(event)
            yield from zone.look(now, sample, event.view.reference, event.model_sha256, clock)
            blind = f"unfit:{wrong}" if wrong else zone.blind
            self._coverage.note(part, at, blind or untimed)
        yield from self._watch(now)

    def captured(self, event: Captured) -> bool:
        """Pictures came; False when the street did not ask for them."""
        return self._requests.answer(event)

    def _tier(self, now: Ns, event: TierSet) -> Iterator[Decision]:
        """The platform has graded a shop."""
        problem = self._shops.set(event.shop, event.tier)
        if problem:
            yield self._unknown(now, f"shop/{event.shop}", problem)
            return
        yield from self._watch(now)

    def _inspection(self, now: Ns, event: InspectionOrdered) -> Iterator[Decision]:
        """A zone is to be inspected. An order that came before is not carried out again."""
        zone = self._zones.get(event.zone)
        if len(event.order) > MAX_ORDER_CHARS:
            yield self._unknown(now, f"zone/{event.zone}", LONG_ORDER)
        elif zone is None:
            yield self._unknown(now, f"zone/{event.zone}", f"order {event.order}: no such zone")
        elif self._inspections.new(event.order, event.zone):
            zone.inspect(event.order, event.due_at, event.expires_at)

    def _notice(self, now: Ns, event: NoticeGiven) -> Iterator[Decision]:
        """A shop was told of a case."""
        known = next((zone for zone in self._zones.values() if zone.knows(event.case)), None)
        if len(event.order) > MAX_ORDER_CHARS:
            yield self._unknown(now, f"case/{event.case}", LONG_ORDER)
        elif known is None:
            yield self._unknown(now, f"case/{event.case}", "a notice of a case that is not known here")
        elif not known.place.rule.recheck_s:
            yield self._unknown(now, f"case/{event.case}", f"notice {event.order}: its rule has no re-check")
        elif not known.notice(event.case, event.at, event.order):
            detail = f"notice {event.order}: as many wait for its re-check as fit"
            yield self._unknown(now, f"case/{event.case}", detail)

    def _recall(self, now: Ns, event: CaseRecalled) -> Iterator[Decision]:
        """A case of the last run may still be open."""
        zone = self._zones.get(event.zone)
        same = zone is not None and zone.place.rule.event_type == event.event_type
        # Who has taken over the shop since has nothing to do with it.
        if zone is None or not same or event.shop not in (None, zone.place.shop):
            past = f"case {event.case} of a zone, rule or shop of the past"
            yield self._unknown(now, f"zone/{event.zone}", past)
            return
        zone.recall(event)

    def device(self, event: DeviceChanged) -> Iterator[Decision]:
        """A camera's connection changed, or that of its sub-stream: pictures and stills need both."""
        device = event.device.removesuffix("/sub")
        camera = self._cameras.get(device.removeprefix("camera/"))
        if camera is None or not device.startswith("camera/"):
            return
        if event.state == "down":
            camera.down.add(event.device)
            yield from camera.view.lost(event.at, down=True)
            self._note(camera, event.at, DOWN)
            return
        camera.down.discard(event.device)
        if camera.view.reason == DOWN and not camera.down:
            camera.view.came_up(event.at)
            self._note(camera, event.at, NO_PICTURE)

    # -- time --------------------------------------------------------------------------------------

    def advance(self, now: Ns, clock: ClockStatus | None) -> Iterator[Decision]:
        """Time has passed."""
        for order in self._inspections.due(now, clock):
            yield from self._inspection(now, order)
        for camera in self._cameras.values():
            silent_at = camera.view.silent_at
            if silent_at is not None and silent_at <= now:
                yield from camera.view.lost(now, down=False)
                self._lapse(camera, now, SILENT)
        for zone in self._zones.values():
            yield from zone.advance(now, clock)
        yield from self._filing.advance(now, clock)

    def close(self, now: Ns, clock: ClockStatus | None) -> Iterator[Decision]:
        """The run ends: no record waits for its pictures any longer."""
        yield from self._filing.close(now, clock)

    def deadline(self, clock: ClockStatus | None) -> Ns | None:
        """When something must be done though nothing happens."""
        waits = [
            self._inspections.deadline(clock),
            self._filing.deadline,
            *(camera.view.silent_at for camera in self._cameras.values()),
            *(zone.deadline for zone in self._zones.values()),
        ]
        return min((wait for wait in waits if wait is not None), default=None)

    def _watch(self, now: Ns) -> Iterator[Watch]:
        """Say how often to look, where that has changed."""
        for name, camera in self._cameras.items():
            busy = camera.settings.busy_period_ms
            period = min(
                min(zone.period_ms, busy) if zone.busy else zone.period_ms for _, zone, _ in camera.zones
            )
            if period != camera.period_ms:
                camera.period_ms = period
                yield Watch(now, name, period)

    def _note(self, camera: _Camera, at: Ns, reason: str) -> None:
        for part, _, _ in camera.zones:
            self._coverage.note(part, at, reason)

    def _lapse(self, camera: _Camera, at: Ns, reason: str) -> None:
        for part, _, _ in camera.zones:
            self._coverage.lapse(part, at, reason)

    @staticmethod
    def _unknown(now: Ns, source: str, detail: str) -> Fault:
        return Fault(now, source[:FAULT_CHARS], FaultKind.UNKNOWN_SOURCE, detail[:FAULT_CHARS])

    # -- parts -------------------------------------------------------------------------------------

    def _camera(self, name: str, chosen: StreetCameraSettings) -> _Camera:
        tiers = self._settings.tiers
        slowest = max(
            chosen.busy_period_ms, *(tier.period_ms for tier in (tiers.red, tiers.yellow, tiers.green))
        )
        silence = Ns(max(chosen.fit.silence_ms, LOOKS_MISSED * slowest) * MS)
        return _Camera(
            settings=chosen,
            view=CameraView(name, chosen.fit.unfit_after_ms, silence, self._began),
            zones=tuple(
                (
                    f"zone/{zone}",
                    self._zone(name, zone, place, Ns(chosen.busy_period_ms * MS), silence),
                    Occupancy(
                        zone,
                        place,
                        self._settings.rules[place.rule],
                        chosen.fit,
                        self._beside(place, chosen.zones.values()),
                    ),
                )
                for zone, place in chosen.zones.items()
            ),
        )

    def _beside(self, zone: ZoneSettings, every: Iterable[ZoneSettings]) -> Iterator[ZoneSettings]:
        """The camera's other zones whose rule names a class that this one's names too."""
        rules = self._settings.rules
        own = {*rules[zone.rule].strong, *rules[zone.rule].weak}
        for other in every:
            if other is not zone and not own.isdisjoint((*rules[other.rule].strong, *rules[other.rule].weak)):
                yield other

    def _zone(self, camera: str, name: str, chosen: ZoneSettings, slowest: Ns, silence: Ns) -> Zone:
        settings = self._settings
        rule = settings.rules[chosen.rule]
        shop = settings.shops[chosen.shop].name if chosen.shop else ""
        return Zone(
            Place(camera, name, chosen.shop, shop, chosen.rule, rule),
            ZoneRule(rule, slowest=slowest, watched=silence),
            Hours(rule.hours, Calendar(settings.calendar), self._local),
            Album(self._boot, camera, name, rule, self._requests, settings.clip_s),
            Cases(self._boot, name),
            self._filing,
            self._shops,
        )
