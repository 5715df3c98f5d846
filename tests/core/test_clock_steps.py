"""A clock that is set under the box: what it weighed and saw stays when it was, and is reference."""

import json
from dataclasses import replace

import pytest

from edge_agent.core import events as ev
from edge_agent.core.decisions import Seal, SealStreet, SealTimeStep
from edge_agent.core.records import UseClass
from edge_agent.core.site import Site
from edge_agent.core.site_settings import SiteSettings
from edge_agent.core.timekeeper import SETTLE
from edge_agent.core.units import MS, S
from edge_agent.journal.codec import decision_line
from tests.road import POSTED
from tests.storefront import NOON_UTC, photograph, scenes, start, street_settings

UTC = 1_790_000_000 * S
DAY = 86_400 * S
GOOD, BAD = 10 * MS, 1001 * MS
DOUBT, LOST = ["clock_unsynced"], ["clock_unsynced", "clock_error_unknown"]
STEPS = [
    ("a day ahead by hand", DAY, False, UTC),
    ("a day back by hand", -DAY, False, UTC),
    ("a leap second", -S, True, UTC - S),
    ("set right by its source", 5 * S, True, UTC + 5 * S),
]


def clock(at, offset=UTC, *, synced=True, error=GOOD):
    source = ev.ClockSource.NTP if synced else ev.ClockSource.NONE
    return ev.ClockStatus(at, offset, source, synced, 0, error if synced else None)


def bridge():
    return Site(
        SiteSettings.model_validate(
            {
                "id": "bridge-test",
                "ports": {"wim": {"protocol": {"kind": "wim_json", "lanes": {"1": "1"}}}},
                "lanes": {
                    "1": {
                        "port": "wim",
                        "scale": {"calibration": {"id": "test"}},
                        "limits": {"posted": POSTED},
                    }
                },
                "legal": {"use_class": "enforcement"},
            }
        )
    )


def crosses(at):
    record = {
        "v": 1,
        "id": f"at-{at}",
        "lane": "1",
        "first_axle_age_ms": 900,
        "last_axle_age_ms": 400,
        "axles": [{"load_g": 11_000_000, "offset_mm": 0}, {"load_g": 15_000_000, "offset_mm": 4_000}],
        "gross_g": 26_000_000,
        "speed_mm_s": 8_000,
    }
    return ev.SerialBytes(at, "wim", json.dumps(record).encode() + b"\n")


def drive(site, stream):
    return [d for event in sorted(stream, key=lambda event: event.at) for d in site.step(event)]


def about_the_clock(seal):
    return [reason for reason in seal.reasons if reason.startswith("clock")]


@pytest.mark.parametrize(("what", "step", "synced", "believed"), STEPS, ids=[step[0] for step in STEPS])
def test_on_the_bridge(what, step, synced, believed):
    later = 200 * S
    stream = [
        ev.Started(0, "boot", "test", "0" * 64),
        clock(S),
        crosses(5 * S),
        clock(11 * S, UTC + step, synced=synced),
        crosses(12 * S),
        clock(later - S, UTC + step, synced=synced),
        crosses(later),
    ]
    decided = drive(bridge(), stream)

    [told] = [d for d in decided if isinstance(d, SealTimeStep)]
    assert (told.step, told.since, told.at) == (step, S, 11 * S)
    before, after, settled = (d for d in decided if isinstance(d, Seal))
    assert about_the_clock(before) == []
    assert before.clock.utc_minus_mono == UTC
    assert about_the_clock(after) == (DOUBT if synced else LOST)
    assert after.use_class is UseClass.REFERENCE
    assert after.clock.utc_minus_mono == settled.clock.utc_minus_mono == believed
    assert later - 11 * S > SETTLE
    assert about_the_clock(settled) == ([] if synced else LOST)


def test_a_box_that_starts_in_1970_says_no_time_that_it_does_not_know():
    stream = [
        ev.Started(0, "boot", "test", "0" * 64),
        clock(S, 0, synced=False),
        crosses(5 * S),
        clock(11 * S),
        crosses(12 * S),
    ]
    decided = drive(bridge(), stream)

    before, after = (d for d in decided if isinstance(d, Seal))
    assert about_the_clock(before) == ["clock_unknown"]
    assert about_the_clock(after) == ["clock_unsynced"]
    assert after.clock.utc_minus_mono == UTC
    assert [d.step for d in decided if isinstance(d, SealTimeStep)] == [UTC]


def test_an_error_of_more_than_a_second_is_reference():
    stream = [ev.Started(0, "boot", "test", "0" * 64), clock(S, error=BAD), crosses(5 * S)]
    [seal] = (d for d in drive(bridge(), stream) if isinstance(d, Seal))

    assert about_the_clock(seal) == ["clock_error"]
    assert seal.use_class is UseClass.REFERENCE


def in_the_street(step, *, synced):
    """Goods stand from 60 s on; the clock steps at 200 s, half-way to the confirmation."""
    site = Site(street_settings(rule={"recheck_s": 0}))
    begin = start()
    good = next(event for event in begin if isinstance(event, ev.ClockStatus))
    stepped = replace(
        good,
        at=200 * S,
        utc_minus_mono=NOON_UTC + step,
        synced=synced,
        source=ev.ClockSource.NTP if synced else ev.ClockSource.NONE,
        est_error=good.est_error if synced else None,
    )
    decided = []
    for event in sorted([*begin, *scenes(("", 60), ("stall", 400)), stepped], key=lambda e: e.at):
        pending = [event]
        while pending:
            now = site.step(pending.pop(0))
            decided += now
            pending += [
                photograph(d, max(s.time for s in d.shots)) for d in now if type(d).__name__ == "TakePictures"
            ]
    return decided


@pytest.mark.parametrize("step", [DAY, -DAY])
def test_in_the_street_a_case_goes_on_as_if_nobody_had_touched_the_clock(step):
    decided = in_the_street(step, synced=False)

    [seal] = [d for d in decided if isinstance(d, SealStreet)]
    assert (seal.report.first_seen_at, seal.report.confirmed_at) == (60 * S, 360 * S)
    assert seal.clock.utc_minus_mono == NOON_UTC
    assert not seal.clock.synced
    assert about_the_clock(seal) == LOST
    assert seal.use_class is not UseClass.ENFORCEMENT
    assert [d.step for d in decided if isinstance(d, SealTimeStep)] == [step]


def test_the_same_events_give_the_same_records():
    first, second = (in_the_street(-S, synced=True) for _ in range(2))

    assert list(map(decision_line, first)) == list(map(decision_line, second))


def test_steps_that_were_not_told_yet_are_told_at_the_end():
    stream = [ev.Started(0, "boot", "test", "0" * 64), clock(S)]
    stream += [clock((10 * n + 1) * S, UTC + n * S) for n in (1, 2, 3)]
    decided = drive(bridge(), [*stream, ev.Stopped(40 * S)])

    assert [(d.step, d.steps) for d in decided if isinstance(d, SealTimeStep)] == [(S, 1), (2 * S, 2)]
