"""Which hook is told of what, and that no crash loses it."""

import threading
from contextlib import ExitStack

import pytest
from sqlalchemy import update

from edge_agent.core.records import UseClass
from edge_agent.core.scene import Phase
from edge_agent.evidence.examples import a_case
from edge_agent.evidence.examples_street import a_coverage, a_street_identity, a_zone_case
from edge_agent.evidence.unsigned import UnsignedChain
from edge_agent.ingest import fanout as fanouts
from edge_agent.ingest.db import Database
from edge_agent.ingest.fanout import LEASE_US, Fanout, delivery_id, is_told
from edge_agent.ingest.tables import statement
from tests.ingest.hooked import DAY_US, S_US, START_US, a_hook, a_setting, a_shop_case, a_told_city, of_class

TEST = UseClass.TEST


def said_of(record):
    return UnsignedChain(a_street_identity()).statement(record[0]).statement


SHOP = a_zone_case()
NOBODY_S = a_shop_case(shop="")
OFFICERS = a_shop_case(routes=("officer",))


@pytest.mark.parametrize(
    ("hook", "record", "told"),
    [
        ({}, SHOP, True),
        ({}, a_case(), True),
        ({}, (a_coverage(), {}), False),
        ({"kinds": ["coverage"]}, (a_coverage(), {}), True),
        ({"kinds": ["wim"]}, SHOP, False),
        ({}, of_class(SHOP, TEST), False),
        ({}, of_class(a_case(), TEST), False),
        ({"use_classes": ["test"]}, of_class(SHOP, TEST), True),
        ({"use_classes": ["test"]}, SHOP, False),
        ({}, of_class(SHOP, UseClass.REFERENCE), True),
        ({"tiers": ["yellow"]}, SHOP, True),
        ({"tiers": ["red", "green"]}, SHOP, False),
        ({"tiers": ["yellow"]}, a_case(), False),
        ({}, OFFICERS, True),
        ({"route": "platform"}, OFFICERS, False),
        ({"route": "platform"}, a_case(), True),
        ({"route": "owner"}, SHOP, True),
        ({"route": "owner"}, a_zone_case(phase=Phase.INSPECTION), True),
        ({"route": "owner"}, a_case(), False),
        ({"route": "owner"}, (a_coverage(), {}), False),
        ({"route": "owner"}, OFFICERS, False),
        ({"route": "owner"}, NOBODY_S, False),
        ({"route": "owner"}, of_class(SHOP, UseClass.REFERENCE), False),
        ({"route": "owner"}, of_class(SHOP, TEST), False),
        ({"route": "owner", "use_classes": ["test"]}, of_class(SHOP, TEST), True),
    ],
)
def test_a_hook_is_told_of_what_fits_it(hook, record, told):
    assert is_told(a_setting(**hook), said_of(record)) is told


@pytest.fixture
def told(tmp_path, database):
    with a_told_city(tmp_path, database) as opened:
        yield opened


def test_what_becomes_complete_becomes_a_delivery_of_each_hook_that_fits(told):
    case, weighing, coverage = told.seal(a_zone_case(), a_case(), (a_coverage(), {}))
    assert told.fresh() == 4  # and the genesis

    assert told.fanout.take_fresh(START_US) == 4

    assert told.fresh() == told.fanout.take_fresh(START_US) == 0
    officer, platform, owner = (sorted(o.place.seq for o in told.fanout.newest(9) if o.hook == name)
                                for name in ("officer", "platform", "owner"))  # fmt: skip
    assert officer == platform == [case.seq, weighing.seq]
    assert owner == [case.seq]
    assert coverage.seq not in officer
    here = told.fanout.newest(9)[0].place
    assert {one.hook for one in told.fanout.of(here)} <= {"officer", "platform", "owner"}
    assert told.fanout.counts() == {"waiting": 5}


def test_what_lacks_a_picture_is_not_told_until_it_is_here(told):
    record = a_zone_case()
    missing = record[0].pictures[3].sha256
    told.seal(record, without={missing})
    told.fanout.take_fresh(START_US)
    assert told.states() == []

    told.city._taken -= 1
    told.city.take(told.box)

    told.fanout.take_fresh(START_US)
    assert len(told.states()) == 3


def test_without_hooks_nothing_is_noted(tmp_path, database):
    with a_told_city(tmp_path, database, hooks=()) as told:
        told.seal(a_zone_case())
        assert told.fresh() == 0


def test_a_crash_while_deliveries_are_made_loses_none_of_them(told, monkeypatch):
    told.seal(*(a_case(number) for number in range(1, 4)))

    def killed(*_):
        raise RuntimeError("killed")

    # All rows are made and `fresh` is about to be emptied.
    monkeypatch.setattr(fanouts, "delete", killed)
    with pytest.raises(RuntimeError):
        told.fanout.take_fresh(START_US)
    monkeypatch.undo()
    assert (told.fresh(), told.states()) == (4, [])

    told.fanout.take_fresh(START_US)
    assert len(told.states()) == 6


def test_a_statement_that_cannot_be_read_holds_nothing_up(told):
    told.seal(a_case())
    store = told.city.store
    store.write(update(statement).where(statement.c.seq == 1).values(envelope=b"of an older schema"))

    assert told.fanout.take_fresh(START_US) == 2
    assert (told.fresh(), told.states()) == (0, [])


def test_an_attempt_whose_process_died_is_due_again_under_the_same_id(told):
    [sealed] = told.seal(a_case())
    told.fanout.take_fresh(START_US)
    first = told.fanout.claim("officer", START_US)
    assert first.id == delivery_id("officer", sealed.payload_sha256)
    assert told.fanout.claim("officer", START_US + LEASE_US - 1) is None  # it may still be at it

    second = told.fanout.claim("officer", START_US + LEASE_US)

    assert (second.id, second.attempts) == (first.id, 2)
    told.fanout.failed(first, "late", START_US)  # it had only been asleep: no word of its counts any more
    assert told.fanout.claim("officer", START_US + LEASE_US) is None
    told.fanout.delivered(second, "HTTP 200", START_US + 7)
    [done] = [one for one in told.fanout.newest(9) if one.hook == "officer"]
    assert (done.state, done.said, done.ended_utc_us) == ("done", "HTTP 200", START_US + 7)


def test_the_same_statement_twice_is_one_delivery(told):
    told.seal(a_case())
    told.fanout.take_fresh(START_US)
    place = told.fanout.newest(1)[0].place
    told.fanout.delivered(told.fanout.claim("officer", START_US), "HTTP 200", START_US)
    fields = {"device": place.device, "epoch": place.epoch, "seq": place.seq}
    told.city.store.write(fanouts.fresh.insert().values(fields))

    told.fanout.take_fresh(START_US + DAY_US)

    assert told.states() == [("officer", "done"), ("platform", "waiting")]


def test_what_was_given_up_can_be_tried_again_as_if_new(told):
    told.seal(a_case(1), a_case(2))
    told.fanout.take_fresh(START_US)
    for _ in range(2):
        told.fanout.given_up(told.fanout.claim("officer", START_US), "no\0", START_US + S_US)
    assert {one.said for one in told.fanout.newest(9, "given_up")} == {"no\ufffd"}

    assert told.fanout.again("platform", START_US) == 0
    assert told.fanout.again("officer", START_US + DAY_US) == 2

    attempt = told.fanout.claim("officer", START_US + DAY_US)
    assert (attempt.attempts, attempt.made_utc_us) == (1, START_US + DAY_US)


def test_several_processes_share_the_work(told, tmp_path):
    cases = 25
    told.seal(*(a_case(number) for number in range(1, cases + 1)))
    settings = told.city.settings
    took, claimed = [], []

    def process(fanout, start):
        start.wait()
        while count := fanout.take_fresh(START_US):
            took.append(count)
        while attempt := fanout.claim("officer", START_US):
            claimed.append(attempt.place.seq)
            fanout.delivered(attempt, "HTTP 200", START_US)

    with ExitStack() as stack:
        start = threading.Barrier(3)
        threads = []
        for _ in range(3):
            database = Database.of(settings, serving=False)
            stack.callback(database.close)
            fanout = Fanout(database, settings.webhooks)
            threads.append(threading.Thread(target=process, args=(fanout, start)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    # None twice; what one had not committed yet when another found nothing more was made by the first.
    assert sum(took) == cases + 1
    assert told.fresh() == 0
    left = [one for one in told.fanout.newest(1000, "waiting") if one.hook == "officer"]
    assert len(claimed) == len(set(claimed))
    assert len(claimed) + len(left) == cases


def test_a_row_that_another_process_holds_is_left_to_it(tmp_path, postgres_url):
    """Without SKIP LOCKED the second would wait for the first to end, and then find nothing."""
    with a_told_city(tmp_path, postgres_url, hooks=[a_hook()]) as told:
        told.seal(a_case(1), a_case(2))
        told.fanout.take_fresh(START_US)
        database = told.city.store.database
        due = fanouts.delivery.c.due_utc_us
        one = fanouts.select(fanouts.delivery.c.id).order_by(due).limit(1).with_for_update()
        with database.transaction() as connection:
            held = connection.execute(one).scalar_one()
            first = told.fanout.claim("officer", START_US)
            assert first.id != held
            assert told.fanout.claim("officer", START_US) is None
        assert told.fanout.claim("officer", START_US).id == held
