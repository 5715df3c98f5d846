"""After a restart: which cases of the street are still open, read from the chain alone."""

from dataclasses import replace

import pytest

from edge_agent.core.scene import Phase
from edge_agent.evidence.examples import BASE_UTC, KEY, a_case, a_store, an_identity, store_settings
from edge_agent.evidence.examples_street import HOUR, a_coverage, a_report, a_zone_case
from edge_agent.evidence.open_cases import NEWEST_INSPECTIONS, NEWEST_OF_EACH
from edge_agent.evidence.receipts import Receipt, ReceiptItem, ReceiptStatus
from edge_agent.evidence.store import EvidenceStore

MINUTE_US = 60_000_000
BASE_US = BASE_UTC // 1000
COOLDOWN_US = 30 * MINUTE_US


class Hand:
    """UTC that stands where it is put."""

    def __init__(self):
        self.us = BASE_US

    def __call__(self):
        return self.us


@pytest.fixture
def hand():
    return Hand()


@pytest.fixture
def store(tmp_path, hand):
    with EvidenceStore.open(store_settings(tmp_path), KEY, an_identity(), utc_us=hand) as opened:
        yield opened


def seal(store, phase, number=1, **other):
    return store.seal(*a_zone_case(number, phase, **other))


def recalled(store, now_us=BASE_US, cooldown_us=COOLDOWN_US, **other):
    return store.open_cases(now_us, cooldown_us, **other)


def test_an_empty_store_and_one_of_a_bridge_recall_nothing(store):
    store.seal(*a_case(1))
    store.seal(a_coverage(), {})
    assert recalled(store) == ()


def test_a_confirmed_case_is_recalled_with_what_it_needs_to_go_on(store):
    seal(store, Phase.CONFIRMED)
    [case] = recalled(store)
    judged_us = (HOUR + BASE_UTC) // 1000 + 5 * MINUTE_US
    assert (case.case, case.revision, case.phase) == ("door_s1-1", 0, Phase.CONFIRMED)
    assert (case.camera, case.zone, case.shop, case.event_type) == (
        "street1",
        "door_s1",
        "s1",
        "shop_overflow",
    )
    assert case.recorded_utc_us == case.confirmed_utc_us == judged_us
    assert case.first_seen_utc_us == judged_us - 5 * MINUTE_US


@pytest.mark.parametrize("phase", [Phase.ONGOING, Phase.REOPENED])
def test_the_newest_record_says_where_a_case_stands_and_how_far_it_has_counted(store, phase):
    seal(store, Phase.CONFIRMED)
    seal(store, phase, revision=1)
    [case] = recalled(store)
    assert (case.phase, case.revision) == (phase, 1)


def test_a_recheck_counts_the_revision_on_and_says_nothing_of_where_the_case_stands(store):
    seal(store, Phase.CONFIRMED)
    seal(store, Phase.RECHECK, revision=1)
    [case] = recalled(store)
    assert (case.phase, case.revision) == (Phase.CONFIRMED, 1)


def test_a_recheck_is_known_to_be_made_until_the_case_is_reopened(store):
    told = []
    for revision, phase in enumerate([Phase.CONFIRMED, Phase.RECHECK, Phase.CLEARED, Phase.REOPENED]):
        seal(store, phase, revision=revision)
        [case] = recalled(store)
        told.append(case.rechecked)
    assert told == [False, True, True, False]


def test_an_inspection_is_no_open_case(store):
    seal(store, Phase.INSPECTION)
    assert recalled(store) == ()


def test_a_cleared_case_is_recalled_within_its_cooldown_and_not_after(store, hand):
    seal(store, Phase.CONFIRMED)
    hand.us += 10 * MINUTE_US
    seal(store, Phase.CLEARED, revision=1)
    cleared_us = hand.us
    [case] = recalled(store, cleared_us + COOLDOWN_US)
    assert (case.phase, case.revision) == (Phase.CLEARED, 1)
    assert recalled(store, cleared_us + COOLDOWN_US + 1) == ()


def test_an_open_case_is_recalled_however_long_it_has_been_silent(store):
    seal(store, Phase.CONFIRMED)
    assert len(recalled(store, BASE_US + 400 * 24 * 60 * MINUTE_US)) == 1


def test_a_clock_that_stands_before_the_clearing_cannot_say_that_it_is_over(store):
    seal(store, Phase.CONFIRMED)
    seal(store, Phase.CLEARED, revision=1)
    assert len(recalled(store, 0)) == 1


def test_cases_come_oldest_first_and_of_too_many_the_newest(store):
    for number in range(1, 6):
        seal(store, Phase.CONFIRMED, number, report=replace(a_report(), zone=f"door_{number}"))
    assert [case.case for case in recalled(store)] == [f"door_s1-{n}" for n in range(1, 6)]
    assert [case.case for case in recalled(store, limit=2)] == ["door_s1-4", "door_s1-5"]


def test_when_the_clock_was_unknown_the_time_of_sealing_stands_for_it(store, hand):
    seal(store, Phase.CONFIRMED, clock=None)
    [case] = recalled(store)
    assert case.recorded_utc_us == case.confirmed_utc_us == hand.us
    assert case.first_seen_utc_us == hand.us - 5 * MINUTE_US


def test_a_case_that_was_itself_recalled_may_have_begun_before_the_box_did(store):
    report = replace(a_report(Phase.ONGOING), judged_at=HOUR, first_seen_at=-HOUR, confirmed_at=None)
    seal(store, Phase.ONGOING, report=report)
    [case] = recalled(store)
    assert case.confirmed_utc_us is None
    assert case.recorded_utc_us - case.first_seen_utc_us == 120 * MINUTE_US


def test_the_answer_survives_a_restart_and_the_purge_of_every_picture(tmp_path):
    with a_store(tmp_path) as store:
        other = replace(a_report(), zone="door_s2")
        sealed = [seal(store, Phase.CONFIRMED), seal(store, Phase.CONFIRMED, 2, report=other)]
        before = recalled(store)
        items = tuple(
            ReceiptItem(packet_id=s.packet_id, payload_sha256=s.payload_sha256, status=ReceiptStatus.ACCEPTED)
            for s in sealed
        )
        receipt = Receipt(
            tenant="city",
            device_id="ea-test-0001",
            epoch=store.head().epoch,
            received_utc_us=1,
            items=items,
        )
        assert store.apply_receipt(receipt, b"raw").receipted
        assert store.purge(early=True) > 0
    assert not any((tmp_path / "attachments").iterdir())
    with a_store(tmp_path) as store:
        assert recalled(store) == before
        assert len(before) == 2


def test_of_a_zone_only_its_newest_case_is_recalled_though_an_older_one_was_never_closed(store, hand):
    seal(store, Phase.CONFIRMED, 1)
    seal(store, Phase.CONFIRMED, 2)
    assert [case.case for case in recalled(store)] == ["door_s1-2"]
    seal(store, Phase.CLEARED, 2)
    assert [(case.case, case.phase) for case in recalled(store)] == [("door_s1-2", Phase.CLEARED)]
    assert recalled(store, hand.us + COOLDOWN_US + 1) == ()


def test_cases_of_another_type_in_the_same_zone_stand_for_themselves(store):
    seal(store, Phase.CONFIRMED, 1)
    seal(store, Phase.CONFIRMED, 2, report=replace(a_report(), event_type="mobile_vendor"))
    assert [case.event_type for case in recalled(store)] == ["shop_overflow", "mobile_vendor"]


def test_inspections_that_were_recorded_are_known_by_order_and_zone_the_newest_of_too_many(store):
    assert store.answered_orders() == ()
    seal(store, Phase.CONFIRMED)
    for number in range(1, 4):
        report = replace(a_report(Phase.INSPECTION), order=f"draw-{number}", zone=f"z{number}")
        seal(store, Phase.INSPECTION, number, report=report)
    assert store.answered_orders() == (("draw-1", "z1"), ("draw-2", "z2"), ("draw-3", "z3"))
    assert store.answered_orders(limit=1) == (("draw-3", "z3"),)


def test_inspections_are_found_by_an_index(store):
    plan = store._db.execute(f"EXPLAIN QUERY PLAN {NEWEST_INSPECTIONS}", (10,)).fetchall()
    assert [row[3].split(" (")[0] for row in plan] == ["SEARCH packet USING INDEX packet_kind"], plan


def test_years_of_cases_are_read_from_the_index_alone(store):
    plan = store._db.execute(f"EXPLAIN QUERY PLAN {NEWEST_OF_EACH}", (0, 10)).fetchall()
    assert any("COVERING INDEX packet_street" in row[3] for row in plan), plan
