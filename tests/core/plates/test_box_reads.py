from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.events import PlatesDone, PlateSeen
from edge_agent.core.plates.box_reads import MAX_READS, MAX_REQUESTS, BoxReads
from edge_agent.core.plates.settings import PlatesSettings
from edge_agent.core.records import Picture, ReadingMeans
from edge_agent.core.units import MS, Ns, S

MEANS = ReadingMeans((("recogniser", "a" * 64),), (("pictures", 5),), 12, 3)
PICTURE = Picture("plate", "0" * 64, 1000, "image/jpeg", 120, 40, 9 * S)


def seen(text, confidence=950, vehicle=1, request="c1", at=9 * S, **other):
    pictures = (PICTURE,) if vehicle == 1 else ()
    fields = {"event_id": f"{request}/{vehicle}", "request": request, "pictures": pictures, "side": "front"}
    return PlateSeen(
        10 * S,
        "cam1",
        "1",
        None,
        text,
        confidence,
        captured_at=Ns(at),
        captured_sd=Ns(40 * MS),
        **fields | other,
    )


def concluded(*reads, request="c1", box=None, **settings):
    box = box or BoxReads(PlatesSettings(**settings))
    for read in reads:
        box.add(read)
    return box.done(PlatesDone(10 * S, request, means=MEANS))


def test_pictures_that_agree_name_a_plate():
    [read] = concluded(seen("沪A12345", 960), seen("沪A12345", 900))

    assert (read.text, read.confidence, read.reads, read.agreeing) == ("沪A12345", 930, 2, 2)
    assert (read.at, read.at_sd, read.side) == (9 * S, 40 * MS, "front")
    assert read.means.models == MEANS.models
    assert dict(read.means.thresholds) == {
        "pictures": 5,
        "box_agreeing": 2,
        "box_decide_permille": 900,
        "box_margin_permille": 300,
    }
    assert read.pictures == (PICTURE,)


def test_one_picture_never_names_a_plate_however_sure_it_is():
    [read] = concluded(seen("沪A12345", 1000))

    assert read.text == ""
    assert [c.text for c in read.candidates] == ["沪A12345"]


def test_two_plates_that_are_both_possible_are_two_candidates_and_no_plate():
    [read] = concluded(
        seen("沪A12345", 800, alternatives=(("沪A12346", 600),)),
        seen("沪A12345", 800, alternatives=(("沪A12346", 700),)),
    )

    assert read.text == ""
    assert [(c.text, c.score) for c in read.candidates] == [("沪A12345", 800), ("沪A12346", 650)]


def test_a_plate_that_stays_in_doubt_keeps_its_pictures_and_what_it_was_read_with():
    [read] = concluded(
        seen("", 0, pictures=()),
        seen("沪A12345", 800),
        seen("沪A12346", 790, pictures=()),
        seen("", 0, pictures=()),
    )

    assert read.text == ""
    assert (read.pictures, read.means.models) == ((PICTURE,), MEANS.models)


def test_pictures_in_which_nothing_can_be_read_do_not_count_against_the_others():
    [read] = concluded(seen("沪A12345"), seen("", 0), seen("沪A12345"))

    assert (read.text, read.reads) == ("沪A12345", 2)


def test_another_vehicle_is_there_and_has_no_plate():
    own, other = concluded(seen("沪A12345"), seen("沪A12345"), seen("", 0, vehicle=2, at=11 * S))

    assert (own.text, other.text) == ("沪A12345", "")
    assert other.means is None
    assert own.id != other.id


def test_two_vehicles_of_one_request_are_two_however_near():
    own, other = concluded(seen("沪A12345"), seen("沪A12345"), seen("", 0, vehicle=2, at=9 * S + 100 * MS))

    assert (own.text, other.text) == ("沪A12345", "")


def test_a_vehicle_that_another_request_only_saw_is_the_same_one_when_it_is_read():
    box = BoxReads(PlatesSettings())
    _, unread = concluded(seen("沪A12345"), seen("沪A12345"), seen("", 0, vehicle=2, at=12 * S), box=box)

    other = {"request": "c2", "at": 12 * S + 100 * MS}
    [read] = concluded(seen("苏B54321", **other), seen("苏B54321", **other), request="c2", box=box)

    assert read.id == unread.id
    assert read.text == "苏B54321"


def test_a_vehicle_that_was_read_is_not_told_of_again_when_another_request_sees_it():
    box = BoxReads(PlatesSettings())
    concluded(seen("沪A12345"), seen("沪A12345"), box=box)

    assert concluded(seen("", 0, vehicle=2, request="c2", at=9 * S + 50 * MS), request="c2", box=box) == ()


def test_two_plates_at_one_time_stay_a_doubt():
    box = BoxReads(PlatesSettings())
    [one] = concluded(seen("沪A12345"), seen("沪A12345"), box=box)
    [two] = concluded(seen("沪A54321", request="c2"), seen("沪A54321", request="c2"), request="c2", box=box)

    assert one.id != two.id


def test_what_is_not_asked_for_is_nothing():
    assert BoxReads(PlatesSettings()).done(PlatesDone(1, "never asked")) == ()


def test_requests_and_reads_are_bounded():
    box = BoxReads(PlatesSettings())
    for n in range(MAX_REQUESTS + 10):
        for _ in range(MAX_READS + 10):
            box.add(seen("沪A12345", request=f"c{n}"))

    assert box.done(PlatesDone(1, "c0")) == ()
    [read] = box.done(PlatesDone(1, f"c{MAX_REQUESTS}"))
    assert read.reads == MAX_READS


TEXT = st.sampled_from(["", "沪A12345", "沪A12346", "苏B54321", "no plate", "沪A1234挂"])
READ = st.builds(
    seen,
    TEXT,
    st.integers(-50, 1_200),
    st.integers(1, 3),
    alternatives=st.lists(st.tuples(TEXT, st.integers(0, 1000)), max_size=3).map(tuple),
)


@given(st.lists(READ, max_size=12))
def test_whatever_is_read_a_named_plate_has_its_majority_and_its_margin(reads):
    settings = PlatesSettings()
    for read in concluded(*reads):
        scores = [candidate.score for candidate in read.candidates]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1000 for score in scores)
        if read.text:
            assert read.text == read.candidates[0].text
            assert read.agreeing >= settings.box_agreeing
            assert read.confidence >= settings.box_decide_permille
            assert len(scores) < 2 or scores[0] - scores[1] >= settings.box_margin_permille
