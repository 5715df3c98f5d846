"""A box that does nothing but seal and send: what `bench kill` kills.

After `seal` has returned, and not before, it writes one line to the claims file: epoch, seq, digest.
That file is the ground truth of what had been sealed when the process died. Page cache survives the
death of a process, so the line needs no fsync; a power cut is another experiment.
"""

from __future__ import annotations

import hashlib
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path

from edge_agent.core.decisions import Seal
from edge_agent.core.records import (
    Axle,
    AxleGroup,
    Crossing,
    Match,
    MatchStatus,
    Outcome,
    Picture,
    SpeedSource,
    UseClass,
    Verdict,
)
from edge_agent.core.units import MS, Grams, Mm, MmPerS, Ns, Ppm, S
from edge_agent.core.use_class_settings import LegalSettings
from edge_agent.evidence import dsse
from edge_agent.evidence.identity import Identity
from edge_agent.evidence.keys import FileKey, KeyRing, read_public_keys
from edge_agent.evidence.settings import EvidenceSettings, StoreSettings
from edge_agent.evidence.store import EvidenceStore
from edge_agent.evidence.uplink.settings import UplinkSettings
from edge_agent.evidence.uplink.uplink import Uplink

TENANT = "bench"
DEVICE = "kill-box"


@dataclass(frozen=True, slots=True)
class BoxPlan:
    """What one life of the box gets."""

    folder: Path
    uplink: UplinkSettings
    life: int  # counts restarts, so that no case is sealed twice
    per_second: float
    picture_bytes: int
    pictures: int

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
    key = FileKey.load(plan.folder / "box.pem")
    store = EvidenceStore.open(store_settings(plan.folder), key, identity())
    ring = KeyRing({dsse.RECEIPT_TYPE: read_public_keys(plan.folder / "receipts.pub.pem")})
    uplink = Uplink(store, plan.uplink, ring, tenant=TENANT, device_id=DEVICE)
    uplink.start()
    claims = os.open(plan.claims, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    number = 0
    while not plan.stop.exists():
        number += 1
        seal, blobs = a_case(plan.life * 1_000_000 + number, plan.pictures, plan.picture_bytes)
        sealed = store.seal(seal, blobs)
        os.write(claims, f"{sealed.epoch} {sealed.seq} {sealed.payload_sha256}\n".encode())
        uplink.wake()
        time.sleep(1 / plan.per_second)
    idle = uplink.wait_idle(120)
    uplink.stop()
    store.close()
    (plan.folder / ("idle" if idle else "not-idle")).touch()


def store_settings(folder: Path) -> StoreSettings:
    """The store of the box."""
    return StoreSettings(directory=folder / "box", ballast_bytes=0)


def identity() -> Identity:
    """A box that can only make statements of class `test`."""
    settings = EvidenceSettings.model_validate(
        {"device": {"tenant": TENANT, "device_id": DEVICE, "site_id": "bench"}}
    )
    return Identity(
        settings=settings,
        legal=LegalSettings(use_class=UseClass.TEST),
        certificates={},
        keyid="",
        boot_id="bench",
        config_sha256="0" * 64,
    )


def a_case(number: int, pictures: int, picture_bytes: int) -> tuple[Seal, dict[str, bytes]]:
    """An invented crossing over a limit, with pictures of random bytes; the same for the same number."""
    rng = random.Random(number)  # noqa: S311 - invented pictures
    blobs = [rng.randbytes(picture_bytes) for _ in range(pictures)]
    named = {hashlib.sha256(blob).hexdigest(): blob for blob in blobs}
    roles = ("full_view_1", "full_view_2", "plate")
    start = Ns(number * S)
    shown = tuple(
        Picture(role, sha256, picture_bytes, "image/jpeg", 1920, 1080, start, "bench")
        for role, sha256 in zip(roles, named, strict=False)
    )
    seal = Seal(
        at=Ns(start + 3 * S),
        case=f"bench-{number}",
        revision=0,
        use_class=UseClass.TEST,
        reasons=(),
        crossing=_crossing(number, start),
        verdicts=(_verdict(),),
        match=_match(number, start),
        pictures=shown,
        detections=(),
        vehicle_confirmed=None,
        model_sha256="",
        clock=None,
        raw=None,
    )
    return seal, named


def _crossing(number: int, start: Ns) -> Crossing:
    loads = (Grams(7_000_000), Grams(18_000_000))
    axles = tuple(
        Axle(Ns(start + n * 300 * MS), load, Grams(250_000), None, None, Mm(n * 4000), 40)
        for n, load in enumerate(loads)
    )
    return Crossing(
        lane="1",
        number=number,
        first_axle_at=start,
        last_axle_at=Ns(start + 600 * MS),
        closed_at=Ns(start + S),
        axles=axles,
        groups=tuple(AxleGroup(n, 1, axle.load, axle.interval, ()) for n, axle in enumerate(axles)),
        gross=Grams(sum(loads)),
        gross_interval=Grams(500_000),
        speed=MmPerS(13_900),
        speed_sd=MmPerS(100),
        speed_source=SpeedSource.MEASURED,
        acceleration=None,
        flags=(),
        rate_mhz=1_000_000,
        zero=Grams(0),
        temperature=None,
        calibration="bench",
    )


def _verdict() -> Verdict:
    return Verdict(
        evaluator="posted",
        subject="gross",
        outcome=Outcome.OVER,
        raw=Grams(25_000_000),
        deduction=Grams(0),
        deducted=Grams(25_000_000),
        limit=Grams(20_000_000),
        excess=Grams(5_000_000),
        legal_basis="bench",
        rule_version="1",
        assumptions=("bench",),
        text_en="A bench, not a vehicle.",
        text_zh="测试，不是车辆。",
    )


def _match(number: int, start: Ns) -> Match:
    return Match(
        lane="1",
        crossing=number,
        status=MatchStatus.UNMATCHED,
        decided_at=Ns(start + 2 * S),
        predicted_at=Ns(start + S),
        predicted_sd=Ns(80 * MS),
        candidates=(),
        none_posterior=Ppm(1_000_000),
        margin=Ppm(0),
    )
