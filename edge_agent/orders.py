"""Carries out what the platform commands: by the core, out of a camera's ring, or at the next start.

    uplink ── deliver ──> one thread: desk.take ──> PUBACK ──> tier, inspection, notice ──> the core ──┐
                                        │                  └─> snapshot, clip, clock report            │
                                        └──────────────────────── desk.finish (chained result) <───────┘

A command that was begun and has no result when the box starts again is not carried out a second time, and
its result says so; what the core is told may come twice, since it knows orders by their id.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial

from edge_agent.commanded import ChangeRefused, ConfigKeeper, Effective
from edge_agent.core.decisions import Decision, Fault, FaultKind
from edge_agent.core.events import ClockStatus, Event, InspectionOrdered, NoticeGiven, TierSet
from edge_agent.core.records import Picture
from edge_agent.core.units import US, Ns
from edge_agent.devices.camera.stills import WAIT, picture_record, to_jpeg
from edge_agent.devices.pictures.clips import StreetCamera, cut
from edge_agent.errors import DeviceError, StoreFault, StoreFull
from edge_agent.evidence.command_desk import CommandDesk
from edge_agent.evidence.command_log import Logged, standing_as
from edge_agent.evidence.commands import (
    ClockReport,
    OrderInspection,
    Recheck,
    RequestClip,
    SetTier,
    Snapshot,
    UpdateConfig,
    UpdateModel,
)
from edge_agent.evidence.statement_records import Incident
from edge_agent.evidence.store import EvidenceStore
from edge_agent.progress import Pulse

log = logging.getLogger(__name__)

MESSAGES = 64  # that may wait; one more is dropped, and the platform sends it again
TICK_S = 1.0
AGAIN_S = 60.0  # between two attempts to end a trial on a disk without room
# A clip of a minute cut and sealed, or every installed model hashed, on a slow box.
LONGEST_ROUND_S = 180
MAX_CLIP_BYTES = 16 * 1024 * 1024
NOT_EVIDENCE = "asked for by command, not masked, no evidence"

ToldEvent = TierSet | InspectionOrdered | NoticeGiven


class Orders:
    """The thread of the commands.

    Args:
        desk: judges what arrives and seals what came of it.
        store: the box's evidence store.
        emit: takes events for the core.
        cameras: by id, those of the bridge and of the street.
        clock: what is known of the time now.
        wake_uplink: something was sealed.
        failed: the disk failed.
        restart: asks the daemon to begin anew.
        trial_s: how long a changed configuration must run well.
        reached: whether the platform was reached since the start, where there is one to reach.
        keeper: of the configuration; None: it came from no file and cannot be changed.
        run: the configuration that runs; None without a keeper.
        say: told how the configuration is, for people: `ok` or `degraded`, and why.
    """

    def __init__(
        self,
        desk: CommandDesk,
        store: EvidenceStore,
        *,
        emit: Callable[[Event], None],
        cameras: Mapping[str, StreetCamera],
        clock: Callable[[], ClockStatus],
        wake_uplink: Callable[[], None],
        failed: Callable[[StoreFault], None],
        restart: Callable[[], None],
        trial_s: float,
        reached: Callable[[], bool],
        keeper: ConfigKeeper | None = None,
        run: Effective | None = None,
        say: Callable[[str, str], None] = lambda _state, _detail: None,
    ) -> None:
        self._desk = desk
        self._store = store
        self._emit = emit
        self._cameras = cameras
        self._clock = clock
        self._wake_uplink = wake_uplink
        self._failed = failed
        self._restart = restart
        self._trial_s = trial_s
        self._reached = reached
        self._keeper = keeper
        self._run = run
        self._say = say
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._room = threading.BoundedSemaphore(MESSAGES)
        self._told: dict[int, tuple[Event, Logged]] = {}  # events whose answer is awaited
        self._unplaced: list[Logged] = []  # inspections that wait for a clock
        self._trial: tuple[Logged | None, float] | None = None  # what is on trial, and until when
        self._thread = threading.Thread(target=self._work, name="orders", daemon=True)
        self.pulse = Pulse("orders", LONGEST_ROUND_S)
        self.dropped = 0  # messages beyond those that may wait

    # -- from other threads ------------------------------------------------------------------------

    def begin(self) -> None:
        """At the start, before the thread: tell the core what stands, say of the rest that it is over."""
        now_us = time.time_ns() // 1000
        with self._store.commands() as memory:
            begun, standing = memory.begun(), memory.standing(now_us)
        for known in standing:
            self._tell(known, answer=False)
        try:
            self._answer(begun)
        except StoreFull as full:  # a start in vain would help nobody; the next one answers them
            log.warning("not all that was begun before the start is answered: %s", full)
        if self._run and self._run.trial and self._trial is None:  # begun in a store that is gone
            self._trial = (None, time.monotonic() + self._trial_s)

    def start(self) -> None:
        """Begin to carry out."""
        self._thread.start()

    def close(self) -> None:
        """Finish the one at hand, then end. What waits is delivered again or was begun and is answered so."""
        self._jobs.put(None)
        self._thread.join()

    def deliver(self, envelope: bytes, taken: Callable[[], None]) -> None:
        """A message came in; `taken` is called once it needs no second delivery. Never waits."""
        if not self._room.acquire(blocking=False):
            self.dropped += 1
            taken()
            return
        self._jobs.put(partial(self._receive, envelope, taken))

    def counted(self) -> dict[str, int]:
        """Messages by what was made of them."""
        counted = self._desk.counters.as_dict() | {"dropped": self.dropped}
        del counted["messages"]
        return counted

    def stepped(self, event: Event, decisions: tuple[Decision, ...]) -> None:
        """The core has taken an event. On the runner's thread; never waits."""
        awaited = self._told.pop(id(event), None)
        if awaited is not None:
            self._jobs.put(partial(self._core_said, awaited[1], event, decisions))

    def clock(self, status: ClockStatus) -> None:
        """What is known of the time has changed."""
        if status.synced and self._unplaced:
            self._jobs.put(self._place)

    # -- the thread --------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            with self.pulse:
                self._work_until_closed()
        except StoreFault as fault:
            self._failed(fault)

    def _work_until_closed(self) -> None:
        while True:
            self.pulse.beat()
            try:
                job = self._jobs.get(timeout=TICK_S)
            except queue.Empty:
                job = nothing
            if job is None:
                return
            for work in (job, self._tick):
                try:
                    work()
                except StoreFault:
                    raise
                except StoreFull as full:  # the result is said when there is room, or at the next start
                    log.warning("commands: %s", full)
                except Exception:  # a bug costs a command, never the evidence
                    log.exception("a command failed")

    def _receive(self, envelope: bytes, taken: Callable[[], None]) -> None:
        """Judge it, carry it out. It is acknowledged even where the disk is too full to take it.

        The platform sends it again; messages without a PUBACK would in the end keep receipts away, the
        very thing that makes room.
        """
        try:
            accepted = self._desk.take(envelope)
        except StoreFault:
            raise
        except BaseException:
            taken()
            raise
        finally:
            self._room.release()
        taken()
        if accepted is not None:
            log.info("command %s %s", accepted.command.action.name, accepted.command.cmd_id)
            self._carry_out(accepted, envelope)
        self._wake_uplink()

    def _carry_out(self, accepted: Logged, envelope: bytes) -> None:
        try:
            match accepted.command.action:
                case SetTier() | OrderInspection() | Recheck():
                    self._tell(accepted, answer=True)
                case ClockReport():
                    self._desk.finish(accepted, "done", _clock_in_words(self._clock()))
                case Snapshot(camera=camera):
                    self._snapshot(accepted, camera)
                case RequestClip() as asked:
                    self._clip(accepted, asked)
                case UpdateConfig() | UpdateModel():
                    self._change(accepted, envelope)
        except ChangeRefused as refused:
            self._desk.finish(accepted, "refused", str(refused), reason=refused.reason)
        except (StoreFault, StoreFull):
            raise
        except DeviceError as error:
            self._desk.finish(accepted, "failed", str(error))
        except Exception as bug:  # the platform must hear of it
            log.exception("command %s", accepted.command.cmd_id)
            self._desk.finish(accepted, "failed", f"{type(bug).__name__}: {bug}")

    def _tick(self) -> None:
        self._desk.tick()
        if self._trial is None or time.monotonic() < self._trial[1]:
            return
        assert self._keeper
        assert self._run
        known = self._trial[0]
        self._trial = (known, time.monotonic() + AGAIN_S)
        if not self._reached():
            self._keeper.roll_back(self._run, "the platform was not reached")
            self._trial = None
            self._restart()
            return
        with contextlib.suppress(StoreFull):  # a full disk is not the configuration's fault
            self._store.heartbeat(self._clock())
        self._keeper.keep(self._run)
        self._trial = None
        self._say("ok", "")
        if known is not None:
            self._desk.finish(known, "done", f"it has run well for {self._trial_s:.0f} s")
        self._wake_uplink()

    # -- what was begun before the start -------------------------------------------------------------

    def _answer(self, begun: tuple[Logged, ...]) -> None:
        for known in begun:
            self._take_up(known)
        if self._keeper and self._run:
            if trouble := _not_as_usual(self._run):
                self._say("degraded", trouble)
            if self._run.dropped:
                self._store.record(
                    Incident(what="commanded_config_dropped", subject="config", detail=self._run.dropped)
                )
            self._keeper.failure_told(self._run)

    def _take_up(self, known: Logged) -> None:
        run, digest = self._run, known.payload_sha256
        if run and digest == run.trial:
            self._trial = (known, time.monotonic() + self._trial_s)
        elif run and digest in run.layers:
            self._desk.finish(known, "done", "it has run well")
        elif run and run.failed and digest == run.failed[0]:
            self._desk.finish(known, "failed", f"back to the configuration before: {run.failed[1]}")
        elif standing_as(known.command) is None:
            self._desk.finish(known, "failed", "the box stopped before it was done; it is not done again")
        elif known.stands:
            self._tell(known, answer=True)
        else:
            self._desk.finish(known, "done", "it was answered before the box stopped")

    # -- the core ----------------------------------------------------------------------------------

    def _tell(self, known: Logged, *, answer: bool) -> None:
        """Make an event of it; with `answer` the core's answer is its result."""
        clock = self._clock()
        if isinstance(known.command.action, OrderInspection) and not clock.synced:
            self._unplaced.append(known)  # due at a time that nobody knows yet
            if answer:
                self._desk.finish(known, "done", "it waits until the clock is set")
            return
        event = _event(known, clock)
        if answer:
            self._told[id(event)] = (event, known)
        self._emit(event)

    def _place(self) -> None:
        waiting, self._unplaced = self._unplaced, []
        for known in waiting:
            self._tell(known, answer=False)

    def _core_said(self, known: Logged, event: Event, decisions: tuple[Decision, ...]) -> None:
        problem = next((d.detail for d in decisions if isinstance(d, Fault) and _about(d, event)), "")
        if problem:
            self._desk.finish(known, "failed", problem)
        else:
            self._desk.finish(known, "done", _decided(known))
        self._wake_uplink()

    # -- cameras -----------------------------------------------------------------------------------

    def _camera(self, name: str) -> StreetCamera:
        if name not in self._cameras:
            raise DeviceError(f"no camera {name!r} with video")
        return self._cameras[name]

    def _snapshot(self, accepted: Logged, name: str) -> None:
        camera = self._camera(name)
        now = self._clock().at
        camera.wait_for(now, Ns(now + WAIT))
        [frame] = camera.frames_at((now,))
        if frame is None:
            raise DeviceError(f"camera {name} has no picture of now")
        data = to_jpeg(frame.image, camera.settings.jpeg_quality)
        picture = picture_record("snapshot", data, _sha256(data), frame, frame.image, name)
        self._hand_over(accepted, picture, data)

    def _clip(self, accepted: Logged, asked: RequestClip) -> None:
        camera, clock = self._camera(asked.camera), self._clock()
        start, end = (
            Ns(utc_us * US - clock.utc_minus_mono) for utc_us in (asked.start_utc_us, asked.end_utc_us)
        )
        if end > clock.at:
            raise DeviceError("it ends in the future")
        camera.wait_for(end, Ns(clock.at + WAIT))
        data, start = cut(camera, start, end, MAX_CLIP_BYTES)
        picture = Picture("clip", _sha256(data), len(data), "video/mp4", 0, 0, start, asked.camera)
        self._hand_over(accepted, picture, data)

    def _hand_over(self, accepted: Logged, picture: Picture, data: bytes) -> None:
        detail = f"{picture.role} of camera {picture.camera}: {NOT_EVIDENCE}"
        self._desk.finish(accepted, "done", detail, files=[picture], blobs={picture.sha256: data})

    # -- the configuration -------------------------------------------------------------------------

    def _change(self, accepted: Logged, envelope: bytes) -> None:
        """Put it on trial and begin anew; its result comes when the trial is over."""
        if self._keeper is None or self._run is None:
            raise DeviceError("this daemon's configuration came from no file")
        self._keeper.propose(self._run, accepted.command, envelope, accepted.payload_sha256)
        log.warning("a commanded configuration is on trial: %s", accepted.command.cmd_id)
        self._restart()


def _not_as_usual(run: Effective) -> str:
    """What a person should know of the configuration until the next start; empty: nothing."""
    if run.trial:
        return f"on trial: {run.trial}"
    if run.failed:
        return f"back to the one before, {run.failed[0]} failed: {run.failed[1]}"
    return f"commanded changes dropped: {run.dropped}" if run.dropped else ""


def nothing() -> None:
    """No job came."""


def _event(known: Logged, clock: ClockStatus) -> ToldEvent:
    """The order on this run's clock. A notice counts from when it was given, if anybody knows when."""
    order = known.command.cmd_id
    match known.command.action:
        case SetTier(shop=shop, tier=tier):
            return TierSet(clock.at, shop, tier, order)
        case OrderInspection(zone=zone) as asked:
            due, until = (Ns(us * US - clock.utc_minus_mono) for us in (asked.due_utc_us, asked.until_utc_us))
            return InspectionOrdered(clock.at, order, zone, due, until)
        case Recheck(case=case):
            given = Ns(known.at_utc_us * US - clock.utc_minus_mono) if clock.synced else clock.at
            return NoticeGiven(Ns(min(clock.at, max(0, given))), case, order)
    raise AssertionError(known.command.action.name)


def _about(fault: Fault, event: Event) -> bool:
    """Whether the core says that it does not know what the event speaks of."""
    match event:
        case TierSet(shop=name):
            subject = f"shop/{name}"
        case InspectionOrdered(zone=name):
            subject = f"zone/{name}"
        case NoticeGiven(case=name):
            subject = f"case/{name}"
        case _:
            return False
    return fault.kind is FaultKind.UNKNOWN_SOURCE and fault.source in (subject, "street")


def _decided(known: Logged) -> str:
    match known.command.action:
        case SetTier(shop=shop, tier=tier):
            return f"shop {shop} is {tier}"
        case OrderInspection(zone=zone):
            return f"zone {zone} will be looked at; order {known.command.cmd_id}"
        case Recheck(case=case):
            return f"case {case} will be looked at again; order {known.command.cmd_id}"
    return ""


def _clock_in_words(clock: ClockStatus) -> str:
    error = "unknown" if clock.est_error is None else f"{-(-clock.est_error // US)} us"
    synced = "synchronised" if clock.synced else "not synchronised"
    return f"{synced}, source {clock.source}, offset {clock.offset // US} us, estimated error {error}"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
