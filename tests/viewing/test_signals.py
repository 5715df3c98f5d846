"""A recording as things to show."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.events import ClockSource, ClockStatus, PlateSeen, SceneSeen, Started
from edge_agent.core.units import MS, TONNE, Ns, S
from edge_agent.journal.moments import Moment
from edge_agent.journal.moments import moment as parsed
from edge_agent.journal.reader import Recording
from edge_agent.journal.video import VideoPacket
from edge_agent.viewing.cameras import Cameras
from edge_agent.viewing.loads import extremes
from edge_agent.viewing.plates import PlateWords
from edge_agent.viewing.signals import Choice, signals
from edge_agent.viewing.things import Areas, Boxes, Image, Line, Load, Numbers, State, Video
from edge_agent.viewing.times import timed
from tests.viewing.recordings import (
    BASE,
    CAMERA,
    FRONT,
    SECONDS,
    TALL,
    WIDE,
    ZONE,
    a_site,
    make,
    packets,
    video,
)


def shown(made, choice=None, site=None):
    return list(signals(made.recordings, site or a_site(), choice or Choice()))


def things(made, kind, choice=None, site=None):
    return [one.thing for one in shown(made, choice, site) if isinstance(one.thing, kind)]


def numbers(found, *path):
    return [one for one in found if one.path == path]


def moment(text):
    said = parsed(text)
    return Moment(said.at, said.since_start)


def load_of(made, sensor, choice=None):
    loads = [one for one in things(made, Load, choice) if one.path[-1] == sensor]
    return np.concatenate([one.at for one in loads]), np.concatenate([one.tonnes for one in loads])


def test_the_load_of_each_axle_stands_in_the_trace_where_the_core_says(made):
    at, tonnes = load_of(made, "pad-1")

    for seen in made.crossings:
        for axle in seen.crossing.axles:
            there = tonnes[abs(at - axle.at) <= 10 * MS]
            assert there.mean() == pytest.approx(axle.load / TONNE, rel=0.06)


def test_an_empty_scale_reads_zero(made):
    at, tonnes = load_of(made, "pad-2")
    before = at < BASE + 3 * S

    assert before.any()
    assert abs(tonnes[before]).max() < 0.1


def test_a_hundred_samples_a_second_are_enough_and_none_is_higher_in_the_full_trace(made):
    at, tonnes = load_of(made, "pad-1")
    full_at, full = load_of(made, "pad-1", Choice(full=True))

    assert len(at) < len(full_at) / 10
    assert (tonnes.max(), tonnes.min()) == (full.max(), full.min())
    assert np.median(np.diff(full_at)) == MS
    assert (np.bincount((at - BASE) // S) <= 100).all()


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(-50, 50, allow_nan=False)), max_size=60))
def test_the_least_and_the_greatest_of_every_bin_are_kept(samples):
    samples.sort(key=lambda sample: sample[0])
    bins = np.array([sample[0] for sample in samples], np.int64)
    values = np.array([sample[1] for sample in samples])
    kept = extremes(bins, values)

    assert (np.diff(kept) > 0).all()
    for number in set(bins.tolist()):
        held = values[kept[bins[kept] == number]]
        assert {held.min(), held.max()} == {values[bins == number].min(), values[bins == number].max()}
        assert len(held) <= 2


def test_crossings_axles_and_matches_are_those_that_were_decided(made):
    found = things(made, Numbers)
    crossings = numbers(found, "lanes", "1", "crossing")
    [match] = numbers(found, "lanes", "1", "match")

    assert [one.values["gross_t"] for one in crossings] == [s.crossing.gross / TONNE for s in made.crossings]
    assert [one.at for one in crossings] == [s.crossing.first_axle_at for s in made.crossings]
    axles = [axle for seen in made.crossings for axle in seen.crossing.axles]
    assert [one.values["axle_t"] for one in numbers(found, "lanes", "1", "axle")] == [
        axle.load / TONNE for axle in axles
    ]
    assert match.values["best"] == made.seal.match.candidates[0].posterior / 1e6


def test_a_crossing_over_a_limit_is_a_bar_that_ends(made):
    states = [one for one in things(made, State) if one.path == ("lanes", "1", "limits")]

    posted = made.crossings[1].verdicts[0]
    assert posted.evaluator == "posted"
    assert [one.state for one in states] == ["over", "", posted.outcome.value, ""]
    assert states[1].at == made.crossings[0].crossing.closed_at


def test_what_was_decided_is_made_again_where_it_was_not_recorded(made, tmp_path):
    bare = make(tmp_path / "bare.mcap", decided=False)

    assert bare.decisions == made.decisions
    one, other = ([s.thing for s in shown(each) if not isinstance(s.thing, Load)] for each in (made, bare))
    assert one == other


def test_of_a_torn_recording_it_is_known_too_whether_decisions_are_in_it(made, tmp_path):
    bare = make(tmp_path / "bare.mcap", decided=False)
    for path in (made.path, bare.path):
        torn = tmp_path / f"torn-{path.name}"
        torn.write_bytes(path.read_bytes()[:-5_000])
        assert Recording.open(torn).has_decisions == Recording.open(path).has_decisions == (path == made.path)


def test_plates_are_hidden_unless_asked_for(made):
    [heavy] = {c.read.text for c in made.seal.match.candidates if c.read.text}
    texts = {seen.text for seen in made.of(PlateSeen)} | {heavy}
    hidden = " ".join(line.text for line in things(made, Line))
    open_ = " ".join(line.text for line in things(made, Line, Choice(plates=True)))

    assert not any(text in hidden for text in texts)
    assert heavy[0] + "•" * 6 in hidden
    assert all(text in open_ for text in texts)


@given(st.text("沪京粤ABCDEFGH0123456789", min_size=2, max_size=9))
def test_of_a_hidden_plate_only_its_province_and_length_can_be_read(text):
    said = PlateWords(shown=False)(text)
    assert len(said) == len(text)
    assert said[0] == text[0]
    assert set(said[1:]) == {"•"}


def test_boxes_and_zones_are_drawn_in_the_pixels_of_the_video(made):
    boxes = [one for one in things(made, Boxes) if one.layer == "detections" and one.boxes]
    [areas] = [one for one in things(made, Areas) if one.screen == ("cameras", CAMERA, "video")]
    seen = [one for one in made.of(SceneSeen) if one.detections]
    on_video = [one for one in boxes if one.screen[1] == CAMERA]

    assert len(on_video) == len(seen)
    box, truth = on_video[0].boxes[0], seen[0].detections[0]
    assert (box.x_min, box.y_max) == (truth.x_min * WIDE / 1000, truth.y_max * TALL / 1000)
    assert box.label == "stall 90 %"
    assert (areas.width, areas.height) == (WIDE, TALL)
    zone = next(area for area in areas.areas if area.kind == "zone")
    assert (zone.name, zone.points) == (FRONT, tuple((x * WIDE, y * TALL) for x, y in ZONE))


def test_every_compressed_picture_is_there_from_the_first_keyframe_on(made):
    shown_video = things(made, Video)

    assert [(one.at, one.data) for one in shown_video] == [(p.captured_at, p.data) for p in made.video]


def test_a_zone_s_states_are_those_that_were_decided(made):
    states = [one.state for one in things(made, State) if one.path == ("zones", FRONT, "state")]

    assert "candidate" in states
    assert "confirmed" in states
    assert states[-1] == "clear"


def test_where_no_video_was_recorded_there_is_something_to_draw_on(tmp_path):
    made = make(tmp_path / "blind.mcap", moving=[])
    canvas = [one for one in things(made, Image) if one.screen[1] == CAMERA]
    boxes = [one for one in things(made, Boxes) if one.screen[1] == CAMERA and one.boxes]

    assert [one.media_type for one in canvas] == ["image/png"]
    assert canvas[0].at == BASE
    assert boxes[0].boxes[0].x_max == made.of(SceneSeen)[3].detections[0].x_max * 1280 / 1000


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_pictures_that_are_reordered_are_decoded_and_in_order(tmp_path, codec):
    made = make(tmp_path / "reordered.mcap", moving=video(codec=codec, bframes=2))
    assert not things(made, Video)

    pictures = [one for one in things(made, Image) if one.screen == ("cameras", CAMERA, "video")]
    assert [one.at for one in pictures] == sorted(packet.captured_at for packet in made.video)
    assert pictures[0].data.startswith(b"\xff\xd8")
    assert any("B-frames" in line.text for line in things(made, Line))


def test_h265_goes_through_as_it_is_and_is_decoded_where_asked_for(tmp_path):
    made = make(tmp_path / "h265.mcap", moving=video(codec="h265"))

    assert {one.format for one in things(made, Video)} == {"h265"}
    assert len(things(made, Video)) == len(made.video)
    decoded = [one for one in things(made, Image, Choice(decoded=True)) if one.screen[1] == CAMERA]
    assert [one.at for one in decoded] == [packet.captured_at for packet in made.video]


@given(st.binary(max_size=300), st.sampled_from(["h264", "h265", "vp9"]), st.booleans())
def test_bytes_that_are_no_video_end_nothing(data, form, whole):
    header = {"h264": b"\x67", "h265": b"\x42\x01"}.get(form, b"")
    cameras = Cameras(None, lambda _picture: None, decoded=whole)
    for body in (b"\0\0\0\1" + header + data, data, packets()[0][1] + data, packets()[1][1][:-9] + data):
        shown_things = list(cameras.video(VideoPacket("east", Ns(0), form, body)))
        assert all(isinstance(one, Video | Image | Line | Areas) for one in shown_things)
    list(cameras.close())


def test_a_vehicle_s_picture_is_shown_with_its_plates_or_not_at_all(tmp_path):
    data = b"\xff\xd8 a picture"
    name = hashlib.sha256(data).hexdigest()
    made = make(tmp_path / "rec.mcap", picture=name)
    folder = tmp_path / "rec.mcap.pictures"
    folder.mkdir()
    stills = ("cameras", "cam1", "stills")

    (folder / f"{name}.jpg").write_bytes(data)
    assert [one.data for one in things(made, Image, Choice(plates=True)) if one.screen == stills] == [data]
    assert [one.media_type for one in things(made, Image) if one.screen == stills] == ["image/png"]

    (folder / f"{name}.jpg").write_bytes(data + b" that was changed")
    assert data not in [one.data for one in things(made, Image, Choice(plates=True))]


def test_without_a_configuration_what_needs_none_is_shown(made):
    found = [one.thing for one in signals(made.recordings, None, Choice())]

    assert not any(isinstance(one, Load | Areas) for one in found)
    assert {"crossing", "match", "dwell"} <= {one.path[-1] for one in found if isinstance(one, Numbers)}


# -- time ------------------------------------------------------------------------------------------


def test_everything_has_its_time_on_the_wall_what_came_before_the_clock_too(made):
    offsets = {one.utc_minus_mono for one in shown(made)}
    assert offsets == {made.of(ClockStatus)[0].utc_minus_mono}


def test_without_a_clock_times_are_the_box_s_own(tmp_path):
    made = make(tmp_path / "timeless.mcap", clock=False)
    assert {one.utc_minus_mono for one in shown(made)} == {None}


def test_after_a_reboot_the_new_clock_holds():
    def run(boot, offset):
        clock = ClockStatus(Ns(2), offset, ClockSource.NTP, True, Ns(0), Ns(1))
        return [Started(Ns(1), boot, "test", ""), clock, PlateSeen(Ns(3), "cam1", None, None, "", 0)]

    said = [offset for _, offset in timed([*run("one", 100), *run("two", 9_000)], 100)]
    assert said == [100, 100, 100, 9_000, 9_000, 9_000]


def test_a_window_cuts_and_what_held_before_is_known_in_it(made):
    start = BASE + 8 * S
    cut = shown(made, Choice(start=moment("+8s"), end=moment("+12s")))
    loads = [one.thing for one in cut if isinstance(one.thing, Load)]
    others = [one.thing for one in cut if not isinstance(one.thing, Load)]

    assert all(start <= thing.at < start + 4 * S for thing in others)
    assert all(start <= load.at[0] and load.at[-1] <= start + 4 * S for load in loads)
    zone = next(one for one in others if isinstance(one, State) and one.path == ("zones", FRONT, "state"))
    assert (zone.at, zone.state) == (start, "candidate")
    assert next(one for one in others if isinstance(one, Areas)).at == start
    first = next(one for one in others if isinstance(one, Video))
    assert first.data in [data for number, data in enumerate(p.data for p in made.video) if number % 10 == 0]


def test_a_window_by_the_clock_on_the_wall_is_the_same_one(made):
    utc = BASE + made.of(ClockStatus)[0].utc_minus_mono
    seconds = [f"{datetime.fromtimestamp((utc + at * S) // S, UTC):%Y-%m-%dT%H:%M:%SZ}" for at in (8, 12)]
    by_clock = Choice(start=moment(seconds[0]), end=moment(seconds[1]))
    by_seconds = Choice(start=moment("+8s"), end=moment("+12s"))

    one, other = (
        [s.thing for s in shown(made, choice) if not isinstance(s.thing, Load)]
        for choice in (by_clock, by_seconds)
    )
    assert one == other


def test_a_window_on_the_wall_of_a_recording_without_a_clock_shows_nothing(tmp_path):
    made = make(tmp_path / "timeless.mcap", clock=False)
    assert not shown(made, Choice(start=moment("2026-01-01T00:00:00Z")))


def test_a_second_run_in_the_same_file_begins_with_a_fresh_scale(made):
    """Its zero is learned anew, so the first second has no load."""
    twice = [*made.recordings, *made.recordings]
    loads = [one.thing for one in signals(twice, a_site(), Choice()) if isinstance(one.thing, Load)]
    once = [one.thing for one in signals(made.recordings, a_site(), Choice()) if isinstance(one.thing, Load)]

    assert len(loads) == 2 * len(once)
    assert all((one.tonnes == other.tonnes).all() for one, other in zip(loads, once * 2, strict=True))
    assert once[0].at[0] > BASE + S // 2
    assert (SECONDS + 1) * S > once[-1].at[-1] - BASE > (SECONDS - 1) * S
