"""Records wait for their pictures, no longer than they may, and those of one case leave in their order."""

from edge_agent.core.events import Captured
from edge_agent.core.records import Detection, Picture
from edge_agent.core.street.filing import MAX_WAITING, Filing, Record
from edge_agent.core.street.pictures import Request
from edge_agent.core.units import S
from edge_agent.core.use_class_settings import LegalSettings
from tests.storefront import a_report, a_rule

BOX = Detection("stall", "evidence", 900, 1, 1, 2, 2)


def asked(number, due_s=8, *roles, held_s=300):
    """A request that is due then; answered at once when it names roles."""
    request = Request(f"r{number}", due_s * S, held_s * S)
    if roles:
        pictures = tuple(Picture(role, role, 9, "image/jpeg", 1920, 1080, 0) for role in roles)
        request.answer = Captured(0, request.id, "cam1", pictures, ((BOX,),), "m" * 64)
    return request


def a_record(case, revision, *requests):
    return Record(case, revision, a_report(), a_rule(), "m" * 64, requests)


def sealed(filing, at_s):
    return [(seal.case, seal.revision) for seal in filing.advance(at_s * S, None)]


def test_a_record_leaves_when_all_its_pictures_are_there():
    filing = Filing(LegalSettings())
    late = asked(2)
    filing.add(a_record("a", 0, asked(1, 8, "first_seen"), late))

    assert sealed(filing, 1) == []
    late.answer = Captured(2 * S, "r2", "cam1", (), ())
    assert sealed(filing, 2) == [("a", 0)]
    assert filing.deadline is None


def test_a_record_leaves_without_its_pictures_when_it_may_wait_no_longer():
    filing = Filing(LegalSettings())
    filing.add(a_record("a", 0, asked(1, 8)))

    assert filing.deadline == 8 * S
    assert sealed(filing, 7) == []
    assert sealed(filing, 8) == [("a", 0)]


def test_at_the_end_every_record_leaves_in_the_order_of_its_making_with_the_pictures_there_are():
    filing = Filing(LegalSettings())
    filing.add(a_record("a", 0, asked(1, 8, "first_seen"), asked(2, 8)))
    filing.add(a_record("b", 0, asked(3, 8)))
    filing.add(a_record("a", 1, asked(4, 8, "cleared")))

    left = list(filing.close(1 * S, None))

    assert [(seal.case, seal.revision) for seal in left] == [("a", 0), ("b", 0), ("a", 1)]
    assert [[p.role for p in seal.pictures] for seal in left] == [["first_seen"], [], ["cleared"]]
    assert all(seal.at == 1 * S for seal in left)
    assert filing.deadline is None


def test_a_later_record_does_not_overtake_an_earlier_one_of_its_case():
    filing = Filing(LegalSettings())
    filing.add(a_record("a", 0, asked(1, 8)))
    filing.add(a_record("a", 1, asked(2, 20, "cleared")))
    filing.add(a_record("b", 0, asked(3, 20, "inspection")))

    assert sealed(filing, 1) == [("b", 0)]
    assert filing.deadline == 8 * S
    assert sealed(filing, 8) == [("a", 0), ("a", 1)]


def test_records_are_not_kept_without_bound():
    filing = Filing(LegalSettings())
    for number in range(MAX_WAITING + 3):
        filing.add(a_record(f"c{number}", 0, asked(number, 9_000)))

    assert sealed(filing, 1) == [("c0", 0), ("c1", 0), ("c2", 0)]


def test_originals_come_first_in_the_order_of_what_they_show_with_what_was_seen_in_them():
    filing = Filing(LegalSettings())
    taken = asked(1, 8, "confirmed", "reference", "confirmed_marked", "clip")
    filing.add(a_record("a", 0, taken, asked(2, 8, "first_seen")))

    [seal] = filing.advance(0, None)

    assert [p.role for p in seal.pictures] == [
        "reference",
        "first_seen",
        "confirmed",
        "confirmed_marked",
        "clip",
    ]
    assert seal.detections == ((), (BOX,), (BOX,))


def test_pictures_that_are_held_no_longer_are_not_named():
    filing = Filing(LegalSettings())
    filing.add(a_record("a", 0, asked(1, 8, "first_seen", held_s=100)))

    [seal] = filing.advance(101 * S, None)

    assert seal.pictures == ()
