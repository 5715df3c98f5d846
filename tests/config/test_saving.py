"""A configuration is changed whole or not at all, and what held before lies beside it."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from edge_agent.config import saving
from edge_agent.config.saving import KEPT, Overtaken, read, save
from edge_agent.errors import UsageError

NOW = datetime(2026, 12, 1, 8, 15, tzinfo=UTC)


@pytest.fixture
def site(tmp_path):
    path = tmp_path / "site.yaml"
    path.write_bytes(b"schema: 1\r\n# a remark\r\n")
    path.chmod(0o640)
    return path


def beside(path):
    return sorted(one.name for one in path.parent.iterdir() if one != path)


def test_the_new_text_is_there_with_the_old_one_beside_it(site):
    draft = read(site)
    saved = save(draft, draft.text + "site: {}\r\n", NOW)
    assert site.read_bytes() == b"schema: 1\r\n# a remark\r\nsite: {}\r\n"
    assert beside(site) == ["site.yaml.before-20261201T081500Z"]
    assert saved.kept.read_bytes().decode() == draft.text
    assert [saved.old_sha256, saved.new_sha256] == [
        sha256(path.read_bytes()).hexdigest() for path in (saved.kept, site)
    ]
    assert saved.difference.splitlines()[-1] == "+site: {}"
    assert [path.stat().st_mode & 0o777 for path in (site, saved.kept)] == [0o640, 0o640]


def test_a_file_that_somebody_else_changed_is_left_to_them(site):
    draft = read(site)
    site.write_text("schema: 1\n# theirs\n")
    with pytest.raises(Overtaken):
        save(draft, "schema: 1\n# mine\n", NOW)
    assert site.read_text() == "schema: 1\n# theirs\n"
    assert beside(site) == []


def test_so_many_of_before_are_kept_and_the_oldest_goes(site):
    texts = [f"schema: 1\n# {number}\n" for number in range(KEPT + 4)]
    for number, text in enumerate(texts):
        save(read(site), text, NOW + timedelta(seconds=number // 2))
    kept = [(site.parent / name).read_text() for name in beside(site)]
    assert kept == texts[-KEPT - 1 : -1]


def test_a_link_stays_one_and_a_mark_at_the_beginning_too(tmp_path, site):
    site.write_bytes(saving.MARK + b"schema: 1\n")
    link = tmp_path / "elsewhere" / "link.yaml"
    link.parent.mkdir()
    link.symlink_to(site)
    save(read(link), "schema: 2\n", NOW)
    assert link.is_symlink()
    assert site.read_bytes() == saving.MARK + b"schema: 2\n"


def test_a_disk_that_takes_nothing_leaves_the_file_as_it_was(site, monkeypatch):
    draft = read(site)

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(saving.os, "fsync", full)
    with pytest.raises(UsageError, match="cannot be written: No space left"):
        save(draft, "schema: 2\n", NOW)
    assert read(site) == draft
    assert beside(site) == []


def test_what_cannot_be_read_is_said(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read(tmp_path / "missing.yaml")
    (tmp_path / "site.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not UTF-8"):
        read(tmp_path / "site.yaml")
