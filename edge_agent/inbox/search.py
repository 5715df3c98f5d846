"""Which statements a person wants to see: filters out of the page's address, one page of them, a count."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, literal, or_, select

from edge_agent.evidence.statement import CASE_KINDS, STREET_KINDS, Kind
from edge_agent.inbox.reviews import ACCEPT, REJECT, verdict_is, verdicts
from edge_agent.ingest.db import Database
from edge_agent.ingest.store import STORED, Place, Stored
from edge_agent.ingest.summary import plain
from edge_agent.ingest.tables import statement
from edge_agent.report.times import CHINA

PAGE = 25
MAX_PAGE = 400
COUNT_TO = 10_000  # beyond it "more than" is said
MAX_WORDS = 6
MAX_OF_CASE = 50

BRIDGE_KINDS = CASE_KINDS - STREET_KINDS
GROUPS: dict[str, frozenset[Kind]] = {
    "cases": CASE_KINDS,
    "bridge": BRIDGE_KINDS,
    "street": STREET_KINDS,
    "coverage": frozenset({Kind.COVERAGE}),
    "own": frozenset(Kind) - CASE_KINDS - {Kind.COVERAGE},
    "all": frozenset(Kind),
}
REVIEW_STATES = {"open": "", "accepted": ACCEPT, "rejected": REJECT}
USE_CLASSES = ("enforcement", "reference", "test")


ShopsNamed = Callable[[str], list[tuple[str, str]]]  # a word -> devices and ids of shops


def nobodys(_: str) -> list[tuple[str, str]]:
    """No shop has a name."""
    return []


@dataclass(frozen=True, slots=True)
class Filters:
    """As a person chose them; what makes no sense in an address is as if it were not there."""

    text: str = ""
    device: str = ""
    group: str = "cases"
    use_class: str = ""
    review: str = ""
    first_day: str = ""  # 2026-11-18, China
    last_day: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Filters:
        """Out of an address."""
        return cls(
            text=plain(query.get("q", "")).strip()[:100],
            device=plain(query.get("device", ""))[:64],
            group=_one_of(query.get("kind", ""), GROUPS, "cases"),
            use_class=_one_of(query.get("use", ""), USE_CLASSES, ""),
            review=_one_of(query.get("review", ""), REVIEW_STATES, ""),
            first_day=query.get("from", "") if _midnight_us(query.get("from", "")) is not None else "",
            last_day=query.get("to", "") if _midnight_us(query.get("to", "")) is not None else "",
        )

    def as_query(self) -> dict[str, str]:
        """For an address, without what is left as it is."""
        said = {
            "q": self.text,
            "device": self.device,
            "kind": "" if self.group == "cases" else self.group,
            "use": self.use_class,
            "review": self.review,
            "from": self.first_day,
            "to": self.last_day,
        }
        return {name: value for name, value in said.items() if value}

    @property
    def words(self) -> list[str]:
        """All of which must be there."""
        return self.text.lower().split()[:MAX_WORDS]

    def condition(self, shops_named: ShopsNamed = nobodys) -> ColumnElement[bool]:
        """For the database."""
        when = func.coalesce(statement.c.event_utc_us, statement.c.received_utc_us)
        first, last = _midnight_us(self.first_day), _midnight_us(self.last_day, days=1)
        parts: list[ColumnElement[bool]] = [
            or_(
                statement.c.words.contains(word, autoescape=True),
                *(_of_shop(device, shop) for device, shop in shops_named(word)),
            )
            for word in self.words
        ]
        parts.append(statement.c.kind.in_([kind.value for kind in GROUPS[self.group]]))
        if self.device:
            parts.append(statement.c.device == self.device)
        if self.use_class:
            parts.append(statement.c.use_class == self.use_class)
        if self.review:
            parts.append(verdict_is(REVIEW_STATES[self.review]))
        if first is not None:
            parts.append(when >= first)
        if last is not None:
            parts.append(when < last)
        return and_(*parts)


@dataclass(frozen=True, slots=True)
class Listed:
    """A statement of the list, with its bytes."""

    stored: Stored
    envelope: bytes
    verdict: str  # of its newest review; empty when there is none


@dataclass(frozen=True, slots=True)
class Found:
    """One page of what was asked for."""

    rows: list[Listed]
    page: int
    count: int
    more: bool  # there are more than `count` says

    @property
    def pages(self) -> int:
        """How many can be turned to."""
        return min(MAX_PAGE, max(1, -(-self.count // PAGE)))


class Search:
    """Over one database. Any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, filters: Filters, page: int, shops_named: ShopsNamed = nobodys) -> Found:
        """Newest first; what arrived last is the newest. Pages count from 1.

        `shops_named` knows the shops by the names that people search for.
        """
        wanted = filters.condition(shops_named)
        columns = statement.c
        order = (columns.received_utc_us.desc(), columns.device, columns.epoch, columns.seq.desc())
        page = min(max(page, 1), MAX_PAGE)
        chosen = select(*STORED, columns.envelope).where(wanted).order_by(*order)
        counted = select(func.count()).select_from(
            select(columns.seq).where(wanted).limit(COUNT_TO + 1).subquery()
        )
        with self._database.reading() as connection:
            rows = connection.execute(chosen.limit(PAGE).offset((page - 1) * PAGE)).all()
            count = int(connection.execute(counted).scalar_one())
            stored = [_stored(row) for row in rows]
            said = verdicts(connection, [one.place for one in stored])
        listed = [
            Listed(one, bytes(row.envelope), said.get(one.place, ""))
            for one, row in zip(stored, rows, strict=True)
        ]
        return Found(listed, page, min(count, COUNT_TO), count > COUNT_TO)

    def waiting(self) -> tuple[int, bool]:
        """Complete cases that nobody has reviewed; whether there are more than that."""
        wanted = Filters(review="open").condition() & statement.c.complete
        limited = select(statement.c.seq).where(wanted).limit(COUNT_TO + 1).subquery()
        with self._database.reading() as connection:
            count = int(connection.execute(select(func.count()).select_from(limited)).scalar_one())
        return min(count, COUNT_TO), count > COUNT_TO

    def devices(self) -> list[str]:
        """Boxes that have sent anything."""
        # Each step finds the next name in the index: as many steps as boxes, not as statements.
        found: list[str] = []
        with self._database.reading() as connection:
            while True:
                query = select(func.min(statement.c.device))
                if found:
                    query = query.where(statement.c.device > found[-1])
                name = connection.execute(query).scalar_one()
                if name is None:
                    return found
                found.append(str(name))

    def of_case(self, device: str, case: str) -> list[Stored]:
        """All statements of a box's case, oldest first."""
        mine = (statement.c.case_id == case) & (statement.c.device == device)
        order = (statement.c.received_utc_us, statement.c.epoch, statement.c.seq)
        with self._database.reading() as connection:
            rows = connection.execute(select(*STORED).where(mine).order_by(*order).limit(MAX_OF_CASE))
            return [_stored(row) for row in rows]


def _stored(row: Row[*tuple[Any, ...]]) -> Stored:
    device, epoch, seq, *rest = row[: len(STORED)]
    return Stored(Place(device, epoch, seq), *rest)


def _of_shop(device: str, shop: str) -> ColumnElement[bool]:
    """As `ingest.summary.search_fields` writes a shop: a word among others."""
    among = literal(" ") + statement.c.words + " "
    return (statement.c.device == device) & among.contains(f" {shop.lower()} ", autoescape=True)


def _one_of(said: str, known: Collection[str], otherwise: str) -> str:
    return said if said in known else otherwise


def _midnight_us(day: str, days: int = 0) -> int | None:
    """When the day begins in China, or so many days later; None where it is no day."""
    try:
        begins = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=CHINA) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return round(begins.timestamp()) * 1_000_000
