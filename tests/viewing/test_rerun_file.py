"""A recording for Rerun, read back with Rerun's own reader."""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict

import pytest

from edge_agent.core.decisions import ZoneChanged
from edge_agent.core.events import ClockStatus, SceneSeen
from edge_agent.core.units import TONNE
from edge_agent.errors import UsageError
from edge_agent.viewing.signals import Choice, signals
from edge_agent.viewing.things import Line, Load
from tests.viewing.recordings import BASE, CAMERA, FRONT, SECONDS, TALL, WIDE, ZONE, a_site, make

pytest.importorskip("rerun", reason="an extra: pip install edge-agent[view]")

import rerun as rr
from rerun import new_entity_path
from rerun.chunk import RrdReader

from edge_agent.viewing.opening import rerun_program
from edge_agent.viewing.rerun_file import write

EAST = ("cameras", CAMERA, "video")


@pytest.fixture(scope="module")
def written(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rerun")
    out, layout = folder / "rec.rrd", folder / "rec.rbl"
    inventory = write(signals(made.recordings, a_site(), Choice()), "rec", out, layout)
    return out, layout, inventory


@pytest.fixture(scope="module")
def columns(written):
    """`columns(place, name)`: the rows of a component, and `columns(place, "utc")` of a time line."""
    reader = RrdReader(written[0])
    [recording] = reader.recordings()
    batches = defaultdict(list)
    for chunk in reader.stream(store=recording):
        batches[chunk.entity_path].append(chunk.to_record_batch())

    def read(place, name):
        found = []
        for batch in batches[new_entity_path(list(place))]:
            if name in batch.schema.names:
                static = "utc" not in batch.schema.names
                times = [0] * batch.num_rows if static else [one.value for one in batch.column("utc")]
                rows = times if name == "utc" else batch.column(name).to_pylist()
                found += zip(times, rows, strict=True)
        return [row for _, row in sorted(found, key=lambda one: one[0])]

    return read


def test_rerun_itself_finds_nothing_wrong_with_the_files(written):
    out, layout, _ = written
    done = subprocess.run([rerun_program(), "rrd", "verify", out, layout], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_it_holds_one_recording_and_its_layout(written):
    out, layout, _ = written
    assert [one.recording_id for one in RrdReader(out).recordings()] == ["rec"]
    assert {one.application_id for one in RrdReader(out).blueprints()} == {"edge-agent"}
    assert len(RrdReader(layout).blueprints()) == 1


def test_loads_are_those_of_the_recording_at_their_time(columns, made):
    truth = [
        one.thing
        for one in signals(made.recordings, a_site(), Choice())
        if isinstance(one.thing, Load) and one.thing.path[-1] == "pad-1"
    ]
    place = ("lanes", "1", "load", "pad-1")

    values = [value[0] for value in columns(place, "Scalars:scalars")]
    assert values == [tonnes for load in truth for tonnes in load.tonnes.tolist()]
    offset = made.of(ClockStatus)[0].utc_minus_mono
    assert columns(place, "utc") == [at + offset for load in truth for at in load.at.tolist()]


def test_seen_from_afar_an_axle_is_drawn_as_high_as_it_was(columns):
    [how] = columns(("lanes", "1", "load", "pad-1"), "SeriesLines:aggregation_policy")

    assert how == [rr.components.AggregationPolicy.MinMax.value]


def test_crossings_axles_and_matches_have_their_values(columns, made):
    gross = [[seen.crossing.gross / TONNE] for seen in made.crossings]
    assert columns(("lanes", "1", "crossing", "gross_t"), "Scalars:scalars") == gross

    axles = [[axle.load / TONNE] for seen in made.crossings for axle in seen.crossing.axles]
    assert columns(("lanes", "1", "axle", "axle_t"), "Scalars:scalars") == axles

    best = [[made.seal.match.candidates[0].posterior / 1e6]]
    assert columns(("lanes", "1", "match", "best"), "Scalars:scalars") == best


def test_the_video_is_the_recorded_one_packet_by_packet(columns, made):
    samples = [bytes(sample[0]) for sample in columns(EAST, "VideoStream:sample")]
    assert samples == [packet.data for packet in made.video]
    assert len(samples) == 5 * SECONDS


def test_boxes_and_zones_are_drawn_in_pixels(columns, made):
    seen = made.of(SceneSeen)
    labels = columns((*EAST, "detections"), "Boxes2D:labels")
    sizes = [one for one in columns((*EAST, "detections"), "Boxes2D:half_sizes") if one]
    strips = columns((*EAST, "areas"), "LineStrips2D:strips")[0]
    box = next(one.detections[0] for one in seen if one.detections)

    assert [label or [] for label in labels] == [["stall 90 %"] * len(one.detections) for one in seen]
    half = [(box.x_max - box.x_min) * WIDE / 2000, (box.y_max - box.y_min) * TALL / 2000]
    assert list(sizes[0][0]) == pytest.approx(half)
    corners = [(x * WIDE, y * TALL) for x, y in [*ZONE, ZONE[0]]]
    assert [tuple(point) for point in strips[0]] == [pytest.approx(corner) for corner in corners]
    assert columns((*EAST, "areas"), "LineStrips2D:labels")[0][0] == FRONT


def test_states_are_those_that_were_decided_and_end_where_they_end(columns, made):
    states = columns(("zones", FRONT, "state"), "StateChange:state")
    assert states == [[one.state.value] for one in made.of(ZoneChanged)]
    bars = columns(("lanes", "1", "limits"), "StateChange:state")
    assert [bar[0] for bar in bars] == [state for seen in made.crossings for state in (said(seen), "")]


def said(seen):
    outcomes = [verdict.outcome.value for verdict in seen.verdicts]
    return "over" if "over" in outcomes else outcomes[0]


def test_the_log_has_every_line_and_no_plate(columns, made):
    lines = [one.thing for one in signals(made.recordings, a_site(), Choice()) if isinstance(one.thing, Line)]
    sources = {line.source for line in lines}
    said_lines = [
        text[0] for source in sources for text in columns(("log", *source.split("/")), "TextLog:text")
    ]

    assert len(said_lines) == len(lines)
    assert any(re.match(r"\d\d:\d\d:\d\d\.\d{3}  lane/1  crossing 1: ", text) for text in said_lines)
    assert not any("12345" in text for text in said_lines)


def test_without_a_clock_things_lie_on_the_box_s_own_time_line(tmp_path):
    made = make(tmp_path / "timeless.mcap", clock=False, street=False, moving=[])
    inventory = write(signals(made.recordings, a_site(), Choice()), "rec", tmp_path / "rec.rrd", None)
    names = {name for chunk in RrdReader(tmp_path / "rec.rrd").stream() for name in chunk.timeline_names}

    assert names == {"box"}
    assert not inventory.utc
    assert inventory.span[0] == BASE


def test_a_file_that_cannot_be_made_is_a_mistake_of_the_caller_s(tmp_path):
    with pytest.raises(UsageError, match="Is a directory"):
        write([], "rec", tmp_path, None)
