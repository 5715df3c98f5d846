"""What receipts do: settle statements, ask for bytes, show what got lost.

A receipt that does not verify, or that was signed for another box, is ignored and counted. An old
receipt that comes again may still settle (what it says stays true) but may not ask: otherwise a
broker could replay one to make the box send everything again. For what has been receipted, any
receipt but the newest is old.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.errors import VerificationError
from edge_agent.evidence.keys import KeyRing
from edge_agent.evidence.notes import HeadNote
from edge_agent.evidence.outbox import Lane
from edge_agent.evidence.receipts import Need, Receipt, open_receipt
from edge_agent.evidence.store import EvidenceStore
from edge_agent.evidence.uplink.events import Counters, UplinkEventKind
from edge_agent.evidence.uplink.sender import Sender
from edge_agent.evidence.uplink.topics import Topics
from edge_agent.evidence.uplink.transfers import asked_for

# Receipts of two platform processes may pass each other by this much and still be called fresh.
FRESH_US = 60_000_000
# What was sent this shortly before an answer may simply have been behind it.
IN_FLIGHT_S = 1.0
# At most so many statements are put back in line by one receipt; the next head brings the rest.
MAX_MISSING = 1000
# At most so many statements are filled up at once when the platform asks; it asks again.
MAX_ASKED = 64


@dataclass(frozen=True, slots=True)
class _Awaited:
    """A receipt that should come."""

    sent_s: float
    due_s: float


Tell = Callable[[UplinkEventKind, int | None, str], None]


class Answers:
    """The receipts' side of the uplink."""

    def __init__(
        self,
        store: EvidenceStore,
        sender: Sender,
        keys: KeyRing,
        topics: Topics,
        counters: Counters,
        tell: Tell,
        *,
        receipt_window: int,
    ) -> None:
        self._store = store
        self._sender = sender
        self._keys = keys
        self._topics = topics
        self._counters = counters
        self._tell = tell
        self._receipt_window = receipt_window
        self._awaited: dict[int, _Awaited] = {}  # by seq
        self._asked: dict[int, int] = {}  # by seq: how often the platform asked for more of it
        self._newest_us = 0

    def expect(self, seq: int, now_s: float, due_s: float) -> None:
        """All of it is with the broker: a receipt should come before it is due again."""
        self._awaited[seq] = _Awaited(now_s, due_s)

    def room(self, lane: Lane, now_s: float) -> bool:
        """Whether another statement may be sent: the platform must keep up. Fresh cases have double room."""
        self._awaited = {seq: a for seq, a in self._awaited.items() if a.due_s > now_s}
        limit = self._receipt_window * (2 if lane is Lane.LIVE else 1)
        return len(self._awaited) + len(self._sender) < limit

    def take(self, envelope: bytes, now_s: float) -> bool:
        """Do what a message on the receipt topic says, if the platform signed it for us.

        Returns:
            whether the platform has fallen back behind what it once receipted: it should be told
            where our chain ends.

        Raises:
            StoreFault: it has another chain than ours; nothing may be sealed here any more.
        """
        try:
            receipt = open_receipt(envelope, self._keys, self._topics.tenant, self._topics.device)
        except VerificationError as error:
            self._counters.receipts_ignored += 1
            self._tell(UplinkEventKind.RECEIPT_IGNORED, None, str(error))
            return False
        self._counters.receipts += 1
        self._sender.release()  # somebody is there
        applied = self._store.apply_receipt(receipt, envelope)
        self._settled(applied.receipted, UplinkEventKind.RECEIPTED)
        self._settled(applied.rejected, UplinkEventKind.REJECTED)
        self._counters.receipted += len(applied.receipted)
        self._counters.rejected += len(applied.rejected)
        fresh = receipt.received_utc_us >= self._newest_us - FRESH_US
        newest = receipt.received_utc_us > self._newest_us
        self._newest_us = max(self._newest_us, receipt.received_utc_us)
        head = self._store.head()
        if not fresh or receipt.epoch != head.epoch:
            return False
        self._stop_if_forked(receipt, head.seq)
        self._fill_up(applied.needs, newest=newest)
        return self._put_back_in_line(receipt, now_s, newest=newest)

    def _stop_if_forked(self, receipt: Receipt, head_seq: int) -> None:
        """The platform's chain is not ours, or longer: this disk was cloned, or put back from a backup."""
        mark = receipt.watermark
        if mark is None:
            return
        platform = HeadNote(receipt.epoch, mark.seq, mark.payload_sha256)
        if not self._store.is_fork(platform):
            return
        self._tell(UplinkEventKind.PLATFORM_AHEAD, mark.seq, f"our chain ends at {head_seq}")
        self._store.stop_for_fork(platform)

    def _settled(self, seqs: tuple[int, ...], kind: UplinkEventKind) -> None:
        self._sender.drop(seqs)
        for seq in seqs:
            self._awaited.pop(seq, None)
            self._asked.pop(seq, None)
            self._tell(kind, seq, "")

    def _fill_up(self, needs: tuple[tuple[int, Need], ...], *, newest: bool) -> None:
        by_seq: dict[int, list[Need]] = {}
        for seq, need in needs:
            by_seq.setdefault(seq, []).append(need)
        for seq, asked in by_seq.items():
            # What is still being sent answers the question by itself.
            if seq in self._sender or len(self._sender) >= MAX_ASKED:
                continue
            if not newest and self._store.receipt_of(seq) is not None:
                continue
            item = self._store.packet(seq)
            transfer = asked_for(item, asked) if item else None
            if transfer is not None and transfer.todo:
                self._counters.asked += 1
                # Asked again, it got lost between broker and platform: on MQTT 3.1.1 a broker drops what is
                # too large for it and says that it took it.
                transfer.halvings = self._asked.get(seq, 0)
                self._asked[seq] = transfer.halvings + 1
                self._sender.offer(transfer)

    def _put_back_in_line(self, receipt: Receipt, now_s: float, *, newest: bool) -> bool:
        """Statements that the platform lacks; True when it had receipted some of them.

        Only the newest word of the platform can tell that it lost what it had receipted.
        """
        if receipt.watermark is None and not receipt.missing:  # it says nothing of the others
            return False
        asked = self._store.asked_for(receipt.missing, MAX_MISSING, newest=newest)
        lost = [seq for seq in asked if seq not in self._sender]
        again = [seq for seq in lost if self._store.receipt_of(seq) is not None]
        for seq in set(lost).difference(again):
            sent = self._awaited.get(seq)
            # What was never sent is in line already.
            if sent is not None and now_s - sent.sent_s >= IN_FLIGHT_S:
                del self._awaited[seq]
                self._store.mark_sent(seq, int(now_s * 1_000_000_000))  # due at once, the statement alone
        if again and newest:  # the platform had these and lost them
            self._store.resend(again)
        return bool(again and newest)
