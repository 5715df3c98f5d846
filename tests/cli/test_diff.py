"""`edge-agent diff`: what may be compared, what it says, and how it ends."""

import json
import re
from pathlib import Path

import pytest

from edge_agent.cli.main import main
from edge_agent.comparing.sides import open_side
from edge_agent.config import recorded
from edge_agent.core.decisions import Fault, FaultKind, Status
from edge_agent.core.events import SerialBytes, Started, Tick
from edge_agent.core.units import S
from edge_agent.journal.codec import decision_line
from edge_agent.journal.gaps import Gap
from edge_agent.journal.writer import RecordingHeader, RecordingWriter
from tests.cli.test_replay import journal, runs
from tests.comparing.two_runs import STAY, THREE_PERCENT, a_stay, a_vehicle, site
from tests.inbox.browser import Person, chromium

BEFORE, AFTER = site(), site(THREE_PERCENT, STAY)


def a_folder(path, config, decisions):
    """What `replay` leaves behind."""
    path.mkdir()
    (path / "decisions.jsonl").write_text("".join(f"{decision_line(d)}\n" for d in decisions), "utf-8")
    if config is not None:
        (path / "config.yaml").write_text(recorded.to_text(config), "utf-8")
    return str(path)


@pytest.fixture
def two(tmp_path):
    """A lorry just below the limit and a stay just too short, before and after."""
    before = [*a_vehicle(BEFORE, 21_040), *a_stay(262)]
    after = [*a_vehicle(AFTER, 21_040), *a_stay(262, stay_s=240)]
    return a_folder(tmp_path / "a", BEFORE, before), a_folder(tmp_path / "b", AFTER, after)


def said(capsys, *args):
    status = main(["diff", *args])
    return status, capsys.readouterr()


def test_two_replays_that_are_the_same_end_with_0(two, capsys):
    status, out = said(capsys, two[0], two[0], "--lang", "en")

    assert (status, out.out.splitlines()[0]) == (0, "the same: 1 same")


def test_two_replays_that_differ_end_with_1_and_say_why(two, capsys):
    status, out = said(capsys, *two, "--lang", "en")

    assert status == 1
    assert out.out.splitlines()[0] == "they differ: 1 added, 1 changed, 0 same"
    assert re.search(r"lanes\.1\.limits\.posted\.deduction\.value +5 -> 3\n", out.out)
    assert "(12 kg under -> 409 kg over)" in out.out
    assert "(38 s short -> 22 s over)" in out.out
    assert "\x1b" not in out.out


def test_it_speaks_chinese_where_the_reader_does(two, capsys):
    _, out = said(capsys, *two, "--lang", "zh")

    assert "低 12 kg -> 超 409 kg" in out.out
    assert "差 38 s -> 超 22 s" in out.out


def test_json_holds_both_sides_and_the_reasons(two, capsys):
    status, out = said(capsys, *two, "--json")

    found = json.loads(out.out)
    assert (status, found["same"], found["numbers"]["changed"]) == (1, False, 1)
    vehicle, stay = found["differences"]
    assert (vehicle["how"], vehicle["a"]["case"], vehicle["b"]["case"]) == ("changed", None, "sealed")
    assert vehicle["reasons"][0]["by"] == 408_800
    assert (stay["how"], stay["a"], stay["b"]["stay_ms"]) == ("added", None, 240_000)
    assert {one["key"] for one in found["settings"]} == {
        "lanes.1.limits.posted.deduction.value",
        "street.rules.overflow.stay_s",
    }


def test_what_lies_within_the_tolerance_or_is_left_out_does_not_differ(two, capsys):
    status, _ = said(capsys, *two, "--ignore", "crossing", "--ignore", "case")

    assert status == 0


def test_what_names_no_kind_is_not_left_out_in_silence(two, capsys):
    assert main(["diff", *two, "--ignore", "crosing.*"]) == 2
    assert "--ignore crosing.*: no such kind; there are crossing, case" in capsys.readouterr().err


def test_a_long_list_is_cut_and_says_so(two, capsys):
    _, out = said(capsys, *two, "--limit", "1", "--lang", "en")

    assert "1 more: --limit 0 shows all" in out.out


def test_what_only_shifted_is_a_summary_unless_it_is_asked_for(tmp_path, capsys):
    sides = [
        a_folder(tmp_path / name, config, [*a_vehicle(config, 12_000, 1), *a_vehicle(config, 15_000, 2)])
        for name, config in (("a", BEFORE), ("b", AFTER))
    ]

    _, summary = said(capsys, *sides, "--lang", "en")
    page = tmp_path / "page.html"
    _, each = said(capsys, *sides, "--lang", "en", "--shifted", "--html", str(page))

    assert re.search(r"posted limit after deduction +2 x +\+240 kg \.\. \+300 kg", summary.out)
    assert "deduction 5 % -> 3 %: +240 kg" not in summary.out
    assert "deduction 5 % -> 3 %: +240 kg" in each.out
    assert "Every conclusion is the same" in page.read_text("utf-8")


def test_what_a_recording_says_moves_no_cursor(tmp_path, capsys):
    fault = Fault(S, "port/\x1b[2J", FaultKind.BAD_FRAME, "x", 1)
    left, right = a_folder(tmp_path / "a", BEFORE, []), a_folder(tmp_path / "b", BEFORE, [fault])
    _, out = said(capsys, left, right, "--lang", "en")

    assert "port/\\x1b[2J" in out.out
    assert "\x1b" not in out.out


def test_exact_compares_bytes_and_names_the_first_line_that_differs(two, capsys):
    same, _ = said(capsys, two[0], two[0], "--exact")
    status, out = said(capsys, *two, "--exact")

    assert (same, status) == (0, 1)
    assert out.out.startswith("they differ, first at decision 1:\n  A  {")


def test_exact_shows_the_place_where_a_long_line_differs_and_not_its_beginning(tmp_path, capsys):
    sides = [
        a_folder(tmp_path / name, BEFORE, a_vehicle(BEFORE, 12_000, speed=mm_s))
        for name, mm_s in (("a", 6_000), ("b", 6_001))
    ]

    _, out = said(capsys, *sides, "--exact")

    first, second = out.out.splitlines()[1:]
    assert ("6000," in first, "6001," in second) == (True, True)
    assert first != second
    assert max(map(len, (first, second))) < 440


def test_outcomes_that_are_the_same_of_decisions_that_are_not_are_told_apart(tmp_path, capsys):
    vehicle = a_vehicle(BEFORE, 12_000)
    more = [*vehicle, Status(vehicle[-1].at, "camera/cam1", "degraded", "dark")]
    sides = [a_folder(tmp_path / "a", BEFORE, vehicle), a_folder(tmp_path / "b", BEFORE, more)]

    status, out = said(capsys, *sides, "--lang", "en")
    _, found = said(capsys, *sides, "--json")

    assert (status, out.out.splitlines()[0]) == (0, "the same: 1 same")
    assert "the outcomes alone are: from decision 2 on it is not the same bytes" in out.out
    assert (json.loads(found.out)["same"], json.loads(found.out)["identical"]) == (True, False)


def test_another_legal_basis_is_not_the_same(tmp_path, capsys):
    other = site("lanes.1.limits.posted.legal_basis=another law")
    sides = [
        a_folder(tmp_path / name, config, a_vehicle(config, 12_000))
        for name, config in (("a", BEFORE), ("b", other))
    ]

    status, out = said(capsys, *sides, "--lang", "en")

    assert status == 1
    assert "posted limit legal basis" in out.out


def test_a_replay_of_a_part_is_no_reason_to_look_for_a_setting(tmp_path, capsys):
    folder, _ = journal(tmp_path, runs())
    main(["replay", str(folder), "--out", str(tmp_path / "whole")])
    main(["replay", str(folder), "--out", str(tmp_path / "part"), "--to", "+15s"])
    capsys.readouterr()

    status, out = said(capsys, str(tmp_path / "whole"), str(tmp_path / "part"), "--lang", "en")

    assert status == 1
    assert "a part of its recording alone: to +15s" in out.out
    assert "the other side is a part of its recording alone (to +15s), and this may lie outside" in out.out
    assert "no setting of it differs" not in out.out


def test_replays_of_different_recordings_are_said_to_be_so(tmp_path, capsys):
    for name, what in (("a", list(runs())), ("b", list(runs())[:-2])):
        (tmp_path / name).mkdir()
        folder, _ = journal(tmp_path / name, what)
        main(["replay", str(folder), "--out", str(tmp_path / name / "out")])
    capsys.readouterr()

    _, out = said(capsys, str(tmp_path / "a" / "out"), str(tmp_path / "b" / "out"), "--lang", "en")

    assert "of different recordings" in out.out


def test_a_note_that_no_replay_wrote_is_refused(two, capsys):
    Path(two[0], "replay.json").write_text('{"what_if": 5}', "utf-8")

    assert main(["diff", *two]) == 2
    assert "replay.json: not as `edge-agent replay` writes it" in capsys.readouterr().err


def test_a_file_of_decisions_alone_is_compared_without_settings(two, capsys):
    status, out = said(capsys, f"{two[0]}/decisions.jsonl", two[1], "--lang", "en")

    assert status == 1
    assert "after deduction 19.988 t -> 20.409 t against 20.000 t" in out.out


def test_a_recording_is_compared_by_what_was_decided_live(tmp_path, capsys):
    folder, _ = journal(tmp_path, runs())
    main(["replay", str(folder), "--out", str(tmp_path / "out")])
    capsys.readouterr()

    status, out = said(capsys, str(folder), str(tmp_path / "out"), "--lang", "en")

    assert (status, out.out.splitlines()[0][:9]) == (0, "the same:")


def test_a_recording_alone_is_replayed_with_what_is_changed(tmp_path, capsys):
    folder, _ = journal(tmp_path, runs())

    status, out = said(capsys, str(folder), "--set", "lanes.1.limits.posted.limit_kg=30000", "--lang", "en")

    assert status == 1
    assert "limit 20.000 t -> 30.000 t" in out.out
    assert "no longer over, so there is no case" in out.out


def test_of_a_recording_that_lost_decisions_it_is_said(tmp_path):
    file = tmp_path / "live.mcap"
    with file.open("wb") as stream:
        writer = RecordingWriter(stream, RecordingHeader("test", "c"))
        writer.event(Started(0, "boot", "test", "c"))
        writer.gap(Gap(1, 4, 3, 0, 1 * S, 2 * S, "disk"))
        writer.decision(Fault(2 * S, "port/wim", FaultKind.BAD_FRAME, "said"))
        writer.close()

    lost = (f"{file}：黑匣子丢失了 3 项决定", f"{file}: 3 decisions were lost by the journal")
    assert lost in open_side(file).notes


ZSTD = b"\x28\xb5\x2f\xfd"  # how compressed messages begin


def test_a_recording_of_which_nothing_can_be_read_is_not_the_same_as_itself(tmp_path, capsys):
    folder, _ = journal(tmp_path, runs())
    [segment] = folder.glob("*.mcap")
    data = segment.read_bytes()
    begins = data.index(ZSTD) + len(ZSTD)
    segment.write_bytes(data[:begins] + b"\xff" * 64 + data[begins + 64 :])

    for exact in ([], ["--exact"]):
        change = ["--set", "lanes.1.limits.posted.limit_kg=30000"]
        status, out = said(capsys, str(folder), *change, *exact)

        assert status == 2
        assert "nothing was decided on either side: torn: " in out.err
        assert "damaged near byte" in out.err

    assert main(["replay", str(folder), "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert "0 crossings" in told
    assert "is this the configuration" not in told  # nothing is wrong with that


def test_a_recording_that_was_not_made_live_asks_for_a_replay(tmp_path, capsys):
    recording = tmp_path / "simulated.mcap"
    with recording.open("wb") as stream:
        writer = RecordingWriter(stream, RecordingHeader("test", "", ""))
        for event in (Started(0, "b", "test", ""), SerialBytes(1 * S, "wim", b"x"), Tick(2 * S)):
            writer.event(event)
        writer.close()

    status, out = said(capsys, str(recording), str(recording))

    assert status == 2
    assert f"first `edge-agent replay {recording} --out DIR`" in out.err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["A"], "give B, or --set or --config"),
        (["A", "B", "--set", "x=1"], "give B, or --set or --config"),
        (["A", "B"], "no such file or folder"),
    ],
)
def test_a_call_that_makes_no_sense_ends_with_2(args, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    status, out = said(capsys, *args)

    assert status == 2
    assert words in out.err


@pytest.mark.parametrize(
    "line", ["nonsense", '{"type":"Nothing"}', '{"type":"Fault"}', "[" * 100_000, "{}", '"x"', "\x00"]
)
def test_a_file_that_holds_no_decisions_is_refused_with_its_line(tmp_path, capsys, line):
    good = decision_line(Fault(0, "clock", FaultKind.CAMERA, ""))
    (tmp_path / "bad.jsonl").write_text(f"{good}\n{line}\n", "utf-8")

    status, out = said(capsys, str(tmp_path / "bad.jsonl"), str(tmp_path / "bad.jsonl"))

    assert status == 2
    assert "bad.jsonl: line 2: " in out.err


def test_the_page_shows_both_sides_and_is_filtered_without_any_other_file(two, capsys, tmp_path):
    page_file = tmp_path / "diff.html"

    status, _ = said(capsys, *two, "--html", str(page_file))

    assert status == 1
    assert not re.search(r"(?:src|href)=|https?://", page_file.read_text("utf-8"))
    with chromium() as browser:
        person = Person(browser, tmp_path.as_uri())
        page = person.page
        page.goto(page_file.as_uri())
        assert page.locator("article:visible").count() == 2
        assert "低 12 kg -> 超 409 kg" in page.locator("article.changed").inner_text()
        page.get_by_label("新增 added").uncheck()
        assert page.locator("article:visible").count() == 1
        page.locator("input[type=search]").fill("door_s1")
        assert page.locator("article:visible").count() == 0
        assert page.locator("output").inner_text() == "0 / 2"
        person.leave()


def test_what_a_reader_must_know_is_said_in_the_language_asked_for(tmp_path, capsys):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "decisions.jsonl").touch()
    (tmp_path / "b" / "replay.json").write_text('{"what_if": [{"key": "k", "old": 1, "new": 2}]}', "utf-8")
    sides = (str(tmp_path / "a"), str(tmp_path / "b"))

    chinese = said(capsys, *sides, "--lang", "zh", "--html", str(tmp_path / "page.html"))[1].out
    english = said(capsys, *sides, "--lang", "en")[1].out

    assert "其中没有任何决定" in chinese
    assert "假设：1 项设置与其录制中的不同" in chinese
    assert "it holds no decision" in english
    assert "a what-if: 1 setting is other than in its recording" in english
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "假设：1 项设置" in page
    assert "a what-if: 1 setting is" in page
