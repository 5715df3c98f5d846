"""What the platform is owed, what it has receipted, and one statement with all that belongs to it."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from edge_agent.console.accounts import TECHNICIAN
from edge_agent.console.audit import Audit
from edge_agent.console.box import Box
from edge_agent.evidence.bundle import export_read
from edge_agent.evidence.owed import Owed, owed
from edge_agent.evidence.reading import NO_END, Listed, Whole
from edge_agent.report.times import span, to_the_second
from edge_agent.report.words import KIND, KIND_EN
from edge_agent.web.gate import Gate, NotHere, Visit
from edge_agent.web.look import Look
from edge_agent.web.packed import packed
from edge_agent.web.words import Words

ROWS = 25
RECEIPTS = 8
FRESH_S = 5.0  # counting asks much of a large store: not once a viewer
TONE = {"receipted": "good", "purged": "good", "quarantined": "bad", "rejected": "bad"}


class OutboxPages:
    """See above."""

    def __init__(self, look: Look, box: Box, audit: Audit) -> None:
        self._look = look
        self._box = box
        self._audit = audit
        self._lock = threading.Lock()
        self._counted: tuple[float, Owed] | None = None

    def routes(self, gate: Gate) -> list[Route]:
        """Their addresses."""
        return [
            gate.page("/outbox", self.show),
            gate.page("/outbox/{seq}", self.one, role=TECHNICIAN),
            gate.page("/outbox/{seq}/bundle", self.bundle, method="POST", role=TECHNICIAN),
        ]

    def show(self, visit: Visit) -> Response:
        """All in numbers, and the newest statements."""
        words, found = self._look.words(visit), self._owed()
        before = whole_number(visit.query("before")) or NO_END
        listed = [
            one for one, _ in zip(self._box.reading.statements(before=before), range(ROWS), strict=False)
        ]
        return self._look.page(
            visit,
            "outbox.html",
            {
                "owed": found,
                "facts": _facts(found, words),
                "rows": [_row(one, words) for one in listed],
                "receipts": [_row(one, words) for one in found.last_receipts[:RECEIPTS]],
                "aside": [_row(one, words) for one in found.aside],
                "older": listed[-1].seq if len(listed) == ROWS and listed[-1].seq else 0,
                "may_open": visit.role == TECHNICIAN,
                "has_platform": self._box.config.uplink is not None,
            },
        )

    def one(self, visit: Visit) -> Response:
        """One statement as it was signed: a technician's, for it may name a plate."""
        whole = self._whole(visit)
        return self._look.page(
            visit,
            "outbox_one.html",
            {
                "row": _row(whole.listed, self._look.words(visit)),
                "listed": whole.listed,
                "files": whole.files,
                "payload": json.dumps(json.loads(whole.payload), ensure_ascii=False, indent=2),
            },
        )

    def bundle(self, visit: Visit) -> Response:
        """The statement with its files and receipt, as `edge-agent verify` takes it."""
        listed = self._whole(visit).listed
        self._audit.act(visit, "bundle_downloaded", f"seq {listed.seq} {listed.packet_id}")
        box = self._box
        return packed(
            lambda out: export_read(box.reading, out, (listed.seq,), box.receipt_keys),
            f"evidence-{listed.packet_id}",
        )

    def _owed(self) -> Owed:
        with self._lock:
            if self._counted is None or time.monotonic() - self._counted[0] > FRESH_S:
                self._counted = (time.monotonic(), owed(self._box.reading))
            return self._counted[1]

    def _whole(self, visit: Visit) -> Whole:
        seq = whole_number(visit.path("seq"))
        whole = self._box.reading.statement(seq) if seq is not None else None
        if whole is None:
            raise NotHere("statement")
        return whole


def whole_number(said: str) -> int | None:
    """A place in the chain as an address has it; None: it is none."""
    return int(said) if said.isdecimal() and said.isascii() and len(said) < 18 else None


def _facts(found: Owed, words: Words) -> list[tuple[str, str]]:
    median = "–" if found.median_s is None else _seconds(found.median_s)
    oldest = found.oldest
    return [
        (words("head"), f"seq {found.head.seq}" if found.head else "–"),
        (words("pending"), f"{found.pending} · {_mb(found.pending_bytes)}"),
        (words("oldest"), to_the_second(oldest.sealed_utc_us) if oldest else "–"),
        (words("receipted"), str(found.receipted)),
        (words("median"), median),
        (words("set_aside"), f"{found.quarantined} + {found.rejected}"),
        (words("lost"), str(found.lost)),
        (words("held"), _mb(found.held_bytes)),
    ]


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else span(round(seconds) * 1000)


def _row(one: Listed, words: Words) -> dict[str, Any]:
    waited = one.receipted_after_s
    return {
        "seq": one.seq,
        "kind": words.name(one.kind, KIND, KIND_EN),
        "case": one.case_id or "",
        "zone": one.zone or "",
        "sealed": to_the_second(one.sealed_utc_us),
        "state": words(f"statement_{one.state}"),
        "tone": TONE.get(one.state, "warn"),
        "reason": one.reason,
        "receipted": to_the_second(one.receipted_utc_us) if one.receipted_utc_us else "–",
        "waited": "–" if waited is None else _seconds(waited),
        "size": f"{one.bytes / 1000:,.0f} kB",
    }
