"""What competes for a plate can be looked at, and looking changes nothing."""

from edge_agent.core.decisions import Seal
from edge_agent.core.site import Site
from tests.report.two_lanes import HEAVY, LIGHT, the_road, the_site
from tests.road import decide


def looked():
    """Decisions, and the rivals of each case when it was sealed."""
    site, decided, rivals = Site(the_site().core()), [], []
    for event in the_road():
        for decision in site.step(event):
            decided.append(decision)
            if isinstance(decision, Seal):
                rivals.append((decision, site.rivals("1", decision.crossing.number)))
                assert site.rivals("1", 99) is None
                assert site.rivals("nowhere", 1) is None
    return decided, rivals


def test_a_light_vehicle_on_the_other_lane_competes_and_each_read_is_shared_out():
    _, [(seal, rivals)] = looked()

    assert [(one.crossing.lane, one.crossing.number) for one in rivals.crossings] == [("1", 1), ("2", 1)]
    own = rivals.crossings[0]
    assert own.start < own.expected < own.end
    assert own.expected == seal.match.predicted_at
    assert {seen.reads[0].text for seen in rivals.seen} == {HEAVY, LIGHT}
    for seen in rivals.seen:
        assert {key for key, _ in seen.posteriors} == {("1", 1), ("2", 1)}
        assert sum(ppm for _, ppm in seen.posteriors) <= 1_000_000
        assert list(seen.posteriors) == sorted(seen.posteriors, key=lambda share: -share[1])
    shares = sum(dict(seen.posteriors)["1", 1] for seen in rivals.seen)
    assert abs(shares + own.none - 1_000_000) <= 2  # its read, the other's, or none; rounded
    best = seal.match.candidates[0]
    [mine] = [seen for seen in rivals.seen if best.read in seen.reads]
    assert dict(mine.posteriors)["1", 1] >= best.posterior  # the answer states the worst case


def test_who_looks_changes_no_decision():
    assert looked()[0] == decide(Site(the_site().core()), the_road())
