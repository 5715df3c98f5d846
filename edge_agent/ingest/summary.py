"""What a statement is about, in a few fields and in one line: for lists that people look through."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.evidence.statement import Statement
from edge_agent.evidence.statement_records import Coverage

About = dict[str, str | int]
# Of a case's id so much is searched by: a key in an index of PostgreSQL has at most 2,704 bytes.
MAX_CASE = 200


@dataclass(frozen=True, slots=True)
class SearchFields:
    """What lists are filtered by. Names and meanings are those of the columns of table `statement`."""

    event_utc_us: int | None = None
    case_id: str = ""
    words: str = ""
    routes: str = ""


NOTHING_TO_SEARCH = SearchFields()


def search_fields(statement: Statement) -> SearchFields:
    """Of a plate only what was matched: a candidate would bring up somebody else's cases."""
    found = about(statement)
    plate = statement.recognition.plate if statement.recognition else None
    said = [plate.text if plate else "", *(found.get(key, "") for key in ("case", "shop", "zone", "lane"))]
    routes = statement.storefront.routes if statement.storefront else ()
    return SearchFields(
        event_utc_us=statement.time.event_utc_us,
        case_id=plain(str(found.get("case", "")))[:MAX_CASE],
        words=plain(" ".join(str(word) for word in said if word).lower()),
        routes=plain(f" {' '.join(routes)} " if routes else ""),
    )


def plain(said: str) -> str:
    """A text that a database takes: no NUL, no half of a character. A box could have signed either."""
    return said.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def about(statement: Statement) -> About:
    """The fields by which a person finds a statement again; empty for most of what a box says of itself."""
    street, bridge, record = statement.storefront, statement.measurement, statement.record
    if street is not None:
        return {
            "case": street.case,
            "revision": street.revision,
            "event_type": street.event_type,
            "phase": street.phase.value,
            "finding": street.finding.value,
            "camera": street.camera,
            "zone": street.zone,
            "shop": street.shop,
        }
    if bridge is not None:
        return {"case": bridge.case, "revision": bridge.revision, "lane": bridge.lane}
    if isinstance(record, Coverage):
        return {
            "period_s": (record.end_monotonic_us - record.start_monotonic_us) // 1_000_000,
            "parts": len(record.parts) + record.parts_left_out,
            "least_watched_permille": _least_watched(record),
        }
    return {}


def in_words(found: About) -> str:
    """One line's worth of it.

    >>> in_words({"case": "b1-door-1", "revision": 0, "lane": "1"})
    'case b1-door-1 revision 0 lane 1'
    """
    if "zone" in found:
        shop = f" shop {found['shop']}" if found["shop"] else ""
        named = f"zone {found['zone']}{shop} {found['event_type']}"
        return (
            f"{named} {found['phase']}: {found['finding']}  case {found['case']} revision {found['revision']}"
        )
    if "lane" in found:
        return f"case {found['case']} revision {found['revision']} lane {found['lane']}"
    if "period_s" in found:
        least = int(found["least_watched_permille"])
        return f"{found['period_s']} s, {found['parts']} parts, least watched {least // 10}.{least % 10} %"
    return ""


def _least_watched(record: Coverage) -> int:
    """Of the parts that are listed, thousandths of the period; 0 when none is."""
    period_us = record.end_monotonic_us - record.start_monotonic_us
    return min((part.watched_ms * 1_000_000 // period_us for part in record.parts), default=0)
