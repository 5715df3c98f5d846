"""Every command of the field guide is run, in its order, on a prepared box; both languages have the same.

The box is a folder: /etc, /var/lib and /opt of the guide are folders of it, the scale is a pseudo-terminal,
cameras are short clips, broker and platform are real. What a person does between two commands (fill the
template in, carry a key, drive the truck) the test does.
"""

import io
import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tty
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from edge_agent.cli.main import main
from edge_agent.config.loader import load
from edge_agent.config.recorded import to_text
from edge_agent.demo import broker as brokers
from edge_agent.demo.site import INGEST_ID
from edge_agent.demo.stage import moved
from edge_agent.devices import clock
from edge_agent.doctor.texts import TEXTS
from edge_agent.evidence.keys import FileKey, load_or_generate
from edge_agent.ingest.service import Ingest
from edge_agent.ingest.settings import IngestSettings
from edge_agent.sim.live import LiveTraffic
from tests.films import a_video
from tests.road import ROOT, a_scenario

PAGES = [(ROOT / "docs" / name).read_text("utf-8") for name in ("field-guide.md", "field-guide.zh-CN.md")]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
KEY = re.compile(r"`([a-z_]+\.[a-z_]+)`")

# Not run here, and why.
ELSEWHERE = {
    "sudo scripts/install.sh": "needs root and a bare system: scripts/try-install",
    "nano /etc/edge-agent/site.yaml": "an editor; the test writes what a person would",
    "journalctl --namespace=edge-agent -u edge-agent -n 50": "needs systemd; its words are read here",
}
RESTART = "sudo systemctl restart edge-agent"  # run as what the unit starts
# Typed at a prompt that shows nothing; here it comes from standard input.
PASSWORD = "edge-agent console user add"
FINDS = {"doctor": {0, 1}}  # a box in a folder has no clock to trust: what is wrong with it is found


def commands(page):
    return [line for block in BLOCK.findall(page) for line in block.splitlines()]


def test_both_languages_show_the_same_commands_and_the_same_findings():
    assert commands(PAGES[0]) == commands(PAGES[1])
    rows = [[KEY.findall(line) for line in page.splitlines() if line.startswith("|")] for page in PAGES]
    assert rows[0] == rows[1]


def test_every_finding_that_a_symptom_leads_to_is_one_of_the_doctor_s():
    rows = [line for page in PAGES for line in page.splitlines() if line.startswith("|")]
    named = {key for line in rows for key in KEY.findall(line) if not key.endswith(".yaml")}
    assert len(named) > 40
    assert named - set(TEXTS) == set()


def as_a_shell_does(command):
    """Its words, files that a pattern means in their order."""
    found = []
    for word in shlex.split(command):
        here = Path(word)
        found += map(str, sorted(here.parent.glob(here.name))) if "*" in word else [word]
    return found


class Box:
    """A box in a folder, and who stands beside it."""

    def __init__(self, folder):
        self.folder = folder
        self.etc, self.var = folder / "etc", folder / "var"
        for made in (self.etc, self.var / "keys", self.var / "journal", folder / "platform"):
            made.mkdir(parents=True)
        self.ours, self.theirs = pty.openpty()
        tty.setraw(self.theirs)
        self.daemon = None
        self.log = folder / "daemon.log"
        self.broker = brokers.start_broker(folder / "broker", "ea-bridge-0001", INGEST_ID)
        self.receipt = load_or_generate(folder / "platform" / "receipt.pem")
        (self.etc / "receipt.pem").write_bytes(self.receipt.public.pem)
        self.ingest = None

    def here(self, command):
        """The command with the guide's places as folders of this box."""
        places = {
            "/opt/edge-agent/current": str(ROOT),
            "/etc/edge-agent": str(self.etc),
            "/var/lib/edge-agent": str(self.var),
            "/tmp": str(self.folder),
        }
        return re.sub("|".join(places), lambda found: places[found.group()], command)

    def fill_in(self):
        """What a person writes into the template."""
        site, street = (
            load(ROOT / "configs" / "bridge.yaml"),
            load(ROOT / "configs" / "storefront.yaml").street,
        )
        clips = {name: self.folder / f"{name}.mp4" for name in ("cam1", "east")}
        chance = np.random.default_rng(1)
        for clip in clips.values():
            a_video(clip, [chance.integers(0, 255, (720, 1280, 3), np.uint8)] * 25)
        cv2.imwrite(str(self.folder / "cam1.jpg"), chance.integers(0, 255, (720, 1280, 3), np.uint8))
        chosen = street.model_dump(mode="json") | {"references_dir": str(self.var / "references")}
        del chosen["utc_offsets"]
        chosen["cameras"]["east"]["video"] = {"url": str(clips["east"]), "loop": True}
        view = {
            "polygon": [[0.3, 0.35], [0.7, 0.35], [0.97, 0.98], [0.03, 0.98]],
            "line": [[0.1, 0.85], [0.9, 0.85]],
        }
        filled = moved(
            site,
            {
                ("ports", "wim", "device"): os.ttyname(self.theirs),
                ("lanes", "1", "scale", "zero", "warm_up_s"): 0,
                ("cameras", "cam1", "video"): {"url": str(clips["cam1"]), "loop": True, "views": {"1": view}},
                ("detector",): None,
                ("street",): chosen,
                ("anpr", "port"): 0,
                ("evidence", "key_file"): str(self.var / "keys" / "evidence.pem"),
                ("evidence", "store", "directory"): str(self.var / "evidence"),
                ("journal", "dir"): str(self.var / "journal"),
                ("uplink", "mqtt"): self.broker.settings("ea-bridge-0001").model_dump(mode="json"),
                ("uplink", "receipt_keys_file"): str(self.etc / "receipt.pem"),
            },
        )
        (self.etc / "site.yaml").write_text(to_text(filled), "utf-8")

    def carry_the_key(self):
        """The box's public key to the platform, which then listens."""
        devices = self.folder / "platform" / "devices"
        devices.mkdir()
        public = FileKey.load(self.var / "keys" / "evidence.pem").public
        (devices / "ea-bridge-0001.pem").write_bytes(public.pem)
        settings = IngestSettings(
            mqtt=self.broker.settings(INGEST_ID),
            tenant="demo",
            data_dir=self.folder / "platform" / "data",
            devices_dir=devices,
            receipt_key_file=self.folder / "platform" / "receipt.pem",
        )
        self.ingest = Ingest(settings)
        self.ingest.start()
        assert self.ingest.wait_subscribed(30)

    def restart(self):
        """What `systemctl restart` starts, until it says that the scale is there."""
        self.stop()
        command = [sys.executable, "-m", "edge_agent", "run", "--config", str(self.etc / "site.yaml")]
        self.daemon = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert any("port/wim" in line for line in self._said())

    def _said(self):
        return iter(self.daemon.stdout.readline, "")

    def drive(self, gross_kg):
        """A truck over the scale; when it is over the limit, until it is sealed."""
        scenario = a_scenario(
            {"at_s": 3, "kind": "truck3", "gross_kg": gross_kg, "speed_kmh": 20}, duration_s=8
        )
        traffic = LiveTraffic(
            scenario, 1, {"wim": self.ours}, lambda _read: None, None, clock.monotonic, clock.utc_minus_mono()
        )
        traffic.start()
        assert any(re.search(r"sealed seq \d+ epoch \S+ packet_id", line) for line in self._said())
        traffic.stop()
        traffic.join()

    def runs(self):
        """What the journal holds after the truck's passes, and its slip."""
        passes = [
            {"at_s": 26 + 8 * n, "kind": "truck3", "gross_kg": 20_000, "speed_kmh": speed}
            for n, speed in enumerate((12, 14, 18, 20, 22))
        ]
        scenario = self.folder / "runs.yaml"
        made = a_scenario(*passes, duration_s=68).model_dump(mode="json") | {"site": ""}
        scenario.write_text(yaml.safe_dump(made), "utf-8")
        assert main(["simulate", str(scenario), "--out", str(self.var / "journal" / "runs.mcap")]) == 0
        shutil.copy(ROOT / "configs" / "test-truck.yaml", self.etc / "truck.yaml")

    def stop(self):
        if self.daemon is not None:
            self.daemon.send_signal(signal.SIGTERM)
            self.daemon.communicate(timeout=60)
            self.daemon = None

    def close(self):
        self.stop()
        if self.ingest is not None:
            self.ingest.stop()
        self.broker.stop()
        for descriptor in (self.ours, self.theirs):
            os.close(descriptor)


@pytest.fixture
def box(tmp_path):
    if brokers.find_mosquitto() is None:
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    made = Box(tmp_path)
    yield made
    made.close()


@pytest.mark.slow
def test_every_command_is_run_and_the_box_is_commissioned(box, capsys, monkeypatch):
    before = {  # what a person does between
        "edge-agent config check": box.fill_in,
        "edge-agent identity show": box.carry_the_key,
        "edge-agent calibrate zero": box.runs,
        "edge-agent commission": lambda: box.drive(26_000),
    }
    done = set()
    for command in commands(PAGES[0]):
        for begin, act in before.items():
            if command.startswith(begin):
                act()
        if command in ELSEWHERE:
            done.add(command)
        elif command == RESTART:
            box.restart()
        elif command.startswith("edge-agent "):
            words = as_a_shell_does(box.here(command))[1:]
            if command.startswith(PASSWORD):
                words.append("--stdin")
                monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse battery\n"))
            assert main(words) in FINDS.get(words[0], {0}), (command, capsys.readouterr())
        else:
            assert subprocess.run(["bash", "-c", box.here(command)], check=False).returncode == 0, command
            assert main(["config", "check", str(box.etc / "site.yaml")]) == 0  # the template as it is
    assert done == set(ELSEWHERE)
    said = capsys.readouterr().out
    assert "tests    1, of them receipted 1" in said
    assert "receipt  the platform has it" in said
    assert (box.var / "commissioning" / "commissioning.html").stat().st_size > 20_000
