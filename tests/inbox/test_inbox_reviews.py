import json
import threading

import pytest
from sqlalchemy import func, select

from edge_agent.errors import UsageError
from edge_agent.inbox.reviews import MAX_NOTE, REASONS, Overtaken, Reviews, accepted, newest_id, review
from edge_agent.ingest.place import Place
from edge_agent.workbench.reviews import read_reviews
from tests.inbox.city import DEVICE


@pytest.fixture
def reviews(city, sealed):
    return Reviews(city.store.database)


@pytest.fixture
def stored(city, sealed):
    one = sealed["weighing"]
    return city.store.get(Place(DEVICE.device_id, one.epoch, one.seq))


def say(reviews, stored, verdict="accept", reason="evidence_clear", note="", **more):
    said = {"reviewer": "王芳", "seen": newest_id(reviews.of(stored.place)), "now_us": 5, **more}
    reviews.add(stored, verdict, reason, note, **said)


def test_the_newest_counts_and_those_before_it_stay(reviews, stored):
    say(reviews, stored)
    assert accepted(reviews.of(stored.place))
    say(reviews, stored, "reject", "other", "看错了", reviewer="li", now_us=9)
    newest, first = reviews.of(stored.place)
    assert (first.verdict, first.reason, first.reviewer, first.at_utc_us) == (
        "accept",
        "evidence_clear",
        "王芳",
        5,
    )
    assert (newest.verdict, newest.note, newest.reviewer, newest.at_utc_us) == ("reject", "看错了", "li", 9)
    assert not accepted([newest, first])
    assert not accepted([])


@pytest.mark.parametrize(
    ("verdict", "reason", "note"),
    [
        ("accept", "", ""),
        ("accept", "plate_wrong", ""),
        ("reject", "evidence_clear", ""),
        ("maybe", "other", "why"),
        ("", "", ""),
        ("accept", "other", " \r\n "),
        ("reject", "other", ""),
    ],
)
def test_a_word_without_a_reason_is_no_review(reviews, stored, verdict, reason, note):
    with pytest.raises(UsageError):
        say(reviews, stored, verdict, reason, note)
    assert reviews.of(stored.place) == []


@pytest.mark.parametrize(("verdict", "reason"), [(v, r) for v, rs in REASONS.items() for r in rs])
def test_every_reason_is_kept(reviews, stored, verdict, reason):
    say(reviews, stored, verdict, reason, "why")
    assert reviews.of(stored.place)[0].reason == reason


def test_who_did_not_know_of_the_newest_must_look_again(reviews, stored):
    say(reviews, stored)
    for seen in (0, 10**15 - 1):
        with pytest.raises(Overtaken):
            say(reviews, stored, "reject", "duplicate", seen=seen)
    assert len(reviews.of(stored.place)) == 1


def test_of_many_at_once_one_is_first(reviews, stored):
    errors, together = [], threading.Barrier(4)

    def at_once(name):
        together.wait(10)
        try:
            say(reviews, stored, seen=0, reviewer=name)
        except Overtaken as error:
            errors.append(error)

    threads = [threading.Thread(target=at_once, args=(f"n{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(errors) == 3
    assert len(reviews.of(stored.place)) == 1


def test_it_names_what_was_signed(reviews, stored, city):
    say(reviews, stored)
    with city.store.database.reading() as connection:
        row = connection.execute(select(review)).one()
    assert (row.packet_id, row.payload_sha256) == (stored.packet_id, stored.payload_sha256)


def test_a_note_is_bounded_and_any_text_can_be_kept(reviews, stored):
    say(reviews, stored, note="\0" + "长" * 2 * MAX_NOTE + "\ud800")
    note = reviews.of(stored.place)[0].note
    assert len(note) == MAX_NOTE
    assert "\0" not in note


def test_only_what_is_accepted_now_is_dispatched(reviews, stored):
    def send(to="李队"):
        reviews.send(stored.place, to, "去看看", by="王芳", now_us=7)

    with pytest.raises(UsageError, match="not_accepted"):
        send()
    say(reviews, stored)
    with pytest.raises(UsageError, match="to"):
        send(" ")
    send()
    say(reviews, stored, "reject", "duplicate")
    with pytest.raises(UsageError, match="not_accepted"):
        send()
    [one] = reviews.dispatches(stored.place)
    assert (one.sent_to, one.note, one.sent_by, one.at_utc_us) == ("李队", "去看看", "王芳", 7)


def test_the_export_has_the_word_that_counts_as_label_export_reads_it(
    reviews, stored, city, sealed, tmp_path
):
    other = city.store.get(Place(DEVICE.device_id, sealed["confirmed"].epoch, sealed["confirmed"].seq))
    say(reviews, stored)
    say(reviews, other, "reject", "not_goods", "纸箱")
    say(reviews, stored, "reject", "plate_wrong")
    said = list(reviews.newest_of_all())
    assert [(one["packet_id"], one["verdict"], one["note"]) for one in said] == [
        (other.packet_id, "reject", "not_goods: 纸箱"),
        (stored.packet_id, "reject", "plate_wrong"),
    ]
    path = tmp_path / "reviews.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in said), "utf-8")
    assert {name: one.verdict for name, one in read_reviews(path).items()} == dict.fromkeys(
        (stored.packet_id, other.packet_id), "reject"
    )


def test_nothing_is_ever_changed_or_deleted(reviews, stored, city):
    for number in range(3):
        say(reviews, stored, *("accept", "evidence_clear") if number % 2 else ("reject", "duplicate"))
    with city.store.database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(review)).scalar_one() == 3
