"""The list of statements, and what must be looked at: alarms, frozen boxes, what could not be told."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from edge_agent.errors import VerificationError
from edge_agent.evidence import dsse
from edge_agent.evidence.statement import parse
from edge_agent.inbox.brief import Brief, brief
from edge_agent.inbox.search import GROUPS, REVIEW_STATES, USE_CLASSES, Filters, Listed, Search
from edge_agent.inbox.sites import Sites
from edge_agent.inbox.texts import TEXTS
from edge_agent.ingest.fanout import Fanout
from edge_agent.ingest.store import PlatformStore
from edge_agent.report.times import to_the_second
from edge_agent.web.gate import Visit
from edge_agent.web.look import Look
from edge_agent.web.words import Words

ON_TOP = 3  # alarms that are shown above the list
ALL = 100
VERDICT = {"accept": "review_accepted", "reject": "review_rejected", "": "review_open"}


class Lists:
    """Pages that show many things."""

    def __init__(self, look: Look, store: PlatformStore, fanout: Fanout, sites: Sites) -> None:
        self._look = look
        self._store = store
        self._fanout = fanout
        self._sites = sites
        self._search = Search(store.database)

    def index(self, visit: Visit) -> Response:
        """The first page."""
        words = Words(TEXTS, visit.language)
        filters = Filters.of(visit.request.query_params)
        devices = self._search.devices()
        found = self._search.find(
            filters, _number(visit.query("page")), lambda word: self._sites.shops_named(word, devices)
        )
        waiting, more_wait = self._search.waiting()
        query = filters.as_query()
        alarms = self._store.alarms(ON_TOP)
        return self._look.page(
            visit,
            "list.html",
            {
                "rows": [self._row(listed, words) for listed in found.rows],
                "found": found,
                "filters": filters,
                "filtered": bool(query),
                "waiting": _count(waiting, words, more=more_wait),
                "total": _count(found.count, words, more=found.more),
                "devices": devices,
                "groups": list(GROUPS),
                "use_classes": USE_CLASSES,
                "reviews": list(REVIEW_STATES),
                "newer": _page(query, found.page - 1) if found.page > 1 else "",
                "older": _page(query, found.page + 1) if found.page < found.pages else "",
                "frozen": self._store.frozen(),
                "alarms": [_alarm(alarm, words) for alarm in alarms],
            },
        )

    def attention(self, visit: Visit) -> Response:
        """All that a person must look at."""
        words = Words(TEXTS, visit.language)
        return self._look.page(
            visit,
            "attention.html",
            {
                "frozen": self._store.frozen(),
                "alarms": [_alarm(alarm, words) for alarm in self._store.alarms(ALL)],
                "refusals": [
                    (to_the_second(at), device, reason) for at, device, reason in self._store.refusals(ALL)
                ],
                "undelivered": [
                    (one, to_the_second(one.made_utc_us)) for one in self._fanout.newest(ALL, "given_up")
                ],
                "late": [
                    (one, to_the_second(one.made_utc_us))
                    for one in self._fanout.newest(ALL, "waiting")
                    if one.said
                ],
            },
        )

    def _row(self, listed: Listed, words: Words) -> dict[str, Any]:
        stored = listed.stored
        return {
            "stored": stored,
            "place": stored.place,
            "is_case": stored.use_class != "",
            "brief": self._brief(listed, words),
            "verdict": VERDICT[listed.verdict],
        }

    def _brief(self, listed: Listed, words: Words) -> Brief:
        try:
            return brief(parse(dsse.decode(listed.envelope)[1]), self._sites, words)
        except VerificationError:  # by an older schema of statements
            return Brief(listed.stored.kind, "", "", listed.stored.packet_id, "", "–", "", "", "")


def _alarm(alarm: tuple[int, str, str, str], words: Words) -> dict[str, str]:
    at_us, device, what, detail = alarm
    key = f"alarm_{what}"
    said = words(key) if key in TEXTS else what
    return {"when": to_the_second(at_us), "device": device, "what": said, "detail": detail}


def _count(count: int, words: Words, *, more: bool) -> str:
    said = f"{count:,}"
    return words("more_than", count=said) if more else said


def _number(said: str) -> int:
    return int(said) if said.isascii() and said.isdigit() and len(said) < 6 else 1


def _page(query: dict[str, str], number: int) -> str:
    return "/?" + urlencode({**query, "page": str(number)})
