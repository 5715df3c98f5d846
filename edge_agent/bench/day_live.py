"""The simulated day as a live source: one order of events, ticks when the core asked, devices that answer.

Time is the events' own. The source is to the runner what `devices/intake.py` is on the road, and the sink
carries out what devices would: street cameras are looked at as often as the core wants, every picture that it
asks for is taken.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from edge_agent import __version__, runner
from edge_agent.bench.day_street import MODEL, StreetCamera
from edge_agent.config import recorded
from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import Capture, Decision, TakePictures, Watch
from edge_agent.core.events import Captured, DeviceChanged, Event, Stopped, Tick
from edge_agent.core.records import Detection, Picture
from edge_agent.core.site import Site
from edge_agent.core.units import MS, Ns, Permille
from edge_agent.journal.raw_ring import RawRing
from edge_agent.journal.recorder import Recorder
from edge_agent.journal.settings import JournalSettings
from edge_agent.journal.writer import RecordingHeader
from edge_agent.runner import Deadline
from edge_agent.sinks import Tee

TAKING = 400 * MS  # a request for pictures is answered so long after its last picture
BYTES = 280_000
QUOTA_MB = 8_000  # a whole day stays
SIZE = (1920, 1080)
VEHICLE = Detection(
    "truck",
    "evidence",
    Permille(880),
    Permille(310),
    Permille(300),
    Permille(700),
    Permille(860),
    in_lane=True,
)


class LiveDay:
    """Source and sink of one run.

    Args:
        bridge: everything that needs no answer, in order.
        cameras: of the street.
        told: hears of each event's time.
    """

    def __init__(
        self,
        bridge: Iterator[Event],
        cameras: Sequence[StreetCamera],
        told: Callable[[Ns], None],
    ) -> None:
        self._bridge = bridge
        self._cameras = {camera.name: camera for camera in cameras}
        self._up = dict.fromkeys(self._cameras, True)
        self._told = told
        self._periods: dict[str, int] = {}
        self._answers: list[tuple[Ns, int, Event]] = []  # a heap; the number keeps the order of asking
        self._asked = 0
        self._now = Ns(0)  # no tick lies before what has happened

    def events(self, deadline: Deadline) -> Iterator[Event]:
        """Every event of the day, in order of time."""
        started = next(self._bridge)
        yield started
        street = [(started.at + k * 100 * MS, name) for k, name in enumerate(self._cameras)]
        heapq.heapify(street)
        for event in self._bridge:
            while street and street[0][0] <= event.at:
                taken, name = street[0]
                yield from self._until(Ns(taken), deadline)
                yield from self._picture(name, Ns(taken))
                heapq.heapreplace(street, (taken + self._periods.get(name, 2_000) * MS, name))
            yield from self._until(event.at, deadline)
            self._now = event.at
            yield event
            self._told(event.at)
        yield Stopped(self._now)

    def __call__(self, decision: Decision) -> None:
        """What the box's devices would do."""
        match decision:
            case Watch():
                self._periods[decision.camera] = decision.period_ms
            case TakePictures():
                self._answer(
                    _stills(decision), max((shot.time for shot in decision.shots), default=decision.at)
                )
            case Capture():
                self._answer(_views(decision), max(decision.times))
            case _:
                pass

    def _picture(self, name: str, at: Ns) -> Iterator[Event]:
        """One picture looked at; while the camera is away none is, and that is said once."""
        seen = self._cameras[name].look(at)
        if (seen is not None) != self._up[name]:
            self._up[name] = seen is not None
            yield DeviceChanged(at, f"camera/{name}", "up" if seen else "down", "")
        if seen is not None:
            self._add(seen)

    def _until(self, at: Ns, deadline: Deadline) -> Iterator[Event]:
        """Answers that have come and ticks that are due before an event of that time."""
        while True:
            due, answer = deadline(), self._answers[0] if self._answers else None
            if answer is not None and answer[0] <= at and (due is None or answer[0] <= due):
                self._now, _, event = heapq.heappop(self._answers)
                yield event
            elif due is not None and due < at:
                self._now = max(self._now, due)
                yield Tick(self._now)
            else:
                return

    def _answer(self, answer: Captured, last: int) -> None:
        self._add(replace(answer, at=Ns(max(last, answer.at) + TAKING)))

    def _add(self, event: Event) -> None:
        self._asked += 1
        heapq.heappush(self._answers, (event.at, self._asked, event))


def _views(asked: Capture) -> Captured:
    """The bridge camera's: the vehicle stands in the lane in each."""
    roles = [(f"full_view_{number}", at) for number, at in enumerate(asked.times, start=1)]
    pictures = tuple(_still(asked.request, asked.camera, role, at) for role, at in roles)
    return Captured(asked.at, asked.request, asked.camera, pictures, ((VEHICLE,),) * len(pictures), MODEL)


def _stills(asked: TakePictures) -> Captured:
    """A street camera's, each as it is: copies and clips are left out."""
    pictures = tuple(_still(asked.request, asked.camera, shot.role, shot.time) for shot in asked.shots)
    return Captured(asked.at, asked.request, asked.camera, pictures, ((),) * len(pictures), MODEL)


def _still(request: str, camera: str, role: str, at: Ns) -> Picture:
    digest = hashlib.sha256(f"{request} {role}".encode()).hexdigest()
    return Picture(role, digest, BYTES, "image/jpeg", *SIZE, at, camera)


def live_through(live: LiveDay, config: SiteConfig, folder: Path, command: str, note: str) -> None:
    """Through the daemon's own loop, core and black box: segments in the folder, as on the road."""
    header = RecordingHeader(
        software=f"edge-agent {__version__} {command}",
        config_sha256=config.sha256(),
        config_text=recorded.to_text(config),
        simulated=True,
        note=note,
    )
    recorder = Recorder(folder, JournalSettings(quota_mb=QUOTA_MB), header)
    runner.run(Site(config.core()), live, Tee(recorder, RawRing()), live)
    recorder.close()
