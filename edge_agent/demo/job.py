"""The whole job, once: traffic over the bridge into the real daemon, a broker, the platform, a verdict.

simulated trucks ──> load cells ──bytes──> pty ──> edge-agent ──MQTT──> broker ──> ingest
└──> camera reads ──HTTP──────────────┘  ▲                            │
└──> rendered clip ──file──────────────┤  └──── signed receipts ───────┘
goods on the street ──> rendered clip ──HTTP stream ──┘
"""

from __future__ import annotations

import json
import os
import pty
import threading
import time
import tty
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge_agent.compose import Agent, Hooks
from edge_agent.core.decisions import Decision, Seal, SealStreet
from edge_agent.core.units import MS, Ns, S
from edge_agent.demo.board import Board
from edge_agent.demo.broker import Broker, Choice, start_broker
from edge_agent.demo.plates_read import plates_read
from edge_agent.demo.site import INGEST_ID, Places, ingest_settings, introduce, site_of
from edge_agent.demo.stage import SETTLE_S, Progress, Stage
from edge_agent.demo.stream import StreamServer
from edge_agent.demo.street_board import StreetBoard, street_summary
from edge_agent.demo.summary import Delivery, summarise
from edge_agent.devices import clock
from edge_agent.errors import DeviceError
from edge_agent.evidence.keys import read_public_keys
from edge_agent.evidence.sealer import Order
from edge_agent.evidence.store import Sealed
from edge_agent.evidence.uplink.events import UplinkEvent, UplinkEventKind
from edge_agent.evidence.verify import Report, verify
from edge_agent.evidence.verify_sources import open_material
from edge_agent.ingest.export import export_bundle
from edge_agent.ingest.service import Ingest
from edge_agent.ingest.store import PlatformStore
from edge_agent.journal.opening import open_all
from edge_agent.journal.reader import recorded_lines
from edge_agent.replaying.replay import replay
from edge_agent.sim.live import LiveTraffic
from edge_agent.sim.push import HttpPush, PushedRead

# From building the daemon to the first simulated second: the models are loaded by then.
LEAD_NS = 2_000 * MS


@dataclass(slots=True)
class Outcome:
    """What the demo leaves behind."""

    summary: dict[str, Any]
    board: Board
    report: Report
    bundle: Path
    good: bool


class Demo:
    """One run. `prepare`, then `run` while somebody looks at `board`, then `conclude`."""

    def __init__(self, places: Places, stage: Stage, seed: int, broker: Choice = Choice.AUTO) -> None:
        self.places = places
        self.stage = stage
        self.seed = seed
        self.scenario = stage.scenario
        self.board = Board()
        self.street = StreetBoard()
        self.origin = Ns(0)
        self.published: set[int] = set()
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.broker: Broker | None = None
        self._broker_choice = broker
        self._stream: StreamServer | None = None

    def prepare(self, progress: Progress) -> None:
        """Make the camera's video where there is none yet, start broker and platform."""
        video = self.stage.video(self.places.root, self.seed, progress)
        if self.stage.street is not None:
            clip = self.places.root / "street.mp4"
            self.stage.street.write(clip, progress)
            self._stream = StreamServer(clip, clock.monotonic)
            self.stage.street.accept_reference(self.places.references, utc_text())
        device_id = self.stage.site.site.device_id
        self.broker = start_broker(self.places.root / "broker", device_id, INGEST_ID, self._broker_choice)
        self.config = site_of(
            self.stage,
            self.places,
            os.ttyname(self._slave),
            video,
            self.broker.settings(device_id),
            self._stream.url if self._stream else "",
        )
        introduce(self.config, self.places)
        self._ingest_settings = ingest_settings(self.config, self.places, self.broker.settings(INGEST_ID))
        self._ingest = Ingest(self._ingest_settings)
        self._ingest.start()
        if not self._ingest.wait_subscribed(15):
            raise DeviceError(f"the platform's side cannot reach the broker ({self.broker.name})")

    def run(self, tick: Callable[[], None]) -> None:
        """Play the traffic in real time; `tick` is called a few times a second."""
        self.origin = Ns(clock.monotonic() + LEAD_NS)
        epochs = {self.stage.camera: Ns(self.origin + self.stage.video_at_ns)}
        if self._stream:
            self._stream.begin(self.origin)
        agent = Agent(self.config, self._hooks(), epochs)
        daemon = _Daemon(agent)
        traffic = self._traffic(daemon.http_port())
        traffic.start(self.origin)
        try:
            while not traffic.join(0.2):
                tick()
            self._settle(agent, tick)
        finally:
            traffic.stop()
            traffic.join(5)
            daemon.stop()
            if self._stream:
                self._stream.stop()
            self._ingest.stop()
            if self.broker:
                self.broker.stop()
            for descriptor in (self._master, self._slave):
                os.close(descriptor)
        # A vehicle still on its way when the traffic ends was not weighed and is not counted.
        end = self.origin + self.scenario.duration_ns
        self._counters = {port: asdict(counted) for port, counted in agent.site.counters.items()}
        self._truth = [
            passage
            for passage in traffic.truth()
            if passage["last_axle_at"] is not None and passage["last_axle_at"] < end
        ]
        truth = "".join(traffic.truth_lines())
        (self.places.root / "truth.jsonl").write_text(truth, encoding="utf-8")

    def conclude(self) -> Outcome:
        """Check everything that the platform holds, replay the journal, write `summary.json`."""
        bundle = self.places.root / "evidence"
        self._export(bundle)
        keys = read_public_keys(self.places.devices / f"{self.config.site.device_id}.pem")
        report = verify(open_material(bundle), keys, read_public_keys(self.places.receipt_public))
        stats = self._stats
        delivery = Delivery(
            sealed=stats.sealed,
            published=len(self.published),
            receipted=stats.receipted,
            verified=report.statements if report.good else 0,
        )
        rows = self.board.snapshot()
        summary = summarise(
            rows,
            self._truth,
            delivery,
            replay_identical=self._replay_is_identical(),
            ports=self._counters,
            broker=self.broker.name if self.broker else "",
            seed=self.seed,
            seconds=self.scenario.duration_s,
            plates=plates_read(open_all(self.places.root / "journal"), self._truth),
            **self._street_summary(),
        )
        path = self.places.root / "summary.json"
        path.write_text(json.dumps(summary, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        good = (
            report.good
            and delivery.sealed == delivery.receipted == delivery.verified
            and summary["matches"]["wrong"] == 0
            and summary["overweight"]["falsely"] == 0
            and summary["plates"]["of_vehicles_within_limits"] == 0
            and (self.stage.pushes or summary["plates"]["asked"] == summary["overweight"]["decided"])
            and summary.get("street", {}).get("cases", {}).get("falsely", 0) == 0
            and summary["replay_identical"]
        )
        return Outcome(summary, self.board, report, bundle, good)

    def _street_summary(self) -> dict[str, Any]:
        if self.stage.street is None:
            return {}
        return {"street": street_summary(self.street.records(), self.stage.street.truth, self.origin)}

    # -- inside ---------------------------------------------------------------------------------

    def _hooks(self) -> Hooks:
        return Hooks(decided=self._decided, sealed=self._sealed, refused=self._refused, uplink=self._told)

    def _decided(self, decision: Decision) -> None:
        self.board.decided(decision)
        self.street.decided(decision)

    def _sealed(self, order: Order, place: Sealed) -> None:
        if isinstance(order.seal, Seal):
            self.board.sealed(order.seal, place.seq, clock.monotonic())
        elif isinstance(order.seal, SealStreet):
            self.street.sealed(order.seal, place.seq, clock.monotonic())

    def _refused(self, order: Order, reason: str) -> None:
        if isinstance(order.seal, Seal):
            self.board.refused(order.seal, reason)
        elif isinstance(order.seal, SealStreet):
            self.street.refused(order.seal, reason)

    def _told(self, event: UplinkEvent) -> None:
        if event.seq is None:
            return
        if event.kind is UplinkEventKind.STATEMENT_ACKED:
            self.published.add(event.seq)
        elif event.kind is UplinkEventKind.RECEIPTED:
            at = Ns(round(event.at_s * S))
            self.published.add(event.seq)  # a heartbeat goes out as the signed head
            self.board.receipted(event.seq, at)
            self.street.receipted(event.seq, at)

    def _traffic(self, http_port: int) -> LiveTraffic:
        return LiveTraffic(
            self.scenario,
            self.seed,
            {self.stage.port: self._master},
            HttpPush("127.0.0.1", http_port) if self.stage.pushes else _nobody,
            self.stage.picture,
            clock.monotonic,
            clock.utc_minus_mono(),
        )

    def _settle(self, agent: Agent, tick: Callable[[], None]) -> None:
        """Wait until every overweight crossing has its statement and every statement its receipt."""
        until = time.monotonic() + SETTLE_S
        while time.monotonic() < until:
            tick()
            waiting: list[Any] = [
                row for row in self.board.snapshot() if row.over and not row.sealed_at and not row.problem
            ]
            waiting += [r for r in self.street.records() if not r.sealed_at and not r.problem]
            if not waiting and agent.uplink and agent.uplink.wait_idle(0.2):
                break
            time.sleep(0.1)
        self._stats = agent.store.stats()

    def _export(self, bundle: Path) -> None:
        store = PlatformStore.of(self._ingest_settings, serving=False)
        try:
            chosen = store.of_device(self.config.site.device_id, 10_000)
            export_bundle(self._ingest_settings, store, chosen, bundle)
        finally:
            store.close()

    def _replay_is_identical(self) -> bool:
        recordings = open_all(self.places.root / "journal")
        live = recorded_lines(recordings)
        out = self.places.root / "replay"
        out.mkdir(exist_ok=True)
        return replay(recordings, self.config, out).decisions == live


def _nobody(_read: PushedRead) -> None:
    """A camera that reads no plates."""


def utc_text() -> str:
    """Now, ISO 8601."""
    seconds = (clock.monotonic() + clock.utc_minus_mono()) // S
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


class _Daemon:
    """The agent in a thread of its own, as `edge-agent run` has it in its main thread."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="daemon", daemon=True)
        self._thread.start()

    def http_port(self) -> int:
        """Port of the push server, once it listens."""
        until = time.monotonic() + 10
        while time.monotonic() < until and self._thread.is_alive():
            server = self._agent.bridge.anpr
            if server and server.alive and server.port:
                return server.port
            time.sleep(0.02)
        raise DeviceError(f"the daemon did not start: {self._failure}")

    def stop(self) -> None:
        """End it; raises what it failed with."""
        self._agent.stop()
        self._thread.join(60)
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            self._agent.run()
        except BaseException as error:  # noqa: BLE001 - carried to whoever stops the daemon
            self._failure = error
