"""`edge-agent ingest`: the platform's side of the wire, on one thread.

It takes what has arrived, stores it in one durable commit, sends the signed receipts and only then
acknowledges to the broker. Kill it anywhere: what was not receipted, the box still has.

With PostgreSQL several may serve one tenant, on one machine or on many: the broker deals the messages
out among them, and the database keeps them out of each other's way, box by box.
"""

from __future__ import annotations

import logging
import random
import secrets
import threading
import time
from collections import deque
from pathlib import Path

from edge_agent.errors import DatabaseAway, EdgeAgentError, StoreFault
from edge_agent.evidence.disk import DirectoryLock
from edge_agent.evidence.keys import PublicKey, load_or_generate
from edge_agent.evidence.uplink.backoff import Backoff
from edge_agent.evidence.uplink.mqtt import MqttLink, Waker, unsupported_protocol
from edge_agent.evidence.uplink.port import (
    FIRST_FAILURE,
    Acked,
    Closed,
    Connected,
    LinkDown,
    LinkEvent,
    LinkOptions,
    Message,
    Received,
    Refused,
    Subscribed,
)
from edge_agent.evidence.uplink.protocol import ProtocolChoice
from edge_agent.evidence.uplink.topics import Topics
from edge_agent.ingest.intake import Intake, Stats
from edge_agent.ingest.keepers import attachment_keeper
from edge_agent.ingest.settings import IngestSettings
from edge_agent.ingest.store import PlatformStore
from edge_agent.ingest.turn import Turn

log = logging.getLogger(__name__)

IDLE_S = 1.0
# Receipts waiting for the broker's window; the oldest are dropped beyond it, since a box asks again.
MAX_OUTGOING = 1000


def utc_us() -> int:
    """Microseconds of UTC."""
    return time.time_ns() // 1000


class Ingest:
    """Start it, stop it, ask for its numbers. `fault` says why it stopped by itself."""

    def __init__(self, settings: IngestSettings) -> None:
        self.settings = settings
        self._lock = None if settings.database else _locked(settings.data_dir)
        key = load_or_generate(settings.receipt_key_file)
        self.receipt_key: PublicKey = key.public
        self._store = PlatformStore.of(settings)
        self._store.database.check_durable()
        attachments = attachment_keeper(settings, self._store)
        self._intake = Intake(settings, self._store, attachments, key, utc_us)
        self._heads = Turn(self._store.database, settings.tenant)
        self._client_id = settings.mqtt.client_id or "edge-agent-ingest"
        if settings.database:
            # Two of a name would throw each other out; several may run from one configuration.
            self._client_id += f"-{secrets.token_hex(4)}"
        self._waker = Waker()
        self._stopping = threading.Event()
        self._subscribed = threading.Event()
        self._backoff = Backoff(settings.mqtt.backoff_max_s, random.random)
        self._protocol = ProtocolChoice(settings.mqtt.protocol)
        self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)
        self._outgoing: deque[Message] = deque(maxlen=MAX_OUTGOING)
        self._window = 0  # what the broker lets us have unacknowledged
        self._unacked = 0
        self._connected = False
        self._answers_heads = False
        self.connects = 0
        self.database_failures = 0
        self.fault: Exception | None = None

    @property
    def stats(self) -> Stats:
        """Counted since the start."""
        return self._intake.stats

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def wait_subscribed(self, timeout_s: float) -> bool:
        """Whether the broker has granted the subscriptions within that time."""
        return self._subscribed.wait(timeout_s)

    def stop(self) -> None:
        """Finish the batch in hand, then end."""
        self._stopping.set()
        self._waker.wake()
        if self._thread.is_alive():
            self._thread.join(timeout=30)
        self._heads.give_up()
        self._store.close()
        self._waker.close()
        if self._lock is not None:
            self._lock.release()

    def join(self) -> None:
        """Until it stops by itself or is stopped."""
        while self._thread.is_alive():
            self._thread.join(timeout=1.0)

    # The thread

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._one_connection()
            except LinkDown as error:
                log.warning("broker away: %s", error)
            except DatabaseAway as error:
                # Nothing of the batch counts and nothing of it was acknowledged; its boxes send it again.
                log.warning("%s", error)
                self.database_failures += 1
            except StoreFault as error:
                # What the disk holds now is unknown; a restart reads it anew.
                log.critical("%s", error)
                self.fault = error
                return
            except EdgeAgentError:
                log.exception("connection ended by an error")
            except Exception as error:  # top of a thread: a bug must be seen, not lost
                log.exception("bug")
                self.fault = error
                return
            self._subscribed.clear()
            self._heads.give_up()
            self._stopping.wait(self._backoff.next_s())

    def _one_connection(self) -> None:
        broker = self.settings.mqtt
        link = MqttLink(
            broker,
            LinkOptions(
                client_id=self._client_id,
                mqtt5=self._protocol.mqtt5,
                receive_maximum=self.settings.batch_messages,
                maximum_packet_size=self.settings.max_packet_bytes,
            ),
            self._waker,
        )
        try:
            # While the database is away the broker must not give us what another process could store.
            self._heads.mine(time.monotonic())
            link.open()
            self._connected = False
            try:
                self._serve(link)
            finally:
                (self._protocol.ended if self._connected else self._protocol.silent)()
            link.disconnect()
        finally:
            link.abort()

    def _serve(self, link: MqttLink) -> None:
        deadline_s = time.monotonic() + self.settings.mqtt.connect_timeout_s
        waiting: deque[Received] = deque()
        while not self._stopping.is_set():
            for event in link.poll(self._timeout_s(waiting)):
                self._handle(link, event, waiting)
            self._check_alive(link, deadline_s)
            self._take_turn(link)
            self._process(link, waiting)
            self._send(link)

    def _timeout_s(self, waiting: deque[Received]) -> float:
        if waiting:
            return 0.0
        due_s = self._intake.next_due_s
        return IDLE_S if due_s is None else min(IDLE_S, max(0.0, due_s - time.monotonic()))

    def _handle(self, link: MqttLink, event: LinkEvent, waiting: deque[Received]) -> None:
        match event:
            case Connected(mqtt5=mqtt5, receive_maximum=window):
                self.connects += 1
                self._window, self._unacked = window, 0
                self._backoff.reset()
                self._connected = True
                self._answers_heads = self._heads.mine(time.monotonic())
                link.subscribe(self._subscriptions(mqtt5=mqtt5))
            case Refused(text=text):
                if unsupported_protocol(event):
                    self._protocol.unsupported()
                raise LinkDown(f"refused: {text}")
            case Closed(text=text):
                raise LinkDown(text)
            case Subscribed(codes=codes):
                if any(code >= FIRST_FAILURE for code in codes):
                    raise LinkDown(f"subscription refused: {codes}")
                self._subscribed.set()
            case Received():
                waiting.append(event)
            case Acked():
                self._unacked -= 1

    def _check_alive(self, link: MqttLink, deadline_s: float) -> None:
        now_s = time.monotonic()
        if not self._connected and now_s > deadline_s:
            raise LinkDown("no CONNACK")
        if now_s - link.heard_at > 1.5 * self.settings.mqtt.keepalive_s:
            raise LinkDown("nothing heard from the broker")

    def _take_turn(self, link: MqttLink) -> None:
        """Hear the heads, once it is our turn: all retained ones come at once."""
        if self._heads.mine(time.monotonic()) and self._connected and not self._answers_heads:
            self._answers_heads = True
            link.subscribe((f"{self._base}/head",))

    def _process(self, link: MqttLink, waiting: deque[Received]) -> None:
        batch = [waiting.popleft() for _ in range(min(len(waiting), self.settings.batch_messages))]
        due_s = self._intake.next_due_s
        if not batch and (due_s is None or due_s > time.monotonic()):
            return
        receipts = self._intake.take([(m.topic, m.payload) for m in batch], time.monotonic())
        for device, envelope in receipts:
            topic = Topics(self.settings.topic_root, self.settings.tenant, device).receipts
            self._outgoing.append(Message(topic, envelope, content_type="application/vnd.dsse+json"))
        self._send(link)
        for message in batch:
            if message.qos:
                link.acknowledge(message.token)

    def _send(self, link: MqttLink) -> None:
        while self._outgoing and self._unacked < self._window:
            link.publish(self._outgoing.popleft())
            self._unacked += 1

    def _subscriptions(self, *, mqtt5: bool) -> tuple[str, ...]:
        group = self.settings.share_group
        share = f"$share/{group}/" if mqtt5 and group else ""
        shared = (f"{share}{self._base}/stmt", f"{share}{self._base}/att/+")
        return (*shared, f"{self._base}/head") if self._answers_heads else shared

    @property
    def _base(self) -> str:
        return f"{self.settings.topic_root}/{self.settings.tenant}/+"


def _locked(directory: Path) -> DirectoryLock:
    directory.mkdir(parents=True, exist_ok=True)
    return DirectoryLock(directory)
