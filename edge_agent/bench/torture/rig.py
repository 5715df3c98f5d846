"""A box, a line that can fail, a broker and a platform; what was sealed is compared with what arrived."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

from edge_agent.bench.broker import ADDRESS, Mosquitto
from edge_agent.bench.kill import Claim, compare_with
from edge_agent.bench.torture.proxy import Proxy
from edge_agent.bench.torture.row import Outcome
from edge_agent.bench.torture.waiting import came_true
from edge_agent.errors import DeviceError
from edge_agent.evidence import dsse
from edge_agent.evidence.examples import KEY, a_case, a_store, an_identity, store_settings
from edge_agent.evidence.keys import FileKey, KeyRing
from edge_agent.evidence.receipts import Receipt, ReceiptItem, ReceiptStatus, sign
from edge_agent.evidence.store import Sealed
from edge_agent.evidence.uplink.events import UplinkEvent, UplinkEventKind
from edge_agent.evidence.uplink.mqtt import MqttLink, Waker
from edge_agent.evidence.uplink.port import Acked, Connected, LinkOptions, Message, Received, Subscribed
from edge_agent.evidence.uplink.settings import BrokerSettings, UplinkSettings
from edge_agent.evidence.uplink.topics import Topics
from edge_agent.evidence.uplink.uplink import Connect, Uplink
from edge_agent.ingest.service import Ingest
from edge_agent.ingest.settings import IngestSettings

DEVICE = an_identity().settings.device
TOPICS = Topics("ea/v1", DEVICE.tenant, DEVICE.device_id)
WAIT_S = 120.0  # a deadline, not a measure: a broker that drops the line at each large chunk takes 20 s
STRANGER = FileKey.from_seed(bytes(32))


class SiteClock:
    """UTC of the box: `behind_us` ago, so that days fit in seconds."""

    behind_us = 0

    def __call__(self) -> int:
        """Now, in microseconds."""
        return time.time_ns() // 1000 - self.behind_us


class Rig:
    """The box reaches the broker through the proxy, the platform directly. Use as a context."""

    def __init__(self, folder: Path, broker: Mosquitto | None = None) -> None:
        self.folder = folder
        self.broker = broker
        self.proxy = Proxy(broker.port if broker else 0)
        self.clock = SiteClock()
        self.store = a_store(folder / "box", settings=store_settings(folder / "box"), utc_us=self.clock)
        self.receipt_key = FileKey.generate(folder / "receipt.pem")
        (folder / "devices").mkdir()
        (folder / "devices" / f"{DEVICE.device_id}.pem").write_bytes(KEY.public.pem)
        self.claims: set[Claim] = set()
        self.uplink: Uplink | None = None
        self.ingest: Ingest | None = None
        self.events: list[UplinkEvent] = []
        self.receipted_s: dict[int, float] = {}
        self._cases = 0
        self._clients: list[Client] = []

    def __enter__(self) -> Self:
        self.proxy.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.uplink is not None:
            self.uplink.stop(drain_s=0)
        for client in self._clients:
            client.close()
        self.stop_platform()
        self.proxy.stop()
        self.store.close()
        if self.broker is not None:
            self.broker.stop()

    def mqtt(self, **other: Any) -> BrokerSettings:
        """How the box reaches the broker; less patient than in the field."""
        fields = {"backoff_max_s": 0.5, "keepalive_s": 10, "connect_timeout_s": 5, **other}
        return BrokerSettings.model_validate(
            {"host": ADDRESS, "port": self.proxy.port, "client_id": DEVICE.device_id, **fields}
        )

    def start_uplink(
        self, mqtt: BrokerSettings | None = None, connect: Connect | None = None, **other: Any
    ) -> Uplink:
        """Send from now on."""
        fields = {"resend_min_s": 1.0, "resend_max_s": 4.0, "will_delay_s": 0, **other}
        self.uplink = Uplink(
            self.store,
            UplinkSettings(mqtt=mqtt or self.mqtt(), **fields),
            KeyRing({dsse.RECEIPT_TYPE: [self.receipt_key.public]}),
            tenant=DEVICE.tenant,
            device_id=DEVICE.device_id,
            on_event=self._note,
            connect=connect,
        )
        self.uplink.start()
        return self.uplink

    def start_platform(self, **other: Any) -> Ingest:
        """Receipt from now on."""
        assert self.broker is not None
        self.ingest = Ingest(
            IngestSettings(
                mqtt=self.broker.settings("ingest"),
                tenant=DEVICE.tenant,
                data_dir=self.folder / "platform",
                devices_dir=self.folder / "devices",
                receipt_key_file=self.folder / "receipt.pem",
                **{"need_grace_s": 0.3, **other},
            )
        )
        self.ingest.start()
        if not self.ingest.wait_subscribed(WAIT_S):
            raise DeviceError("torture: the platform did not get its subscriptions")
        return self.ingest

    def stop_platform(self) -> None:
        """Away."""
        if self.ingest is not None:
            self.ingest.stop()
            self.ingest = None

    def seal(
        self, count: int = 1, picture_bytes: int = 2000, pictures_of: Sequence[bytes] = ()
    ) -> list[Sealed]:
        """Cases with three pictures each."""
        done = []
        for _ in range(count):
            self._cases += 1
            sealed = self.store.seal(*a_case(self._cases, picture_bytes, pictures_of))
            self.claims.add(Claim(sealed.epoch, sealed.seq, sealed.payload_sha256))
            done.append(sealed)
            if self.uplink is not None:
                self.uplink.wake()
        return done

    def client(self, name: str, *topics: str) -> Client:
        """Somebody else on the broker, with these subscriptions."""
        assert self.broker is not None
        client = Client(self.broker.settings(name), topics)
        self._clients.append(client)
        return client

    def saw(self, kind: UplinkEventKind) -> int:
        """How often that happened."""
        return sum(event.kind is kind for event in list(self.events))

    def forgeries(self, sealed: Sealed) -> list[bytes]:
        """Receipts for it that must change nothing: another key, another box, damage."""
        good = self.receipt(sealed)
        return [
            self.receipt(sealed, STRANGER),
            self.receipt(sealed, KEY),  # the box's own
            self.receipt(sealed, device_id="another"),
            self.receipt(sealed, tenant="another"),
            good[: len(good) // 2],
            good.replace(b'"payload":"ey', b'"payload":"eY'),
            good.replace(b"receipt.v1+json", b"evidence.v1+json"),
            b"",
            b"\xff" * 1000,
        ]

    def receipt(self, sealed: Sealed, key: dsse.Signer | None = None, **other: Any) -> bytes:
        """A signed receipt for one statement, as the platform would write it."""
        item = ReceiptItem(
            packet_id=sealed.packet_id, payload_sha256=sealed.payload_sha256, status=ReceiptStatus.ACCEPTED
        )
        fields = {
            "tenant": DEVICE.tenant,
            "device_id": DEVICE.device_id,
            "epoch": sealed.epoch,
            "received_utc_us": time.time_ns() // 1000,
            "items": (item,),
            **other,
        }
        return sign(Receipt(**fields), [key or self.receipt_key])

    def conclude(self, outcome: Outcome, timeout_s: float = WAIT_S, aside: Collection[int] = ()) -> Outcome:
        """Wait until everything is receipted, stop, compare.

        Args:
            outcome: to fill in.
            timeout_s: for the receipts.
            aside: places that were set aside, as they had to be; they are kept here and are not there.
        """
        assert self.uplink is not None
        outcome.expect(self.uplink.wait_idle(timeout_s), f"without a receipt: {self.store.stats().pending}")
        outcome.expect(self.uplink.fault is None, f"the uplink stopped: {self.uplink.fault}")
        self.uplink.stop(drain_s=0)
        self.stop_platform()
        sent = {claim for claim in self.claims if claim.seq not in aside}
        found = compare_with(sent, self.store, self.folder / "platform")
        kept = [claim for claim in self.claims if self._holds(claim)]
        outcome.sealed = len(self.claims)
        outcome.lost = found["lost"] + len(self.claims) - len(kept)
        # The neighbour of one that was set aside has a link that the platform cannot check.
        outcome.gaps = max(0, found["gaps_at_the_platform"] - len(aside))
        outcome.gaps += max(0, found["broken_links"] - len(aside))
        outcome.differing = found["claims_for_one_place_that_differ"] + found["alarms_at_the_platform"]
        for name in ("refused_at_the_platform", "attachments_with_another_digest"):
            outcome.expect(found[name] == 0, f"{name}: {found[name]}")
        outcome.expect(
            found["quarantined_or_rejected"] == len(aside), f"set aside: {found['quarantined_or_rejected']}"
        )
        return outcome

    def _holds(self, claim: Claim) -> bool:
        held = self.store.packet(claim.seq)
        return held is not None and held.payload_sha256 == claim.payload_sha256

    def _note(self, event: UplinkEvent) -> None:
        self.events.append(event)
        if event.kind is UplinkEventKind.RECEIPTED and event.seq is not None:
            self.receipted_s[event.seq] = event.at_s


class Client:
    """Somebody else on the broker, polled by hand: it takes nothing in between."""

    def __init__(self, settings: BrokerSettings, topics: tuple[str, ...] = ()) -> None:
        self._waker = Waker()
        self._link = MqttLink(settings, LinkOptions(client_id=settings.client_id, mqtt5=True), self._waker)
        self._link.open()
        self._ready = 0
        self._acked = 0
        self._published = 0
        self.received: list[Received] = []
        wait_for(lambda: self.poll() and self._ready, "a connection of our own")
        if topics:
            self._link.subscribe(topics)
            wait_for(lambda: self.poll() and self._ready > 1, "a subscription of our own")

    def poll(self) -> bool:
        """Move bytes; True, so that it can lead a condition."""
        for event in self._link.poll(0.005):
            self._ready += isinstance(event, Connected | Subscribed)
            self._acked += isinstance(event, Acked)
            if isinstance(event, Received):
                self.received.append(event)
        return True

    def publish(self, *messages: Message) -> None:
        """And wait until the broker has them."""
        for message in messages:
            self._link.publish(message)
            self._published += 1
        wait_for(lambda: self.poll() and self._acked == self._published, "PUBACK")

    def close(self) -> None:
        """Without a word; a second call does nothing."""
        self._link.abort()
        self._waker.close()


@contextlib.contextmanager
def a_rig(folder: Path, configuration: str = "") -> Iterator[Rig]:
    """A rig around a Mosquitto that runs."""
    with Rig(folder, Mosquitto(folder, configuration).start()) as rig:
        yield rig


def wait_for(true: Callable[[], object], what: str, timeout_s: float = WAIT_S) -> float:
    """Seconds until it is true.

    Raises:
        DeviceError: it took too long.
    """
    started_s = time.monotonic()
    if not came_true(true, timeout_s, look_s=0.005):
        raise DeviceError(f"torture: {what} did not happen within {timeout_s:.0f} s")
    return time.monotonic() - started_s


def rss_kib() -> int:
    """Memory of this process that is in RAM."""
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return int(text.split("VmRSS:")[1].split()[0])


def quantile(values: list[float], permille: int) -> float:
    """Of sorted values, the one at this place."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * permille // 1000)]
