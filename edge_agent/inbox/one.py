"""The page of one statement, its files, its bundle; and what a person says of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from starlette.responses import RedirectResponse, Response

from edge_agent.errors import UsageError, VerificationError
from edge_agent.evidence import dsse, strict_json
from edge_agent.evidence.bundle import SUFFIX
from edge_agent.evidence.statement import Statement, parse
from edge_agent.inbox.accounts import REVIEWER
from edge_agent.inbox.brief import brief
from edge_agent.inbox.checks import Checks, check
from edge_agent.inbox.detail_bridge import bridge_detail
from edge_agent.inbox.detail_record import record_detail
from edge_agent.inbox.detail_street import record_line, street_detail
from edge_agent.inbox.lists import VERDICT
from edge_agent.inbox.pictures import FILM_TYPES, PICTURE_TYPES, address, shots
from edge_agent.inbox.reviews import ACCEPT, REASONS, Overtaken, Reviews, accepted, newest_id
from edge_agent.inbox.search import Search
from edge_agent.inbox.sites import Sites
from edge_agent.inbox.texts import TEXTS
from edge_agent.ingest.attachments import AttachmentReader
from edge_agent.ingest.devices import Devices
from edge_agent.ingest.export import export_bundle
from edge_agent.ingest.fanout import Fanout
from edge_agent.ingest.place import Place
from edge_agent.ingest.settings import IngestSettings
from edge_agent.ingest.store import PlatformStore, Stored
from edge_agent.report.times import to_the_second
from edge_agent.report.words import why
from edge_agent.web.gate import NotHere, Visit
from edge_agent.web.look import Look
from edge_agent.web.packed import packed
from edge_agent.web.words import Words

EPOCH = re.compile(r"[0-9a-f]{32}")
SEQ = re.compile(r"[0-9]{1,15}")
# A file that is no picture is for saving, never for looking at in the browser.
DOWNLOAD = "application/octet-stream"


class One:
    """Pages about one statement. Any thread."""

    def __init__(
        self,
        look: Look,
        settings: IngestSettings,
        store: PlatformStore,
        files: AttachmentReader,
        fanout: Fanout,
        sites: Sites,
        utc_us: Callable[[], int],
    ) -> None:
        self._look = look
        self._settings = settings
        self._store = store
        self._files = files
        self._fanout = fanout
        self._sites = sites
        self._utc_us = utc_us
        self._devices = Devices(settings.devices_dir)
        self._search = Search(store.database)
        self._reviews = Reviews(store.database)

    # To look at

    def show(self, visit: Visit) -> Response:
        """The page."""
        return self._page(visit, 200, "")

    def _page(self, visit: Visit, status: int, problem: str) -> Response:
        words = Words(TEXTS, visit.language)
        stored, envelope, statement = self._found(visit)
        case = self._case(stored, statement)
        records = [said for _, said in case]
        known = self._reviews.of(stored.place)
        street, own = statement.storefront is not None, [(stored, statement)]
        values: dict[str, Any] = {
            "stored": stored,
            "place": stored.place,
            "statement": statement,
            "brief": brief(statement, self._sites, words),
            "why": [why(reason, words) for reason in statement.legal.reasons] if statement.legal else [],
            "checks": check(self._store, self._devices, self._files, stored, envelope, words),
            "shots": shots(
                stored.place, [(one.place, said) for one, said in (case if street else own)], words
            ),
            "bridge": bridge_detail(statement, self._sites, self._files, words)
            if statement.measurement
            else None,
            "street": street_detail(statement, records, words) if street else None,
            "record": record_detail(statement, words),
            "records": [record_line(one, said, words) for one, said in case],
            "newest": case[-1][0].place,
            "others": self._others(stored, statement),
            "payload": json.dumps(strict_json.loads(dsse.decode(envelope)[1]), ensure_ascii=False, indent=2),
            "reviews": [(one, to_the_second(one.at_utc_us)) for one in known],
            "verdict": VERDICT[known[0].verdict if known else ""],
            "seen": newest_id(known),
            "accepted": accepted(known),
            "reasons": REASONS,
            "may_review": visit.role == REVIEWER and statement.legal is not None,
            "dispatches": [
                (one, to_the_second(one.at_utc_us)) for one in self._reviews.dispatches(stored.place)
            ],
            "deliveries": [(one, to_the_second(one.ended_utc_us)) for one in self._fanout.of(stored.place)],
            "frozen": self._store.is_frozen(stored.place.device),
            "problem": problem,
            "form": visit.form,
        }
        return self._look.page(visit, "statement.html", values, status)

    def file(self, visit: Visit) -> Response:
        """The bytes of a file that the statement lists; of nothing else."""
        stored, _, statement = self._found(visit)
        sha256 = visit.path("sha256")
        listed = next((a for a in statement.attachments if a.sha256 == sha256), None)
        data = self._files.read(sha256) if listed else None
        if listed is None or data is None:
            raise NotHere(sha256)
        if listed.media_type in PICTURE_TYPES | FILM_TYPES:
            return Response(data, media_type=listed.media_type)
        name = f"{stored.packet_id}-{listed.role}{SUFFIX.get(listed.media_type, '')}"
        return Response(
            data, media_type=DOWNLOAD, headers={"content-disposition": f'attachment; filename="{name}"'}
        )

    def bundle(self, visit: Visit) -> Response:
        """The case's statements with all that belongs to them, as `edge-agent verify` takes it."""
        stored, _, statement = self._found(visit)
        chosen = [one for one, _ in self._case(stored, statement)]
        return packed(
            lambda out: export_bundle(self._settings, self._store, chosen, out),
            f"evidence-{stored.packet_id}",
        )

    # To say something

    def review(self, visit: Visit) -> Response:
        """Accept it or not."""
        stored, envelope, statement = self._found(visit)
        if statement.legal is None:
            raise NotHere("nothing to review")
        form = visit.form
        verdict = form.get("verdict", "")
        if verdict == ACCEPT and not self._checks(visit, stored, envelope).acceptable:
            return self._page(visit, 422, "error_422_accept")
        seen = form.get("seen", "")
        try:
            self._reviews.add(
                stored,
                verdict,
                form.get(f"reason_{verdict}", ""),
                form.get("note", ""),
                reviewer=visit.user,
                seen=int(seen) if SEQ.fullmatch(seen) else 0,
                now_us=self._utc_us(),
            )
        except UsageError:
            return self._page(visit, 422, "error_422")
        except Overtaken:
            return self._page(visit, 409, "error_409")
        return RedirectResponse(f"{_path(stored.place)}#review", 303)

    def dispatch(self, visit: Visit) -> Response:
        """Note who is sent."""
        stored, _, _ = self._found(visit)
        form = visit.form
        try:
            self._reviews.send(
                stored.place, form.get("to", ""), form.get("note", ""), by=visit.user, now_us=self._utc_us()
            )
        except UsageError:
            return self._page(visit, 422, "error_422_to")
        return RedirectResponse(f"{_path(stored.place)}#dispatch", 303)

    # What it is about

    def _found(self, visit: Visit) -> tuple[Stored, bytes, Statement]:
        """Raises NotHere."""
        device, epoch, seq = (visit.path(name) for name in ("device", "epoch", "seq"))
        if not EPOCH.fullmatch(epoch) or not SEQ.fullmatch(seq):
            raise NotHere(seq)
        place = Place(device, epoch, int(seq))
        stored, envelope = self._store.get(place), self._store.envelope(place)
        if stored is None or envelope is None:
            raise NotHere(seq)
        try:
            return stored, envelope, parse(dsse.decode(envelope)[1])
        except VerificationError as error:
            raise NotHere("unreadable") from error

    def _case(self, stored: Stored, statement: Statement) -> list[tuple[Stored, Statement]]:
        """All records of its case, oldest first; itself alone where it is of no case."""
        said, measured = statement.storefront, statement.measurement
        case = said.case if said else measured.case if measured else ""
        found = self._search.of_case(stored.place.device, case) if case else []
        out = []
        for one in found:
            if one.place == stored.place:
                out.append((stored, statement))
                continue
            envelope = self._store.envelope(one.place)
            try:
                out.append((one, parse(dsse.decode(envelope or b"")[1])))
            except VerificationError:
                continue  # by an older schema
        if (stored, statement) not in out:
            out.append((stored, statement))
        return sorted(out, key=lambda found: (_revision(found[1]), found[0].received_utc_us))

    def _checks(self, visit: Visit, stored: Stored, envelope: bytes) -> Checks:
        words = Words(TEXTS, visit.language)
        return check(self._store, self._devices, self._files, stored, envelope, words)

    def _others(self, stored: Stored, statement: Statement) -> list[dict[str, Any]]:
        """Files that are no pictures."""
        return [
            {
                "role": attachment.role,
                "size": f"{attachment.size:,}",
                "sha256": attachment.sha256,
                "address": address(stored.place, attachment.sha256),
            }
            for attachment in statement.attachments
            if attachment.media_type not in PICTURE_TYPES | FILM_TYPES
        ]


def _revision(statement: Statement) -> int:
    said, measured = statement.storefront, statement.measurement
    return said.revision if said else measured.revision if measured else 0


def _path(place: Place) -> str:
    return f"/statement/{place.device}/{place.epoch}/{place.seq}"
