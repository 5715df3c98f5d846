"""Reading a recording in the order it was written. A torn tail is reported and the rest is kept."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from edge_agent.core.decisions import Decision
from edge_agent.core.events import Event, PlateSeen, SerialBytes, Started
from edge_agent.core.units import Ns
from edge_agent.errors import JournalError
from edge_agent.journal import codec, gaps, records, video
from edge_agent.journal.gaps import GAP_TOPIC, Gap
from edge_agent.journal.migrations import FORMAT, format_of, lift
from edge_agent.journal.numbering import Numbers
from edge_agent.journal.video import VIDEO_TOPIC, VideoPacket
from edge_agent.journal.writer import HEADER, KEPT_TOPIC, WITHHELD_TOPIC

if TYPE_CHECKING:
    from mcap.records import McapRecord

# Gaps, topics and plates that were given back are kept in memory, and in a packed chunk a few bytes can be
# millions of them.
GAPS_LIMIT = 16 * 1024 * 1024  # bytes of messages
TOPICS_LIMIT = 1024 * 1024  # characters of their names
PLATES_LIMIT = 64 * 1024 * 1024
MOST_HOLES = 100_000  # numbers that are missing without a word


class NoHeader(JournalError):
    """It is no recording, or one that had hardly begun."""


class Gone(JournalError):
    """It is not there: the black box has made room, say."""


class Message(NamedTuple):
    """One message of a recording."""

    topic: str
    at: Ns  # the event's or the decision's own time
    body: bytes
    number: int  # of the event; of the event before it where the message is none


@dataclass(slots=True)
class Recording:
    """A recording opened for reading. `torn`, `gaps` and `withheld` are known once an iteration has ended.

    Iterate `events()` once for replay or `decisions()` once for the decisions made live.
    """

    path: Path
    metadata: dict[str, str] = field(default_factory=dict)  # in today's form, whatever wrote it
    config_text: str = ""
    torn: str = ""
    next_event: int | None = None  # number of the one that would come after what was read; None: nothing was
    begun_late: bool = False  # it was read from a place on that its index names
    withheld: int = 0  # plates that were seen and not kept
    left_out: list[str] = field(default_factory=list)  # files after it that cannot be read
    given_back: dict[tuple[str, int], PlateSeen] | None = None  # by run and event; None: not looked for yet
    _written_as: int = FORMAT
    _said: list[Gap] = field(default_factory=list)
    _not_said: list[Gap] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path) -> Recording:
        """Read the header of the recording at `path`.

        Raises:
            JournalError: no such file, not a recording, or one of a newer program.
        """
        recording = cls(path)
        recording._read_header()
        if not recording.metadata:
            why = f" ({recording.torn})" if recording.torn else ""
            raise NoHeader(f"{path}: not an edge-agent recording, or torn before its header{why}")
        recording._written_as = format_of(recording.metadata, str(path))
        recording.metadata = lift(recording.metadata, str(path))
        recording.torn = ""
        return recording

    @property
    def boot_id(self) -> str:
        """The run that it is of; empty: not said."""
        return self.metadata.get("boot_id", "")

    @property
    def first_event(self) -> int | None:
        """Number in its run; None: not said, and 0 where `Started` comes first."""
        return self._number("first_event")

    @property
    def first_at(self) -> Ns | None:
        """Monotonic time of what it begins with; None: not said."""
        said = self._number("first_monotonic_ns")
        return None if said is None else Ns(said)

    @property
    def gaps(self) -> list[Gap]:
        """What it lacks: what the black box said that it lost, and numbers that are missing all the same."""
        return sorted((*self._said, *self._not_said), key=lambda gap: gap.first_event)

    @property
    def plates(self) -> str:
        """`kept`, or `dropped`: of reads that no statement needed, the plate is not in it."""
        return self.metadata.get("plates", "")

    @property
    def models(self) -> dict[str, str]:
        """SHA-256 of each model, by name; none where the header says something else."""
        try:
            said = json.loads(self.metadata.get("models") or "{}")
        except (ValueError, RecursionError):
            return {}
        return {str(name): str(sha256) for name, sha256 in said.items()} if isinstance(said, dict) else {}

    def events(self) -> Iterator[Event]:
        """Every event, in the order in which the core saw it."""
        for _number, event in self.numbered():
            yield event

    def numbered(
        self, decided: Callable[[Decision], None] | None = None, since: Ns | None = None
    ) -> Iterator[tuple[int, Event]]:
        """Every event with its number in its run; `decided` is told of what was decided live in between.

        Events before `since` are left out as far as the index can tell: some of them still come.
        """
        start = None if since is None else self._start_of(since)
        self.withheld, self._not_said = 0, []
        self.begun_late = start is not None
        self.next_event = None if self.begun_late else self.first_event
        for message in self.messages(start):
            event = self.event_of(message)
            if message.topic == GAP_TOPIC:
                gap = self._said[-1]
                if gap.events:  # one of pictures alone may be told long after its place
                    self._expect(gap.first_event, message.at)
                    self.next_event = max(self.next_event or 0, gap.next_event)
            if event is None:
                decision = codec.decode_decision(message.topic, message.body) if decided else None
                if decided and decision:
                    decided(decision)
                continue
            self._expect(message.number, message.at)
            self.next_event = message.number + 1
            yield message.number, event

    def _expect(self, number: int, at: Ns) -> None:
        """Note what is missing before it without a word."""
        first = self.next_event
        if first is None or number <= first:
            return
        if len(self._not_said) == MOST_HOLES:
            raise JournalError(f"{self.path}: events are missing in more than {MOST_HOLES} places")
        self._not_said.append(gaps.not_said(first, number, at, at))

    def event_of(self, message: Message) -> Event | None:
        """The event of a message; None where it is none.

        Raises:
            JournalError: the body does not fit its topic.
        """
        if message.topic != WITHHELD_TOPIC:
            return codec.decode_event(message.topic, message.at, message.body)
        if self.given_back is None:
            self.given_back = self.look_for_plates()
        given_back = self.given_back.get((self.boot_id, message.number))
        self.withheld += given_back is None
        return given_back or _plate_seen(message)

    def decisions(self) -> Iterator[Decision]:
        """Every decision that was recorded beside the events."""
        for message in self.messages():
            decision = codec.decode_decision(message.topic, message.body)
            if decision is not None:
                yield decision

    def items(self, *kinds: type[Any]) -> Iterator[Event | Decision]:
        """Events and decisions of these kinds, in the order of their writing; no other is decoded."""
        names = {kind.__name__ for kind in kinds}
        for message in self.messages():
            if _kind(message.topic) in names:
                item = self.event_of(message) or codec.decode_decision(message.topic, message.body)
                if item is not None:
                    yield item

    def counts(self) -> dict[str, int]:
        """How many messages there are of each topic; none is decoded."""
        found: dict[str, int] = {}
        for message in self.messages():
            found[message.topic] = found.get(message.topic, 0) + 1
        return found

    def everything(self) -> Iterator[Event | Decision | VideoPacket | Gap]:
        """Events, decisions, compressed pictures and what was lost, in the order in which they were written.

        Raises:
            JournalError: a message is none of them.
        """
        for message in self.messages():
            if message.topic.startswith(VIDEO_TOPIC):
                yield video.decode(message.body)
            elif message.topic == GAP_TOPIC:
                yield gaps.decode(message.body)
            else:
                found = self.event_of(message) or codec.decode_decision(message.topic, message.body)
                if found is not None:
                    yield found

    @property
    def has_decisions(self) -> bool:
        """Whether decisions were recorded beside the events: by the index, or a look through a torn file."""
        index = records.index_of(self.path)
        if index is None:
            return any(True for _ in self.decisions())
        return any(topic.startswith(codec.DECISION_TOPIC) for topic in index.topics.values())

    @property
    def indexed_span(self) -> tuple[int, int] | None:
        """Times of the first and last message on the box's clock, as its index says; None without one."""
        index = records.index_of(self.path)
        return index.span if index else None

    def _start_of(self, since: Ns) -> records.Start | None:
        """Before the first message of `since` or later; None: read from the beginning.

        A message's log time is never earlier than its event, and never decreases.
        """
        index = records.index_of(self.path)
        counted = self._written_as < 2  # events have no numbers of their own
        if index is None or counted:
            return None
        if self.first_event and codec.EVENT_TOPIC + Started.__name__ in index.topics.values():
            return None  # of two runs, and numbers depend on which
        return index.start_of(since)

    def video(self) -> Iterator[VideoPacket]:
        """Every compressed picture that was recorded, in the order of arrival.

        Raises:
            JournalError: a message is none.
        """
        for message in self.messages():
            if message.topic.startswith(VIDEO_TOPIC):
                yield video.decode(message.body)

    def messages(self, start: records.Start | None = None) -> Iterator[Message]:
        """Everything in it, as it was written, or from a chunk on; a torn tail ends it."""
        from mcap.records import Channel, Statistics  # noqa: PLC0415 - only who reads pays for it
        from mcap.records import Message as Record  # noqa: PLC0415 - same

        topics: dict[int, str] = dict(start.topics) if start else {}
        numbers = Numbers(self.first_event or 0, counted=self._written_as < 2)
        self._said = []
        gap_bytes = topic_bytes = count = 0
        with self._opened(start) as found:
            for record in found:
                if isinstance(record, Record):
                    count += 1
                    topic = topics[record.channel_id]
                    number = numbers.of(topic, record.sequence)
                    message = Message(topic, Ns(record.publish_time), record.data, number)
                    if topic == GAP_TOPIC:
                        gap_bytes = _within(gap_bytes, record.data, GAPS_LIMIT, "gaps")
                        self._said.append(gaps.decode(record.data))
                    yield message
                elif isinstance(record, Channel):
                    topic_bytes = _within(topic_bytes, record.topic, TOPICS_LIMIT, "topics")
                    topics[record.id] = record.topic
                elif isinstance(record, Statistics) and start is None and record.message_count != count:
                    raise ValueError(f"{count} of {record.message_count} messages")

    def _read_header(self) -> None:
        """It comes before the first channel."""
        from mcap.records import Attachment, Channel, Metadata  # noqa: PLC0415 - only who reads pays for it

        channels = False
        with self._opened() as found:
            for record in found:
                if isinstance(record, Metadata) and record.name == HEADER:
                    self.metadata = self.metadata or dict(record.metadata)
                elif isinstance(record, Attachment) and record.name == "config.yaml":
                    self.config_text = self.config_text or record.data.decode("utf-8", "replace")
                channels = channels or isinstance(record, Channel)
                if self.metadata and channels:
                    return

    @contextlib.contextmanager
    def _opened(self, start: records.Start | None = None) -> Iterator[Iterator[McapRecord]]:
        """Its records; where they are torn or damaged they end, and that is noted."""
        try:
            stream = self.path.open("rb")
        except OSError as error:
            gone = isinstance(error, FileNotFoundError)
            raise (Gone if gone else JournalError)(f"{self.path}: {error.strerror}") from None
        with stream:
            try:
                yield records.records_of(stream, start)
            except Exception as error:  # noqa: BLE001 - whatever the libraries raise here means damaged bytes
                self.torn = records.torn_by(error, stream.tell())

    def _number(self, name: str) -> int | None:
        said = self.metadata.get(name, "")
        return int(said) if said.isascii() and said.isdigit() and len(said) < 20 else None

    def look_for_plates(self) -> dict[tuple[str, int], PlateSeen]:
        """Plates that were withheld at first, and then a statement needed them.

        Raises:
            JournalError: more of them than memory should hold.
        """
        found: dict[tuple[str, int], PlateSeen] = {}
        taken = 0
        for message in replace(self).messages():  # not of our own iteration, which may be on its way
            if message.topic == KEPT_TOPIC:
                taken = _within(taken, message.body, PLATES_LIMIT, f"{self.path}: plates that were kept")
                found[self.boot_id, message.number] = _plate_seen(message)
        return found


def _within(taken: int, body: bytes | str, limit: int, what: str) -> int:
    """What is taken with this one.

    Raises:
        JournalError: more than the limit.
    """
    taken += len(body)
    if taken > limit:
        raise JournalError(f"{what}: more than {limit} bytes")
    return taken


def _kind(topic: str) -> str:
    """Name of the type of a topic's messages, where it is one of ours."""
    if topic.startswith(codec.SERIAL_TOPIC):
        return SerialBytes.__name__
    return PlateSeen.__name__ if topic == WITHHELD_TOPIC else topic.rpartition("/")[2]


def _plate_seen(message: Message) -> PlateSeen:
    event = codec.decode_event(codec.EVENT_TOPIC + PlateSeen.__name__, message.at, message.body)
    assert isinstance(event, PlateSeen)
    return event


def recorded_lines(recordings: Iterable[Recording]) -> list[str]:
    """The decisions made live, as lines of `decisions.jsonl`."""
    return [codec.decision_line(made) for recording in recordings for made in recording.decisions()]
