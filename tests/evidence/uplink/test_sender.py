"""What goes next, without a broker: a line that a test acknowledges by hand."""

import hashlib

import pytest

from edge_agent.errors import VerificationError
from edge_agent.evidence.outbox import HeldFile, Lane, Pending
from edge_agent.evidence.receipts import Need
from edge_agent.evidence.statement import Kind
from edge_agent.evidence.uplink.chunks import decode_chunk
from edge_agent.evidence.uplink.sender import Outcome, Sender, Verdict
from edge_agent.evidence.uplink.settings import UplinkSettings
from edge_agent.evidence.uplink.topics import Topics
from edge_agent.evidence.uplink.transfers import StatementPiece, asked_for, to_send

KIB = 1024
TOPICS = Topics("ea/v1", "city", "box")


class Line:
    """A sender, its attachments and the messages it handed over."""

    def __init__(self, **settings) -> None:
        self.sender = Sender(UplinkSettings(**settings), TOPICS, lambda: 1.0)
        self.sender._window.limit = self.sender._settings.window_bytes  # a fast line, known to be one
        self.files = {}
        self.now = 100.0
        self.tokens = 0
        self.outcomes = []
        self.connect()

    def connect(self, receive_maximum=20, maximum_packet_size=1024 * KIB, mended=False) -> None:
        self.sender.connected(receive_maximum, maximum_packet_size, mended=mended)

    def item(self, seq, *sizes, attempts=0, envelope=3000) -> Pending:
        held = []
        for size in sizes:
            data = (b"%d." % (seq * 1000 + size)) * (size // 2 + 1)
            data = data[:size]
            sha256 = hashlib.sha256(data).hexdigest()
            self.files[sha256] = data
            held.append(HeldFile(sha256, size))
        return Pending(
            seq=seq,
            packet_id=f"p{seq}",
            kind=Kind.WIM,
            payload_sha256=f"{seq:064x}",
            sealed_utc_us=0,
            envelope=b"e" * envelope,
            attachments=tuple(held),
            attempts=attempts,
        )

    def offer(self, seq, *sizes, lane=Lane.BACKLOG, **other) -> Pending:
        item = self.item(seq, *sizes, **other)
        self.sender.offer(to_send(item, lane))
        return item

    def read(self, sha256) -> bytes:
        return self.files[sha256]

    def send_all(self) -> list:
        """Publish as far as the window lets; returns (token, seq, message)."""
        out = []
        while (found := self.sender.next_message(self.now, self.read)) is not None:
            if isinstance(found, Outcome):
                self.outcomes.append(found)
                continue
            cargo, message = found
            self.tokens += 1
            self.sender.sent(cargo, message, self.tokens, self.now)
            out.append((self.tokens, cargo[0].item.seq, message))
        return out

    def ack(self, token, code=0) -> None:
        self.outcomes += self.sender.acked(token, code, self.now)

    def drain(self, limit=1000) -> list:
        """Send and acknowledge until nothing is left."""
        sent = []
        for _ in range(limit):
            batch = self.send_all()
            if not batch:
                return sent
            sent += batch
            for token, _, _ in batch:
                self.ack(token)
        raise AssertionError("it never ends")

    def lose(self, code=0) -> None:
        self.outcomes += self.sender.lost(self.now, code)

    def verdicts(self) -> list:
        return [(o.verdict, o.transfer.item.seq) for o in self.outcomes]


def test_attachments_go_before_their_statement_in_chunks_of_the_right_size():
    line = Line(chunk_bytes=96 * KIB)
    item = line.offer(7, 250 * KIB, 10)

    sent = [message for _, _, message in line.drain()]

    assert [m.topic for m in sent[:-1]] == [TOPICS.attachment(item.attachments[0].sha256)] * 3 + [
        TOPICS.attachment(item.attachments[1].sha256)
    ]
    assert sent[-1].topic == TOPICS.statement
    assert sent[-1].payload == item.envelope
    whole = b"".join(decode_chunk(m.payload).body for m in sent[:3])
    assert hashlib.sha256(whole).hexdigest() == item.attachments[0].sha256
    assert line.verdicts() == [(Verdict.STATEMENT_ACKED, 7), (Verdict.SENT, 7)]


def test_no_more_is_on_its_way_than_the_window_holds():
    line = Line(window_bytes=256 * KIB, window_count=20)
    for seq in range(10):
        line.offer(seq, 300 * KIB)

    sent = line.send_all()

    assert sum(message.size for _, _, message in sent) <= 256 * KIB
    assert not line.send_all()
    line.ack(sent[0][0])
    assert line.send_all()


def test_the_brokers_receive_maximum_is_kept():
    line = Line()
    line.connect(receive_maximum=3)
    for seq in range(10):
        line.offer(seq)

    assert len(line.send_all()) == 3


def test_the_newest_alarm_goes_first_and_the_backlog_from_its_oldest():
    line = Line()
    for seq in (1, 2, 3):
        line.offer(seq)
    for seq in (10, 11):
        line.offer(seq, lane=Lane.LIVE)

    assert [seq for _, seq, _ in line.drain()] == [11, 10, 1, 2, 3]


def test_a_statement_sent_again_goes_alone():
    line = Line()
    line.offer(1, 100 * KIB, attempts=2)

    assert [m.topic for _, _, m in line.drain()] == [TOPICS.statement]


def test_what_the_platform_asks_for_is_sent_and_nothing_else():
    line = Line(chunk_bytes=32 * KIB)
    item = line.item(1, 100 * KIB, 5000)
    first, second = item.attachments
    needs = [
        Need(sha256=first.sha256, ranges=((10, 20), (90 * KIB, 200 * KIB), (300 * KIB, 400 * KIB))),
        Need(sha256=second.sha256),
        Need(sha256="f" * 64),
    ]

    line.sender.offer(asked_for(item, needs))
    chunks = [decode_chunk(m.payload) for _, _, m in line.drain()]

    spans = [(c.offset, c.end) for c in chunks]
    assert spans == [(10, 20), (90 * KIB, 100 * KIB), (0, 5000)]


def test_a_lost_connection_sends_only_what_was_not_acknowledged():
    line = Line(window_bytes=128 * KIB)
    line.offer(1, 500 * KIB)
    acked = set()
    for _ in range(3):
        for token, _, message in line.send_all()[:1]:
            line.ack(token)
            acked.add(decode_chunk(message.payload).offset)

    line.now += 10  # long after the last publish: nobody's fault
    line.lose()
    line.connect()
    again = [decode_chunk(m.payload).offset for _, _, m in line.drain()[:-1]]

    assert not acked & set(again)
    assert {seq for v, seq in line.verdicts() if v is Verdict.SENT} == {1}


def test_nobody_listening_holds_the_line_for_a_while():
    line = Line()
    item = line.offer(1)

    line.ack(line.send_all()[0][0], 0x10)

    assert line.verdicts() == [(Verdict.HELD, 1)]
    assert not line.send_all()
    line.now = line.sender.held_until_s
    assert [m.payload for _, _, m in line.drain()] == [item.envelope]


def test_a_sign_of_the_platform_ends_the_hold():
    line = Line()
    line.offer(1)
    line.ack(line.send_all()[0][0], 0x10)

    line.sender.release()

    assert line.send_all()


def test_not_authorised_stops_and_raises_an_alarm():
    line = Line()
    line.offer(1)

    line.ack(line.send_all()[0][0], 0x87)

    assert line.verdicts() == [(Verdict.STOPPED, 1)]
    line.now += 500
    assert not line.send_all()


@pytest.mark.parametrize("code", [0x80, 0x83, 0x97])
def test_a_refusal_is_tried_again_later(code):
    line = Line()
    line.offer(1)
    line.ack(line.send_all()[0][0], code)

    line.now += 61

    assert line.drain()
    assert line.verdicts()[0] == (Verdict.REFUSED, 1)
    assert line.verdicts()[-1] == (Verdict.SENT, 1)


def test_a_chunk_that_is_too_large_is_cut_smaller_until_it_passes():
    line = Line()
    item = line.offer(1, 200 * KIB)
    taken = {}
    for _ in range(100):
        for token, _, message in line.send_all():
            if message.size > 20 * KIB:
                line.ack(token, 0x95)
            else:
                line.ack(token)
                if message.topic != TOPICS.statement:
                    chunk = decode_chunk(message.payload)
                    taken[chunk.offset] = chunk.body

    data = b"".join(taken[offset] for offset in sorted(taken))
    assert hashlib.sha256(data).hexdigest() == item.attachments[0].sha256
    assert (Verdict.SENT, 1) in line.verdicts()


def test_a_statement_that_is_too_large_is_quarantined_and_its_neighbours_flow():
    line = Line()
    line.connect(maximum_packet_size=8 * KIB)
    line.offer(1)
    line.offer(2, envelope=20 * KIB)
    line.offer(3)

    assert [seq for _, seq, _ in line.drain()] == [1, 3]
    assert (Verdict.TOO_LARGE, 2) in line.verdicts()


def test_a_broker_that_refuses_a_statement_as_too_large_quarantines_it():
    line = Line()
    line.offer(1, envelope=60 * KIB)

    line.ack(line.send_all()[0][0], 0x95)

    assert line.verdicts() == [(Verdict.TOO_LARGE, 1)]
    assert line.sender.idle


def test_a_disconnect_for_size_counts_against_the_largest_message():
    line = Line()
    line.offer(1)
    line.offer(2, envelope=60 * KIB)
    line.send_all()

    line.lose(code=0x95)
    line.connect()

    assert line.verdicts() == [(Verdict.TOO_LARGE, 2)]
    assert [seq for _, seq, _ in line.drain()] == [1]


def break_on(line, poison, times, mended=False) -> None:
    """A broker that closes whenever `poison` is published, after it has acknowledged something."""
    for _ in range(times):
        line.connect(mended=mended)
        line.ack(0)  # of the state message
        for _ in range(50):
            batch = line.send_all()
            if not batch:
                return
            if any(seq == poison for _, seq, _ in batch):
                line.lose()
                break
            for token, _, _ in batch:
                line.ack(token)


def test_a_statement_that_ends_every_connection_is_set_aside_and_the_others_flow():
    line = Line(poison_pause_s=600)
    for seq in range(1, 6):
        line.offer(seq)

    break_on(line, poison=3, times=10)

    assert (Verdict.ASIDE, 3) in line.verdicts()
    sent = {seq for verdict, seq in line.verdicts() if verdict is Verdict.SENT}
    assert sent == {1, 2, 4, 5}
    assert not {seq for verdict, seq in line.verdicts() if verdict is Verdict.POISON}


def test_it_is_quarantined_when_that_happens_again_later():
    line = Line(poison_pause_s=600)
    for seq in range(1, 4):
        line.offer(seq)
    break_on(line, poison=2, times=10)

    line.now += 601
    break_on(line, poison=2, times=10)

    assert (Verdict.POISON, 2) in line.verdicts()
    assert line.sender.idle


def test_a_poison_pill_is_found_when_nothing_else_is_waiting():
    """The broker has acknowledged no evidence on that connection, only the head and the state."""
    line = Line()
    line.offer(1)
    for _ in range(3):
        line.connect()
        line.ack(0)
        line.send_all()
        line.lose()

    assert line.verdicts() == [(Verdict.ASIDE, 1)]


def test_a_line_on_which_nothing_passes_convicts_nobody():
    line = Line(poison_pause_s=10)
    for seq in (1, 2):
        line.offer(seq)

    for _ in range(200):  # reset right after whatever is sent
        line.now += 1
        line.connect()
        line.ack(0)
        line.send_all()
        line.lose()

    assert {verdict for verdict, _ in line.verdicts()} == {Verdict.ASIDE}
    line.now += 11
    line.connect()
    assert {seq for _, seq, _ in line.drain()} == {1, 2}


def test_chunks_get_smaller_where_connections_end_on_them():
    """A line that is reset after 20 kB would never carry a chunk of 96 KiB."""
    line = Line()
    line.offer(1, 200 * KIB)
    for _ in range(100):
        line.connect()
        line.ack(0)
        room = 20 * KIB
        while batch := line.send_all():
            for token, _, message in batch:
                room -= message.size
                if room > 0:
                    line.ack(token)
            if room <= 0:
                line.lose()
                break

    assert line.verdicts() == [(Verdict.STATEMENT_ACKED, 1), (Verdict.SENT, 1)]


def test_a_chunk_refused_for_its_size_says_nothing_about_statements():
    line = Line()
    line.offer(1, 200 * KIB, envelope=18 * KIB)
    for _ in range(100):
        for token, _, message in line.send_all():
            line.ack(token, 0x95 if message.size > 20 * KIB else 0)

    assert line.verdicts() == [(Verdict.STATEMENT_ACKED, 1), (Verdict.SENT, 1)]


def test_what_a_broker_takes_is_remembered_on_the_next_connection():
    line = Line()
    line.offer(1, 90 * KIB)
    line.send_all()
    line.lose(0x95)

    line.connect()

    assert max(message.size for _, _, message in line.send_all()) < 60 * KIB


def test_a_broker_that_dies_again_and_again_is_not_held_against_a_statement():
    line = Line()
    line.offer(1)

    break_on(line, poison=1, times=50, mended=True)

    assert not line.outcomes
    line.connect()
    assert [seq for _, seq, _ in line.drain()] == [1]


def test_a_damaged_file_drops_its_statement_here_and_the_others_flow():
    line = Line()
    item = line.offer(1, 5000)
    line.offer(2, 5001)

    def read(sha256):
        if sha256 == item.attachments[0].sha256:
            raise VerificationError("damaged")
        return line.files[sha256]

    with pytest.raises(VerificationError):
        line.sender.next_message(line.now, read)
    assert {seq for _, seq, _ in line.drain()} == {2}


def test_a_receipt_ends_what_is_still_to_be_sent():
    line = Line(window_bytes=128 * KIB)
    line.offer(1, 900 * KIB)
    sent = line.send_all()

    line.sender.drop([1])

    for token, _, _ in sent:
        line.ack(token)
    assert not line.send_all()
    assert line.sender.idle


def test_a_slow_line_is_given_a_second_of_bytes():
    """An alarm waits behind what is in flight; 64 kbit/s take 8 kB in a second."""
    line = Line()
    line.sender._window.limit = 16 * KIB
    line.offer(1, 5000 * KIB)
    for _ in range(100):
        batch = line.send_all()
        assert len(batch) == 2  # one travels while the other is acknowledged
        for token, _, message in batch:
            line.now += message.size / 8000
            line.ack(token)

    assert line.sender._window.limit == 16 * KIB


def test_a_fast_line_is_filled_after_a_few_round_trips():
    line = Line(window_bytes=512 * KIB)
    line.sender._window.limit = 16 * KIB
    line.offer(1, 5000 * KIB)
    for _ in range(8):
        for token, _, _ in line.send_all():
            line.now += 0.001
            line.ack(token)

    assert sum(message.size for _, _, message in line.send_all()) > 400 * KIB


def test_a_line_that_becomes_slow_gets_less():
    line = Line(window_bytes=512 * KIB)
    line.offer(1, 5000 * KIB)
    batch = line.send_all()

    line.now += 10
    line.ack(batch[-1][0])

    assert line.sender._window.limit == pytest.approx(51 * KIB, rel=0.1)


def test_only_so_much_is_taken_from_the_outbox():
    line = Line(window_bytes=256 * KIB)

    taken = 0
    while line.sender.wants(Lane.BACKLOG):
        line.offer(taken, 50 * KIB)
        taken += 1

    assert taken <= 6
    assert line.sender.wants(Lane.LIVE)


def test_an_empty_file_needs_no_message():
    line = Line()
    line.offer(1, 0)

    assert [type(p) for p in to_send(line.item(1, 0), Lane.LIVE).todo] == [StatementPiece]
    assert len(line.drain()) == 1


def test_a_chunk_size_that_ended_a_connection_is_learnt_for_the_next_statement():
    """A broker of 3.1.1 that drops the line at each large message: one lost connection for all statements."""
    line = Line()
    line.offer(0)
    line.drain()  # what proves the connection
    line.offer(1, 60 * KIB)
    [(_, _, large), *_] = line.send_all()
    line.lose()
    line.connect()
    line.drain()
    line.offer(2, 60 * KIB)
    _, _, next_one = line.send_all()[0]
    first, second = (len(decode_chunk(message.payload).body) for message in (large, next_one))
    assert (first, second) == (60 * KIB, 96 * KIB // 4)
