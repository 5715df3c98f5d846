"""Repeated reads of a camera become one, and two vehicles stay two."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.decisions import Fault, FaultKind
from edge_agent.core.events import PlateSeen
from edge_agent.core.plates.settings import PlatesSettings
from edge_agent.core.plates.votes import MAX_CANDIDATES, MAX_PICTURES, PlateMerger
from edge_agent.core.records import Picture, PlateRead
from edge_agent.core.units import MS, Ns, Permille

SD = Ns(50 * MS)


def a_read(ms, text="沪A12345", confidence=900, lane="1", **more):
    return PlateSeen(Ns(ms * MS), "cam1", lane, None, text, Permille(confidence), **more)


def a_picture(n) -> Picture:
    return Picture("plate", f"{n:064x}", 100, "image/jpeg", 200, 60, None)


def feed(*reads, settings=PlatesSettings()):  # noqa: B008 - frozen
    """Every result of pushing the reads, captured when they arrive."""
    merger = PlateMerger("cam1", settings)
    return [result for read in reads for result in merger.add(read, read.at, SD)]


def last_by_id(results) -> dict[str, PlateRead]:
    return {r.id: r for r in results if isinstance(r, PlateRead)}


def test_a_plate_is_emitted_at_first_sight():
    [read] = feed(a_read(0, colour="blue", vehicle="truck", direction="approaching"))

    assert (read.id, read.text, read.lane, read.at, read.at_sd) == ("cam1-1", "沪A12345", "1", 0, SD)
    assert (read.colour, read.vehicle, read.direction) == ("blue", "truck", "approaching")
    assert (read.reads, read.agreeing, read.confidence) == (1, 1, 900)


def test_the_same_plate_pushed_again_updates_the_same_read():
    first, second = feed(a_read(0), a_read(400, confidence=700))

    assert second.id == first.id
    assert (second.reads, second.agreeing, second.confidence) == (2, 2, 800)
    assert (second.at, second.seen_until) == (0, 400 * MS)


def test_the_very_same_event_pushed_again_says_nothing_new():
    assert len(feed(a_read(0, event_id="e1"), a_read(300, event_id="e1"))) == 1


def test_a_misread_character_is_outvoted_and_kept_as_a_candidate():
    results = feed(a_read(0), a_read(100, "沪A1234S", 800), a_read(200))
    [read] = last_by_id(results).values()

    assert (read.text, read.reads, read.agreeing) == ("沪A12345", 3, 2)
    assert [(c.text, c.score) for c in read.candidates] == [("沪A12345", 600), ("沪A1234S", 267)]


def test_alternatives_of_a_push_add_to_the_vote_but_are_never_the_plate_alone():
    [first, fault] = feed(a_read(0, "沪A1234O", alternatives=(("沪A12340", Permille(800)),)))

    assert first.text == ""
    assert [c.text for c in first.candidates] == ["沪A12340"]
    assert isinstance(fault, Fault)
    assert fault.kind is FaultKind.PLATE_OUTSIDE_GRAMMAR


def test_text_outside_the_grammar_is_a_vehicle_without_a_readable_plate():
    read, fault = feed(a_read(0, "ABC"))

    assert (read.text, read.candidates, read.reads) == ("", (), 1)
    assert fault.source == "camera/cam1"


def test_an_empty_read_is_no_fault_and_two_of_them_are_two_vehicles():
    results = feed(a_read(0, ""), a_read(100, ""))

    assert [r.id for r in results] == ["cam1-1", "cam1-2"]


def test_a_misread_outside_the_grammar_joins_the_plate_it_resembles():
    results = feed(a_read(0, "沪A12340"), a_read(100, "沪A1234O"))
    [read] = last_by_id(results).values()

    assert (read.text, read.reads, read.agreeing) == ("沪A12340", 2, 1)


def test_two_trucks_of_a_fleet_with_neighbouring_numbers_stay_two():
    assert len(last_by_id(feed(a_read(0, "沪A12345"), a_read(500, "沪A12346")))) == 2
    assert len(last_by_id(feed(a_read(0, "沪A12348"), a_read(1_001, "沪A1234B")))) == 2


def test_a_similar_plate_in_the_other_lane_is_another_vehicle():
    assert len(last_by_id(feed(a_read(0, "沪A12348"), a_read(100, "沪A1234B", lane="2")))) == 2


def test_one_plate_seen_in_two_lanes_is_one_vehicle_in_neither():
    results = feed(a_read(0), a_read(100, lane="2"), a_read(200, lane="1"))
    [read] = last_by_id(results).values()

    assert (read.lane, read.reads) == (None, 3)


def test_a_lane_told_later_is_taken():
    [read] = last_by_id(feed(a_read(0, lane=None), a_read(100, lane="2"))).values()

    assert read.lane == "2"


def test_the_same_plate_after_its_window_is_a_new_passage():
    assert len(last_by_id(feed(a_read(0), a_read(3_001)))) == 2


def test_a_read_captured_earlier_but_pushed_later_moves_the_time_back():
    merger = PlateMerger("cam1", PlatesSettings())
    merger.add(a_read(500), Ns(400 * MS), SD)
    [read] = merger.add(a_read(600), Ns(100 * MS), Ns(9 * MS))

    assert (read.at, read.at_sd, read.seen_until) == (100 * MS, 9 * MS, 400 * MS)


def test_the_deadline_is_when_the_passage_is_over_and_tick_forgets_it():
    merger = PlateMerger("cam1", PlatesSettings())
    assert merger.deadline is None
    merger.add(a_read(100), Ns(0), SD)

    assert merger.deadline == 3_100 * MS
    assert merger.tick(Ns(3_100 * MS)) == ()
    assert merger.deadline is None


def test_pictures_are_kept_once_and_not_without_end():
    reads = [a_read(i * 10, pictures=(a_picture(i // 2),)) for i in range(40)]
    [read] = last_by_id(feed(*reads)).values()

    assert [p.sha256 for p in read.pictures] == [a_picture(i).sha256 for i in range(MAX_PICTURES)]


def test_the_oldest_passage_makes_room():
    merger = PlateMerger("cam1", PlatesSettings(max_open=2))
    for i, text in enumerate(("沪A11111", "沪B22222", "沪C33333")):
        merger.add(a_read(i, text), Ns(i), SD)
    [again] = merger.add(a_read(10, "沪A11111"), Ns(10), SD)

    assert again.id == "cam1-4"


texts = st.one_of(
    st.sampled_from(["", "沪A12345", "沪A1234S", "沪A12346", "A12345", "??"]), st.text(max_size=40)
)
pushes = st.lists(
    st.builds(
        lambda gap, text, confidence, lane, event_id, alternatives, shift: (
            gap,
            shift,
            replace(
                a_read(0, text, confidence, lane),
                event_id=event_id,
                alternatives=tuple((t, Permille(c)) for t, c in alternatives),
            ),
        ),
        st.integers(0, 5_000),
        texts,
        st.integers(-5, 2_000),
        st.sampled_from([None, "1", "2"]),
        st.sampled_from(["", "e1", "e2"]),
        st.lists(st.tuples(texts, st.integers(-5, 2_000)), max_size=12),
        st.integers(-10_000, 10_000),
    ),
    max_size=40,
)


@given(pushes)
def test_any_pushes_give_bounded_valid_reads_and_the_same_ones_again(stream):
    def run():
        merger, now, results = PlateMerger("cam1", PlatesSettings(max_open=3)), 0, []
        for gap, shift, read in stream:
            now += gap * MS
            results += merger.add(replace(read, at=Ns(now)), Ns(now + shift * MS), SD)
            assert len(merger._open) <= 3
            assert merger.deadline is None or merger.deadline > now
        return results

    results = run()

    assert results == run()
    for read in results:
        if isinstance(read, PlateRead):
            assert len(read.candidates) <= MAX_CANDIDATES
            assert 0 <= read.confidence <= 1000
            assert read.agreeing <= read.reads
            assert (read.text == "") == (read.agreeing == 0)
            assert read.at <= read.seen_until
            assert read.text in ("", *(c.text for c in read.candidates))
