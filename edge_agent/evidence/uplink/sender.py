"""What goes to the broker next: no socket, no clock, no disk.

The caller offers statements (`offer`), asks for the next message (`next_message`), reports what
became of it (`sent`, `acked`, `lost`), and acts on the verdicts. Time is an argument in seconds of
the caller's monotonic clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from edge_agent.evidence.outbox import Lane
from edge_agent.evidence.uplink.backoff import Backoff
from edge_agent.evidence.uplink.chunks import (
    PACKET_RESERVE_BYTES,
    SMALLEST_BODY_BYTES,
    Chunk,
    body_limit,
    encode_chunk,
)
from edge_agent.evidence.uplink.lanes import LaneShare
from edge_agent.evidence.uplink.port import (
    FIRST_FAILURE,
    NO_MATCHING_SUBSCRIBERS,
    NOT_AUTHORISED,
    PACKET_TOO_LARGE,
    Message,
)
from edge_agent.evidence.uplink.settings import UplinkSettings
from edge_agent.evidence.uplink.topics import Topics
from edge_agent.evidence.uplink.transfers import Piece, RangePiece, StatementPiece, Transfer
from edge_agent.evidence.uplink.window import Flight, Window

ENVELOPE_CONTENT_TYPE = "application/vnd.dsse+json"

# A connection that ends within this time of a piece going out is held against the piece ...
BLAME_S = 2.0
# ... and this many times in a row make a poison pill: set aside for a while, so that the queue goes on.
STRIKES = 3
# The second time it is given up, if other statements arrived in between. A broker that is killed at bad
# moments looks the same as a poison pill, and giving up evidence for that would be wrong.
STOP_S = 600.0  # after "not authorised": somebody must change the broker's access list
HOLD_MAX_S = 60.0
# Fresh alarms that may be started side by side, so that a newer one can overtake long ones. A platform keeps
# 32 incomplete attachments of a box.
LIVE_AT_ONCE = 16
# A line that is cut every few seconds also ends connections: chunks are not made smaller than this for it.
LEARNT_BODY_BYTES = 8 * 1024
CHUNK_OVERHEAD_BYTES = 512  # topic, header and properties of a chunk, rounded up
# A strike makes the next chunks of a statement a quarter as large: a line that is reset every few
# kilobytes looks like a poison pill, and is none.
HALVINGS_A_STRIKE = 2

Read = Callable[[str], bytes]  # an attachment's bytes, digest checked
Cargo = tuple[Transfer, Piece]


class Verdict(StrEnum):
    """What the caller must do about a statement."""

    SENT = "sent"  # everything is acknowledged: wait for the receipt
    STATEMENT_ACKED = "statement_acked"  # the envelope is with the broker; nothing to do, but a time to note
    TOO_LARGE = "too_large"  # quarantine: it fits no message that the broker takes
    POISON = "poison"  # quarantine: connections end when it is sent
    ASIDE = "aside"  # not now: connections ended when it was sent
    HELD = "held"  # nobody listens: the broker dropped it
    STOPPED = "stopped"  # the broker does not let us publish: alarm
    REFUSED = "refused"  # the broker would not take it now


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict on one statement."""

    verdict: Verdict
    transfer: Transfer
    detail: str = ""


class Sender:
    """Every transfer in progress, by seq, and the one window they share."""

    def __init__(self, settings: UplinkSettings, topics: Topics, uniform: Callable[[], float]) -> None:
        self._settings = settings
        self._topics = topics
        self._transfers: dict[int, Transfer] = {}
        self._window: Window[Cargo] = Window(settings.window_bytes, settings.window_count)
        self._share = LaneShare(settings.live_share_permille, settings.live_burst_bytes)
        self._packet_limit = settings.max_packet_bytes  # what the broker says; a statement must fit
        self._chunk_limit = settings.max_packet_bytes  # what it turned out to take; remembered
        self._hold = Backoff(HOLD_MAX_S, uniform, first_s=4.0)
        self._held_until_s = 0.0
        self._proven = False  # this connection has acknowledged something
        self._suspects: list[Transfer] = []  # of the last connection, when it ended badly
        self.arrived = 0  # messages with evidence that the broker took
        self._others_arrived = 0  # of statements that were never set aside

    # What the outbox may add

    def wants(self, lane: Lane) -> bool:
        """Whether another statement of this lane may be started."""
        mine = [t for t in self._transfers.values() if t.lane is lane and not t.was_aside]
        if lane is Lane.LIVE:
            return len(mine) < LIVE_AT_ONCE
        waiting = sum(t.todo_bytes for t in mine)
        return len(mine) < self._settings.window_count and waiting < self._settings.window_bytes

    def offer(self, transfer: Transfer) -> None:
        """Start sending it."""
        self._transfers[transfer.item.seq] = transfer

    def __contains__(self, seq: object) -> bool:
        """Whether this statement is being sent."""
        return seq in self._transfers

    def __len__(self) -> int:
        """Statements being sent."""
        return len(self._transfers)

    def drop(self, seqs: Iterable[int]) -> None:
        """These are settled: what is still to go of them need not go."""
        for seq in seqs:
            transfer = self._transfers.pop(seq, None)
            if transfer is not None:
                transfer.todo.clear()

    # The connection

    def connected(self, receive_maximum: int, maximum_packet_size: int, *, mended: bool) -> None:
        """A new connection. `mended`: the broker had been away in between."""
        self._window.max_count = max(1, min(self._settings.window_count, receive_maximum))
        self._packet_limit = min(self._settings.max_packet_bytes, maximum_packet_size)
        self._held_until_s = 0.0
        self._proven = False
        if mended:  # the broker died: that says nothing against what was on its way
            for transfer in self._suspects:
                transfer.strikes -= 1
        self._suspects = []

    def lost(self, now_s: float, code: int) -> list[Outcome]:
        """The connection is gone: what was on its way goes again."""
        flights = self._window.clear()
        for flight in reversed(flights):
            transfer, piece = flight.cargo
            transfer.flying -= 1
            transfer.put_back(piece)
        if code == PACKET_TOO_LARGE and flights:
            return self._too_large(max(flights, key=lambda flight: flight.size))
        if not self._proven:
            return []
        return self._blame([f for f in flights if now_s - f.sent_s <= BLAME_S], now_s)

    @property
    def idle(self) -> bool:
        """Nothing to send and nothing on its way."""
        return not self._transfers and not len(self._window)

    @property
    def oldest_flight_s(self) -> float | None:
        """When the oldest unacknowledged message went."""
        return self._window.oldest_s

    @property
    def held_until_s(self) -> float:
        """Nothing goes before then."""
        return self._held_until_s

    def release(self) -> None:
        """Somebody listens again."""
        self._held_until_s = 0.0
        self._hold.reset()

    # Sending

    def next_message(self, now_s: float, read: Read) -> tuple[Cargo, Message] | Outcome | None:
        """The message to publish now, or a verdict on one that can never go; None when none may go.

        Raises:
            VerificationError: from `read`; the statement has been dropped from here.
        """
        if now_s < self._held_until_s or not self._window.fits(0):
            return None
        transfer = self._choose(now_s)
        if transfer is None:
            return None
        # Two chunks at least fit the window: one travels while the other is acknowledged.
        chunk = min(self._settings.chunk_bytes, self._window.limit // 2 - CHUNK_OVERHEAD_BYTES)
        piece = transfer.next_piece(body_limit(chunk, min(self._packet_limit, self._chunk_limit)))
        try:
            message = self._message(transfer, piece, read)
        except BaseException:
            self.drop([transfer.item.seq])
            raise
        if isinstance(piece, StatementPiece) and message.size > self._packet_limit:
            self.drop([transfer.item.seq])
            return Outcome(Verdict.TOO_LARGE, transfer, f"{message.size} bytes, limit {self._packet_limit}")
        if not self._window.fits(message.size):
            transfer.put_back(piece)
            return None
        return (transfer, piece), message

    def sent(self, cargo: Cargo, message: Message, token: int, now_s: float) -> None:
        """It was handed to the connection."""
        transfer, _ = cargo
        other = Lane.BACKLOG if transfer.lane is Lane.LIVE else Lane.LIVE
        self._share.spent(transfer.lane, message.size, contended=self._has_todo(other, now_s))
        transfer.flying += 1
        self._window.add(token, cargo, message.size, now_s)

    def acked(self, token: int, code: int, now_s: float) -> list[Outcome]:
        """PUBACK, of one of these messages or of any other."""
        self._proven = True
        flight = self._window.pop(token, now_s)
        if flight is None:
            return []
        transfer, piece = flight.cargo
        transfer.flying -= 1
        if code == 0 or NO_MATCHING_SUBSCRIBERS < code < FIRST_FAILURE:
            transfer.strikes = 0
            self._hold.reset()
            return self._arrived(transfer, piece)
        transfer.put_back(piece)
        if code == PACKET_TOO_LARGE:
            return self._too_large(flight)
        if code == NOT_AUTHORISED:
            self._held_until_s = now_s + STOP_S
            return [Outcome(Verdict.STOPPED, transfer, "the broker does not authorise this publish")]
        if now_s >= self._held_until_s:  # the rest of the window is told the same: one wait for all
            self._held_until_s = now_s + self._hold.next_s()
        verdict = Verdict.HELD if code == NO_MATCHING_SUBSCRIBERS else Verdict.REFUSED
        return [Outcome(verdict, transfer, f"reason code 0x{code:02x}")]

    # Inside

    def _arrived(self, transfer: Transfer, piece: Piece) -> list[Outcome]:
        self.arrived += 1
        if transfer.halvings and isinstance(piece, RangePiece) and piece.end < piece.total:
            # Larger ones ended the connection: the next statement need not find that out anew.
            body = max(piece.end - piece.start, LEARNT_BODY_BYTES)
            self._chunk_limit = min(self._chunk_limit, PACKET_RESERVE_BYTES + body)
            transfer.halvings = 0
        self._others_arrived += not transfer.was_aside
        outcomes = []
        if isinstance(piece, StatementPiece):
            outcomes.append(Outcome(Verdict.STATEMENT_ACKED, transfer))
        if not transfer.sending and self._transfers.get(transfer.item.seq) is transfer:
            del self._transfers[transfer.item.seq]
            outcomes.append(Outcome(Verdict.SENT, transfer))
        return outcomes

    def _too_large(self, flight: Flight[Cargo]) -> list[Outcome]:
        """A chunk is cut smaller; a statement is never cut."""
        transfer, piece = flight.cargo
        if isinstance(piece, RangePiece) and piece.end - piece.start > SMALLEST_BODY_BYTES:
            half = PACKET_RESERVE_BYTES + (piece.end - piece.start) // 2
            self._chunk_limit = min(self._chunk_limit, half)
            return []
        self.drop([transfer.item.seq])
        return [Outcome(Verdict.TOO_LARGE, transfer, f"the broker refused a message of {flight.size} bytes")]

    def _blame(self, flights: list[Flight[Cargo]], now_s: float) -> list[Outcome]:
        self._suspects = list({id(f.cargo[0]): f.cargo[0] for f in flights}.values())
        outcomes = []
        for transfer in self._suspects:
            transfer.strikes += 1
            transfer.halvings += HALVINGS_A_STRIKE
            if transfer.strikes < STRIKES:
                continue
            transfer.strikes = 0
            # Where nothing else passes either, it is the line that is sick.
            if transfer.was_aside and self._others_arrived > transfer.aside_at:
                self.drop([transfer.item.seq])
                outcomes.append(Outcome(Verdict.POISON, transfer, "connections end when it is sent"))
            else:
                transfer.was_aside = True
                transfer.aside_at = self._others_arrived
                transfer.aside_until_s = now_s + self._settings.poison_pause_s
                outcomes.append(Outcome(Verdict.ASIDE, transfer, "connections ended when it was sent"))
        return outcomes

    def _choose(self, now_s: float) -> Transfer | None:
        """The transfer whose turn it is. A suspect flies alone, so that blame is certain."""
        ready = [t for t in self._transfers.values() if t.todo and t.aside_until_s <= now_s]
        suspects = [t for t in ready if t.strikes or t.was_aside]
        if any(t.strikes or t.was_aside for t, _ in self._window.cargoes()):
            return None
        if suspects and not len(self._window):
            return min(suspects, key=lambda t: (t.was_aside, t.item.seq))
        if suspects and not all(t.was_aside for t in suspects):
            return None  # let the window drain first
        live = [t for t in ready if t.lane is Lane.LIVE and not (t.strikes or t.was_aside)]
        backlog = [t for t in ready if t.lane is Lane.BACKLOG and not (t.strikes or t.was_aside)]
        match self._share.choose(live=bool(live), backlog=bool(backlog)):
            case Lane.LIVE:
                return max(live, key=lambda t: t.item.seq)
            case Lane.BACKLOG:
                return min(backlog, key=lambda t: t.item.seq)
            case _:
                return None

    def _has_todo(self, lane: Lane, now_s: float) -> bool:
        return any(t.lane is lane and t.todo and t.aside_until_s <= now_s for t in self._transfers.values())

    def _message(self, transfer: Transfer, piece: Piece, read: Read) -> Message:
        item = transfer.item
        if isinstance(piece, StatementPiece):
            return Message(
                self._topics.statement,
                item.envelope,
                content_type=ENVELOPE_CONTENT_TYPE,
                correlation=item.packet_id.encode(),
                properties=(("seq", str(item.seq)), ("kind", item.kind)),
            )
        body = read(piece.sha256)[piece.start : piece.end]
        return Message(
            self._topics.attachment(piece.sha256),
            encode_chunk(Chunk(piece.start, piece.total, body)),
            content_type="application/octet-stream",
        )
