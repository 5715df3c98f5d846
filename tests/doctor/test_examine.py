"""Checks side by side: one that breaks or hangs is told and stops no other."""

import json
import threading

from rich.cells import cell_len

from edge_agent.doctor.examine import CHECKS, examine, worst
from edge_agent.doctor.finding import Finding, State
from edge_agent.doctor.report import as_json, as_text, finding_of, summary
from tests.doctor.box import Blind

OK = Finding("store.new", "store", State.OK)
HELD = Finding("scale.no_certificate", "lane/1", State.WARNING)


def well(_config, _eyes):
    yield OK


def breaks(_config, _eyes):
    yield HELD
    raise RuntimeError("a bug")


def test_a_check_that_breaks_is_unknown_and_keeps_what_it_had_found():
    over = []
    found = examine(None, Blind(), over.append, checks={"first": breaks, "second": well})

    assert [(f.key, f.state) for f in found] == [
        ("scale.no_certificate", State.WARNING),
        ("doctor.broke", State.UNKNOWN),
        ("store.new", State.OK),
    ]
    assert "a bug" in found[1].values["why"]
    assert sorted(over) == ["first", "second"]


def test_a_check_that_hangs_is_told_and_the_others_are_heard():
    end = threading.Event()

    def hangs(_config, _eyes):
        yield HELD
        end.wait(20)

    found = examine(None, Blind(), checks={"hangs": hangs, "well": well}, longest_s=0.2)
    end.set()

    assert [f.key for f in found] == ["scale.no_certificate", "doctor.late", "store.new"]


def test_all_checks_run_at_the_same_time():
    together = threading.Barrier(2, timeout=10)

    def meets(_config, _eyes):
        together.wait()
        yield OK

    assert len(examine(None, Blind(), checks={"one": meets, "other": meets})) == 2


def test_only_the_wanted_checks_run():
    assert examine(None, Blind(), only=["second"], checks={"first": breaks, "second": well}) == [OK]
    assert "broker" in CHECKS


def test_the_worst_counts():
    broke = Finding("doctor.broke", "x", State.UNKNOWN, {"why": ""})
    assert worst([OK, broke]) is State.UNKNOWN
    assert worst([OK, broke, HELD]) is State.WARNING
    assert worst([]) is State.OK


def test_the_table_is_aligned_in_both_languages_and_says_what_to_do():
    found = [OK, Finding("push.address", "push", State.FAULT, {"host": "192.0.2.7", "port": 8470}), HELD]

    english, chinese = as_text(found, "en").splitlines(), as_text(found, "zh").splitlines()

    assert english[0].startswith("ok       store   not made yet")
    assert english[1].startswith("fault    push    192.0.2.7 is no address")
    assert english[3].strip().startswith("next: Set `anpr.host`")
    assert chinese[0].startswith("正常  store   尚未建立")  # a Chinese character is two cells wide
    assert chinese[-1] == "故障 1（push），注意 1（lane/1），正常 1"
    assert english[-1] == "fault 1 (push), warning 1 (lane/1), ok 1"
    assert summary([OK], "en") == "fault 0, ok 1"


def test_long_lines_are_wrapped_under_what_was_found_and_states_are_coloured():
    found = [Finding("push.address", "push", State.FAULT, {"host": "192.0.2.7", "port": 8470})]

    lines = as_text(found, "zh", width=60, colour=True).splitlines()

    assert lines[0].startswith("\x1b[1;31m故障\x1b[0m  push  192.0.2.7")
    assert all(cell_len(line) <= 60 for line in lines[1:])
    assert all(line.startswith(" " * 12) for line in lines[1:-2])
    assert "".join(line.strip() for line in lines[1:-2]).startswith(
        "意味着：程序不能启动，摄像机推送不到。下一步"
    )


def test_chinese_lines_break_between_characters_and_never_before_a_closing_mark():
    problem = {"camera": "cam1", "problem": "http://192.0.2.7:554/stream1: Input/output error"}
    found = [Finding("camera.no_video", "camera/cam1", State.FAULT, problem)]

    for width in range(50, 90):
        lines = as_text(found, "zh", width=width).splitlines()
        assert all(cell_len(line) <= width for line in lines)
        assert not any(line.strip().startswith(tuple("，。；：、）")) for line in lines if line)
        assert not any(line.endswith("（") for line in lines)
    assert lines[0].startswith("故障  camera/cam1  相机 cam1：没有可用的画面")


def test_the_json_form_holds_both_languages_and_comes_back_as_the_finding():
    [told] = json.loads(json.dumps(as_json([HELD])))

    assert told["zh"]["found"] == "没有检定证书"
    assert told["en"]["found"] == "there is no verification certificate"
    assert finding_of(told) == HELD


def test_a_newer_daemons_finding_without_a_text_here_is_shown_as_it_is():
    newer = Finding("radar.silent", "radar/1", State.FAULT, {"minutes": 3})

    assert as_text([newer], "en").startswith('fault    radar/1  radar.silent {"minutes": 3}')
