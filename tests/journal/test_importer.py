"""Foreign captures become events, or every problem in them is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.events import SerialBytes
from edge_agent.errors import ConfigError
from edge_agent.journal.importer import parse_time, read_plates_csv, read_serial_capture


def test_a_serial_capture_is_read_with_comments_and_both_kinds_of_time(tmp_path):
    path = tmp_path / "capture.txt"
    path.write_text("# my capture\n1.000000001 02 2b\n\n1970-01-01T00:00:02Z 0d0a  # CRLF\n")

    assert read_serial_capture(path, "wim") == [
        SerialBytes(1_000_000_001, "wim", b"\x02\x2b"),
        SerialBytes(2_000_000_000, "wim", b"\r\n"),
    ]


def test_every_bad_line_of_a_capture_is_named(tmp_path):
    path = tmp_path / "capture.txt"
    path.write_text("1.5 zz\nyesterday 00\n2.0 00\n")

    with pytest.raises(ConfigError) as caught:
        read_serial_capture(path, "wim")

    assert [problem.line for problem in caught.value.problems] == [1, 2]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("5 02\n5 03\n4.999999999 04\n", 3, "4.999999999 is before the time of the line above"),
        ("5 02\n6\n", 2, "no bytes behind the time"),
        ("5 02\r\n6 2\r\n", 2, "hexadecimal"),
    ],
)
def test_a_capture_of_bytes_that_cannot_have_come_so_is_refused(tmp_path, text, line, said):
    path = tmp_path / "capture.txt"
    path.write_text(text, newline="")

    with pytest.raises(ConfigError, match=said) as caught:
        read_serial_capture(path, "wim")
    assert [problem.line for problem in caught.value.problems] == [line]


def test_a_tab_parts_time_from_bytes_as_well(tmp_path):
    path = tmp_path / "capture.txt"
    path.write_text("5\t02 2B\n")

    assert read_serial_capture(path, "wim") == [SerialBytes(5_000_000_000, "wim", b"\x02\x2b")]


def test_a_table_that_windows_wrote_is_read_as_any(tmp_path):
    path = tmp_path / "plates.csv"
    path.write_bytes("\ufefftime,camera,plate\r\n1,cam1,沪A12345\r\n\r\n2,cam1,京B54321\r\n".encode())

    assert [(read.at // 10**9, read.text) for read in read_plates_csv(path)] == [
        (1, "沪A12345"),
        (2, "京B54321"),
    ]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_a_table_in_another_encoding_is_refused_with_the_way_to_mend_it(tmp_path, encoding):
    path = tmp_path / "plates.csv"
    path.write_bytes("time,camera,plate\n1,cam1,沪A12345\n".encode(encoding))

    with pytest.raises(ConfigError, match="iconv -f GB18030 -t UTF-8") as caught:
        read_plates_csv(path)
    assert caught.value.problems[0].line == (2 if encoding == "gb18030" else 1)


def test_lines_are_counted_as_editors_count_them(tmp_path):
    path = tmp_path / "plates.csv"
    path.write_text("time,camera,plate\n1,cam1,A\u2028B\n2,cam1\n", "utf-8")

    with pytest.raises(ConfigError) as caught:
        read_plates_csv(path)
    assert [problem.line for problem in caught.value.problems] == [3]


def test_a_reading_of_which_nobody_says_how_sure_it_is_counts_as_at_a_camera_s_door(tmp_path):
    path = tmp_path / "plates.csv"
    path.write_text("time,camera,plate\n1,cam1,沪A12345\n", "utf-8")

    assert [read.confidence for read in read_plates_csv(path)] == [0]


def test_the_hour_that_comes_twice_is_two_hours_for_its_zone_says_which():
    summer, winter = parse_time("2026-10-25T02:30:00+02:00"), parse_time("2026-10-25T02:30:00+01:00")

    assert winter - summer == 3600 * 10**9


def test_plates_are_read_from_a_csv(tmp_path):
    path = tmp_path / "plates.csv"
    path.write_text("time,camera,plate,confidence,lane\n10.25,cam1,沪a12345,990,1\n")

    [read] = read_plates_csv(path)

    assert (read.at, read.captured_utc, read.text, read.confidence) == (10_250_000_000,) * 2 + (
        "沪A12345",
        990,
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time,plate\n1,A\n", "column 'camera' is missing"),
        ("time,camera,plate,speed\n1,c,A,3\n", "unknown column 'speed'"),
        ("time,camera,plate,plate\n1,c,A,B\n", "column 'plate' stands twice"),
        ("time,camera,plate,confidence\n1,c,A,0.9\n", "permille"),
        ("time,camera,plate\n1,c\n", "cells"),
        ("time,camera,plate\n2026-05-01T08:00:00,c,A\n", "no time zone"),
        ("time,camera,plate\n1,c,A\n2,c," + "A" * 200_000 + "\n", "plates.csv:2: not a CSV: field larger"),
    ],
)
def test_a_bad_csv_says_where_and_why(tmp_path, text, said):
    path = tmp_path / "plates.csv"
    path.write_text(text)

    with pytest.raises(ConfigError, match=said):
        read_plates_csv(path)


def test_a_file_that_is_not_text_is_refused(tmp_path):
    path = tmp_path / "capture.bin"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ConfigError, match="not UTF-8 at byte 0"):
        read_serial_capture(path, "wim")


@given(st.integers(0, 9_223_372_035), st.integers(0, 10**9 - 1))
def test_decimal_seconds_keep_every_nanosecond(whole, fraction):
    assert parse_time(f"{whole}.{fraction:09d}") == whole * 10**9 + fraction


@pytest.mark.parametrize("text", ["1778572800000", "9999-12-31T23:59:59Z", "1969-12-31T23:59:59Z", "១២"])
def test_a_time_that_cannot_be_is_no_time(text):
    with pytest.raises(ValueError, match=r"between 1970 and 2262|neither"):
        parse_time(text)


@given(st.text(max_size=30))
def test_a_time_is_read_or_refused_and_nothing_else_happens(text):
    try:
        parse_time(text)
    except ValueError:
        return
