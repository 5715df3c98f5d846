"""What stands around a box that is being commissioned, simulated, as a program of its own beside the box.

    python -m edge_agent.demo.proving_ground draw FOLDER             # the cameras' clips, once
    python -m edge_agent.demo.proving_ground site FOLDER BRIDGE.yaml # the template, filled in, to stdout
    python -m edge_agent.demo.proving_ground decisions FOLDER        # how many places of it that were
    python -m edge_agent.demo.proving_ground serve FOLDER            # scale, cameras, broker

Load cells on a serial line (`FOLDER/scale`), two cameras over HTTP, plates pushed to the box, Mosquitto with
TLS and an access list. The road is empty and the pavement clear until somebody asks for more, on loopback:

    curl -X POST http://127.0.0.1:8600/truck       # the test truck's passes; answers when they are over
    curl -X POST http://127.0.0.1:8600/crossings   # vehicles over the limit, goods put out

The platform is `edge-agent ingest --config FOLDER/platform.yaml`, which `serve` writes.
`scripts/try-hour` does all that in a root of its own: the serial line is given to Debian's group `dialout`.
"""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import sys
import tty
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import yaml

from edge_agent.config.edit import with_value
from edge_agent.core.units import MS, Ns, S
from edge_agent.demo.broker import Broker, Choice, start_broker
from edge_agent.demo.hour import CROSSINGS, GAIN_ERROR_PERMILLE, SECONDS
from edge_agent.demo.projector import Projector
from edge_agent.demo.rendered import repository
from edge_agent.demo.roadside import a_stage, clear_clips
from edge_agent.demo.site import INGEST_ID, Places, ingest_settings
from edge_agent.demo.stage import SETTLE_NS
from edge_agent.demo.street import CAMERA
from edge_agent.devices import clock
from edge_agent.errors import DeviceError
from edge_agent.sim.live import LiveTraffic
from edge_agent.sim.push import HttpPush
from edge_agent.sim.scenario import PlannedPassage, load_scenario

SEED = 1
ORDERS_PORT = 8600
CAMERA_PORTS = (8601, 8602)  # bridge, street
ANPR_PORT = 8470  # the box's, as in the template
IDLE_S = 7_200.0
LEAD_NS = 500 * MS
TRUCK_KG = 18_000  # within the limit: it makes no statement while the scale is wrong
TRUCK_EVERY_S = 12
LOAN = Path("/etc/edge-agent/broker")  # where the technician puts what the platform gave them


def stage_of() -> Any:
    """The demo's bridge and street with the test crossings, over a scale that reads too much."""
    return a_stage(CROSSINGS, SECONDS, GAIN_ERROR_PERMILLE)


def truck_passes() -> tuple[PlannedPassage, ...]:
    """Those of `configs/scenarios/test-truck.yaml`, one after the other and with less on the truck."""
    scenario = load_scenario(repository() / "configs" / "scenarios" / "test-truck.yaml")
    return tuple(
        one.model_copy(update={"at_s": 3 + TRUCK_EVERY_S * number, "gross_kg": TRUCK_KG})
        for number, one in enumerate(scenario.passages)
    )


# -- what the cameras show --------------------------------------------------------------------------


def draw(folder: Path) -> None:
    """Both cameras' clips; those that are there are kept."""
    stage = stage_of()
    assert stage.street is not None
    if not (folder / "bridge.mp4").exists():
        stage.video(folder, SEED, _quiet)
    if not (folder / "street.mp4").exists():
        stage.street.write(folder / "street.mp4", _quiet)
    clear_clips(folder, stage)


def _quiet(_what: str, _done: int, _of: int) -> None:
    """Nobody looks."""


# -- the box's configuration ------------------------------------------------------------------------


def filled_in(folder: Path, template: str) -> str:
    """The bridge's template as a technician changes it, place by place; comments stay."""
    for loc, value in edits(folder).items():
        template = with_value(template, loc, value)
    return template


def edits(folder: Path) -> dict[tuple[str, ...], Any]:
    """Each is a decision: what the signs, plates and cables around the box say."""
    stage = stage_of()
    camera = stage.site.cameras[stage.camera]
    street = stage.site.street.model_dump(mode="json", exclude_defaults=True)
    street.pop("utc_offsets", None)
    street["references_dir"] = "/var/lib/edge-agent/references"
    street["detector"]["model"] = "/opt/edge-agent/current/models/street-synthetic.onnx"
    street["cameras"][CAMERA]["video"]["url"] = _url(CAMERA_PORTS[1])
    broker = json.loads((folder / "broker.json").read_text("utf-8"))
    files = {name: str(LOAN / Path(broker[name]).name) for name in _TLS}
    return {
        ("ports", "wim", "device"): str(folder / "scale"),
        ("lanes", "1", "scale", "zero"): {"warm_up_s": 0},
        ("cameras", stage.camera, "match", "lanes"): [
            lane.model_dump(mode="json", exclude_defaults=True) for lane in camera.match.lanes
        ],
        ("cameras", stage.camera, "video", "url"): _url(CAMERA_PORTS[0]),
        ("cameras", stage.camera, "video", "views"): {
            lane: view.model_dump(mode="json", exclude_defaults=True)
            for lane, view in camera.video.views.items()
        },
        ("detector", "model"): "/opt/edge-agent/current/models/bridge-synthetic.onnx",
        ("street",): street,
        ("uplink", "mqtt"): broker | files,
        ("uplink", "receipt_keys_file"): "/etc/edge-agent/trusted/receipt.pem",
        ("uplink", "head_interval_s"): 10,
        ("console",): {},
    }


_TLS = ("tls_ca_certs", "tls_client_cert", "tls_client_key")


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}/stream.ts"


# -- the place itself -------------------------------------------------------------------------------


class ProvingGround:
    """Line, cameras and broker, from when it is made until `stop`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stage = stage_of()
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        _for_dialout(os.ttyname(self._slave), folder / "scale")
        self._cameras = [
            Projector(folder / f"{name}-clear.mp4", clock.monotonic, port)
            for name, port in zip(("bridge", "street"), CAMERA_PORTS, strict=True)
        ]
        self._broker = self._start_broker()
        self._traffic = self._drive((), IDLE_S)

    def _start_broker(self) -> Broker:
        device = self._stage.site.site.device_id
        broker = start_broker(self._folder / "broker", device, INGEST_ID, Choice.MOSQUITTO)
        places = Places(self._folder)
        platform = ingest_settings(self._stage.site, places, broker.settings(INGEST_ID))
        places.devices.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(platform.model_dump(mode="json", exclude_defaults=True))
        (self._folder / "platform.yaml").write_text(text, "utf-8")
        ours = broker.settings(device).model_dump(mode="json", exclude_defaults=True)
        (self._folder / "broker.json").write_text(json.dumps(ours), "utf-8")
        return broker

    def truck(self) -> list[dict[str, Any]]:
        """The test truck's passes; what it truly weighed."""
        passes = truck_passes()
        return self._play(passes, passes[-1].at_s + TRUCK_EVERY_S)

    def crossings(self) -> list[dict[str, Any]]:
        """The test crossings, and goods before the shops."""
        return self._play(CROSSINGS, SECONDS, clips=("bridge.mp4", "street.mp4"))

    def stop(self) -> None:
        """End all of it."""
        self._end_traffic()
        for camera in self._cameras:
            camera.stop()
        self._broker.stop()
        for descriptor in (self._master, self._slave):
            os.close(descriptor)

    def _play(
        self, passages: tuple[PlannedPassage, ...], seconds: float, clips: Sequence[str] = ()
    ) -> list[dict[str, Any]]:
        self._end_traffic()
        self._traffic = traffic = self._drive(passages, seconds + SETTLE_NS / S)
        for camera, clip in zip(self._cameras, clips, strict=False):
            camera.show(self._folder / clip, Ns(traffic.origin_ns))
        traffic.join()
        self._traffic = self._drive((), IDLE_S)
        return traffic.truth()

    def _drive(self, passages: tuple[PlannedPassage, ...], seconds: float) -> LiveTraffic:
        scenario = self._stage.scenario.model_copy(update={"passages": passages, "duration_s": seconds})
        traffic = LiveTraffic(
            scenario,
            SEED,
            {self._stage.port: self._master},
            HttpPush("127.0.0.1", ANPR_PORT),
            self._stage.picture,
            clock.monotonic,
            clock.utc_minus_mono(),
        )
        traffic.start(clock.monotonic() + LEAD_NS)
        return traffic

    def _end_traffic(self) -> None:
        self._traffic.stop()
        self._traffic.join()


def _for_dialout(device: str, name: Path) -> None:
    """As udev does it: for the group that may use serial lines, under a name that stays."""
    shutil.chown(device, group="dialout")
    Path(device).chmod(0o660)
    name.unlink(missing_ok=True)
    name.symlink_to(device)


def serve(folder: Path) -> None:
    """Until SIGTERM; says when it is ready."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ground = ProvingGround(folder)
    orders = {"/truck": ground.truck, "/crossings": ground.crossings}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            order = orders.get(self.path)
            body = json.dumps(order()).encode() if order else b""
            self.send_response(200 if order else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    try:
        with HTTPServer(("127.0.0.1", ORDERS_PORT), Handler) as server:
            print("ready", flush=True)
            server.serve_forever()
    finally:
        ground.stop()


def main(arguments: Sequence[str]) -> int:
    """What the module's docstring says."""
    what, folder = arguments[0], Path(arguments[1])
    try:
        if what == "draw":
            draw(folder)
        elif what == "site":
            template = Path(arguments[2]).read_text("utf-8")
            sys.stdout.write(filled_in(folder, template))
        elif what == "decisions":
            print(len(edits(folder)))
        else:
            serve(folder)
    except DeviceError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
