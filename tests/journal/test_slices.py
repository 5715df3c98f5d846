"""The slice that a statement names: found again in the box's folder, and replayed to the same case."""

from dataclasses import replace

import pytest

from edge_agent.config import recorded
from edge_agent.config.loader import load
from edge_agent.core.decisions import Seal, SealCoverage, SealTimeStep
from edge_agent.core.events import SerialBytes, Started, Tick
from edge_agent.core.records import JournalSlice
from edge_agent.core.site import Site
from edge_agent.core.units import S
from edge_agent.evidence.examples import a_case
from edge_agent.evidence.examples_street import a_zone_case
from edge_agent.journal import slices
from edge_agent.journal.numbering import EventCount
from edge_agent.journal.recorder import Recorder
from edge_agent.journal.settings import JournalSettings
from edge_agent.journal.slices import MARGIN, slice_of
from edge_agent.journal.writer import RecordingHeader
from tests.test_compose import a_site, a_vehicle

AT = EventCount("boot-1", 77, 5_000 * S)


def test_it_begins_a_margin_before_what_the_decision_rests_on():
    seal, zone = a_case(number=50)[0], a_zone_case()[0]
    coverage = SealCoverage(5_000 * S, 1_400 * S, 5_000 * S, (), None)
    step = SealTimeStep(5_000 * S, 4_000 * S, 7, 1, None)

    assert slice_of(seal, AT) == JournalSlice("boot-1", seal.raw.start - MARGIN, 5_000 * S, 77)
    early = replace(seal, match=replace(seal.match, predicted_at=2_900 * S))
    assert slice_of(early, AT).start == 2_900 * S - MARGIN
    assert slice_of(zone, AT).start == max(0, zone.report.first_seen_at - MARGIN)
    assert slice_of(coverage, AT).start == 1_400 * S - MARGIN
    assert slice_of(step, AT).start == 4_000 * S - MARGIN
    assert slice_of(replace(seal, raw=None), EventCount("b", 3, 1 * S)).end > 0


@pytest.fixture
def two_runs(tmp_path):
    """(site, folder, the second run's cases with their slices, its events), in segments of 300 s."""
    site = load(a_site(tmp_path, "/dev/null"))
    folder = tmp_path / "journal"
    settings = JournalSettings(dir=folder, flush_ms=10, reserve_mb=0)
    header = RecordingHeader("test", site.sha256(), recorded.to_text(site))
    named, seen = [], []
    for run in ("boot-1", "boot-2"):
        core, count, seen = Site(site.core()), EventCount(), []
        recorder = Recorder(folder, settings, header)
        for event in [Started(0, run, "v", "c"), *traffic()]:
            if event.at % (300 * S) == 0:
                recorder.close()  # as at its size: the next event begins another
            recorder.event(event)
            count.take(event)
            seen.append(event)
            for decision in core.step(event):
                recorder.decision(decision)
                if isinstance(decision, Seal):
                    named.append((decision, slice_of(decision, count)))
        recorder.close()
    return site, folder, [pair for pair in named if pair[1].boot_id == "boot-2"], seen


def traffic():
    for n in range(1, 120):
        heavy = n % 30 == 29
        yield SerialBytes(n * 10 * S, "wim", a_vehicle(f"v{n}", 26_000 if heavy else 9_000))
        yield Tick(n * 10 * S + 5 * S)


def test_what_a_statement_names_is_found_and_is_the_events_that_led_to_it(two_runs):
    _, folder, named, seen = two_runs
    assert len(named) == 4
    for decision, wanted in named:
        found = slices.find(folder, wanted)
        events = list(slices.events(found, wanted))

        numbers = [number for number, _ in events]
        assert numbers == list(range(numbers[0], wanted.last_event + 1))
        assert [event for _, event in events] == seen[numbers[0] : wanted.last_event + 1]
        assert events[0][1].at >= wanted.start > seen[numbers[0] - 1].at or numbers[0] == 0
        assert decision in list(slices.decisions(found, wanted))
        assert len(found) < 5
        assert not slices.begins_late(found, wanted)


def test_a_slice_alone_replays_to_the_same_weighing(two_runs):
    site, folder, named, _ = two_runs
    for decision, wanted in named:
        core = Site(site.core())
        made = [
            again
            for _, event in slices.events(slices.find(folder, wanted), wanted)
            for again in core.step(event)
            if isinstance(again, Seal)
        ]
        assert [again.crossing.gross for again in made][-1] == decision.crossing.gross
        assert made[-1].crossing.axles == decision.crossing.axles
        assert made[-1].verdicts == decision.verdicts


def test_a_slice_whose_beginning_the_quota_took_says_so(two_runs):
    _, folder, named, _ = two_runs
    wanted = named[-1][1]
    gone = slices.find(folder, wanted)[0].path
    for path in folder.glob("*.mcap"):
        if path.name <= gone.name:
            path.unlink()

    assert slices.begins_late(slices.find(folder, wanted), wanted)
    assert slices.find(folder, replace(wanted, boot_id="another")) == []
    assert slices.begins_late([], wanted)
