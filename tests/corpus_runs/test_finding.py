"""Which recordings lie below a folder."""

import pytest

from edge_agent.corpus.finding import find
from edge_agent.errors import UsageError
from tests.corpus_runs.recordings import ALL, a_corpus, a_recording


def test_a_file_is_a_recording_and_the_segments_of_a_journal_are_one(tmp_path):
    found = {one.name: one for one in find(a_corpus(tmp_path))}

    assert sorted(found) == ALL
    assert [file.name for file in found["west"].files] == ["journal-00000001.mcap", "journal-00000002.mcap"]


def test_the_largest_begins_first(tmp_path):
    sizes = [one.size for one in find(a_corpus(tmp_path))]

    assert sizes == sorted(sizes, reverse=True)


def test_a_folder_that_is_itself_a_journal_is_one_recording(tmp_path):
    folder = tmp_path / "box-7"
    a_recording(folder / "journal-00000001.mcap", 9_000)
    a_recording(folder / "journal-00000002.mcap", 9_000, began=1)

    [found] = find(folder)
    assert (found.name, len(found.files)) == ("box-7", 2)
    assert found.golden == folder / "journal.golden.json"


def test_what_a_run_has_written_into_the_folder_is_not_looked_into(tmp_path):
    folder = a_corpus(tmp_path)
    a_recording(folder / "run" / "recordings" / "x.mcap", 9_000)

    assert sorted(one.name for one in find(folder, leave_out=folder / "run")) == ALL


def test_a_journal_is_another_one_when_a_segment_is(tmp_path):
    folder = a_corpus(tmp_path)
    [before] = [one.digest() for one in find(folder) if one.name == "west"]
    a_recording(folder / "west" / "journal-00000002.mcap", 26_500, began=2)
    [after] = [one.digest() for one in find(folder) if one.name == "west"]

    assert before != after


@pytest.mark.parametrize("folder", ["absent", "empty", "file"])
def test_a_folder_without_recordings_is_a_mistake_in_the_call(tmp_path, folder):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError):
        find(tmp_path / folder)
