"""The daemon on one page: which part goes where, the order in which they start, what a failing one costs.

A replay is `replaying/replay.py`. What fails:

* a durable write of evidence: every part is ended, and `run` raises (`failed`);
* making a part of what is configured (a model, a key): its own word says so, the others run (`_had`);
* a server whose port is taken: it comes up later (`LOST`);
* starting any other part: it and those before it are ended in the reverse order, and `run` raises;
* a thread that stands still: `health` says so; a vital one (`vital_pulses`) silences the watchdog.
"""

from __future__ import annotations

import contextlib
import logging
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from edge_agent import __version__, runner
from edge_agent.beginning import left_open, tell_of_change
from edge_agent.box_journal import black_box_of, journal_now
from edge_agent.box_store import open_store
from edge_agent.bridge_parts import BridgeParts, detector_of, plate_reader_of
from edge_agent.commanded import read_issuers
from edge_agent.config.settings import SiteConfig
from edge_agent.console.recent import Recent
from edge_agent.core.decisions import Decision, TakePictures, Watch
from edge_agent.core.events import ClockStatus, Event, Started
from edge_agent.core.site import Site
from edge_agent.core.units import Ns
from edge_agent.daemon_eyes import DaemonEyes
from edge_agent.devices import clock
from edge_agent.devices.intake import Intake
from edge_agent.devices.staging import Staging
from edge_agent.devices.systemd import Watchdog
from edge_agent.errors import DeviceError, StoreFault, UserError
from edge_agent.evidence.command_desk import CommandDesk
from edge_agent.evidence.dsse import RECEIPT_TYPE
from edge_agent.evidence.intray import tray_of
from edge_agent.evidence.keys import KeyRing, PublicKey, read_public_keys
from edge_agent.evidence.noting import Noter
from edge_agent.evidence.reading_door import ReadingDoor, door_of
from edge_agent.evidence.sealer import Order, Sealer
from edge_agent.evidence.store import Sealed
from edge_agent.evidence.uplink.events import UplinkEvent, UplinkEventKind
from edge_agent.evidence.uplink.uplink import Uplink
from edge_agent.health import Health
from edge_agent.journal.raw_ring import RawRing
from edge_agent.journal.recorder import NoRecorder
from edge_agent.journal.video import VideoPacket
from edge_agent.local_door import LocalDoor
from edge_agent.progress import Part, Pulse, standing
from edge_agent.sinks import LiveSink, Tee, no_journal
from edge_agent.taps import Taps
from edge_agent.web.when_free import WhenFree

if TYPE_CHECKING:
    from edge_agent.commanded import ConfigKeeper, Effective
    from edge_agent.devices.camera.camera import Camera
    from edge_agent.journal.black_box import BlackBox
    from edge_agent.orders import Orders
    from edge_agent.street_parts import StreetParts
    from edge_agent.web.server import HttpServer

log = logging.getLogger(__name__)

Made = TypeVar("Made")

# A server that is not there is a fault; but without those for people the box does its work all the same.
LOST = {"console": "degraded", "door": "degraded"}
PAGES_WAIT_S = 3.0  # for a busy store: a page says so then, and the others still have their threads


@dataclass(slots=True)
class Hooks:
    """Who else wants to know. Called on the daemon's threads; must be quick."""

    decided: Callable[[Decision], None] = lambda _decision: None
    sealed: Callable[[Order, Sealed], None] = lambda _order, _sealed: None
    refused: Callable[[Order, str], None] = lambda _order, _reason: None
    uplink: Callable[[UplinkEvent], None] = lambda _event: None
    ready: Callable[[], None] = lambda: None  # every part is up


class Agent:
    """The daemon. `run` returns after `stop`; it raises StoreFault when the disk failed."""

    def __init__(
        self,
        config: SiteConfig,
        hooks: Hooks | None = None,
        epochs: Mapping[str, Ns] | None = None,
        keeper: ConfigKeeper | None = None,
        chosen: Effective | None = None,
        time: clock.Clock | None = None,
    ) -> None:
        """Make every part; nothing runs yet.

        Args:
            config: of the site.
            hooks: who else wants to know.
            epochs: for cameras that are files: when the first picture was taken.
            keeper: of the configuration, where it may be changed by command.
            chosen: how the keeper came to `config`.
            time: the box's clock; default: this machine's.
        """
        self.config = config
        self._told_to_end = False
        self._restarting = False
        self._time = time or clock.Clock(config.clock)
        self._hooks = hooks or Hooks()
        self._keeper = keeper
        self._chosen = chosen
        self._fault: StoreFault | None = None
        self._boot_id = uuid.uuid4().hex[:12]
        self.site = Site(config.core())
        self.intake = Intake(clock.monotonic)
        self.staging = Staging(clock.monotonic)
        self.taps = Taps(clock.monotonic())
        self.recent = Recent(self.taps.serial, {name: lane.port for name, lane in config.lanes.items()})
        self.store = open_store(config, self._boot_id, self._time.utc_us)
        self.health = Health(self.store, self._boot_id, lambda: self.clock.latest, lambda: self.pulses)
        with contextlib.ExitStack() as undo:
            undo.callback(self.store.close)
            self.receipt_keys = self._had("receipt_keys", self._read_receipt_keys) or ()
            self.uplink = self._make_uplink()
            if self.uplink:
                undo.callback(self.uplink.stop, 0.0)
            tray = tray_of(config.evidence.store.directory)
            self.noter = Noter(
                tray, self.store, self._time.status, self._noted, self.failed, self._notes_wait
            )
            self.reading_door = ReadingDoor(door_of(config.evidence.store.directory), self.store.ask)
            self.sealer = Sealer(self.store, self.staging.get, self, self._wake_uplink, self.staging.release)
            self.bridge = self._make_bridge(epochs or {})
            self.street = self._make_street(epochs or {})
            self.orders = self._had("commands", self._make_orders)
            self.clock = clock.ClockWatch(self._time, config.clock.interval_ms, self._clock_told)
            self._ring = RawRing()
            self.black_box = self._make_black_box()
            self.metrics = self._make_metrics()
            self.eyes = DaemonEyes(
                config, self.taps, self._all_cameras(), self.store, self.uplink, self.health
            )
            self.door = LocalDoor(
                config,
                self.eyes,
                lambda: self.health.state("online").to_bytes(),
                journal=lambda flush: self.journal_now(flush=flush),
            )
            self.console = self._make_console()
            self.watchdog = Watchdog(lambda: standing(self.vital_pulses), self.health.line)
            undo.pop_all()

    def run(self) -> None:
        """Start every part, loop until `stop`, end every part in the reverse order.

        Raises:
            StoreFault: a durable write failed; the process must end with an error.
        """
        if self.uplink:
            self.health.say("uplink", "degraded", "no broker has had us since the start")
        self._config_is("ok", "")
        with contextlib.ExitStack() as parts:
            for begin, end in self._parts():
                parts.callback(end)
                begin()
            watchers = (self.health.decided, self._hooks.decided)
            tee = Tee(self.black_box or NoRecorder(), self._ring)
            sink = LiveSink(
                self._ring,
                self._seal,
                self.bridge.capture,
                self._take_pictures,
                self._watch,
                self.bridge.read,
                watchers,
                tee.slice_of if self.black_box else no_journal,
            )
            site = runner.Listening(self.site, self.taps.stepped)
            site = runner.Listening(site, self.recent.stepped)
            site = runner.Listening(site, self.orders.stepped) if self.orders else site
            runner.run(site, self.intake, tee, sink)
        for port, counted in self.site.counters.items():
            log.info("port/%s counted %s", port, asdict(counted))
        if self._fault is not None:
            raise self._fault

    def stop(self) -> None:
        """End after what has already arrived. Safe in a signal handler and from any thread."""
        self._told_to_end = True
        self.intake.end()

    def restart(self) -> None:
        """End, so that whoever runs the daemon begins anew with what is chosen then."""
        self._restarting = True
        self.intake.end()

    @property
    def restart_wanted(self) -> bool:
        """It ended to begin anew, and nobody told it to end for good."""
        return self._restarting and not self._told_to_end

    # -- the order in which parts start; they end in the reverse -------------------------------------

    def _parts(self) -> Iterator[Part]:
        """Start and stop of each; outputs first, so that nothing arrives before it can be kept."""

        def nothing() -> None:
            return

        if self.black_box:
            yield self.black_box.start, self.black_box.close
        yield nothing, self.store.close
        if self.uplink:
            yield self.uplink.start, self.uplink.stop
        yield self.sealer.start, self.sealer.stop
        yield self.reading_door.start, self.reading_door.stop
        yield self.noter.start, self.noter.stop
        yield self._begin_events, nothing
        if self.orders:
            yield self.orders.start, self.orders.close
        yield self.clock.start, self.clock.stop
        if self.street:
            yield from self.street.parts()
        yield from self.bridge.parts()
        for name, server in self._servers().items():
            later = WhenFree(server, partial(self.health.say, name), LOST.get(name, "fault"))
            yield later.start, later.stop
        # Last: ready when all are up.
        yield self.watchdog.start, lambda: self.watchdog.stop(beginning_anew=self.restart_wanted)
        yield self._hooks.ready, nothing

    def _servers(self) -> dict[str, HttpServer]:
        servers = {
            "anpr": self.bridge.anpr,
            "metrics": self.metrics,
            "console": self.console,
            "door": self.door.server,
        }
        return {name: server for name, server in servers.items() if server}

    def _begin_events(self) -> None:
        self.intake.emit(Started(clock.monotonic(), self._boot_id, __version__, self.recorded_as().sha256()))
        tell_of_change(self.store, self.config, self._chosen.origin if self._chosen else "")
        if self.config.street is not None:
            for event in left_open(self.store, self.config.street, self._time.status()):
                self.intake.emit(event)
        if self.orders:
            self.orders.begin()

    @property
    def pulses(self) -> Iterator[Pulse]:
        """Every part that must go round."""
        yield from self.vital_pulses
        if self.black_box:
            yield self.black_box.pulse

    @property
    def vital_pulses(self) -> Iterator[Pulse]:
        """Those without which a new start is better: evidence does not wait for the black box."""
        yield from (self.intake.pulse, self.sealer.pulse, self.noter.pulse, self.clock.pulse)
        yield self.reading_door.pulse
        yield from (part.pulse for part in (self.uplink, self.orders) if part)
        yield from self.street.pulses if self.street else ()
        yield from self.bridge.pulses
        yield from (server.pulse for server in self._servers().values())

    # -- what a failing part costs ------------------------------------------------------------------

    def failed(self, fault: StoreFault) -> None:
        """The disk failed: nothing may go on as if it had not."""
        self._fault = fault
        self.health.say("store", "fault", str(fault))
        self.stop()

    def _had(self, part: str, make: Callable[[], Made | None]) -> Made | None:
        """A part; None where it cannot be had, which its own word says and which stops no other part.

        Raises:
            EdgeAgentError: it cannot be had, and its configuration is on trial: that has failed then.
        """
        try:
            return make()
        except (UserError, DeviceError) as error:
            if self._chosen and self._chosen.trial:
                raise
            log.error("%s: %s", part, error)  # noqa: TRY400 - no bug
            self.health.say(part, "fault", str(error))
            return None

    # -- what one part tells another ----------------------------------------------------------------

    def sealed(self, order: Order, sealed: Sealed) -> None:
        """A statement is durably in the chain."""
        self.health.sealed(order, sealed)
        self._hooks.sealed(order, sealed)

    def _noted(self, sealed: Sealed) -> None:
        log.info("sealed seq %d epoch %s: a note", sealed.seq, sealed.epoch)
        self._wake_uplink()

    def _notes_wait(self, why: str) -> None:
        self.health.say("notes", "degraded" if why else "ok", why)

    def refused(self, order: Order, reason: str) -> None:
        """A case was not sealed."""
        self.health.was_refused()
        self._hooks.refused(order, reason)

    def _uplink_told(self, event: UplinkEvent) -> None:
        if event.kind is UplinkEventKind.FAULT and self.uplink:
            fault = self.uplink.fault
            if isinstance(fault, StoreFault):
                self.failed(fault)
        self.health.uplink(event)
        self._hooks.uplink(event)

    def _config_is(self, state: str, detail: str) -> None:
        """What commands made of it; that the technician's file is spoilt comes before."""
        spoilt = self._chosen.trouble if self._chosen else ""
        self.health.say("config", "fault" if spoilt else state, spoilt or detail)

    def _seal(self, order: Order) -> None:
        self.sealer.put(order)

    def _take_pictures(self, request: TakePictures) -> None:
        if self.street:
            self.street.take(request)

    def _watch(self, wanted: Watch) -> None:
        if self.street:
            self.street.watch(wanted)

    def _keep_video(self, camera: str, captured_at: Ns, form: str, data: bytes) -> None:
        if self.black_box:
            self.black_box.video(VideoPacket(camera, captured_at, form, data), clock.monotonic())

    def _clock_told(self, status: Event) -> None:
        self.intake.emit(status)
        if self.orders and isinstance(status, ClockStatus):
            self.orders.clock(status)

    def _command(self, envelope: bytes, taken: Callable[[], None]) -> None:
        if self.orders:
            self.orders.deliver(envelope, taken)

    def _wake_uplink(self) -> None:
        if self.uplink:
            self.uplink.wake()

    # -- what others ask ----------------------------------------------------------------------------

    def recorded_as(self) -> SiteConfig:
        """The configuration that recordings say they were made with."""
        return self.config

    def journal_now(self, *, flush: bool) -> dict[str, Any] | None:
        """For `record`: where the journal is, once all until now is in its files."""
        if self.black_box is None:
            return None
        return journal_now(self.black_box, self.config, self.health, flush=flush)

    # -- how each part is made ----------------------------------------------------------------------

    def _make_uplink(self) -> Uplink | None:
        chosen = self.config.uplink
        if chosen is None:
            return None
        return Uplink(
            self.store,
            chosen,
            KeyRing({RECEIPT_TYPE: self.receipt_keys}),
            tenant=self.config.site.tenant,
            device_id=self.config.site.device_id,
            heartbeat=lambda: self.store.heartbeat(self._time.status()),
            on_event=self._uplink_told,
            state=self.health.state,
            on_command=self._command if self.config.commands else None,
        )

    def _make_orders(self) -> Orders | None:
        chosen = self.config.commands
        if chosen is None:
            return None
        from edge_agent.orders import Orders  # noqa: PLC0415 - OpenCV only where somebody commands

        desk = CommandDesk(
            self.store,
            read_issuers(chosen),
            tenant=self.config.site.tenant,
            device_id=self.config.site.device_id,
            config_sha256=self.config.sha256(),
            clock=self._time.status,
        )
        return Orders(
            desk,
            self.store,
            emit=self.intake.emit,
            cameras=self._all_cameras(),
            clock=self._time.status,
            wake_uplink=self._wake_uplink,
            failed=self.failed,
            restart=self.restart,
            trial_s=chosen.trial_s,
            reached=lambda: self.uplink is None or self.uplink.counters.connects > 0,
            keeper=self._keeper,
            run=self._chosen,
            say=self._config_is,
        )

    def _all_cameras(self) -> dict[str, Camera]:
        return self.bridge.cameras | (self.street.cameras if self.street else {})

    def _make_bridge(self, epochs: Mapping[str, Ns]) -> BridgeParts:
        detector = self._had("detector", lambda: detector_of(self.config))
        reader = self._had("plate_reader", lambda: plate_reader_of(self.config)) if detector else None
        return BridgeParts(self.config, self.intake.emit, self.staging, epochs, detector, reader)

    def _make_street(self, epochs: Mapping[str, Ns]) -> StreetParts | None:
        chosen = self.config.street
        if chosen is None:
            return None
        from edge_agent.street_parts import StreetParts  # noqa: PLC0415 - video and inference, only where used

        minutes = self.config.site.legal.utc_offset_minutes
        keep = self._keep_video if self.config.journal.video else None
        make = partial(
            StreetParts,
            emit=self.intake.emit,
            staging=self.staging,
            epochs=epochs,
            utc_offset_minutes=minutes,
            keep_video=keep,
            time=self._time,
        )
        # Without its model the street is watched all the same: the core takes nothing of what it sees for
        # goods, and says so of every hour.
        return self._had("street_detector", lambda: make(chosen)) or make(
            chosen.model_copy(update={"detector": None})
        )

    def _make_metrics(self) -> HttpServer | None:
        if self.config.metrics is None:
            return None
        from edge_agent.metrics import Sources, registry_of  # noqa: PLC0415 - only where it is served
        from edge_agent.web.exposition import metrics_server  # noqa: PLC0415 - same

        street = self.street
        detectors = {"bridge": self.bridge.detector, "street": street.detector if street else None}
        sources = Sources(
            health=self.health,
            quota_bytes=self.config.evidence.store.quota_bytes,
            uplink=self.uplink,
            commands=self.orders.counted if self.orders else None,
            ports=self.bridge.ports,
            decoders=lambda: self.site.counters,
            cameras=self._all_cameras(),
            samplers=street.samplers if street else {},
            detectors={name: used.speed for name, used in detectors.items() if used},
            black_box=self.black_box,
        )
        return metrics_server(self.config.metrics, registry_of(sources))

    def _make_console(self) -> HttpServer | None:
        if self.config.console is None:
            return None
        from edge_agent.console.box import Box  # noqa: PLC0415 - only where it is served
        from edge_agent.console.service import console_server  # noqa: PLC0415 - same

        tray = tray_of(self.config.evidence.store.directory)
        return console_server(
            Box(
                boot_id=self._boot_id,
                config=self.config,
                config_file=self._keeper.path if self._keeper else None,
                taps=self.taps,
                recent=self.recent,
                reading=self.store.reading(PAGES_WAIT_S),
                health=self.health,
                cameras=self._all_cameras(),
                street_detector=self.street.detector if self.street else None,
                zones=lambda: self.site.zones,
                clock=self._time.status,
                receipt_keys=self.receipt_keys,
                eyes=self.eyes,
                leave_note=tray.put,
                restart=self.restart,
            )
        )

    def _read_receipt_keys(self) -> tuple[PublicKey, ...]:
        path = self.config.uplink.receipt_keys_file if self.config.uplink else None
        return read_public_keys(path) if path else ()

    def _make_black_box(self) -> BlackBox | None:
        detectors = {
            "detector": self.bridge.detector,
            "street": self.street.detector if self.street else None,
        }
        models = tuple((name, used.model_sha256) for name, used in detectors.items() if used)
        models += self.bridge.plate_models
        return black_box_of(self.config, self.recorded_as(), models, self._boot_id, self.health)
