"""docs/doctor.md lists every key and every check; the planted faults that it names are planted."""

import re
from pathlib import Path

from edge_agent.doctor.examine import CHECKS
from edge_agent.doctor.texts import TEXTS
from tests.doctor.test_planted import PLANTED
from tests.doctor.test_planted_sensors import PLANTED as OF_SENSORS

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


def test_what_is_said_to_be_named_is_named_by_a_test():
    planted = set().union(*(named for _, named in PLANTED), *(named for _, named in OF_SENSORS.values()))

    assert set(re.findall(r"`(\w+\.\w+)`", section("Planted faults").split("|---|---|")[1])) <= planted | {
        "disk.full"
    }
