"""Every command that docs/replay.md shows, run in its order; its broker file is one."""

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

from edge_agent.bench.broker import Mosquitto, find_mosquitto
from edge_agent.cli.main import main
from edge_agent.ingest.service import Ingest
from edge_agent.ingest.settings import IngestSettings
from edge_agent.replaying.rehearsal_settings import RehearsalSettings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "replay.md").read_text("utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines()]


# Less of the same: a shorter recording, a smaller grid.
QUICKER = {"--seconds 120": "--seconds 80", "decide_ppm=990000,999300": "decide_ppm=990000"}


def quicker(command, port):
    """As a list, on the test's own broker."""
    for shown, run in {**QUICKER, "127.0.0.1:1883": f"127.0.0.1:{port}"}.items():
        command = command.replace(shown, run)
    return shlex.split(command)[1:]


@pytest.fixture
def broker(tmp_path):
    running = Mosquitto(tmp_path).start()
    listening = Ingest(
        IngestSettings(
            mqtt=running.settings("ingest"),
            tenant="replay",
            data_dir=tmp_path / "platform",
            devices_dir=tmp_path,
            receipt_key_file=tmp_path / "receipt.pem",
        )
    )
    listening.start()
    assert listening.wait_subscribed(15)
    yield running
    listening.stop()
    running.stop()


@pytest.mark.slow
@pytest.mark.skipif(find_mosquitto() is None, reason="needs Debian's mosquitto")
def test_the_page_s_commands_replay_change_sweep_and_publish(tmp_path, monkeypatch, capsys, broker):
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    monkeypatch.chdir(tmp_path)
    said = {}
    for line in COMMANDS:
        command = quicker(line, broker.port)
        assert main(command) == 0, (command, capsys.readouterr().err)
        said[command[command.index("--out") + 1]] = capsys.readouterr().out

    assert "of what was decided from +60s up to +90s of lane 1:" in said["part"]
    assert "may differ from the whole run" in said["cold"]
    assert "lane 2  case of #15: matched 川YP9558" in said["paced"]
    assert said["paced"].splitlines()[1] in PAGE
    assert "limit_kg: 20000 -> 18000" in said["strict"]
    assert len(json.loads((tmp_path / "swept" / "sweep.json").read_text("utf-8"))["points"]) == 3
    assert (tmp_path / "swept" / "sweep.png").exists()
    assert re.search(r"^    (use class test, .* sealed, .*)$", PAGE, re.MULTILINE)[1] in said["sent"]


def test_the_broker_file_of_the_page_is_one():
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)

    assert RehearsalSettings.model_validate(yaml.safe_load(block)).device_id == "replay-1"
