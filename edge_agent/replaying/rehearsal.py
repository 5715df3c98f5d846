"""`--publish`: a replay through the whole stack, to a broker that is not the site's, as tests only.

    core ──Seal──> [class test?] ──> sealer ──> store and outbox ──> uplink ──MQTT──> a test platform

Nothing of it can be taken for evidence: the site's legal standing is `test` before the core sees it, every
case is looked at once more before it is sealed, the key is thrown away with the folder, and the topics are
those of another box.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from edge_agent.config.sealing import identity
from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import Seal, SealStreet
from edge_agent.core.records import UseClass
from edge_agent.errors import DeviceError, SealRefused, StoreFault, UsageError
from edge_agent.evidence.dsse import RECEIPT_TYPE
from edge_agent.evidence.keys import FileKey, KeyRing, read_public_keys
from edge_agent.evidence.sealer import Order, Sealer
from edge_agent.evidence.settings import StoreSettings
from edge_agent.evidence.store import EvidenceStore, Sealed
from edge_agent.evidence.uplink.events import UplinkEvent, UplinkEventKind
from edge_agent.evidence.uplink.uplink import Uplink
from edge_agent.replaying.rehearsal_settings import RehearsalSettings

QUIET_S = 10.0  # nothing more is waited for when nothing more has arrived for so long
LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of the statements."""

    topics: str  # what all of them begin with
    sealed: int
    refused: int
    published: int  # the broker has them
    receipted: int  # a platform has confirmed them, signed
    rejected: int
    unheard: bool  # the broker dropped some: nobody has subscribed to these topics


class Rehearsal:
    """Store, key, sealer and uplink of a box that does not exist. Use as a context manager."""

    def __init__(self, folder: Path, config: SiteConfig, chosen: RehearsalSettings, boot_id: str) -> None:
        """Make everything; `config` is of `as_test`.

        Raises:
            UsageError: no such folder, or an unreadable receipt key.
        """
        if config.site.legal.use_class is not UseClass.TEST:
            raise UsageError("a rehearsal of a site that is no test")  # nobody gets here but by a bug
        self._chosen = chosen
        self._seqs: set[int] = set()
        self._published: set[int] = set()
        self._receipted: set[int] = set()
        self._refused = self._rejected = 0
        self._unheard = False
        self._fault: StoreFault | None = None
        self._connected = threading.Event()
        site = config.site
        self._undo = ExitStack()
        receipt_keys = read_public_keys(chosen.receipt_keys_file) if chosen.receipt_keys_file else ()
        if chosen.devices_dir is not None and not chosen.devices_dir.is_dir():
            raise UsageError(f"devices_dir: {chosen.devices_dir} is no folder")
        self._folder = folder
        folder.mkdir()
        key = FileKey.generate(folder / "evidence.pem")
        _introduce(key, chosen.devices_dir, site.device_id)
        settings = StoreSettings(directory=folder / "evidence", ballast_bytes=0)
        self._store = EvidenceStore.open(settings, key, identity(config, boot_id))
        self._undo.callback(self._store.close)
        self._uplink = Uplink(
            self._store,
            chosen,
            KeyRing({RECEIPT_TYPE: receipt_keys}),
            tenant=site.tenant,
            device_id=site.device_id,
            on_event=self._told,
        )
        self._topics = f"{chosen.topic_root}/{site.tenant}/{site.device_id}"
        self._receipts = bool(receipt_keys)
        self._sealer = Sealer(self._store, lambda _digest: None, self, self._uplink.wake)

    def __enter__(self) -> Self:
        """Connect; where that fails, nothing is left of the box.

        Raises:
            DeviceError: no broker takes us.
        """
        with ExitStack() as undo:
            undo.callback(shutil.rmtree, self._folder)
            undo.push(self._undo)
            self._uplink.start()
            undo.callback(self._uplink.stop, 1.0)
            while not self._connected.wait(LOOK_S):
                if self._uplink.counters.connect_failures or self._uplink.fault:
                    mqtt = self._chosen.mqtt
                    raise DeviceError(f"no broker takes us at {mqtt.host}:{mqtt.port}")
            self._sealer.start()
            undo.pop_all()
        self._undo.callback(self._uplink.stop, 1.0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Seal what is queued, say goodbye, close."""
        self._sealer.stop()
        self._undo.__exit__(kind, error, trace)

    def seal(self, order: Order) -> None:
        """Seal and publish one statement, if it is a test's.

        Raises:
            SealRefused: it is not.
            StoreFault: the disk failed.
        """
        if self._fault is not None:
            raise self._fault
        if isinstance(order.seal, Seal | SealStreet) and order.seal.use_class is not UseClass.TEST:
            raise SealRefused(f"{order.name}: {order.seal.use_class} out of a replay; nothing was sent of it")
        self._sealer.put(order)

    def deliver(self, progress: Callable[[int, int], None] = lambda _done, _of: None) -> Delivery:
        """Wait until everything has arrived, or nothing more does.

        Args:
            progress: told of how many of how many have arrived.
        """
        self._sealer.stop()
        arrived = self._receipted if self._receipts else self._published
        before, until = -1, 0.0
        while not _all(self._seqs, arrived) and self._fault is None and self._uplink.fault is None:
            if len(arrived) != before:
                before, until = len(arrived), time.monotonic() + QUIET_S
            if time.monotonic() > until:
                break
            progress(len(arrived), len(self._seqs))
            time.sleep(LOOK_S)
        if self._fault is not None:
            raise self._fault
        return Delivery(
            topics=self._topics,
            sealed=len(self._seqs),
            refused=self._refused,
            published=sum(seq in self._published for seq in self._seqs),
            receipted=sum(seq in self._receipted for seq in self._seqs),
            rejected=self._rejected,
            unheard=self._unheard,
        )

    # -- what sealer and uplink tell, on their threads -------------------------------------------

    def sealed(self, _order: Order, sealed: Sealed) -> None:
        """It is in the chain."""
        self._seqs.add(sealed.seq)

    def refused(self, _order: Order, _reason: str) -> None:
        """No statement can be made of it; the replay counts the same."""
        self._refused += 1

    def failed(self, fault: StoreFault) -> None:
        """The disk failed."""
        self._fault = fault

    def _told(self, event: UplinkEvent) -> None:
        match event.kind:
            case UplinkEventKind.CONNECTED:
                self._connected.set()
            case UplinkEventKind.HELD:
                self._unheard = True
            case UplinkEventKind.REJECTED:
                self._rejected += 1
            case UplinkEventKind.STATEMENT_ACKED if event.seq is not None:
                self._published.add(event.seq)
            case UplinkEventKind.RECEIPTED if event.seq is not None:
                self._published.add(event.seq)
                self._receipted.add(event.seq)
            case _:
                pass


def _all(wanted: set[int], found: set[int]) -> bool:
    """Whether all are there; the other set may grow meanwhile."""
    return all(one in found for one in wanted)


def _introduce(key: FileKey, devices: Path | None, device_id: str) -> None:
    """Put the public key where the platform looks; an earlier rehearsal's is followed by this one's."""
    if devices is None:
        return
    with (devices / f"{device_id}.pem").open("ab") as file:
        file.write(key.public.pem)
