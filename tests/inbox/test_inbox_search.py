import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from edge_agent.inbox import search as module
from edge_agent.inbox.reviews import Reviews, newest_id
from edge_agent.inbox.search import GROUPS, REVIEW_STATES, USE_CLASSES, Filters, Search
from edge_agent.inbox.sites import Sites
from edge_agent.ingest.place import Place
from edge_agent.ingest.tables import statement
from tests.inbox.city import DEVICE

CASES = {"weighing", "ambiguous", "confirmed", "cleared", "inspection"}


@pytest.fixture
def search(city, sealed):
    return Search(city.store.database)


@pytest.fixture
def names(sealed):
    return {one.packet_id: name for name, one in sealed.items()}


@pytest.fixture
def found(search, names, city):
    sites = Sites(city.settings.inbox.sites_dir)

    def ask(**query):
        rows = search.find(
            Filters.of(query), 1, lambda word: sites.shops_named(word, [DEVICE.device_id])
        ).rows
        return {names.get(row.stored.packet_id, row.stored.kind) for row in rows}

    return ask


@pytest.fixture
def review(city, sealed):
    reviews = Reviews(city.store.database)

    def say(name, verdict, reason):
        stored = city.store.get(Place(DEVICE.device_id, sealed[name].epoch, sealed[name].seq))
        seen = newest_id(reviews.of(stored.place))
        reviews.add(stored, verdict, reason, "", reviewer="王芳", seen=seen, now_us=1)

    return say


def test_cases_are_shown_and_what_a_box_says_of_itself_is_not_unless_asked_for(found):
    assert found() == CASES
    assert found(kind="bridge") == {"weighing", "ambiguous"}
    assert found(kind="street") == {"confirmed", "cleared", "inspection"}
    assert found(kind="coverage") == {"coverage"}
    assert "genesis" in found(kind="own")
    assert found(kind="all") == CASES | {"coverage"} | found(kind="own")


def test_by_plate_in_any_case_and_in_part(found):
    assert found(q="沪A12345") == found(q="沪a123") == found(q="  12345 ") == {"weighing"}


def test_a_plate_that_is_only_a_candidate_brings_up_nothing(found):
    assert found(q="沪B67890") == set()


def test_by_shop_zone_and_case(found):
    street = {"confirmed", "cleared", "inspection"}
    assert found(q="door_s1") == street
    assert found(q="s1 DOOR") == street
    assert found(q="door_s1-1") == {"confirmed", "cleared"}
    assert found(q="door_s1-1 沪A") == set()


def test_by_a_shop_s_name(found):
    assert found(q="老王") == found(q="水果店 door") == {"confirmed", "cleared", "inspection"}
    assert found(q="老李") == set()


@pytest.mark.parametrize("text", ["%", "_____", "\0\0", "\\", "'", "\0", "a%' or '1'='1"])
def test_signs_of_sql_are_letters_like_others(found, text):
    assert found(q=text) == set()


def test_by_use_class_and_box(found):
    assert found(use="reference") | found(use="enforcement") == CASES
    assert not found(use="reference") & found(use="enforcement")
    assert "ambiguous" in found(use="reference")
    assert found(device=DEVICE.device_id) == CASES
    assert found(device="another") == set()


def test_by_the_newest_review(found, review, search):
    assert search.waiting() == (5, False)
    review("weighing", "accept", "evidence_clear")
    review("confirmed", "accept", "evidence_clear")
    review("confirmed", "reject", "duplicate")
    assert found(review="accepted") == {"weighing"}
    assert found(review="rejected") == {"confirmed"}
    assert found(review="open") == CASES - {"weighing", "confirmed"}
    assert search.waiting() == (3, False)
    verdicts = {row.verdict for row in search.find(Filters(), 1).rows}
    assert verdicts == {"accept", "reject", ""}


def test_by_days_as_they_begin_in_china(found, city, sealed):
    midnight = 1_795_017_600_000_000  # 2026-11-19 00:00 in China
    with city.store.database.transaction() as connection:
        for name, at in (("weighing", midnight - 1), ("ambiguous", midnight)):
            mine = statement.c.packet_id == sealed[name].packet_id
            connection.execute(update(statement).where(mine).values(event_utc_us=at))
    both = {"weighing", "ambiguous"}
    assert found(kind="bridge", **{"from": "2026-11-19"}) == {"ambiguous"}
    assert found(kind="bridge", to="2026-11-18") == {"weighing"}
    assert found(kind="bridge", **{"from": "2026-11-18", "to": "2026-11-19"}) == both
    assert found(kind="bridge", **{"from": "2026-11-20"}) == set()


def test_pages_are_turned_without_loss_or_repetition(search, monkeypatch):
    monkeypatch.setattr(module, "PAGE", 2)
    pages = [search.find(Filters(), number) for number in (1, 2, 3)]
    assert [len(page.rows) for page in pages] == [2, 2, 1]
    assert {(page.count, page.pages, page.more) for page in pages} == {(5, 3, False)}
    assert len({row.stored.place for page in pages for row in page.rows}) == 5
    assert search.find(Filters(), 4).rows == []
    assert search.find(Filters(), -5).page == 1


def test_a_count_stops_somewhere(search, monkeypatch):
    monkeypatch.setattr(module, "COUNT_TO", 3)
    found = search.find(Filters(), 1)
    assert (found.count, found.more) == (3, True)
    assert search.waiting() == (3, True)


def test_what_is_not_complete_does_not_wait_for_review(search, city, sealed):
    with city.store.database.transaction() as connection:
        mine = statement.c.packet_id == sealed["weighing"].packet_id
        connection.execute(update(statement).where(mine).values(complete=False))
    assert search.waiting() == (4, False)


def test_boxes_that_have_sent_something(search, city):
    with city.store.database.transaction() as connection:
        row = connection.execute(select(statement).limit(1)).one()._asdict()
        for name in ("ea-test-0002", "a"):
            connection.execute(statement.insert().values({**row, "device": name}))
    assert search.devices() == ["a", DEVICE.device_id, "ea-test-0002"]


def test_a_case_s_records_stand_together(search, names):
    of_case = search.of_case(DEVICE.device_id, "door_s1-1")
    assert [names[one.packet_id] for one in of_case] == ["confirmed", "cleared"]
    assert search.of_case("another", "door_s1-1") == []


anything = st.text(max_size=30)
wild = st.fixed_dictionaries(
    {},
    optional={
        "q": anything,
        "device": anything,
        "kind": st.sampled_from([*GROUPS, "x", ""]),
        "use": st.sampled_from([*USE_CLASSES, "x"]),
        "review": st.sampled_from([*REVIEW_STATES, "x"]),
        "from": st.one_of(anything, st.dates().map(str)),
        "to": st.one_of(anything, st.dates().map(str)),
        "page": anything,
    },
)


@given(wild)
def test_any_address_is_a_search(query):
    filters = Filters.of(query)
    filters.condition()
    assert Filters.of(filters.as_query()) == filters


@given(st.text(max_size=20))
def test_no_letter_reaches_a_database_that_it_does_not_take(text):
    filters = Filters.of({"q": f"a{text}", "device": text})
    assert "\0" not in filters.text + filters.device
