"""Whether a box's database stops growing: months of receipted statements in a minute, all of them small.

The store, its receipts and its housekeeping are real; days pass by the store's clock alone.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from edge_agent.evidence.examples import KEY, Clock, an_identity, store_settings
from edge_agent.evidence.pruning import LEAST_DAYS
from edge_agent.evidence.receipts import Receipt, Watermark
from edge_agent.evidence.set_aside import DATABASE
from edge_agent.evidence.store import EvidenceStore
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_sources import open_material

DAYS = 100
SAMPLES = 10
KEPT_DAYS = LEAST_DAYS
DAY_US = 86_400_000_000


def run(statements: int) -> dict[str, Any]:
    """Seal so many, in equal parts a day, all receipted the same day; kept for a week."""
    with tempfile.TemporaryDirectory(prefix="edge-agent-flat-") as folder:
        return in_folder(Path(folder) / "evidence", statements)


def in_folder(folder: Path, statements: int) -> dict[str, Any]:
    """The same, in a new folder that stays."""
    clock = Clock()
    settings = store_settings(folder, keep_statements_days=KEPT_DAYS)
    samples = []
    with EvidenceStore.open(settings, KEY, an_identity(), utc_us=clock) as store:
        for day in range(1, DAYS + 1):
            for _ in range(statements // DAYS):
                store.heartbeat()
            store.apply_receipt(_watermark(store), b"receipt")
            clock.ahead_us += DAY_US
            store.keep_house()
            if day % (DAYS // SAMPLES) == 0:
                let_go = store.reading().let_go().statements
                sealed = store.stats().sealed
                size = (folder / DATABASE).stat().st_size
                samples.append({"day": day, "sealed": sealed, "kept": sealed - let_go, "bytes": size})
    report = verify(open_material(folder))
    return {"kept_days": KEPT_DAYS, "samples": samples, "verified": report.good}


def _watermark(store: EvidenceStore) -> Receipt:
    head = store.head()
    device = an_identity().settings.device
    return Receipt(
        tenant=device.tenant,
        device_id=device.device_id,
        epoch=head.epoch,
        received_utc_us=1,
        watermark=Watermark(seq=head.seq, payload_sha256=head.payload_sha256),
    )


def text(found: dict[str, Any]) -> str:
    """For people."""
    lines = [f"statements kept for {found['kept_days']} days after their receipt; heartbeats, simulated time"]
    for one in found["samples"]:
        size = f"{one['bytes'] / 1e6:7.2f} MB"
        lines += [f"day {one['day']:>4}: {one['sealed']:>7,} sealed, {one['kept']:>6,} kept, {size}"]
    lines += [f"what is left verifies: {'yes' if found['verified'] else 'NO'}"]
    return "\n".join(lines)
