"""A week on a bridge, in event time: what its weighing controller and its plate camera send, hour by hour.

A controller reports whole vehicles, so that a week of a hundred thousand is a matter of minutes: bytes on a
line, plate reads with two pictures each, the clock's state, now and then a clock that steps.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from edge_agent.config.loader import load
from edge_agent.config.settings import SiteConfig
from edge_agent.core.events import ClockSource, ClockStatus, Event, PlateSeen, SerialBytes, Tick
from edge_agent.core.records import Picture
from edge_agent.core.units import MS, Ns, S
from edge_agent.core.weigh.protocols.settings import WimJsonSettings
from edge_agent.demo.rendered import repository
from edge_agent.demo.stage import moved
from edge_agent.evidence.examples import BASE_UTC, a_jpeg
from edge_agent.runner import Deadline
from edge_agent.sim.controller import record_lines, records
from edge_agent.sim.events import all_reads, plate_seen
from edge_agent.sim.rng import stream
from edge_agent.sim.scenario import Scenario
from edge_agent.sim.traffic import generate

PORT, CAMERA, LANE = "wim", "cam1", "1"
HOUR = 3_600 * S
CLOCK_EVERY_S = 60
PICTURE_BYTES = 20_000
OVERWEIGHT_SHARE = 0.2  # of lorries
PROTOCOL = WimJsonSettings(lanes={LANE: LANE})


def site() -> SiteConfig:
    """`configs/bridge.yaml` with a controller that weighs by itself, and pictures that come with reads."""
    bridge = load(repository() / "configs" / "bridge.yaml")
    scale = bridge.model_dump(mode="json", by_alias=True)["lanes"][LANE]["scale"]
    scale = {key: value for key, value in scale.items() if key not in {"sensors", "separator"}}
    return moved(
        bridge,
        {
            ("ports", PORT, "protocol"): {"kind": "wim_json", "lanes": {LANE: LANE}},
            ("lanes", LANE, "scale"): scale,
            ("cameras", CAMERA, "video"): None,
            ("cameras", CAMERA, "pictures"): False,
            ("detector",): None,
            ("console",): None,
            ("health", "silence_ms"): 600_000,  # a controller says nothing while nobody comes
            ("site", "tenant"): "city",
            ("site", "device_id"): "ea-test-0001",
        },
    )


def scenario(per_hour: float) -> Scenario:
    """An hour of traffic."""
    return Scenario.model_validate(
        {
            "name": "soak",
            "duration_s": 3_600,
            "posted_limit_kg": 20_000,
            "lanes": [
                {
                    "id": LANE,
                    "port": PORT,
                    "sensors": [
                        {
                            "id": name,
                            "position_mm": at,
                            "length_mm": 800,
                            "channels": [{"index": k, "side": "both"}],
                        }
                        for k, (name, at) in enumerate((("pad-1", 0), ("pad-2", 2_800)))
                    ],
                    "traffic": {
                        "vehicles_per_hour": per_hour,
                        "overweight_share": OVERWEIGHT_SHARE,
                        "speeds": {"mean_kmh": 24, "sd_kmh": 5, "low_kmh": 15, "high_kmh": 35},
                    },
                }
            ],
            "instruments": {PORT: {"protocol": PROTOCOL.model_dump(mode="json")}},
            "cameras": {CAMERA: {"distance_mm": 5_000}},
        }
    )


@dataclass(slots=True)
class Time:
    """The compressed clock: it shows the time of the last event. A step of it moves UTC alone."""

    now: Ns
    steps: tuple[tuple[int, int], ...] = ()  # (from this hour on, UTC is ahead by so many ns)

    def mono(self) -> Ns:
        """The box's monotonic clock."""
        return self.now

    def ahead(self) -> int:
        """How far UTC has been stepped, ns."""
        return next((by for hour, by in reversed(self.steps) if self.now >= hour * HOUR), 0)

    def utc_us(self) -> int:
        """The box's idea of UTC, microseconds."""
        return (BASE_UTC + self.now + self.ahead()) // 1_000


@dataclass(frozen=True, slots=True)
class Week:
    """Events from an hour on, without an end of its own; moves `time` as it goes."""

    per_hour: float
    seed: int
    time: Time
    stage: Callable[[bytes], str]
    before: Callable[[Event], bool]  # told of each event before it; False ends the week

    def events(self, deadline: Deadline) -> Iterator[Event]:
        """In order; wakes the core when it wants to be woken."""
        begun = self.time.now
        for hour in range(begun // HOUR, 10_000):
            for event in self._hour(hour):
                if event.at <= begun:
                    continue
                while (due := deadline()) is not None and due <= event.at:
                    self.time.now = max(self.time.now, due)
                    yield Tick(self.time.now)
                self.time.now = event.at
                if not self.before(event):
                    return
                yield self._with_pictures(event)

    def _hour(self, hour: int) -> Iterator[Event]:
        """One hour's traffic; the same for the same seed, whoever asks."""
        planned, seed, base = scenario(self.per_hour), self.seed * 1_000 + hour, hour * HOUR
        passages = generate(planned, seed)
        reported = records(planned, PORT, passages, stream(seed, "controller"))
        named = [replace(record, record_id=f"{hour}-{record.record_id}") for record in reported]
        serial: Iterator[Event] = (
            SerialBytes(Ns(base + at), PORT, line) for at, line in record_lines(PROTOCOL, named)
        )
        plates: Iterator[Event] = (
            replace(seen, event_id=f"{hour}-{seen.event_id}")
            for read in all_reads(planned, passages, seed)
            for seen in [plate_seen(read, base, BASE_UTC)]
        )
        return heapq.merge(serial, plates, self._clock(base), key=lambda event: event.at)

    def _clock(self, base: int) -> Iterator[Event]:
        for second in range(0, 3_600, CLOCK_EVERY_S):
            at = Ns(base + second * S)
            ahead = replace(self.time, now=at).ahead()
            yield ClockStatus(
                at,
                Ns(BASE_UTC + ahead),
                ClockSource.NTP,
                synced=True,
                offset=Ns(2 * MS),
                est_error=Ns(8 * MS),
            )

    def _with_pictures(self, event: Event) -> Event:
        """The view of the vehicle and the plate's crop, as a camera pushes them along."""
        if not isinstance(event, PlateSeen):
            return event
        pictures = []
        for role, size, shape in (
            ("front", PICTURE_BYTES, (1920, 1080)),
            ("plate", PICTURE_BYTES // 10, (220, 70)),
        ):
            data = a_jpeg((self.seed, event.event_id, role), size)
            pictures.append(Picture(role, self.stage(data), size, "image/jpeg", *shape, None, CAMERA))
        return replace(event, pictures=tuple(pictures))


def folder_bytes(folder: Path) -> int:
    """What its files hold together."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
