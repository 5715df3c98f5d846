"""Reads of a video's frames become its plates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.units import MS, Ns
from edge_agent.devices.plate_reader.films import Film, Said, merged
from edge_agent.errors import DeviceError
from tests.films import a_video

A, B, MISREAD = "沪A12345", "苏E8K672", "沪A1234B"


def said(ms, text, confidence=0.8, *others, colour="blue"):
    return Said(Ns(ms * MS), ((text, confidence), *others), colour)


def test_reads_of_one_plate_are_one_with_its_frames_and_times():
    [plate] = merged([said(0, A, 0.9), said(200, A, 0.7), said(400, A, 0.8)], 9)
    assert (plate.text, plate.frames, plate.agreeing) == (A, 3, 3)
    assert (plate.first, plate.last) == (0, 400 * MS)
    assert plate.confidence == pytest.approx(0.8)
    assert plate.colour == "blue"


def test_whole_strings_are_summed_so_that_an_alternative_can_win():
    reads = [said(0, "沪A1234S", 0.5, (A, 0.4)), said(100, A, 0.6), said(200, A, 0.6)]
    [plate] = merged(reads, 3)
    assert (plate.text, plate.frames, plate.agreeing) == (A, 3, 2)
    assert plate.candidates[1][0] == "沪A1234S"


def test_what_one_frame_alone_says_is_not_written_unless_there_was_only_one():
    assert merged([said(0, A), said(100, B)], 2) == ()
    assert [plate.text for plate in merged([said(0, A)], 1)] == [A]


def test_two_vehicles_are_two_in_the_order_in_which_they_came():
    reads = [said(0, B), said(200, B), said(5_000, A), said(5_200, A)]
    assert [plate.text for plate in merged(reads, 40)] == [B, A]


def test_a_plate_that_comes_by_twice_is_one():
    reads = [said(0, A), said(200, A), said(60_000, A), said(60_200, A)]
    [plate] = merged(reads, 400)
    assert (plate.frames, plate.agreeing, plate.last) == (4, 4, 60_200 * MS)


reads = st.lists(
    st.tuples(st.integers(0, 4_000), st.sampled_from([A, B, MISREAD, "沪AD12345"]), st.floats(0, 1)),
    max_size=30,
).map(lambda rows: [said(sum(r[0] for r in rows[: k + 1]), row[1], row[2]) for k, row in enumerate(rows)])


@settings(deadline=None)
@given(reads)
def test_whatever_was_said_plates_are_distinct_agreed_on_and_in_time(rows):
    plates = merged(rows, len(rows) + 1)
    assert len({plate.text for plate in plates}) == len(plates)
    for plate in plates:
        assert 2 <= plate.agreeing <= plate.frames <= len(rows)
        assert rows[0].at <= plate.first <= plate.last <= rows[-1].at
        assert 0 <= plate.confidence <= 1
        assert sum(row.candidates[0][0] == plate.text for row in rows) >= plate.agreeing


# -- files -----------------------------------------------------------------------------------------


def test_every_nth_frame_is_looked_at_at_its_time(tmp_path):
    path = tmp_path / "x.mp4"
    a_video(path, [np.full((64, 96, 3), 10 * k, np.uint8) for k in range(12)])
    film = Film(path, 5)
    assert film.frames == 3
    pictures = list(film.pictures())
    assert [at for at, _ in pictures] == [0, 200 * MS, 400 * MS]
    assert [round(float(image.mean()), -1) for _, image in pictures] == [0, 50, 100]


@pytest.mark.parametrize("content", [b"", b"no video", b"line\n" * 400, b"#EXTM3U\n/etc/passwd\n"])
def test_what_is_no_video_is_said(tmp_path, content):
    path = tmp_path / "x.txt"
    path.write_bytes(content)
    with pytest.raises(DeviceError, match="not a video"):
        Film(path, 5)


def test_a_torn_video_gives_what_it_has(tmp_path):
    whole, torn = tmp_path / "x.avi", tmp_path / "y.avi"
    a_video(whole, [np.random.default_rng(k).integers(0, 255, (64, 96, 3), np.uint8) for k in range(30)])
    torn.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    assert 1 <= len(list(Film(torn, 1).pictures())) < 30
