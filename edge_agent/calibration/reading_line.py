"""Vehicles that scale and camera both saw -> how far behind the first sensor the camera reads, and how late.

Only pairs that cannot be others are used: a crossing with a single read in its reach, and that read in no
other crossing's reach. The reach is generous, for what is configured may be wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from edge_agent.calibration.proposal import Figures, Proposal, ReadingLine
from edge_agent.core.camera_time import CameraTime
from edge_agent.core.decisions import CrossingSeen
from edge_agent.core.events import ClockStatus, Event, PlatesDone, PlateSeen, Started
from edge_agent.core.match.distance import DistanceEstimate, DistanceObservation, estimate_distance, observe
from edge_agent.core.match.expect import SLOWEST_MM_S
from edge_agent.core.match.settings import LaneMatchSettings
from edge_agent.core.plates.box_reads import BoxReads
from edge_agent.core.plates.votes import PlateMerger
from edge_agent.core.records import Crossing, PlateRead
from edge_agent.core.site import Site
from edge_agent.core.site_settings import SiteSettings
from edge_agent.core.timekeeper import Timekeeper
from edge_agent.core.units import MS, S
from edge_agent.errors import UsageError, both

# What the configured distance may be off, and the clock besides.
REACH_MM = 10_000
REACH_NS = 1 * S
# The reach is laid around what was found, and the vehicles are paired again: around a wrong distance it would
# cut off the slow ones that are read late, and the result would lean towards what is configured.
ROUNDS = 3

Pair = tuple[Crossing, PlateRead]


@dataclass(frozen=True, slots=True)
class Learned:
    """Where the reading line is, and what that rests on."""

    configured: LaneMatchSettings
    estimate: DistanceEstimate
    observations: tuple[DistanceObservation, ...]
    crossings: int  # of the lane
    paired: int  # of them with a read that can be nobody else's
    reported_ms: int  # the longest that a crossing took to be reported after its last axle

    @property
    def agrees(self) -> bool:
        """What is configured lies within the intervals."""
        off_mm = abs(self.estimate.distance_mm - self.configured.distance_mm)
        off_ms = abs(self.estimate.delay_ms - self.configured.offset_ms)
        return off_mm <= self.estimate.interval_mm and off_ms <= self.estimate.delay_interval_ms


@dataclass(slots=True)
class Run:
    """What one run of the daemon saw of the camera's lanes; times of another run may be another boot's."""

    crossings: list[Crossing] = field(default_factory=list)
    reads: list[PlateRead] = field(default_factory=list)  # by their own time


def runs_of(events: Iterable[Event], settings: SiteSettings, camera: str) -> list[Run]:
    """A recording, weighed and read anew."""
    site, reads, runs = Site(settings), _Reads(settings, camera), [Run()]
    for event in events:
        if isinstance(event, Started):
            runs[-1].reads = reads.found()
            reads = _Reads(settings, camera)
            runs.append(Run())
        runs[-1].crossings += [d.crossing for d in site.step(event) if isinstance(d, CrossingSeen)]
        reads.take(event)
    runs[-1].reads = reads.found()
    return runs


class _Reads:
    """A camera's reads with their times, as `core.site` makes them."""

    def __init__(self, settings: SiteSettings, camera: str) -> None:
        link, step_ms = settings.cameras[camera], settings.health.clock_step_ms
        self._camera = camera
        self._reads: dict[str, PlateRead] = {}
        self._on_box = link.plates == "box"
        self._box_reads = BoxReads(settings.plates)
        self._merger = PlateMerger(camera, settings.plates)
        self._keeper = Timekeeper(step_ms)
        self._times = CameraTime(link.unstamped_sd_ms, link.clock_limit_ms, step_ms)

    def take(self, event: Event) -> None:
        if isinstance(event, ClockStatus):
            self._keeper.report(event)
            self._times.clock(self._keeper.clock or event)
        elif isinstance(event, PlateSeen) and event.camera == self._camera:
            self._seen(event)
        elif isinstance(event, PlatesDone) and self._on_box:
            self._keep(one for one in self._box_reads.done(event) if one.camera == self._camera)

    def found(self) -> list[PlateRead]:
        return list(self._reads.values())

    def _seen(self, event: PlateSeen) -> None:
        if event.request:
            self._box_reads.add(event)
        elif not self._on_box:
            at, at_sd, _ = self._times.stamp(event)
            self._keep(one for one in self._merger.add(event, at, at_sd) if isinstance(one, PlateRead))

    def _keep(self, reads: Iterable[PlateRead]) -> None:
        self._reads.update((read.id, read) for read in reads)


def learn(
    runs: Sequence[Run], settings: SiteSettings, camera: str, lane: str, reach_mm: int = REACH_MM
) -> Learned:
    """The distance of a lane's reading line.

    Args:
        runs: of the recordings.
        settings: of the site.
        camera: which.
        lane: which.
        reach_mm: how far off what is configured may be.

    Raises:
        UsageError: too few vehicles, or all equally fast.
    """
    match = settings.cameras[camera].match
    chosen = next(one for one in match.lanes if one.lane == lane)
    crossings = [crossing for run in runs for crossing in run.crossings if crossing.lane == lane]
    estimate, centre = None, chosen
    for _ in range(ROUNDS):
        lanes = _with(match.lanes, centre)
        found = [pair for run in runs for pair in pairs(run, lanes, reach_mm) if pair[0].lane == lane]
        observed = [observe(crossing, read.at, read.at_sd, chosen, match) for crossing, read in found]
        used = tuple(one for one in observed if one is not None)
        estimate = estimate_distance(used)
        if estimate is None:
            raise UsageError(
                both(
                    f"车道 {lane}：{len(crossings)} 辆车，其中 {len(used)} 辆单独通过、只有一个读数、"
                    "车速已知：太少，或车速都一样。请等更多快慢不同的车通过",
                    f"lane {lane}: {len(crossings)} crossings, {len(used)} of lone vehicles with one read "
                    "and a measured speed: too few, or all equally fast. Let more pass, slow and fast",
                )
            )
        centre = chosen.model_copy(
            update={"distance_mm": estimate.distance_mm, "offset_ms": estimate.delay_ms}
        )
    assert estimate is not None
    return Learned(
        configured=chosen,
        estimate=estimate,
        observations=used,
        crossings=len(crossings),
        paired=len(found),
        reported_ms=max((c.closed_at - c.last_axle_at) // MS for c in crossings),
    )


def _with(lanes: Sequence[LaneMatchSettings], one: LaneMatchSettings) -> list[LaneMatchSettings]:
    return [one if lane.lane == one.lane else lane for lane in lanes]


def pairs(run: Run, lanes: Sequence[LaneMatchSettings], reach_mm: int) -> list[Pair]:
    """Crossings and reads that are in nobody else's reach."""
    chosen = {one.lane: one for one in lanes}
    crossings = [one for one in run.crossings if one.lane in chosen]
    windows = [_window(one, chosen[one.lane], reach_mm) for one in crossings]
    reached = [
        [
            number
            for number, (begin, end) in enumerate(windows)
            if begin <= read.at <= end and read.lane in {None, crossings[number].lane}
        ]
        for read in run.reads
    ]
    reads_of = Counter(number for numbers in reached for number in numbers)
    return [
        (crossings[numbers[0]], read)
        for read, numbers in zip(run.reads, reached, strict=True)
        if len(numbers) == 1 and reads_of[numbers[0]] == 1
    ]


def _window(crossing: Crossing, lane: LaneMatchSettings, reach_mm: int) -> tuple[int, int]:
    speed = max(crossing.speed or lane.assumed_speed_mm_s, SLOWEST_MM_S)
    at = crossing.first_axle_at + lane.offset_ms * MS
    near, far = ((lane.distance_mm + off) * S // speed for off in (-reach_mm, reach_mm))
    return at + near - REACH_NS, at + far + REACH_NS


def line_proposal(found: Learned, camera: str, used: str) -> Proposal:
    """Distance and delay together, for they were found together; nothing where what is configured agrees."""
    estimate, configured = found.estimate, found.configured
    line = ReadingLine(camera=camera, distance_mm=estimate.distance_mm, offset_ms=estimate.delay_ms)
    return Proposal(
        lane=configured.lane,
        method="reading_line",
        measured_with=used,
        reading_line=None if found.agrees else line,
        record=Figures(
            runs=estimate.used,
            runs_left_out=estimate.left_out,
            detail=(
                f"camera {camera}: distance {configured.distance_mm} -> {estimate.distance_mm} "
                f"± {estimate.interval_mm} mm, delay {configured.offset_ms} -> {estimate.delay_ms} "
                f"± {estimate.delay_interval_ms} ms, {estimate.used} vehicles"
            ),
        ),
        figures=line_dict(found),
    )


def line_dict(found: Learned) -> dict[str, object]:
    """For `--json` and the record."""
    estimate = found.estimate
    return {
        "configured_distance_mm": found.configured.distance_mm,
        "configured_offset_ms": found.configured.offset_ms,
        "distance_mm": estimate.distance_mm,
        "interval_mm": estimate.interval_mm,
        "delay_ms": estimate.delay_ms,
        "delay_interval_ms": estimate.delay_interval_ms,
        "used": estimate.used,
        "left_out": estimate.left_out,
        "crossings": found.crossings,
        "paired": found.paired,
        "reported_ms": found.reported_ms,
        "agrees": found.agrees,
    }
