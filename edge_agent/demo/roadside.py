"""A simulated place by the road with everything around a box but the box: whoever installs one finds it so.

    trucks ──> load cells ──> a serial line      goods ──> a street camera      broker, platform

The daemon and every command are processes of their own, with the site's file, as in the field.
"""

from __future__ import annotations

import os
import pty
import time
import tty
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from edge_agent.config.recorded import to_text
from edge_agent.core.units import MS, Ns, S
from edge_agent.demo.anpr import Anpr
from edge_agent.demo.broker import Broker, free_port, start_broker
from edge_agent.demo.projector import Projector
from edge_agent.demo.rendered import FPS as BRIDGE_FPS
from edge_agent.demo.rendered import render_bridge, rendered_stage, scene_of
from edge_agent.demo.site import INGEST_ID, ingest_settings, introduce, prepare_folder, site_of
from edge_agent.demo.stage import SETTLE_NS, Progress, Stage, moved
from edge_agent.demo.street import FPS as STREET_FPS
from edge_agent.demo.street import SIZE as STREET_SIZE
from edge_agent.devices import clock
from edge_agent.errors import DeviceError
from edge_agent.ingest.service import Ingest
from edge_agent.sim.live import LiveTraffic
from edge_agent.sim.push import HttpPush
from edge_agent.sim.render.clip import write_clip as write_bridge
from edge_agent.sim.scenario import PlannedPassage
from edge_agent.sim.street.clip import write_clip as write_street
from edge_agent.sim.street.script import StreetDay

LEAD_NS = 500 * MS
CLEAR_S = 10  # of an empty road and a clear pavement, shown over and over
IDLE_S = 600.0  # of an empty road after the vehicles
STARTED_S = 30.0  # for the platform to be reached


def a_stage(passages: tuple[PlannedPassage, ...], seconds: float, gain_error_permille: int) -> Stage:
    """The demo's road and street with these vehicles alone, over a scale that reads so much too much."""
    stage = rendered_stage(seconds, Anpr.PUSH)
    scenario = stage.scenario
    quiet = tuple(lane.model_copy(update={"traffic": None}) for lane in scenario.lanes)
    instruments = {
        name: one.model_copy(
            update={"errors": one.errors.model_copy(update={"gain_error_permille": gain_error_permille})}
        )
        for name, one in scenario.instruments.items()
    }
    changed = scenario.model_copy(update={"lanes": quiet, "instruments": instruments, "passages": passages})
    return replace(
        stage,
        scenario=changed,
        video=lambda folder, seed, progress: render_bridge(folder, seed, changed, progress),
    )


def clear_clips(folder: Path, stage: Stage) -> tuple[Path, Path]:
    """What both cameras show while nothing is there."""
    assert stage.street is not None
    bridge, street = folder / "bridge-clear.mp4", folder / "street-clear.mp4"
    view = scene_of(stage.scenario)
    write_bridge(bridge, view, (), 0, CLEAR_S * S, BRIDGE_FPS, (view.width, view.height))
    day = StreetDay(stage.street.day.scene, (), CLEAR_S * S)
    write_street(street, day.scene, day, 0, day.length_ns, STREET_FPS, STREET_SIZE)
    return bridge, street


class Roadside:
    """Broker, platform, cameras and a serial line. `write_site`, then `play` while the daemon runs."""

    def __init__(self, folder: Path, stage: Stage, seed: int = 1) -> None:
        self.places = prepare_folder(folder)
        self.stage = stage
        self.seed = seed
        self._anpr_port = free_port()
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self._cameras: dict[Path, Projector] = {}  # by the clip of the test
        self._broker: Broker | None = None
        self._ingest: Ingest | None = None
        self._traffic: LiveTraffic | None = None

    def __enter__(self) -> Self:
        return self

    def prepare(self, progress: Progress) -> None:
        """Draw the videos, start broker and platform, enrol the box's key."""
        stage, street = self.stage, self.stage.street
        assert street is not None
        video = stage.video(self.places.root, self.seed, progress)
        clip = self.places.root / "street.mp4"
        street.write(clip, progress)
        clear = clear_clips(self.places.root, stage)
        bridge, pavement = (Projector(path, clock.monotonic) for path in clear)
        self._cameras = {video: bridge, clip: pavement}
        device = stage.site.site.device_id
        self._broker = broker = start_broker(self.places.root / "broker", device, INGEST_ID)
        config = site_of(
            stage,
            self.places,
            os.ttyname(self._slave),
            video,
            broker.settings(device),
            pavement.url,
        )
        self.config = moved(
            config,
            {
                ("cameras", stage.camera, "video", "url"): bridge.url,
                ("anpr", "port"): self._anpr_port,
            },
        )
        introduce(self.config, self.places)
        self._ingest = Ingest(ingest_settings(self.config, self.places, broker.settings(INGEST_ID)))
        self._ingest.start()
        if not self._ingest.wait_subscribed(STARTED_S):
            raise DeviceError(f"the platform's side cannot reach the broker ({broker.name})")

    def write_site(self) -> Path:
        """The box's configuration, as a technician fills the template in."""
        path = self.places.root / "site.yaml"
        path.write_text(to_text(self.config), encoding="utf-8")
        return path

    def play(self) -> list[dict[str, Any]]:
        """The stage's vehicles pass once, in real time; what they truly weighed.

        Before and afterwards the cameras show an empty road and a clear pavement; the line goes on too.
        """
        scenario = self.stage.scenario
        origin = Ns(clock.monotonic() + LEAD_NS)
        for clip, camera in self._cameras.items():
            camera.show(clip, origin)
        self._traffic = LiveTraffic(
            scenario.model_copy(update={"duration_s": scenario.duration_s + IDLE_S}),
            self.seed,
            {self.stage.port: self._master},
            HttpPush("127.0.0.1", self._anpr_port),
            self.stage.picture,
            clock.monotonic,
            clock.utc_minus_mono(),
        )
        self._traffic.start(origin)
        over = origin + scenario.duration_ns + SETTLE_NS  # of the clips too
        time.sleep(max(0, over - clock.monotonic()) / S)
        return self._traffic.truth()

    def __exit__(self, *_: object) -> None:
        """End everything, whatever was begun."""
        if self._traffic:
            self._traffic.stop()
            self._traffic.join()
        for camera in self._cameras.values():
            camera.stop()
        for part in (self._ingest, self._broker):
            if part:
                part.stop()
        for descriptor in (self._master, self._slave):
            os.close(descriptor)
