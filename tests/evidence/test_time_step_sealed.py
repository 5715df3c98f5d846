"""A step of the clock is a statement like any other: chained, the same twice, and verified."""

from dataclasses import replace

from edge_agent.core.decisions import SealTimeStep
from edge_agent.core.events import ClockSource
from edge_agent.core.units import S
from edge_agent.evidence.examples import a_case, a_store
from edge_agent.evidence.examples_street import a_street_clock
from edge_agent.evidence.statement import Kind, parse
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_sources import open_material

STEP = SealTimeStep(at=20 * S, since=10 * S, step=-86_400 * S, steps=2, clock=a_street_clock(20 * S))


def test_it_says_by_how_much_and_between_which_instants(tmp_path):
    with a_store(tmp_path) as store:
        store.seal(*a_case(1))
        sealed = store.seal(STEP, {})
        assert store.seal(STEP, {}).seq == sealed.seq  # the same decision twice is one statement

    said = parse(sealed.payload)
    assert said.kind is Kind.TIME_STEP
    assert said.legal is None
    assert said.record.model_dump() == {
        "type": "time_step",
        "step_us": -86_400_000_000,
        "steps": 2,
        "since_monotonic_us": 10_000_000,
        "source": said.time.source,
        "detail": "UTC moved by -86400000 ms against the monotonic clock, 2 steps together",
    }
    assert said.time.event_monotonic_us == 20_000_000
    report = verify(open_material(tmp_path))
    assert report.good, report.problems


def test_a_box_that_does_not_know_the_time_sets_no_day_of_deletion(tmp_path):
    seal, held = a_case(1)
    lost = replace(seal.clock, source=ClockSource.NONE, synced=False, est_error=None)
    with a_store(tmp_path) as store:
        known = parse(store.seal(seal, held).payload)
        unknown = parse(store.seal(replace(seal, case="other", clock=lost), held).payload)

    assert known.retention.delete_after_utc_us is not None
    assert unknown.retention.delete_after_utc_us is None
    assert unknown.retention.retention_class == known.retention.retention_class
