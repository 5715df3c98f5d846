"""The service's unit, as far as it can be judged without running it."""

import os
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


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed (Debian package systemd)")
@pytest.mark.parametrize(
    "name", ["edge-agent.service", "edge-agent-maintenance.service", "edge-agent-maintenance.timer"]
)
def test_systemd_finds_nothing_wrong_with_the_units(name):
    said = run(ANALYZE, "verify", str(UNIT.parent / name)).stderr.splitlines()
    ours = [line for line in said if "edge-agent" in line and "is not executable: No such file" not in line]
    assert ours == []


def test_the_nightly_check_up_is_as_shut_in_as_the_daemon():
    """It opens the same ports, and is started by nobody who looks."""
    daemon, nightly = (
        re.findall(
            r"^((?:Restrict|Protect|Private|SystemCall|Device|NoNew|Capab)\w+=.*)$", text, re.MULTILINE
        )
        for text in (
            UNIT.read_text("utf-8"),
            UNIT.with_name("edge-agent-maintenance.service").read_text("utf-8"),
        )
    )
    assert set(daemon) - set(nightly) == {"PrivateMounts=yes"}


TMPFILES = shutil.which("systemd-tmpfiles")


@pytest.mark.skipif(TMPFILES is None, reason="systemd-tmpfiles is not installed (Debian package systemd)")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files to others")
def test_the_folders_come_out_with_their_owners_and_modes(tmp_path):
    """As in a root of its own, whose user has another number than any here."""
    etc = tmp_path / "etc" / "edge-agent"
    (etc / "trusted").mkdir(parents=True)
    (tmp_path / "etc" / "passwd").write_text("root:x:0:0::/:/bin/sh\nedge-agent:x:4321:4322::/:/bin/sh\n")
    (tmp_path / "etc" / "group").write_text("root:x:0:\nedge-agent:x:4322:\n")
    for name in ("site.yaml", "trusted/command.pem"):
        (etc / name).write_text("copied by root")
    (tmp_path / "rules.conf").write_text(UNIT.with_name("edge-agent.tmpfiles").read_text("utf-8"))
    for _ in range(2):
        ran = run(TMPFILES, f"--root={tmp_path}", "--create", str(tmp_path / "rules.conf"))
        assert (ran.returncode, ran.stderr) == (0, "")

    def owned(path):
        found = (tmp_path / path).stat()
        return f"{found.st_mode & 0o7777:04o} {found.st_uid}:{found.st_gid}"

    assert {path: owned(path) for path in MODES} == MODES


MODES = {
    "etc/edge-agent": "2770 0:4322",
    "etc/edge-agent/site.yaml": "0660 0:4322",
    "etc/edge-agent/trusted": "0750 0:4322",
    "etc/edge-agent/trusted/command.pem": "0640 0:4322",
    "etc/edge-agent/credentials": "0700 0:0",
    "var/lib/edge-agent": "0700 4321:4322",
    "var/lib/edge-agent/keys": "0700 4321:4322",
}


def test_serial_names_are_given_after_udev_has_found_out_the_serial_number():
    """Rules run in the order of their files' names, and Debian's 60-serial.rules finds it out."""
    assert all(path.name > "60-serial.rules" for path in UNIT.parent.glob("*.rules"))


UDEVADM = shutil.which("udevadm")


@pytest.mark.skipif(UDEVADM is None, reason="udevadm is not installed (Debian package udev)")
def test_udev_takes_the_rules():
    rules = UNIT.with_name("70-edge-agent.rules")
    if "verify" not in run(UDEVADM, "--help").stdout:
        pytest.skip("this udev has no `udevadm verify` (it came with 254)")
    ran = run(UDEVADM, "verify", str(rules))
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_installer_brings_every_file_of_the_system_and_takes_each_away_again():
    script = (ROOT / "scripts" / "install.sh").read_text("utf-8")
    [places] = re.findall(r"PLACES=\(\n(.*?)\n\)", script, re.DOTALL)
    assert set(re.findall(r'"(\S+) ', places)) == {path.name for path in UNIT.parent.iterdir()}


SCRIPTS = ["install.sh", "bundle", "try-install", "try-hour"]
SHELLCHECK = shutil.which("shellcheck")


@pytest.mark.skipif(SHELLCHECK is None, reason="shellcheck is not installed (Debian package shellcheck)")
@pytest.mark.parametrize("script", SCRIPTS)
def test_shellcheck_finds_nothing(script):
    ran = run(SHELLCHECK, "-x", "--source-path", str(ROOT), str(ROOT / "scripts" / script))
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_scripts_are_good_shell_and_say_what_they_do(script):
    path = ROOT / "scripts" / script
    assert subprocess.run(["bash", "-n", str(path)], check=False).returncode == 0
    told = subprocess.run(["bash", str(path), "--help"], capture_output=True, text=True, check=False)
    assert told.returncode == 0
    assert script in told.stdout
