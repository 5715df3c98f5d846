"""The commands of docs/report.md do what the document says, one after the other."""

import re
import shlex

from edge_agent.cli.main import main
from tests.road import ROOT


def commands():
    """The first block of the document."""
    text = (ROOT / "docs" / "report.md").read_text("utf-8")
    block = re.search(r"(?:^ {4}edge-agent .*\n)+", text, re.MULTILINE).group()
    return [shlex.split(line)[1:] for line in block.splitlines()]


def test_the_document_s_commands_make_a_page_and_tell_its_statements_in_words(tmp_path, monkeypatch, capsys):
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    (tmp_path / "models").symlink_to(ROOT / "models")
    monkeypatch.chdir(tmp_path)
    told = commands()
    assert [words[0] for words in told] == ["simulate", "report", "replay", "explain"]
    for words in told:
        capsys.readouterr()
        assert main(words) == 0, words
    assert capsys.readouterr().out.count("What it does not say") == 5  # of five cases
    assert "总重 · Gross weights" in (tmp_path / "rec.html").read_text("utf-8")
