"""The way to the platform: a thread that empties the outbox and listens for signed receipts.

    outbox ──offer──> Sender ──message──> Link ──> broker
       ^                                   │
       └───────── signed receipt ──────────┘          only that lets the outbox forget anything

One thread does everything here; others may call `wake`, `wait_idle`, `counters`, `start`, `stop`.
A connection is used until it fails, then thrown away; what was on its way goes again on the next.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from edge_agent.errors import EvidenceError, StoreFault, StoreFull, VerificationError
from edge_agent.evidence.keys import KeyRing
from edge_agent.evidence.outbox import Lane
from edge_agent.evidence.statement import Kind
from edge_agent.evidence.store import EvidenceStore, Sealed
from edge_agent.evidence.uplink.answers import Answers
from edge_agent.evidence.uplink.backoff import Backoff
from edge_agent.evidence.uplink.events import Counters, UplinkEvent, UplinkEventKind
from edge_agent.evidence.uplink.mqtt import MqttLink, Waker, unsupported_protocol
from edge_agent.evidence.uplink.own_certificate import certificate_trouble
from edge_agent.evidence.uplink.port import (
    FIRST_FAILURE,
    Acked,
    Closed,
    Connected,
    Link,
    LinkDown,
    LinkEvent,
    LinkOptions,
    Message,
    Received,
    Refused,
    Subscribed,
    Will,
)
from edge_agent.evidence.uplink.protocol import ProtocolChoice
from edge_agent.evidence.uplink.sender import ENVELOPE_CONTENT_TYPE, Outcome, Sender, Verdict
from edge_agent.evidence.uplink.settings import UplinkSettings
from edge_agent.evidence.uplink.state import Describe, StateTopic, only
from edge_agent.evidence.uplink.topics import Topics
from edge_agent.evidence.uplink.transfers import to_send
from edge_agent.progress import IDLE_S, Pulse

log = logging.getLogger(__name__)

# How often the outbox is looked at when nobody says that something was sealed.
LOOK_S = 0.5
# A case is an alarm as long as it is this young; later it is part of the backlog. A live lane full of last
# week's cases would make today's wait.
LIVE_US = 600 * 1_000_000
# Not more often than this because the platform has fallen back.
HEAD_AGAIN_S = 2.0
GOODBYE_S = 1.0
# How long the first answer of the platform is waited for before anything new goes out.
ASK_S = 10.0
# Beside the time limits of a connection: names that do not resolve, a disk that is slow.
LONGEST_ROUND_S = 60
# A connection that lived this long was a good one, even if it had nothing to send.
BACKOFF_OVER_S = 60.0
# A receipt's payload ends at 64 KiB; with base64 and signatures it is some 90 kB.
LARGEST_RECEIPT_BYTES = 256 * 1024

Connect = Callable[[LinkOptions], Link]
Taken = Callable[[], None]
# An envelope, and what to call from any thread once it needs no second delivery.
OnCommand = Callable[[bytes, Taken], None]


class Uplink:
    """Empties an outbox into a broker until stopped."""

    def __init__(
        self,
        store: EvidenceStore,
        settings: UplinkSettings,
        receipt_keys: KeyRing,
        *,
        tenant: str,
        device_id: str,
        heartbeat: Callable[[], Sealed] | None = None,
        on_event: Callable[[UplinkEvent], None] | None = None,
        on_command: OnCommand | None = None,
        state: Describe = only,
        connect: Connect | None = None,
        uniform: Callable[[], float] = random.random,
        utc_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        """Nothing happens before `start`.

        Args:
            store: the outbox.
            settings: how to send.
            receipt_keys: who may sign receipts.
            tenant: of the box.
            device_id: of the box.
            heartbeat: seals a heartbeat with what is known of the clock; default: nothing is known.
            on_event: told of everything, on the uplink's thread; must be quick.
            on_command: takes each message of the command topic; must be quick. Default: none is asked for.
            state: what the box says of itself on its state topic.
            connect: makes a connection; default: MQTT to `settings.mqtt`.
            uniform: draws from 0 to 1, for jitter.
            utc_us: now; a wrong clock costs alarms their precedence and nothing else.
        """
        self._store = store
        self._settings = settings
        self._heartbeat = heartbeat or store.heartbeat
        self._on_event = on_event
        self._on_command = on_command
        self._taken: deque[tuple[Link, int]] = deque()  # commands that may be acknowledged
        self._state = StateTopic(state)
        self._uniform = uniform
        self._utc_us = utc_us
        self._silence_s = 1.5 * settings.mqtt.keepalive_s
        self._client_id = settings.mqtt.client_id or device_id
        self._topics = Topics(settings.topic_root, tenant, device_id)
        self._waker = Waker()
        self._connect = connect or (lambda options: MqttLink(settings.mqtt, options, self._waker))
        self._sender = Sender(settings, self._topics, uniform)
        self.counters = Counters()
        self._answers = Answers(
            store,
            self._sender,
            receipt_keys,
            self._topics,
            self.counters,
            self._tell,
            receipt_window=settings.receipt_window,
        )
        self._backoff = Backoff(settings.mqtt.backoff_max_s, uniform)
        self._protocol = ProtocolChoice(settings.mqtt.protocol)
        self._open_file: tuple[str, bytes] = ("", b"")
        self._look = True  # something may be new in the outbox
        self._looked_s = 0.0
        self._head_s = 0.0  # when the next head is due
        self._headed_s = 0.0  # when the last one went
        self._was_away = False
        self._asking_until_s = 0.0
        self._stopping = threading.Event()
        self._drain_until_s = 0.0
        self._receipted = threading.Condition()
        self._connected = False
        self._thread = threading.Thread(target=self._run, name="uplink", daemon=True)
        self.fault: Exception | None = None
        self.trouble = ""  # what a person must mend before we can connect; empty when nothing is known
        self.pulse = Pulse("uplink", LONGEST_ROUND_S + 2 * settings.mqtt.connect_timeout_s)

    # From any thread

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, drain_s: float = 10.0) -> None:
        """Send on if connected, say goodbye, end: together at most this long."""
        self._drain_until_s = time.monotonic() + drain_s - GOODBYE_S
        self._stopping.set()
        self.wake()
        if self._thread.is_alive():
            self._thread.join(timeout=drain_s + self._settings.mqtt.connect_timeout_s + 10)
        self._waker.close()

    def wake(self) -> None:
        """Something was sealed: look now."""
        self._look = True
        self._waker.wake()

    def wait_idle(self, timeout_s: float) -> bool:
        """Until everything sealed is receipted (or set aside); False when that took too long."""
        deadline_s = time.monotonic() + timeout_s
        while self._store.unreceipted:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or self.fault is not None:
                return False
            with self._receipted:
                self._receipted.wait(min(left_s, 0.1))
        return True

    @property
    def connected(self) -> bool:
        """Whether a broker has us now."""
        return self._connected

    # The thread

    def _run(self) -> None:
        with self.pulse:
            self._connect_until_stopped()

    def _connect_until_stopped(self) -> None:
        while not self._stopping.is_set():
            self.pulse.beat()
            started_s, arrived = time.monotonic(), self._sender.arrived
            try:
                self._one_connection()
            except (LinkDown, StoreFull) as error:  # a full disk: a receipt may make room, next time
                self._note_disconnect(str(error))
            except StoreFault as error:
                log.critical("%s", error)
                self._fail(error)
                return
            except Exception as error:  # top of the thread: a bug costs a connection, never the uplink
                log.exception("uplink: a connection ended by a bug")
                self.counters.faults += 1
                self._note_disconnect(f"bug: {error}")
            self._sender.lost(time.monotonic(), 0)
            # A broker that takes every connection and drops it is as bad as one that takes none.
            if self._sender.arrived > arrived or time.monotonic() - started_s > BACKOFF_OVER_S:
                self._backoff.reset()
            self._rest(self._backoff.next_s())

    def _rest(self, wait_s: float) -> None:
        until_s = time.monotonic() + wait_s
        while (left_s := until_s - time.monotonic()) > 0 and not self._stopping.wait(min(left_s, IDLE_S)):
            self.pulse.beat()

    def _fail(self, error: Exception) -> None:
        self.fault = error
        self._connected = False
        self._tell(UplinkEventKind.FAULT, None, str(error))
        with self._receipted:
            self._receipted.notify_all()

    def _note_disconnect(self, why: str) -> None:
        if self._connected:
            self.counters.disconnects += 1
            self._was_away = False
            self._tell(UplinkEventKind.DISCONNECTED, None, why)
        else:
            self.counters.connect_failures += 1
            self._was_away = True
            self._look_at_certificate()
        self._connected = False
        log.info("uplink: %s", why)

    def _look_at_certificate(self) -> None:
        """Whether it is our own certificate that keeps us out; told once."""
        found = certificate_trouble(self._settings.mqtt, time.time_ns() // 1000)
        if found and found != self.trouble:
            log.error("uplink: %s", found)
            self._tell(UplinkEventKind.TLS_CERTIFICATE, None, found)
        self.trouble = found

    def _one_connection(self) -> None:
        link = self._connect(
            LinkOptions(
                client_id=self._client_id,
                mqtt5=self._protocol.mqtt5,
                will=Will(self._state_message(only("offline").to_bytes()), self._settings.will_delay_s),
                receive_maximum=32,
                maximum_packet_size=LARGEST_RECEIPT_BYTES,
            )
        )
        try:
            link.open()
            try:
                self._serve(link)
            except StoreFault:
                self._say_goodbye(link)  # with the fault in it: somebody must come
                raise
            finally:
                (self._protocol.ended if self._connected else self._protocol.silent)()
            self._say_goodbye(link)
        finally:
            link.abort()

    def _serve(self, link: Link) -> None:
        connack_by_s = time.monotonic() + self._settings.mqtt.connect_timeout_s
        while not self._may_end():
            self.pulse.beat()
            for event in link.poll(self._timeout_s(link)):
                self._handle(link, event)
            now_s = time.monotonic()
            self._watch(link, now_s, connack_by_s)
            self._acknowledge_taken(link)
            if self._connected and not self._asking(now_s):
                self._offer(now_s)
                self._pump(link)
                if now_s >= self._head_s:
                    self._publish_head(link, now_s)
                if (news := self._state.news(now_s)) is not None:
                    self._publish(link, self._state_message(news))

    def _may_end(self) -> bool:
        if not self._stopping.is_set():
            return False
        now_s = time.monotonic()
        if not self._connected or now_s >= self._drain_until_s:
            return True
        nobody_listens = self._sender.held_until_s > now_s
        return nobody_listens or (self._sender.idle and not self._store.unreceipted)

    def _timeout_s(self, link: Link) -> float:
        now_s = time.monotonic()
        if self._asking(now_s):
            return min(LOOK_S, self._asking_until_s - now_s)
        if self._look and self._connected:
            return 0.0
        due_s = [self._looked_s + LOOK_S, self._head_s, link.heard_at + self._silence_s]
        if self._sender.held_until_s > now_s:
            due_s.append(self._sender.held_until_s)
        return max(0.0, min(due_s) - now_s) if self._connected else LOOK_S

    def _handle(self, link: Link, event: LinkEvent) -> None:
        match event:
            case Connected():
                self._welcome(link, event)
            case Refused(text=text):
                if unsupported_protocol(event):
                    self._protocol.unsupported()
                raise LinkDown(f"refused: {text}")
            case Subscribed(codes=codes):
                self._subscribed(*codes)
            case Acked(token=token, code=code):
                self._settle(self._sender.acked(token, code, time.monotonic()))
            case Received():
                self._received(link, event)
            case Closed(code=code, text=text):
                self._settle(self._sender.lost(time.monotonic(), code))
                raise LinkDown(text)

    def _subscribed(self, receipts: int, *commands: int) -> None:
        if receipts >= FIRST_FAILURE:
            self._tell(UplinkEventKind.STOPPED, None, "the broker does not let us read receipts")
            raise LinkDown(f"subscription to receipts refused: {receipts}")
        if any(code >= FIRST_FAILURE for code in commands):  # evidence leaves all the same
            log.warning("uplink: the broker does not let us read commands")

    def _received(self, link: Link, event: Received) -> None:
        if event.topic == self._topics.commands and self._on_command:
            self._on_command(event.payload, partial(self._command_taken, link, event))
            return
        if event.topic == self._topics.receipts:
            self._take_receipt(event.payload)
        if event.qos:
            link.acknowledge(event.token)

    def _ask_first(self, link: Link) -> None:
        """Before this life sends anything: where does the platform see our chain end?

        On a disk that was put back from a backup, what was sealed since would contradict what the
        platform has. Nothing is sealed for the question: it is the newest statement with a receipt, or the
        first of all where none has one (an image of a box that had never been connected).
        """
        known = None if self.counters.receipts else self._store.to_ask_with()
        if known is None:
            return
        self._asking_until_s = time.monotonic() + ASK_S
        self._publish(link, Message(self._topics.head, known.envelope, content_type=ENVELOPE_CONTENT_TYPE))

    def _asking(self, now_s: float) -> bool:
        return now_s < self._asking_until_s and not self.counters.receipts

    def _welcome(self, link: Link, event: Connected) -> None:
        self._connected = True
        self.trouble = ""
        self.counters.connects += 1
        self._sender.connected(event.receive_maximum, event.maximum_packet_size, mended=self._was_away)
        self._tell(UplinkEventKind.CONNECTED, None, "MQTT 5" if event.mqtt5 else "MQTT 3.1.1")
        wanted = (self._topics.receipts, self._topics.commands)
        link.subscribe(wanted if self._on_command else wanted[:1])
        self._publish(link, self._state_message(self._state.now("online", time.monotonic())))
        self._ask_first(link)
        self._head_s = 0.0
        self._look = True

    def _take_receipt(self, envelope: bytes) -> None:
        now_s = time.monotonic()
        if self._answers.take(envelope, now_s):
            self._head_s = min(self._head_s, max(now_s, self._headed_s + HEAD_AGAIN_S))
        self._look = True
        with self._receipted:
            self._receipted.notify_all()

    def _command_taken(self, link: Link, command: Received) -> None:
        """From any thread: a command needs no second delivery."""
        if command.qos:
            self._taken.append((link, command.token))
            self._waker.wake()

    def _acknowledge_taken(self, link: Link) -> None:
        while self._taken:
            of, token = self._taken.popleft()
            if of is link:  # an earlier connection's message is delivered again, and known then
                link.acknowledge(token)

    def _watch(self, link: Link, now_s: float, connack_by_s: float) -> None:
        """A connection that only pretends to live is ended here; paho would wait twice as long."""
        if not self._connected:
            if now_s > connack_by_s:
                raise LinkDown("no CONNACK")
            return
        oldest_s = self._sender.oldest_flight_s
        if now_s - link.heard_at >= self._silence_s:
            self.counters.watchdog += 1
            raise LinkDown("nothing heard from the broker")
        if oldest_s is not None and now_s - oldest_s > self._settings.ack_timeout_s:
            self.counters.watchdog += 1
            raise LinkDown("no PUBACK")

    # Sending

    def _offer(self, now_s: float) -> None:
        """Fill the sender from the outbox, as far as it wants more.

        A live case goes out before anything else is looked for: the next round looks again.
        """
        if not self._look and now_s < self._looked_s + LOOK_S:
            return
        if self._wants(Lane.LIVE, now_s) and self._offer_some(Lane.LIVE, now_s):
            self._look = True
            return
        self._look, self._looked_s = False, now_s
        while self._wants(Lane.BACKLOG, now_s) and self._offer_some(Lane.BACKLOG, now_s):
            pass

    def _wants(self, lane: Lane, now_s: float) -> bool:
        return self._sender.wants(lane) and self._answers.room(lane, now_s)

    def _offer_some(self, lane: Lane, now_s: float) -> bool:
        taken = False
        limit = 1 if lane is Lane.LIVE else self._settings.window_bytes
        for item in self._store.pending(limit, _ns(now_s), lane):
            if lane is Lane.LIVE and item.sealed_utc_us < self._utc_us() - LIVE_US:
                break
            # Not offered again while it is on its way; the receipt or the resend timer decides then.
            self._store.mark_sent(item.seq, _ns(now_s + self._settings.resend_max_s))
            if item.seq not in self._sender:
                self._sender.offer(to_send(item, lane))
                taken = True
        return taken

    def _pump(self, link: Link) -> None:
        """Publish until the window is full or nothing is left."""
        while True:
            now_s = time.monotonic()
            try:
                found = self._sender.next_message(now_s, self._read)
            except VerificationError as error:  # the store has sealed the incident and quarantined it
                self.counters.quarantined += 1
                self._tell(UplinkEventKind.QUARANTINED, None, str(error))
                continue
            if found is None:
                return
            if isinstance(found, Outcome):
                self._settle([found])
                continue
            cargo, message = found
            token = self._publish(link, message)
            self._sender.sent(cargo, message, token, now_s)
            self.counters.statements += message.topic == self._topics.statement

    def _publish(self, link: Link, message: Message) -> int:
        self.counters.messages += 1
        self.counters.bytes += message.size
        return link.publish(message)

    def _read(self, sha256: str) -> bytes:
        """An attachment; the last one stays at hand, since it is asked for chunk by chunk."""
        if self._open_file[0] != sha256:
            data = self._store.just_sealed(sha256)
            self._open_file = (sha256, self._store.attachment(sha256) if data is None else data)
        return self._open_file[1]

    def _settle(self, outcomes: list[Outcome]) -> None:
        now_s = time.monotonic()
        for outcome in outcomes:
            item = outcome.transfer.item
            match outcome.verdict:
                case Verdict.STATEMENT_ACKED:
                    self._tell(UplinkEventKind.STATEMENT_ACKED, item.seq)
                case Verdict.SENT:
                    wait_s = self._resend_wait_s(item.attempts)
                    self._store.mark_sent(item.seq, _ns(now_s + wait_s))
                    self._answers.expect(item.seq, now_s, now_s + wait_s)
                    self._look = True
                case Verdict.TOO_LARGE | Verdict.POISON:
                    self._store.quarantine(item.seq, outcome.detail)
                    self.counters.quarantined += 1
                    self._look = True
                    self._tell(UplinkEventKind.QUARANTINED, item.seq, outcome.detail)
                case Verdict.ASIDE:
                    self._tell(UplinkEventKind.ASIDE, item.seq, outcome.detail)
                case Verdict.HELD:
                    self.counters.held += 1
                    self._tell(UplinkEventKind.HELD, item.seq, outcome.detail)
                case Verdict.STOPPED:
                    self._tell(UplinkEventKind.STOPPED, item.seq, outcome.detail)
                case Verdict.REFUSED:
                    self.counters.refused += 1

    def _resend_wait_s(self, attempts: int) -> float:
        """Exponential from the number of tries, half of it jitter. Each send notes two tries."""
        bound_s = min(
            self._settings.resend_max_s, self._settings.resend_min_s * 2.0 ** min(attempts // 2, 30)
        )
        return bound_s * (0.5 + 0.5 * self._uniform())

    # Head and state

    def _publish_head(self, link: Link, now_s: float) -> None:
        """The signed end of the chain, retained: the platform answers with what it has and lacks."""
        self._head_s, self._headed_s = now_s + self._settings.head_interval_s, now_s
        newest = self._store.packet(self._store.head().seq)
        if newest is None or newest.kind is not Kind.HEARTBEAT:
            try:
                newest = self._store.packet(self._heartbeat().seq)
            except StoreFault:
                raise
            except EvidenceError as error:  # a full disk; the newest statement is a head as well
                log.warning("no heartbeat: %s", error)
        if newest is not None:
            self._publish(
                link,
                Message(self._topics.head, newest.envelope, retain=True, content_type=ENVELOPE_CONTENT_TYPE),
            )

    def _state_message(self, state: bytes) -> Message:
        return Message(self._topics.state, state, retain=True, content_type="application/json")

    def _say_goodbye(self, link: Link) -> None:
        if self._connected:
            state = self._state.now("stopped", time.monotonic())
            token = self._publish(link, self._state_message(state))
            until_s = time.monotonic() + GOODBYE_S
            while time.monotonic() < until_s:
                if any(_ends_goodbye(event, token) for event in link.poll(0.05)):
                    break
        link.disconnect()
        self._connected = False

    def _tell(self, kind: UplinkEventKind, seq: int | None, detail: str = "") -> None:
        if self._on_event is None:
            return
        try:
            self._on_event(UplinkEvent(kind, time.monotonic(), seq, detail))
        except Exception:  # somebody else's code must not stop evidence from leaving
            log.exception("uplink: an event listener failed")


def _ends_goodbye(event: LinkEvent, token: int) -> bool:
    return isinstance(event, Closed) or (isinstance(event, Acked) and event.token == token)


def _ns(seconds: float) -> int:
    return int(seconds * 1_000_000_000)
