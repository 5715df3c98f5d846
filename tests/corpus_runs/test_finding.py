"""Which recordings lie below a folder."""

import errno
import os

import pytest

from edge_agent.corpus.finding import as_utf8, find
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


def names(folder):
    return sorted(one.name for one in find(folder))


def test_links_are_followed_and_a_folder_is_looked_into_once(tmp_path):
    folder, elsewhere = tmp_path / "corpus", tmp_path / "elsewhere"
    a_recording(elsewhere / "far.mcap", 9_000)
    a_recording(folder / "near" / "x.mcap", 9_000)
    (folder / "a-link").symlink_to(elsewhere)
    (folder / "again").symlink_to(folder / "near")
    (folder / "near" / "up").symlink_to(folder)
    (folder / "file.mcap").symlink_to(elsewhere / "far.mcap")

    assert names(folder) == ["a-link/far.mcap", "file.mcap", "near/x.mcap"]


def test_a_folder_that_cannot_be_looked_into_is_a_row_that_says_so(tmp_path, monkeypatch):
    a_recording(tmp_path / "x.mcap", 9_000)
    closed = tmp_path / "closed"
    closed.mkdir()
    scandir = os.scandir

    def refused(path):
        if os.fspath(path) == str(closed):
            raise PermissionError(errno.EACCES, "Permission denied", str(closed))
        return scandir(path)

    monkeypatch.setattr("os.scandir", refused)

    assert names(tmp_path) == ["closed", "x.mcap"]


def test_a_name_that_is_no_utf8_has_its_bytes_as_escapes(tmp_path):
    a_recording(tmp_path / "x.mcap", 9_000).rename(tmp_path / os.fsdecode(b"\xd6\xd8.mcap"))

    assert names(tmp_path) == [r"\xd6\xd8.mcap"]


def test_what_is_no_file_is_not_read_for_its_digest(tmp_path):
    (tmp_path / "zero.mcap").symlink_to("/dev/zero")

    [found] = find(tmp_path)
    with pytest.raises(OSError, match="no file"):
        found.digest()


def test_two_that_would_be_called_the_same_are_a_mistake_in_the_call(tmp_path):
    folder = tmp_path / "box"
    a_recording(folder / "journal-00000001.mcap", 9_000)
    a_recording(folder / "box" / "journal-00000001.mcap", 9_000)

    with pytest.raises(UsageError, match="2 recordings would be called box: rename one"):
        find(folder)


def test_letters_that_are_none_do_not_end_a_run():
    assert as_utf8("中\ud800\udcd6.mcap") == r"中\ud800\xd6.mcap"
