"""Who has signed this box off: the sealed records, each with its report."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from edge_agent.console.accounts import TECHNICIAN
from edge_agent.console.box import Box
from edge_agent.console.outbox import whole_number
from edge_agent.errors import VerificationError
from edge_agent.evidence.reading import Listed
from edge_agent.evidence.statement import Kind
from edge_agent.report.times import to_the_second
from edge_agent.web.gate import Gate, NotHere, Visit
from edge_agent.web.look import Look
from edge_agent.web.words import Words

MOST = 50
SUFFIX = {"application/pdf": "pdf", "text/html": "html"}
TONE = {"accepted": "good", "accepted_with_remarks": "warn", "refused": "bad"}


class CommissioningPages:
    """See above."""

    def __init__(self, look: Look, box: Box) -> None:
        self._look = look
        self._box = box

    def routes(self, gate: Gate) -> list[Route]:
        """Their addresses."""
        return [
            gate.page("/commissioning", self.show),
            gate.page("/commissioning/{seq}/{sha256}", self.report, role=TECHNICIAN),
        ]

    def show(self, visit: Visit) -> Response:
        """The list, newest first."""
        words = self._look.words(visit)
        listed = zip(self._box.reading.statements(kind=Kind.COMMISSIONING), range(MOST), strict=False)
        rows = [self._row(one, words) for one, _ in listed]
        return self._look.page(
            visit, "commissioning.html", {"rows": rows, "may_open": visit.role == TECHNICIAN}
        )

    def report(self, visit: Visit) -> Response:
        """A report's bytes, as they were sealed; to be kept, never shown as a page of ours.

        A technician's alone: it names the plates of the vehicles of the test.
        """
        seq = whole_number(visit.path("seq"))
        whole = self._box.reading.statement(seq) if seq is not None else None
        said = json.loads(whole.payload) if whole and whole.listed.kind == Kind.COMMISSIONING else None
        found = (
            next((a for a in said["attachments"] if a["sha256"] == visit.path("sha256")), None)
            if said
            else None
        )
        if found is None:
            raise NotHere("report")
        try:
            data = self._box.reading.attachment(found["sha256"])
        except VerificationError as error:
            raise NotHere(str(error)) from error
        name = f"commissioning-{seq}.{SUFFIX.get(found['media_type'], 'bin')}"
        return Response(
            data,
            media_type="application/octet-stream",
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )

    def _row(self, listed: Listed, words: Words) -> dict[str, Any]:
        whole = self._box.reading.statement(listed.seq)
        assert whole is not None, "a commissioning is never let go"
        said = json.loads(whole.payload)
        record = said["record"]
        names = ("ok", "warning", "fault", "unknown")
        return {
            "seq": listed.seq,
            "when": to_the_second(listed.sealed_utc_us),
            "outcome": words(f"outcome_{record['outcome']}"),
            "tone": TONE[record["outcome"]],
            "by": f"{record['by']} · {record['organisation']}",
            "checks": words("checks_of", **{name: record[f"checks_{name}"] for name in names}),
            "tests": f"{record['test_crossings']} ({record['test_receipted']})",
            "remarks": record["remarks"],
            "files": [
                (SUFFIX.get(a["media_type"], a["media_type"]).upper(), a["sha256"], a["size"])
                for a in said["attachments"]
            ],
        }
