"""A run over a corpus: what is kept, what is done again, and how it goes on after it was interrupted."""

import json
import os
from dataclasses import replace

import pytest

from edge_agent.corpus.plan import Redetection, program
from edge_agent.corpus.run_folder import RunFolder, write
from edge_agent.corpus.running import run_id, summed
from edge_agent.corpus.tables import run_text
from edge_agent.errors import UsageError
from tests.corpus_runs.recordings import ALL, GOOD, LIMIT, Here, a_corpus, a_plan, a_recording, a_run


@pytest.fixture
def corpus(tmp_path):
    return a_corpus(tmp_path / "corpus")


def states(ran):
    return {row.recording: row.state for row in ran.rows}


def test_every_recording_has_exactly_one_row_and_a_bad_one_is_not_the_end(corpus, tmp_path):
    ran = a_run(corpus, tmp_path / "run")

    assert sorted(row.recording for row in ran.rows) == ALL
    assert states(ran) == dict.fromkeys(GOOD, "done") | {"words.mcap": "failed"}
    whole = ran.summary()
    assert (whole["done"], whole["failed"], whole["left"], whole["torn"]) == (4, 1, 0, 1)
    assert whole["outcomes"]["crossings"] == 3 + 1 + 3 + whole["rows"][2]["outcomes"]["crossings"]


def test_what_is_done_is_taken_over_and_what_failed_is_tried_again(corpus, tmp_path):
    first = a_run(corpus, tmp_path / "run")
    engine = Here()
    again = a_run(corpus, tmp_path / "run", engine=engine)

    assert engine.asked == ["words.mcap"]
    assert (again.taken_over, states(again)) == (4, states(first))


def test_an_interrupted_run_goes_on_where_it_was(corpus, tmp_path):
    first = a_run(corpus, tmp_path / "run", engine=Here(interrupted_after=2))
    engine = Here()
    again = a_run(corpus, tmp_path / "run", engine=engine)

    assert (len(first.rows), first.left) == (2, 3)
    assert again.taken_over == 2
    assert sorted(engine.asked + [row.recording for row in first.rows]) == ALL


def test_a_recording_that_has_changed_is_done_anew_and_no_other(corpus, tmp_path):
    a_run(corpus, tmp_path / "run")
    a_recording(corpus / "east" / "light.mcap", 27_000)
    engine = Here()
    a_run(corpus, tmp_path / "run", engine=engine)

    assert sorted(engine.asked) == ["east/light.mcap", "words.mcap"]


def test_another_setting_does_everything_anew(corpus, tmp_path):
    a_run(corpus, tmp_path / "run")
    engine = Here()
    a_run(corpus, tmp_path / "run", f"{LIMIT}=30000", engine=engine)

    assert sorted(engine.asked) == ALL


def test_another_program_does_everything_anew(corpus, tmp_path):
    a_run(corpus, tmp_path / "run")
    engine = Here()
    a_run(corpus, tmp_path / "run", engine=engine, plan=replace(a_plan(), program=f"{program()}0"))

    assert sorted(engine.asked) == ALL


@pytest.mark.parametrize("harm", ["decisions cut off", "decisions gone", "row cut off"])
def test_a_result_that_is_not_whole_is_done_anew(corpus, tmp_path, harm):
    a_run(corpus, tmp_path / "run")
    place = tmp_path / "run" / "recordings" / "east" / "heavy.mcap"
    if harm == "decisions gone":
        (place / "decisions.jsonl").unlink()
    else:
        file = place / ("result.json" if harm == "row cut off" else "decisions.jsonl")
        file.write_bytes(file.read_bytes()[:-9])
    engine = Here()
    a_run(corpus, tmp_path / "run", engine=engine)

    assert sorted(engine.asked) == ["east/heavy.mcap", "words.mcap"]


def test_each_recordings_folder_is_what_a_replay_leaves(corpus, tmp_path):
    a_run(corpus, tmp_path / "run")
    place = tmp_path / "run" / "recordings" / "west"

    assert sorted(file.name for file in place.iterdir()) == ["config.yaml", "decisions.jsonl", "result.json"]


def test_a_recording_that_fails_now_leaves_nothing_of_before(corpus, tmp_path):
    a_run(corpus, tmp_path / "run")
    (corpus / "east" / "light.mcap").write_text("overwritten\n")
    a_run(corpus, tmp_path / "run")
    place = tmp_path / "run" / "recordings" / "east" / "light.mcap"

    assert [file.name for file in place.iterdir()] == ["result.json"]


def test_what_came_of_a_recording_that_is_gone_is_forgotten_when_the_run_is_whole(corpus, tmp_path):
    a_run(corpus, tmp_path / "run")
    (corpus / "east" / "light.mcap").unlink()
    kept = RunFolder(tmp_path / "run")

    a_run(corpus, tmp_path / "run", engine=Here(interrupted_after=0))
    assert "east/light.mcap" in {row.recording for row in kept.results()}
    a_run(corpus, tmp_path / "run")
    assert [row.recording for row in kept.results()] == [name for name in ALL if name != "east/light.mcap"]


def test_rows_of_another_question_are_none_of_an_interrupted_runs(corpus, tmp_path):
    a_run(corpus, tmp_path / "run")
    ran = a_run(corpus, tmp_path / "run", f"{LIMIT}=30000", engine=Here(interrupted_after=2))

    assert {row.recording for row in RunFolder(tmp_path / "run").results()} == {r.recording for r in ran.rows}


def test_a_link_to_nowhere_is_a_failed_row(corpus, tmp_path):
    (corpus / "gone.mcap").symlink_to(corpus / "nowhere")

    assert states(a_run(corpus, tmp_path / "run"))["gone.mcap"] == "failed"


def test_the_run_of_another_folder_is_refused(corpus, tmp_path):
    a_run(corpus, tmp_path / "run")

    with pytest.raises(UsageError, match="holds a run of"):
        a_run(a_corpus(tmp_path / "other"), tmp_path / "run")


def test_a_folder_that_holds_something_else_is_refused(corpus, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.tex").write_text("years of work")

    with pytest.raises(UsageError, match="not empty and no run"):
        a_run(corpus, tmp_path / "run")


def test_two_runs_do_not_write_into_one_folder(corpus, tmp_path):
    kept = RunFolder(tmp_path / "run")
    with (
        kept.opened(run_id(corpus, a_plan())),
        pytest.raises(UsageError, match="another `corpus run` works here"),
    ):
        a_run(corpus, tmp_path / "run")


def test_what_the_run_is_of_can_be_read_by_a_person(corpus, tmp_path):
    a_run(corpus, tmp_path / "run", f"{LIMIT}=30000")
    said = json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))

    assert (said["folder"], said["settings"]) == (str(corpus.resolve()), [f"{LIMIT}=30000"])
    assert said["program"].startswith("0.")


def test_counts_are_summed_name_by_name():
    one, other = {"n": 1, "cases": {"matched": 2}}, {"n": 2, "cases": {"matched": 1, "ambiguous": 4}}

    assert summed([one, {}, other]) == {"n": 3, "cases": {"matched": 3, "ambiguous": 4}}


def test_a_recording_whose_name_is_no_utf8_has_its_row(tmp_path):
    """As a Chinese Windows packs them."""
    corpus = tmp_path / "corpus"
    a_recording(corpus / "x.mcap", 9_000).rename(corpus / os.fsdecode(b"\xd6\xd8.mcap"))
    (corpus / os.fsdecode(b"\xc7\xe1.mcap")).write_text("no recording\n")
    ran = a_run(corpus, tmp_path / "run")

    assert states(ran) == {r"\xd6\xd8.mcap": "done", r"\xc7\xe1.mcap": "failed"}
    assert RunFolder(tmp_path / "run").results() == sorted(ran.rows, key=lambda row: row.recording)
    assert all(line.isprintable() for line in run_text(ran, [], tmp_path / "run").splitlines())


def test_what_came_of_a_journal_that_is_gone_is_forgotten_without_what_lies_below_it(tmp_path):
    corpus = tmp_path / "corpus"
    a_recording(corpus / "west" / "journal-00000001.mcap", 24_000)
    a_recording(corpus / "west" / "older" / "x.mcap", 9_000)
    a_run(corpus, tmp_path / "run")
    (corpus / "west" / "journal-00000001.mcap").unlink()
    a_run(corpus, tmp_path / "run")

    assert [row.recording for row in RunFolder(tmp_path / "run").results()] == ["west/older/x.mcap"]


def test_a_run_leaves_no_working_folder_and_says_whether_it_reached_all(corpus, tmp_path):
    kept = RunFolder(tmp_path / "run")
    (kept.path / "work" / "of-a-killed-run").mkdir(parents=True)
    (kept.path / "run.json").write_text(json.dumps({"folder": str(corpus.resolve())}), "utf-8")
    with kept.opened(run_id(corpus, a_plan())):
        assert list(kept.work.iterdir()) == []
    assert (kept.work.exists(), kept.whole) == (False, False)

    write(kept.path / "summary.json", '{"left": 0}')
    assert kept.whole
    with kept.opened(run_id(corpus, a_plan())):
        assert not kept.whole


def test_a_detector_that_sees_no_picture_again_is_not_all_that_was_asked(tmp_path):
    a_recording(tmp_path / "corpus" / "bridge.mcap", 9_000)
    ran = a_run(tmp_path / "corpus", tmp_path / "run", plan=a_plan(redetection=Redetection()))

    assert states(ran) == {"bridge.mcap": "done"}
    assert (ran.looked_at_nothing, ran.good) == (True, False)
    assert "LOOKED AT NOTHING" in run_text(ran, [], tmp_path / "run")
