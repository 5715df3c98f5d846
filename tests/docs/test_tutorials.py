"""The tutorials' commands and cells do what the pages say."""

import pytest

from tests.docs.pages import ROOT, checkout, walk

PAGES = sorted(path.name for path in (ROOT / "docs" / "tutorials").glob("*.md"))


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_a_tutorial_s_commands_give_what_it_shows(page, tmp_path, monkeypatch):
    checkout(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANG", "en_GB.UTF-8")

    walk(f"tutorials/{page}")
