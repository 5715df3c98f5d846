"""Every command of the tutorial of docs/corpus.md, run in its order; it says itself which end with 1."""

import re
import shlex
from pathlib import Path

import pytest

from edge_agent.cli.main import main
from edge_agent.corpus.goldens import rules_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "corpus.md").read_text("utf-8")
LINES = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


@pytest.mark.slow
def test_the_page_s_commands_do_what_it_says(tmp_path, monkeypatch, capsys):
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {0})
    said = {}
    for line in LINES:
        program, *arguments = shlex.split(line, comments=True)
        if program == "mkdir":
            Path(arguments[0]).mkdir()
            continue
        assert main(arguments) == (1 if line.endswith("# exit 1") else 0), line
        said[" ".join(arguments[:2])] = capsys.readouterr().out

    assert "3 recordings: 3 differs" in said["corpus compare"]
    assert said["corpus bless"] == "1 changed\n"
    assert sorted(path.name for path in (tmp_path / "recordings").glob("*.golden.json")) == [
        "monday.golden.json",
        "short.golden.json",
        "tuesday.golden.json",
    ]
    assert (tmp_path / "then" / "summary.json").exists()
    assert "monday.mcap" in (tmp_path / "differences.html").read_text("utf-8")


def test_the_page_s_rules_are_rules(tmp_path):

    [block] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "corpus.yaml").write_text(block, "utf-8")

    assert rules_of(tmp_path).of("bridge/x.mcap").grams == 5_000
