"""Everything this roadside box has seen, and what it concludes. The one door into the core.

    event ──> decoder (bytes -> samples) ──> scale (samples -> crossings) ──> limits (-> verdicts)
                                                      │                           │ over
    plate read ──> merger ──> matcher <───────────────┘          Capture, ReadPlates, a case
                                 │ match                                          │
                                 └───────────────────────> case <── pictures ─────┘
                                                             │
                                                             └──> Seal

    picture of a storefront ──> street (zones, rule, cases) ──> SealStreet
    what was watched, what was blind ──> coverage ──> SealCoverage, once an hour
    the clock's reports ──> timekeeper ──> SealTimeStep, when UTC was stepped

Pure: no clock, no file, no thread. `step` never raises for bad input; an exception is a bug.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from edge_agent.core.camera_time import CameraTime
from edge_agent.core.cases import Case, Cases, is_over, pictures_due
from edge_agent.core.coverage import HOUR_S, Coverage
from edge_agent.core.decisions import (
    Capture,
    CrossingSeen,
    Decision,
    Fault,
    FaultKind,
    ReadPlates,
    Status,
    TakePictures,
    Watch,
)
from edge_agent.core.events import (
    Captured,
    ClockStatus,
    DeviceChanged,
    Event,
    PlatesDone,
    PlateSeen,
    RegistersRead,
    SerialBytes,
    Started,
    Stopped,
    TemperatureRead,
    Tick,
)
from edge_agent.core.health import Health
from edge_agent.core.match.matcher import Matcher
from edge_agent.core.match.rivals import Rivals
from edge_agent.core.plates.box_reads import MAX_REQUESTS, BoxReads
from edge_agent.core.plates.votes import PlateMerger
from edge_agent.core.records import (
    Crossing,
    Match,
    MatchStatus,
    Picture,
    PlateRead,
    UseClass,
    Verdict,
)
from edge_agent.core.scene import ZoneNow
from edge_agent.core.site_settings import SiteSettings
from edge_agent.core.standing import clock_reasons
from edge_agent.core.street.street import STREET_EVENTS, Street, StreetEvent
from edge_agent.core.units import MS, Ns, Ppm
from edge_agent.core.use_class import use_class
from edge_agent.core.weigh.limits import Limits
from edge_agent.core.weigh.protocols import make_decoder
from edge_agent.core.weigh.samples import Counters, ProtocolFault, Samples, VehicleRecord
from edge_agent.core.weigh.scale import Scale

# What is asked of devices; after the end nobody answers.
ASKED = (Capture, ReadPlates, TakePictures, Watch)


class Site:
    """One roadside box. Give it every event in order; do what it decides; wake it at `deadline`."""

    def __init__(self, settings: SiteSettings) -> None:
        self._settings = settings
        self._limits = {lane: Limits(chosen.limits) for lane, chosen in settings.lanes.items()}
        self._lanes_of_port = {
            port: tuple(lane for lane, chosen in settings.lanes.items() if chosen.port == port)
            for port in settings.ports
        }
        self._handlers: dict[type[Event], Callable[[Any], Iterable[Decision]]] = {
            Started: self._on_started,
            SerialBytes: self._on_serial,
            RegistersRead: self._on_registers,
            TemperatureRead: self._on_temperature,
            PlateSeen: self._on_plate,
            PlatesDone: self._on_plates_done,
            Captured: self._on_captured,
            ClockStatus: self._on_clock,
            DeviceChanged: self._on_device,
            **dict.fromkeys(STREET_EVENTS, self._on_street),
            Tick: self._on_tick,
            Stopped: self._on_stopped,
        }
        self._begin(Ns(0), "unstarted")

    def _begin(self, now: Ns, boot: str) -> None:
        """Nothing is known: the daemon has just come up."""
        settings = self._settings
        self._now = now
        self._boot = boot
        self._decoders = {
            port: make_decoder(link.protocol, char_ns=link.char_ns) for port, link in settings.ports.items()
        }
        self._scales = {lane: Scale(lane, chosen.scale) for lane, chosen in settings.lanes.items()}
        self._matchers = {
            name: Matcher(name, link.match, on_request=link.plates == "box")
            for name, link in settings.cameras.items()
        }
        self._mergers = {name: PlateMerger(name, settings.plates) for name in settings.cameras}
        self._box_reads = BoxReads(settings.plates)
        self._reading: dict[str, Crossing] = {}  # by request: whose plate is being read on the box
        self._camera_times = {
            name: CameraTime(link.unstamped_sd_ms, link.clock_limit_ms, settings.health.clock_step_ms)
            for name, link in settings.cameras.items()
        }
        self._cases = Cases(self._judge, self._classify)
        self._health = Health(
            tuple(settings.ports), settings.health.silence_ms, settings.health.clock_step_ms
        )
        street = settings.street
        zones = tuple(zone for camera in street.cameras.values() for zone in camera.zones) if street else ()
        self._coverage = Coverage(
            (*(f"lane/{lane}" for lane in settings.lanes), *(f"zone/{zone}" for zone in zones)),
            street.coverage_s if street else HOUR_S,
            now,
            "starting",
        )
        self._street = Street(street, settings.legal, self._coverage, boot, now) if street else None

    def step(self, event: Event) -> tuple[Decision, ...]:
        """Take in one event and say what follows from it, in order."""
        self._now = max(self._now, event.at)
        decisions: list[Decision] = []
        if not isinstance(event, Started):  # nobody knows what another run watched until its end
            # The hour ends before what happens after it is noted.
            decisions.extend(self._coverage.advance(self._now, self._health.clock))
        decisions.extend(self._handlers[type(event)](event))
        decisions.extend(self._advance())
        if isinstance(event, Stopped):
            decisions.extend(self._close())
            return tuple(decision for decision in decisions if not isinstance(decision, ASKED))
        return tuple(decisions)

    @property
    def deadline(self) -> Ns | None:
        """Wake me no later than this, even if nothing happens."""
        waits = [
            self._health.deadline,
            self._coverage.deadline(self._health.clock),
            self._street.deadline(self._health.clock) if self._street else None,
            self._cases.deadline,
            *(scale.deadline for scale in self._scales.values()),
            *(merger.deadline for merger in self._mergers.values()),
            *(matcher.deadline for matcher in self._matchers.values()),
        ]
        return min((wait for wait in waits if wait is not None), default=None)

    @property
    def counters(self) -> dict[str, Counters]:
        """What each port's driver has counted since the start: frames, bad sums, resyncs, gaps, rate."""
        return {port: decoder.counters for port, decoder in self._decoders.items()}

    @property
    def zones(self) -> dict[str, ZoneNow]:
        """Where each zone of the street stands, for people who look. Any thread: a look changes nothing."""
        return self._street.zones if self._street else {}

    def rivals(self, lane: str, crossing: int) -> Rivals | None:
        """What competes for a crossing's plate now, for people who look; None: nothing is held of it."""
        chosen = self._settings.lanes.get(lane)
        return self._matchers[chosen.camera].rivals(lane, crossing) if chosen and chosen.camera else None

    # -- what happened ---------------------------------------------------------------------------

    def _on_started(self, event: Started) -> Iterable[Decision]:
        # A journal may hold several runs of the daemon, and after a reboot the clock begins again.
        self._begin(event.at, event.boot_id)
        self._health.start(event.at)
        return self._street.started(event.at) if self._street else ()

    def _on_serial(self, event: SerialBytes) -> Iterable[Decision]:
        decoder = self._decoders.get(event.port)
        if decoder is None:
            yield self._unknown(f"port/{event.port}", "bytes from a port that is not configured")
            return
        yield from self._health.heard(event.port, event.at)
        yield from self._decoded(event.port, decoder.feed(event.at, event.data))

    def _on_registers(self, event: RegistersRead) -> Iterable[Decision]:
        decoder = self._decoders.get(event.port)
        if decoder is None:
            yield self._unknown(f"port/{event.port}", "registers from a port that is not configured")
            return
        if not event.problem:
            yield from self._health.heard(event.port, event.at)
        yield from self._decoded(event.port, decoder.feed_registers(event))

    def _on_temperature(self, event: TemperatureRead) -> Iterable[Decision]:
        scale = self._scales.get(event.lane)
        if scale is None:
            yield self._unknown(f"lane/{event.lane}", "temperature of a lane that is not configured")
            return
        scale.temperature(event.at, event.temperature)

    def _on_plate(self, event: PlateSeen) -> Iterable[Decision]:
        merger = self._mergers.get(event.camera)
        if merger is None:
            yield self._unknown(f"camera/{event.camera}", "a plate from a camera that is not configured")
            return
        if event.request:
            self._box_reads.add(event)
            return
        if self._settings.cameras[event.camera].plates == "box":
            detail = "it pushes reads, and its plates are read on the box; `plates: both` takes both"
            yield self._unknown(f"camera/{event.camera}", detail)
            return
        at, at_sd, moved = self._camera_times[event.camera].stamp(event)
        if moved:
            self._matchers[event.camera].clock_stepped()
            detail = "its reads come earlier or later after their pictures than they did: has a clock moved?"
            yield Fault(event.at, f"camera/{event.camera}", FaultKind.CLOCK_STEPPED, detail)
        yield from self._merged(event.camera, merger.add(event, at, at_sd))

    def _on_plates_done(self, event: PlatesDone) -> Iterable[Decision]:
        for read in self._box_reads.done(event):
            # Where the camera pushes too, it has told of the vehicles that the box did not read.
            if self._settings.cameras[read.camera].plates == "box":
                self._matchers[read.camera].read(read)
            elif read.text:
                self._matchers[read.camera].read(self._on_the_camera_s_clock(read))
        crossing = self._reading.pop(event.request, None)
        if crossing is not None:
            self._matchers[self._settings.lanes[crossing.lane].camera].reads_done(crossing)
        if event.problem:
            yield Fault(event.at, f"request/{event.request}", FaultKind.CAMERA, event.problem)

    def _on_captured(self, event: Captured) -> Iterable[Decision]:
        if self._street is None or not self._street.captured(event):
            self._cases.captured(event)
        if event.problem:
            yield Fault(event.at, f"camera/{event.camera}", FaultKind.CAMERA, event.problem)

    def _on_clock(self, event: ClockStatus) -> Iterable[Decision]:
        told = self._health.clock_status(event)
        believed = self._health.clock or event
        for name, times in self._camera_times.items():
            # Reads of the box's own are on its monotonic clock, which does not step.
            if times.clock(believed) and self._settings.cameras[name].plates != "box":
                self._matchers[name].clock_stepped()
        return told

    def _on_device(self, event: DeviceChanged) -> Iterable[Decision]:
        decoder = self._decoders.get(event.device.removeprefix("port/"))
        if decoder is not None and event.state == "down":
            decoder.reset()  # half a frame from before must not be glued to one from after
        yield from self._health.device(event)
        if self._street is not None:
            yield from self._street.device(event)

    def _on_street(self, event: StreetEvent) -> Iterable[Decision]:
        if self._street is None:
            return (self._unknown("street", f"{type(event).__name__}, and this site has no street"),)
        return self._street.take(self._now, event, self._health.clock)

    def _on_tick(self, _event: Tick) -> Iterable[Decision]:
        return ()

    def _on_stopped(self, _event: Stopped) -> Iterable[Decision]:
        return ()

    # -- from bytes to crossings to cases --------------------------------------------------------

    def _decoded(
        self, port: str, results: tuple[Samples | VehicleRecord | ProtocolFault, ...]
    ) -> Iterable[Decision]:
        for result in results:
            if isinstance(result, ProtocolFault):
                yield Fault(result.at, f"port/{port}", result.kind, result.detail, result.count)
            elif isinstance(result, VehicleRecord):
                yield from self._reported(port, result)
            else:
                for lane in self._lanes_of_port[port]:
                    yield from self._weighed(lane, self._scales[lane].feed(result))

    def _reported(self, port: str, record: VehicleRecord) -> Iterable[Decision]:
        if record.lane not in self._lanes_of_port[port]:
            yield self._unknown(f"port/{port}", f"a vehicle on lane {record.lane!r}, not on this port")
            return
        yield from self._weighed(record.lane, self._scales[record.lane].report(record))

    def _weighed(self, lane: str, results: tuple[Crossing | Fault | Status, ...]) -> Iterable[Decision]:
        for result in results:
            if isinstance(result, Crossing):
                yield from self._crossed(lane, result)
            else:
                yield result

    def _crossed(self, lane: str, crossing: Crossing) -> Iterable[Decision]:
        verdicts = self._judge(crossing, "")
        yield CrossingSeen(self._now, crossing, verdicts)
        camera = self._settings.lanes[lane].camera
        if camera:
            self._matchers[camera].crossing(crossing)
        if is_over(verdicts):
            yield from self._open_case(lane, camera, crossing)

    def _open_case(self, lane: str, camera: str, crossing: Crossing) -> Iterable[Decision]:
        case = Case(
            id=f"{self._boot}-{lane}-{crossing.number}",
            crossing=crossing,
            port=self._settings.lanes[lane].port,
            pictures_due=None,
        )
        self._cases.open(case)
        if not camera:
            self._cases.matched(self._nobody_looked(crossing))
            return
        link = self._settings.cameras[camera]
        matcher = self._matchers[camera]
        predicted, _sd, start, end = matcher.window(crossing)
        if link.pictures:
            times = tuple(Ns(predicted + offset * MS) for offset in sorted(link.offsets_ms))
            case.pictures_due = pictures_due((*times, self._now), link.picture_wait_ms)
            yield Capture(self._now, case.id, camera, lane, times)
        if link.plates != "push":
            until = Ns(max(self._now, end) + link.read_wait_ms * MS)
            matcher.wait_for_reads(crossing, until)
            self._reading[case.id] = crossing
            if len(self._reading) > MAX_REQUESTS:
                del self._reading[next(iter(self._reading))]
            early = self._camera_ahead(camera, lane)
            window = (Ns(start - early), Ns(end - early), Ns(predicted - early))
            yield ReadPlates(self._now, case.id, camera, lane, *window, matcher.side(lane))

    def _camera_ahead(self, camera: str, lane: str) -> int:
        """How far a camera's own clock is ahead of the box's, by what it pushes; video is on the box's."""
        offset = self._matchers[camera].offset(lane)
        return offset.value if offset is not None and self._settings.cameras[camera].plates == "both" else 0

    def _on_the_camera_s_clock(self, read: PlateRead) -> PlateRead:
        """Where camera and box both read, the matcher goes by the camera's clock."""
        ahead = self._camera_ahead(read.camera, read.lane or "")
        return replace(read, at=Ns(read.at + ahead), seen_until=Ns(read.seen_until + ahead))

    def _nobody_looked(self, crossing: Crossing) -> Match:
        """The match of a lane without a camera: there is no read, and that is certain."""
        return Match(
            lane=crossing.lane,
            crossing=crossing.number,
            status=MatchStatus.UNMATCHED,
            decided_at=self._now,
            predicted_at=crossing.last_axle_at,
            predicted_sd=Ns(0),
            candidates=(),
            none_posterior=Ppm(1_000_000),
            margin=Ppm(1_000_000),
        )

    # -- plates ----------------------------------------------------------------------------------

    def _merged(self, camera: str, results: tuple[PlateRead | Fault, ...]) -> Iterable[Decision]:
        for result in results:
            if isinstance(result, Fault):
                yield result
            else:
                self._matchers[camera].read(result)

    # -- time ------------------------------------------------------------------------------------

    def _advance(self) -> Iterable[Decision]:
        now = self._now
        yield from self._health.tick(now)
        for lane, scale in self._scales.items():
            if _due(scale.deadline, now):
                yield from self._weighed(lane, scale.tick(now))
        for camera, merger in self._mergers.items():
            if _due(merger.deadline, now):
                yield from self._merged(camera, merger.tick(now))
        for matcher in self._matchers.values():
            if _due(matcher.deadline, now):
                yield from self._answered(matcher.advance(now))
        yield from self._cases.advance(now, self._health.clock)
        if self._street is not None:
            yield from self._street.advance(now, self._health.clock)
        self._watch_lanes(now)

    def _answered(self, results: tuple[Match | Fault, ...]) -> Iterable[Fault]:
        for result in results:
            if isinstance(result, Fault):
                yield result
            else:
                self._cases.matched(result)

    def _close(self) -> Iterable[Decision]:
        """The run ends: what was concluded waits for nothing any more. A vehicle on the scale is lost."""
        now = self._now
        for matcher in self._matchers.values():
            yield from self._answered(matcher.close(now))
        yield from self._cases.close(now, self._health.clock)
        if self._street is not None:
            yield from self._street.close(now, self._health.clock)
        yield from self._health.close(now)

    def _watch_lanes(self, now: Ns) -> None:
        """A lane is watched while its port speaks and the clock is good; the ledger is told of changes."""
        clock = self._health.clock
        untimed = "clock" if any(clock_reasons(self._settings.legal, now, clock)) else ""
        for lane, chosen in self._settings.lanes.items():
            doubt, since = self._health.port_doubt(chosen.port)
            reason, at = (doubt, since) if doubt else (untimed, now)
            if reason != self._coverage.reason(f"lane/{lane}"):
                self._coverage.note(f"lane/{lane}", at, reason)

    # -- judging ---------------------------------------------------------------------------------

    def _judge(self, crossing: Crossing, vehicle: str) -> tuple[Verdict, ...]:
        return self._limits[crossing.lane].evaluate(crossing, vehicle)

    def _classify(
        self,
        *,
        crossing: Crossing,
        verdicts: tuple[Verdict, ...],
        match: Match,
        pictures: tuple[Picture, ...],
        vehicle_confirmed: bool | None,
        clock: ClockStatus | None,
    ) -> tuple[UseClass, tuple[str, ...]]:
        return use_class(
            self._settings.legal,
            self._settings.lanes[crossing.lane].certificate,
            crossing=crossing,
            verdicts=verdicts,
            match=match,
            pictures=pictures,
            vehicle_confirmed=vehicle_confirmed,
            clock=clock,
        )

    def _unknown(self, source: str, detail: str) -> Fault:
        return Fault(self._now, source, FaultKind.UNKNOWN_SOURCE, detail)


def _due(deadline: Ns | None, now: Ns) -> bool:
    return deadline is not None and deadline <= now
