"""A box that does nothing but seal and send: what `bench kill` kills.

After `seal` has returned, and not before, it writes one line to the claims file: epoch, seq, digest.
That file is the ground truth of what had been sealed when the process died. Page cache survives the
death of a process, so the line needs no fsync; a power cut is another experiment.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from edge_agent.evidence import dsse
from edge_agent.evidence.examples import KEY, a_case, an_identity
from edge_agent.evidence.keys import KeyRing, read_public_keys
from edge_agent.evidence.settings import StoreSettings
from edge_agent.evidence.store import EvidenceStore
from edge_agent.evidence.uplink.settings import UplinkSettings
from edge_agent.evidence.uplink.uplink import Uplink

IDENTITY = an_identity()
TENANT = IDENTITY.settings.device.tenant
DEVICE = IDENTITY.settings.device.device_id
# Cases of one life; more would repeat those of the next.
CASES_PER_LIFE = 10_000


@dataclass(frozen=True, slots=True)
class BoxPlan:
    """What one life of the box gets."""

    folder: Path
    uplink: UplinkSettings
    life: int  # counts restarts, so that no case is sealed twice
    per_second: float
    picture_bytes: int  # of each of three

    @property
    def claims(self) -> Path:
        """One line for each statement whose `seal` returned."""
        return self.folder / "claims"

    @property
    def stop(self) -> Path:
        """When this exists: no more sealing, send what is left, end."""
        return self.folder / "stop"


def live(plan: BoxPlan) -> None:
    """Until killed, or asked to stop."""
    store = open_store(plan.folder)
    ring = KeyRing({dsse.RECEIPT_TYPE: read_public_keys(plan.folder / "receipts.pub.pem")})
    uplink = Uplink(store, plan.uplink, ring, tenant=TENANT, device_id=DEVICE)
    uplink.start()
    claims = os.open(plan.claims, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    number = plan.life * CASES_PER_LIFE
    while not plan.stop.exists():
        number += 1
        sealed = store.seal(*a_case(number, plan.picture_bytes))
        os.write(claims, f"{sealed.epoch} {sealed.seq} {sealed.payload_sha256}\n".encode())
        uplink.wake()
        time.sleep(1 / plan.per_second)
    idle = uplink.wait_idle(120)
    uplink.stop()
    store.close()
    (plan.folder / ("idle" if idle else "not-idle")).touch()


def open_store(folder: Path) -> EvidenceStore:
    """The store of the box."""
    return EvidenceStore.open(StoreSettings(directory=folder / "box", ballast_bytes=0), KEY, IDENTITY)
