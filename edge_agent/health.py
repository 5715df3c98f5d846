"""How the box is: which parts are not well, what has been counted. For the state topic, metrics and systemd.

Told by everybody on their own threads; a word or a number each, no locks needed for either.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable

from edge_agent import __version__
from edge_agent.core.decisions import CrossingSeen, Decision, Fault, Seal, Status
from edge_agent.core.events import ClockStatus
from edge_agent.core.records import Outcome
from edge_agent.core.units import US, S
from edge_agent.devices import clock
from edge_agent.durations import Durations
from edge_agent.errors import EvidenceError
from edge_agent.evidence.pressure import Step
from edge_agent.evidence.sealer import Order
from edge_agent.evidence.store import CLOSED, EvidenceStore, Glance, Sealed
from edge_agent.evidence.uplink.events import UplinkEvent, UplinkEventKind
from edge_agent.evidence.uplink.state import (
    MAX_DETAIL,
    MAX_TOLD,
    BoxState,
    ClockState,
    HeadState,
    Level,
    PartState,
    Word,
)
from edge_agent.progress import Pulse, standing

SEAL_BOUNDS_S = (0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 13, 30, 80)  # from the crossing to the commit
RECEIPT_BOUNDS_S = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600, 3600)
MATCH_BOUNDS_S = (0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 13, 30, 80)

# Statements whose receipt is waited for, for the histogram; older ones are counted without their time.
MAX_WAITING = 1024
# Adding up what a store holds reads much of it.
MEASURE_S = 30.0
# Words of the uplink that mean that a person must act.
ALARMS = {UplinkEventKind.STOPPED, UplinkEventKind.PLATFORM_AHEAD, UplinkEventKind.TLS_CERTIFICATE}

# What is left out of new cases (`evidence.pressure`).
ROOM = {
    Step.NO_MARKED: "70 % full, no marked copies",
    Step.NO_CLIPS: "80 % full, no clips",
    Step.ONE_PICTURE: "90 % full, one picture of a low class",
    Step.NO_LOW_CLASS: "95 % full, nothing of a low class",
    Step.FULL: "full, nothing is kept",
}


class Health:
    """One for all parts of a daemon.

    Args:
        store: of the evidence.
        boot_id: of this run.
        clock_status: the clock's last report, None before the first.
        pulses: of every part.
    """

    def __init__(
        self,
        store: EvidenceStore,
        boot_id: str,
        clock_status: Callable[[], ClockStatus | None],
        pulses: Callable[[], Iterable[Pulse]],
    ) -> None:
        self._store = store
        self._boot_id = boot_id
        self.clock_status = clock_status
        self.pulses = pulses
        self._parts: dict[str, PartState] = {}
        self._glance: Glance | None = None
        self._volumes = (0, 0)
        self._measured_s = 0.0  # when they are to be measured again
        self._waiting: OrderedDict[int, float] = OrderedDict()  # by seq: when it was sealed
        self.devices: dict[str, bool] = {}  # by part: whether it is well; only those that said something
        self.crossings: Counter[str] = Counter()  # by lane
        self.overweight: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()  # by kind
        self.statements: Counter[tuple[str, str]] = Counter()  # by kind and use class
        self.refused = 0
        self.matches: Counter[str] = Counter()  # by status
        self.seal_s = Durations(SEAL_BOUNDS_S)
        self.receipt_s = Durations(RECEIPT_BOUNDS_S)
        self.match_s = Durations(MATCH_BOUNDS_S)

    # -- what others tell ------------------------------------------------------------------------

    def say(self, part: str, state: str, detail: str = "") -> None:
        """A part is `ok`, or in one of the states of `PartState`."""
        self.devices[part] = state == "ok"
        if state == "ok":
            self._parts.pop(part, None)
        else:
            self._parts[part] = PartState(part=part, state=state, detail=detail[:MAX_DETAIL])

    def decided(self, decision: Decision) -> None:
        """The core concluded something; on the runner's thread."""
        match decision:
            case Status():
                self.say(decision.part, decision.state, decision.detail)
            case Fault():
                self.faults[decision.kind] += decision.count
            case CrossingSeen():
                lane = decision.crossing.lane
                self.crossings[lane] += 1
                self.overweight[lane] += any(v.outcome is Outcome.OVER for v in decision.verdicts)
            case Seal():
                late = decision.revision > 0
                self.matches["late" if late else decision.match.status] += 1
                self.match_s.add((decision.match.decided_at - decision.crossing.last_axle_at) / S)

    def sealed(self, order: Order, sealed: Sealed) -> None:
        """A statement is durable; on the sealer's thread."""
        said = json.loads(sealed.payload)
        self.statements[said["kind"], (said["legal"] or {}).get("use_class", "")] += 1
        if isinstance(order.seal, Seal) and order.seal.revision == 0:
            self.seal_s.add((clock.monotonic() - order.seal.crossing.last_axle_at) / S)
        self._waiting[sealed.seq] = time.monotonic()
        if len(self._waiting) > MAX_WAITING:
            self._waiting.popitem(last=False)

    def was_refused(self) -> None:
        """A case was not sealed."""
        self.refused += 1

    def uplink(self, event: UplinkEvent) -> None:
        """On the uplink's thread."""
        if event.kind is UplinkEventKind.CONNECTED:
            self.say("uplink", "ok")
        elif event.kind is UplinkEventKind.DISCONNECTED:
            self.say("uplink", "degraded", event.detail)
        elif event.kind in ALARMS:
            self.say("uplink", "fault", f"{event.kind}: {event.detail}")
        elif event.kind is UplinkEventKind.RECEIPTED and event.seq is not None:
            sealed_s = self._waiting.pop(event.seq, None)
            if sealed_s is not None:
                self.receipt_s.add(time.monotonic() - sealed_s)

    # -- what is asked ---------------------------------------------------------------------------

    def glance(self) -> Glance | None:
        """At the store; the last one when it is busy or has failed."""
        try:
            self._glance = self._store.glance() or self._glance
            if self._glance:
                self._say_room(self._glance.pressure)
        except EvidenceError as error:
            if str(error) != CLOSED:  # at the end of a good run
                self.say("store", "fault", str(error))
        return self._glance

    def volumes(self) -> tuple[int, int]:
        """Bytes that wait for a receipt, and bytes of all attachments, as of the last half minute."""
        if time.monotonic() >= self._measured_s:
            with contextlib.suppress(EvidenceError):
                self._volumes = self._store.volumes()
            self._measured_s = time.monotonic() + MEASURE_S
        return self._volumes

    def unwell(self) -> list[PartState]:
        """The parts that are not well, by name."""
        stuck = [PartState(part=one.part, state="stuck", detail=str(one)) for one in standing(self.pulses())]
        return sorted((*self._parts.copy().values(), *stuck, *self._clock_trouble()), key=lambda p: p.part)

    def level(self) -> Level:
        """All in a word."""
        states = {part.state for part in self.unwell()}
        if states & {"fault", "stuck"}:
            return "fault"
        return "degraded" if states else "ok"

    def line(self) -> str:
        """For `systemctl status`. Waits for nobody."""
        glance = self._glance
        told = [f"{part.part} {part.state}" for part in self.unwell()]
        pending = f"{glance.pending} without receipt, " if glance else ""
        return f"{self.level()}: {pending}{', '.join(told[:8]) or 'all parts well'}"

    def state(self, word: Word) -> BoxState:
        """For the state topic."""
        glance, now = self.glance(), self.clock_status()
        unwell = self.unwell()
        error = now.est_error if now else None
        return BoxState(
            state=word,
            health=self.level(),
            sealing=not any(p.part in {"store", "sealer"} and p.state in {"fault", "stuck"} for p in unwell),
            parts=tuple(unwell[:MAX_TOLD]),
            parts_left_out=len(unwell[MAX_TOLD:]),
            clock=ClockState(
                source=now.source,
                synced=now.synced,
                offset_us=now.offset // US,
                est_error_us=None if error is None else -(-error // US),
            )
            if now
            else None,
            pending=glance.pending if glance else None,
            oldest_pending_s=glance.oldest_pending_s if glance else None,
            lost=glance.lost if glance else None,
            head=HeadState(
                epoch=glance.head.epoch, seq=glance.head.seq, payload_sha256=glance.head.payload_sha256
            )
            if glance
            else None,
            boot_id=self._boot_id,
            software=__version__,
        )

    def _say_room(self, at: Step) -> None:
        """How full the evidence disk is; without room no case is sealed."""
        if at is Step.ALL:
            self.say("disk", "ok")
        else:
            self.say("disk", "fault" if at is Step.FULL else "degraded", f"evidence: {ROOM[at]}")

    def _clock_trouble(self) -> list[PartState]:
        now = self.clock_status()
        if now is None or now.synced:
            return []
        return [PartState(part="clock", state="degraded", detail="nobody vouches for the time")]
