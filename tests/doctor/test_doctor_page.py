"""docs/doctor.md lists every key, every check and the fifteen faults; what it says is named is planted."""

import re
from pathlib import Path

from edge_agent.doctor.examine import CHECKS
from edge_agent.doctor.texts import TEXTS
from tests.doctor.fifteen import FIFTEEN, planted, table

PAGE = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text("utf-8")


def every_key():
    """The page's last table; after a change: print(every_key())."""
    rows = (f"| `{key}` | {text.found_en.replace('|', '/')} |" for key, text in sorted(TEXTS.items()))
    return "\n".join(["| Key | What was found |", "|---|---|", *rows]) + "\n"


def section(title):
    return PAGE.split(f"## {title}\n")[1].split("\n## ")[0]


def test_every_key_is_listed_with_what_it_says():
    assert section("Every key").strip() == every_key().strip()


def test_every_check_is_listed():
    rows = re.findall(r"^\| (`.+?`) \|", section("What it looks at"), re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(rows[1:]))) == set(CHECKS)


def test_the_fifteen_faults_are_listed_with_how_they_are_planted_and_what_is_named():
    assert len(FIFTEEN) == 15
    assert table() in section("Planted faults")


def test_what_else_is_said_to_be_named_is_named_by_a_test():
    others = section("Planted faults").split("| Fault | Named |")[1]

    assert set(re.findall(r"`(\w+\.\w+)`", others)) <= set().union(*planted().values())
