"""A bridge and a street camera in one recording, as the daemon would have written it, and its truth."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
import yaml

from edge_agent.config.loader import load
from edge_agent.config.recorded import to_text
from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import CrossingSeen, Seal
from edge_agent.core.events import Captured, Event, SceneSeen, Started, Stopped
from edge_agent.core.records import Detection
from edge_agent.core.site import Site
from edge_agent.core.units import MS, Ns, S
from edge_agent.journal.reader import Recording
from edge_agent.journal.video import VideoPacket
from edge_agent.journal.writer import RecordingHeader, RecordingWriter
from edge_agent.sim.events import events
from tests.road import ROOT, a_picture, a_scenario
from tests.storefront import a_scene

WIDE, TALL, FPS = 320, 180, 5
SECONDS = 20
ZONE = [[0.1, 0.5], [0.9, 0.5], [0.9, 0.95], [0.1, 0.95]]
STREET = f"""
references_dir: references
shops: {{a: {{name: Shop A}}}}
rules: {{overflow: {{candidate_s: 2, stay_s: 6, settle_s: 1, clear_s: 3, hours: {{enforce: []}}}}}}
cameras:
  "east 1":
    video: {{url: "rtsp://192.0.2.7/main"}}
    zones:
      店面: {{rule: overflow, shop: a, polygon: {ZONE}, door_line: [[0.1, 0.5], [0.9, 0.5]]}}
"""
CAMERA, FRONT = "east 1", "店面"  # names that a path must not trip over
HEAVY = {"at_s": 4, "kind": "truck3", "gross_kg": 26_000, "speed_kmh": 24, "plate": "沪B12345"}
LIGHT = {"at_s": 10, "kind": "truck2", "gross_kg": 9_000, "speed_kmh": 28, "plate": "京A67890"}
SCENARIO = a_scenario(HEAVY, LIGHT, duration_s=SECONDS)
BASE = SCENARIO.mono_start_ns


@cache
def a_site(**changes: object) -> SiteConfig:
    """The demo's bridge, warmed up, with a street beside it."""
    tree = load(ROOT / "configs" / "bridge.yaml").model_dump(mode="json", by_alias=True)
    for lane in tree["lanes"].values():
        lane["scale"]["zero"]["warm_up_s"] = 0
    tree["street"] = yaml.safe_load(STREET)
    return SiteConfig.model_validate({**tree, **changes})


@cache
def packets(*, codec: str = "h264", bframes: int = 0) -> tuple[tuple[int, bytes], ...]:
    """(number of the picture, Annex B) in the order of decoding: a white thing moves over a grey street."""
    encoder = av.CodecContext.create({"h264": "libx264", "h265": "libx265"}[codec], "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDE, TALL, "yuv420p"
    encoder.time_base, encoder.framerate, encoder.gop_size = Fraction(1, FPS), Fraction(FPS), 10
    params = f"log-level=none:bframes={bframes}:keyint=10:min-keyint=10:scenecut=0:repeat-headers=1:annexb=1"
    encoder.options = {"preset": "ultrafast", "crf": "30", f"{codec.replace('h', 'x')}-params": params}
    out = []
    for number in range(SECONDS * FPS):
        image = np.full((TALL, WIDE, 3), 90, np.uint8)
        image[60:120, 20 + number :][:, :40] = 240
        frame = av.VideoFrame.from_ndarray(image, format="bgr24")
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        out += encoder.encode(frame)
    out += encoder.encode(None)
    return tuple((packet.pts, bytes(packet)) for packet in out)


def video(*, codec: str = "h264", bframes: int = 0) -> list[tuple[int, VideoPacket]]:
    """(arrival, packet) of the street camera."""
    return [
        (BASE + index * S // FPS, VideoPacket(CAMERA, Ns(BASE + number * S // FPS), codec, data))
        for index, (number, data) in enumerate(packets(codec=codec, bframes=bframes))
    ]


def scenes() -> list[SceneSeen]:
    """A look each second: goods from second 3 to 14."""
    return [
        replace(seen, at=Ns(seen.at + 30 * MS))
        for second in range(SECONDS)
        for seen in [a_scene(BASE / S + second, *(["stall"] if 3 <= second < 14 else []), camera=CAMERA)]
    ]


def captured(case: str, at: int, sha256: str = "") -> Captured:
    """A picture of the heavy vehicle, for its case."""
    boxes = (Detection("truck", "evidence", 930, 100, 200, 600, 900, in_lane=True),)
    return Captured(
        Ns(at), case, "cam1", (a_picture("full_view_1", at - 100 * MS, sha256),), (boxes,), "m" * 64
    )


@dataclass
class Made:
    """What was written, and all of it."""

    path: Path
    events: list[Event] = field(default_factory=list)
    decisions: list[object] = field(default_factory=list)
    video: list[VideoPacket] = field(default_factory=list)

    @property
    def recordings(self) -> list[Recording]:
        """Opened afresh."""
        return [Recording.open(self.path)]

    def of(self, kind: type) -> list:
        """All of a kind."""
        return [one for one in (*self.events, *self.decisions) if isinstance(one, kind)]

    @property
    def crossings(self) -> list[CrossingSeen]:
        return self.of(CrossingSeen)

    @property
    def seal(self) -> Seal:
        [seal] = self.of(Seal)
        return seal


def make(
    path: Path,
    *,
    moving: list[tuple[int, VideoPacket]] | None = None,
    decided: bool = True,
    street: bool = True,
    clock: bool = True,
    picture: str = "",
    config: SiteConfig | None = None,
) -> Made:
    """Write the recording: bridge, street, their decisions (unless not `decided`) and video."""
    site = config or a_site()
    made = Made(path)
    core = Site(site.core())
    bridge = [e for e in events(SCENARIO, 3, "test") if clock or type(e).__name__ != "ClockStatus"]
    pushed = captured("nobody's", BASE + 12 * S, picture)
    stream = heapq.merge(
        sorted([*bridge, pushed], key=lambda e: e.at), scenes() if street else [], key=lambda event: event.at
    )
    packets_due = list(moving if moving is not None else video())
    with path.open("wb") as file:
        writer = RecordingWriter(file, RecordingHeader("test", site.sha256(), to_text(site), simulated=True))

        def step(event: Event) -> None:
            made.events.append(event)
            writer.event(event)
            for decision in core.step(event):
                made.decisions.append(decision)
                if decided:
                    writer.decision(decision)

        for event in stream:
            while packets_due and not isinstance(event, Started) and packets_due[0][0] <= event.at:
                arrived, packet = packets_due.pop(0)
                writer.video(packet, arrived)
                made.video.append(packet)
            step(event)
        step(Stopped(Ns(BASE + (SECONDS + 10) * S)))
        writer.close()
    return made
