"""Whatever a camera sees: no order of boxes matters, nothing grows, nothing counts that must not."""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.events import SceneSeen
from edge_agent.core.records import Detection
from edge_agent.core.scene import Finding, StillObject, View
from edge_agent.core.street.fitness import unfit
from edge_agent.core.street.goods import ITEM_LIMIT
from edge_agent.core.street.occupancy import Occupancy
from edge_agent.core.street.settings import FitSettings, MetricSettings, RuleSettings, ZoneSettings
from edge_agent.core.street.surroundings import CONTEXT_LIMIT
from edge_agent.core.street.suspects import STILL_LIMIT
from edge_agent.core.units import S

RULE = RuleSettings()
FIT = FitSettings()
VIEW = View("a" * 64, luma=110, contrast=50, sharpness=900, shift_mpx=300, registered=True, frozen_ms=0)
LABELS = (*RULE.strong, *RULE.weak, *RULE.veto, "dog")
ZONE = ZoneSettings(
    rule="r",
    polygon=((0.2, 0.4), (0.8, 0.5), (0.9, 0.95), (0.1, 0.9)),
    door_line=((0.2, 0.4), (0.8, 0.5)),
    permitted=(((0.2, 0.4), (0.5, 0.45), (0.5, 0.5), (0.2, 0.48)),),
    metric=MetricSettings(
        quad=((0.3, 0.5), (0.7, 0.5), (0.9, 0.9), (0.1, 0.9)), sides_mm=(5_000, 4_000, 5_000, 4_000)
    ),
)


def an_occupancy(**rule):
    return Occupancy("front", ZONE, RuleSettings(**rule), FIT)


# Few places, so that things are met again; now and then a box whose sides are the wrong way round, or
# outside the picture.
PLACES = tuple((x, y, x + 120, y + 150) for x in (150, 300, 330, 600) for y in (380, 520, 700))
sides = st.sampled_from([-40, 0, 200, 410, 500, 620, 900, 1000, 1300])
corners = st.one_of(*[st.sampled_from(PLACES)] * 4, st.tuples(sides, sides, sides, sides))
scores = st.sampled_from([299, 300, 449, 450, 549, 700, 1000])
labels = st.one_of(st.sampled_from(RULE.strong + RULE.weak), st.sampled_from(LABELS))
detections = st.tuples(labels, st.sampled_from(["evidence", "evidence", "ignore"]), scores, corners).map(
    lambda made: Detection(*made[:3], *made[3])
)
stills = st.tuples(corners, st.sampled_from([999, 5_000]), st.integers(-5, 100 * S)).map(
    lambda made: StillObject(*made[0], *made[1:])
)
views = st.one_of(
    *[st.just(VIEW)] * 4,
    st.just(replace(VIEW, luma=30, reference="b")),
    st.builds(
        View,
        st.sampled_from(["", "a", "b"]),
        st.sampled_from([0, 30, 110, 255]),
        st.sampled_from([0, 50]),
        st.sampled_from([0, 900]),
        st.sampled_from([0, 1_900, 9_000, 99_000]),
        st.booleans(),
        st.sampled_from([0, 30_000]),
    ),
)


@st.composite
def streets(draw, view=views, boxes=detections, changes=stills):
    """Pictures of scenes that last a while; the clock may stand still, jump, or run backwards."""
    at, events = 0, []
    for _ in range(draw(st.integers(1, 5))):
        seen = draw(st.lists(boxes, max_size=6))
        still = draw(st.lists(changes, max_size=5))
        now = draw(view)
        for _ in range(draw(st.integers(1, 15))):
            at += draw(st.sampled_from([S, S, 2 * S, 2 * S, 3 * S, 0, 40 * S, 4_000 * S, -3 * S]))
            events.append(SceneSeen(at, "cam", at, 0, tuple(seen), tuple(still), now, "m"))
    return events


@settings(max_examples=60, deadline=None)
@given(streets(), st.randoms(use_true_random=False))
def test_the_order_of_boxes_does_not_matter_and_the_same_pictures_say_the_same(events, rng):
    one, other = an_occupancy(), an_occupancy()

    for event in events:
        mixed = replace(
            event,
            detections=tuple(rng.sample(event.detections, len(event.detections))),
            still=tuple(rng.sample(event.still, len(event.still))),
        )
        assert one.look(event) == other.look(mixed)


@settings(max_examples=100, deadline=None)
@given(streets(), st.booleans(), st.booleans())
def test_nothing_is_there_without_the_minimum_of_evidence_and_a_view_that_can_be_judged(
    events, stationary, needs_change
):
    zone = an_occupancy(stationary=stationary, needs_change=needs_change)

    for event in events:
        sample = zone.look(event)
        strong = [item for item in sample.items if item.strength == "strong"]
        weak = [item for item in sample.items if item.strength == "weak"]
        assert sample.at == event.captured_at
        assert 0 <= sample.share <= 1000
        assert all(item.first_at <= item.last_at and item.samples > 0 for item in sample.items)
        if unfit(event.view, FIT):
            assert sample.finding is Finding.UNSEEN
            assert not sample.items
        if sample.finding is Finding.PRESENT:
            assert strong or len(weak) >= RULE.weak_needed
            assert all(item.score >= RULE.enter_score for item in sample.items)
            assert sample.area_cm2 is not None
        if sample.finding is Finding.SUSPECT:
            assert {item.strength for item in sample.items} == {"suspect"}
        if sample.passable_mm is not None:
            assert sample.passable_mm >= 0
            assert sample.protrusion_mm >= 0


@settings(max_examples=50, deadline=None)
@given(streets(boxes=detections.map(lambda d: replace(d, score=min(d.score, RULE.keep_score - 1)))))
def test_what_the_detector_is_not_sure_of_never_counts(events):
    zone = an_occupancy(stationary=False)

    for event in events:
        assert zone.look(event).finding is not Finding.PRESENT


@settings(max_examples=50, deadline=None)
@given(streets(changes=stills.map(lambda one: replace(one, x_max=one.x_min))))
def test_where_nothing_differs_from_the_reference_nothing_is_there(events):
    zone = an_occupancy()

    for event in events:
        assert zone.look(event).finding in (Finding.ABSENT, Finding.UNSEEN)


def test_ten_thousand_pictures_of_a_street_leave_a_memory_as_small_as_before():
    rng = random.Random(3)
    zone = an_occupancy()
    limits = {"goods": ITEM_LIMIT, "suspects": STILL_LIMIT, "surroundings": CONTEXT_LIMIT}
    largest = dict.fromkeys(limits, 0)

    for n in range(10_000):
        crowd = 60 if n % 200 == 0 else 1  # a burst that would fill every memory beyond its limit
        boxes = [
            Detection(rng.choice(LABELS), "evidence", rng.randint(300, 1000), x, y, x + w, y + w)
            for x, y, w in (
                (rng.randint(150, 800), rng.randint(350, 850), rng.randint(5, 40)) for _ in range(crowd)
            )
        ]
        still = [StillObject(b.x_min, b.y_min, b.x_max + 9, b.y_max, 2_000, 0) for b in boxes]
        at = n * S // 2
        zone.look(SceneSeen(at, "cam", at, 0, tuple(boxes), tuple(still), VIEW, "m"))
        for part in limits:
            largest[part] = max(largest[part], len(getattr(zone, part).places))

    assert all(largest[part] <= limits[part] for part in limits)
    assert largest["goods"] == ITEM_LIMIT  # the test does fill it
