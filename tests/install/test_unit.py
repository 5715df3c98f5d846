"""The service's unit, as far as it can be judged without running it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "systemd" / "edge-agent.service"
ANALYZE = shutil.which("systemd-analyze")


def settings(text):
    return dict(re.findall(r"^([A-Za-z]+)=(.*)$", text, re.MULTILINE))


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed (Debian package systemd)")
def test_the_unit_is_exposed_to_2_at_most():
    ran = subprocess.run(
        [ANALYZE, "security", "--offline=yes", str(UNIT)], capture_output=True, text=True, check=False
    )
    [exposure] = re.findall(r"Overall exposure level for edge-agent.service: ([0-9.]+)", ran.stdout)
    assert float(exposure) <= 2.0


def test_what_the_disk_page_asks_of_the_unit_is_in_it():
    page = (ROOT / "docs" / "disk.md").read_text("utf-8")
    [block] = re.findall(r"```ini\n(.*?)```", page, re.DOTALL)
    asked, found = settings(block), settings(UNIT.read_text("utf-8"))
    for name, value in asked.items():
        if name not in {"ExecStart", "Documentation", "Description", "User"}:
            assert found.get(name) == value, name


def test_it_may_read_how_good_the_clock_is():
    """ProtectClock= forbids adjtimex, and then every statement were of class reference."""
    found = UNIT.read_text("utf-8")
    assert "ProtectClock" not in settings(found)
    assert "SystemCallFilter=adjtimex" in found


@pytest.mark.parametrize("script", ["install.sh", "bundle"])
def test_the_scripts_are_good_shell_and_say_what_they_do(script):
    path = ROOT / "scripts" / script
    assert subprocess.run(["bash", "-n", str(path)], check=False).returncode == 0
    told = subprocess.run(["bash", str(path), "--help"], capture_output=True, text=True, check=False)
    assert told.returncode == 0
    assert script in told.stdout
