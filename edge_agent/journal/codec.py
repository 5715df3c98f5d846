"""Events and decisions to bytes and back. The recording's vocabulary, in one place.

Raw serial bytes are stored as they are (topic `/serial/<port>`), everything else is JSON
(`/event/<Type>`, `/decision/<Type>`), so that a recording opens in Foxglove and Rerun.
Field order is the order in the dataclass: the same value gives the same bytes.
"""

from __future__ import annotations

import json
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from edge_agent.core import decisions, events
from edge_agent.core.decisions import Decision
from edge_agent.core.events import Event, SerialBytes
from edge_agent.core.foreign_json import first_fault
from edge_agent.core.units import Ns
from edge_agent.errors import JournalError

SERIAL_TOPIC = "/serial/"
EVENT_TOPIC = "/event/"
DECISION_TOPIC = "/decision/"

EVENT_TYPES: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(events.Event)}
DECISION_TYPES: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(decisions.Decision)}


_ADAPTERS: dict[str, TypeAdapter[Any]] = {
    name: TypeAdapter(kind) for name, kind in (EVENT_TYPES | DECISION_TYPES).items()
}


def topic_of(event: Event) -> str:
    """Where in a recording the event is written."""
    if isinstance(event, SerialBytes):
        return SERIAL_TOPIC + event.port
    return EVENT_TOPIC + type(event).__name__


def encode_event(event: Event) -> bytes:
    """The message body of an event."""
    if isinstance(event, SerialBytes):
        return event.data
    return _ADAPTERS[type(event).__name__].dump_json(event)


def decode_event(topic: str, at: Ns, body: bytes) -> Event | None:
    """The event of a message; None for topics that hold no event.

    Raises:
        JournalError: the body does not fit its topic.
    """
    if topic.startswith(SERIAL_TOPIC):
        return SerialBytes(at, topic[len(SERIAL_TOPIC) :], body)
    if not topic.startswith(EVENT_TOPIC):
        return None
    return _decode(EVENT_TYPES, topic[len(EVENT_TOPIC) :], body)  # type: ignore[no-any-return]


def decode_decision(topic: str, body: bytes) -> Decision | None:
    """The decision of a message; None for topics that hold no decision."""
    if not topic.startswith(DECISION_TOPIC):
        return None
    return _decode(DECISION_TYPES, topic[len(DECISION_TOPIC) :], body)  # type: ignore[no-any-return]


def encode_decision(decision: Decision) -> bytes:
    """The message body of a decision."""
    return _ADAPTERS[type(decision).__name__].dump_json(decision)


def decision_line(decision: Decision) -> str:
    """One line of `decisions.jsonl`: the type first, then the fields in their order."""
    body = json.loads(encode_decision(decision))
    return json.dumps({"type": type(decision).__name__, **body}, ensure_ascii=False, separators=(",", ":"))


def parse_decision_line(line: str) -> Decision:
    """The decision that `decision_line` wrote.

    Raises:
        JournalError: it is no such line.
    """
    try:
        body = json.loads(line)
        kind = str(body.pop("type"))
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError) as error:
        raise JournalError(
            "no decision as `edge-agent replay` writes them, one JSON object a line"
        ) from error
    return _decode(DECISION_TYPES, kind, json.dumps(body).encode())  # type: ignore[no-any-return]


def _decode(kinds: dict[str, type[Any]], name: str, body: bytes) -> Any:
    if name not in kinds:
        raise JournalError(f"unknown kind {name!r}: written by a newer edge-agent?")
    try:
        return _ADAPTERS[name].validate_json(body)
    except ValidationError as error:
        where, what = first_fault(error)
        raise JournalError(f"{name}: {where}: {what}") from None


def json_schema(kind: type[Any]) -> dict[str, Any]:
    """JSON Schema of an event or decision type, for tools that open recordings."""
    return _ADAPTERS[kind.__name__].json_schema()
