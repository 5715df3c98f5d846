"""The READMEs list every command, in the order of `edge-agent --help`."""

import re
from pathlib import Path

import pytest

from edge_agent.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_every_command_is_in_the_table_once_and_where_help_has_it(name):
    rows = re.findall(r"^\| `edge-agent (\w+)", (ROOT / name).read_text("utf-8"), re.MULTILINE)
    assert list(dict.fromkeys(rows)) == list(COMMANDS)
    assert [row for row in COMMANDS if rows.count(row) > 1] == ["plates", "bench"]  # read, check; all, one
