"""One recording replayed by whoever works: what it gives, and that nothing about it is an exception."""

from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.config import recorded
from edge_agent.config.loader import load
from edge_agent.corpus.plan import Redetection
from edge_agent.corpus.work import work
from edge_agent.journal.opening import open_all
from edge_agent.journal.reader import Recording
from edge_agent.replaying.replay import replay
from tests.corpus_runs.recordings import LIMIT, a_corpus, a_job, a_plan, a_recording
from tests.test_compose import a_site


@pytest.fixture
def heavy(tmp_path):
    return a_recording(tmp_path / "heavy.mcap", 9_000, 25_000, 31_000)


def test_it_gives_what_replay_gives(tmp_path, heavy):
    answer = work(a_job(heavy), a_plan())
    config = recorded.from_text(Recording.open(heavy).config_text)
    (tmp_path / "out").mkdir()
    replay(open_all(heavy), config, tmp_path / "out")

    assert answer.result.state == "done"
    assert answer.decisions == (tmp_path / "out" / "decisions.jsonl").read_bytes()
    assert answer.config == (tmp_path / "out" / "config.yaml").read_text("utf-8")
    assert (answer.result.outcomes["crossings"], answer.result.outcomes["over_a_limit"]) == (3, 2)
    assert (answer.result.statements, answer.result.refused) == (2, 0)


def test_another_setting_gives_other_decisions(heavy):
    assert work(a_job(heavy), a_plan(f"{LIMIT}=30000")).result.outcomes["over_a_limit"] == 1


def test_another_configuration_takes_the_place_of_the_recordings_own(tmp_path, heavy):
    path = a_site(tmp_path, "/dev/null")
    path.write_text(path.read_text("utf-8").replace("limit_kg: 20000", "limit_kg: 30000"), "utf-8")
    plan = replace(a_plan(), config_text=recorded.to_text(load(path)))

    assert work(a_job(heavy), plan).result.outcomes["over_a_limit"] == 1


def test_a_recording_that_was_sent_along_gives_the_same_where_it_does_not_lie(heavy):
    here = work(a_job(heavy), a_plan())
    sent = replace(a_job(heavy), files=("/nowhere/heavy.mcap",), shipped=(heavy.read_bytes(),))
    there = work(sent, a_plan())

    assert there.decisions == here.decisions
    assert replace(there.result, cpu_s=0, took_s=0) == replace(here.result, cpu_s=0, took_s=0)


def test_what_is_torn_is_said_without_where_it_lay(tmp_path):
    torn = a_corpus(tmp_path) / "torn.mcap"
    result = work(a_job(torn), a_plan()).result

    assert result.state == "done"
    assert result.events
    assert result.torn[0].startswith("torn.mcap: ends inside a record")


def bad(tmp_path, what):
    folder = a_corpus(tmp_path)
    if what == "words":
        return folder / "words.mcap"
    if what == "without configuration":
        return a_recording(folder / "bare.mcap", 9_000, config=False)
    return folder


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("words", "words.mcap: not an edge-agent recording"),
        ("without configuration", "bare.mcap holds no configuration: give one with --config"),
        ("a folder", "Is a directory"),
    ],
)
def test_a_bad_recording_is_a_row_that_says_why(tmp_path, what, said):
    path = bad(tmp_path, what)
    result = work(a_job(path), a_plan()).result

    assert result.state == "failed"
    assert said in result.problem
    assert str(tmp_path) not in result.problem or what == "a folder"


def test_a_recording_that_is_gone_is_a_row_that_says_so(heavy):
    job = a_job(heavy)
    heavy.unlink()

    assert "No such file" in work(job, a_plan()).result.problem


def test_a_key_that_its_configuration_does_not_have_is_a_row_that_says_so(heavy):
    assert work(a_job(heavy), a_plan("lanes.9.port=wim")).result.problem.startswith("--set: lanes.9")


def test_a_recording_that_takes_too_long_is_given_up(heavy):
    result = work(a_job(heavy), a_plan(timeout_s=0.0)).result

    assert (result.state, result.problem) == ("too_long", "longer than 0 s (--timeout-s)")


def test_who_runs_another_program_refuses(heavy):
    result = work(a_job(heavy), replace(a_plan(), program="0.0.9+abc")).result

    assert result.state == "failed"
    assert "here it is 0.0.9+abc: install the same" in result.problem


def test_a_bridge_is_not_looked_at_again_and_replayed_as_it_is(heavy):
    plain = work(a_job(heavy), a_plan())
    answer = work(a_job(heavy), a_plan(redetection=Redetection()))

    assert answer.result.not_looked == "no street with a detector in its configuration"
    assert answer.decisions == plain.decisions


def test_the_question_is_another_one_for_another_setting_program_or_model():
    plans = [
        a_plan(),
        a_plan(f"{LIMIT}=1"),
        replace(a_plan(), program="other"),
        a_plan(redetection=Redetection()),
        a_plan(redetection=Redetection("m.onnx", "", "a" * 64)),
        a_plan(redetection=Redetection("m.onnx", "", "b" * 64)),
        a_plan(redetection=Redetection("m.onnx", "", "a" * 64, classes_sha256="c" * 64)),
    ]

    assert len({plan.digest for plan in plans}) == len(plans)
    moved = a_plan(redetection=Redetection(str(Path("elsewhere") / "m.onnx"), "there/m.yaml", "a" * 64))
    assert moved.digest == plans[4].digest
    assert a_plan(timeout_s=5).digest == a_plan().digest
