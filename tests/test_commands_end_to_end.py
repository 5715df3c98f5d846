"""Platform and daemon around a real Mosquitto: commands go out, their results come back."""

import json
import threading
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import yaml

from edge_agent.bench.broker import Mosquitto, find_mosquitto
from edge_agent.cli import run as run_command
from edge_agent.cli.ingest import load_settings
from edge_agent.cli.main import main
from edge_agent.commanded import ConfigKeeper
from edge_agent.compose import Agent
from edge_agent.core.decisions import Watch
from edge_agent.devices import clock
from edge_agent.errors import StoreFault
from edge_agent.evidence import dsse
from edge_agent.evidence.keys import load_or_generate
from edge_agent.evidence.statement import Kind, parse
from edge_agent.ingest.commands import Commands
from edge_agent.ingest.service import Ingest
from edge_agent.ingest.store import PlatformStore
from tests.films import a_video

pytestmark = pytest.mark.slow

WAIT_S = 25.0
SQUARE = [[0.1, 0.5], [0.9, 0.5], [0.9, 0.9], [0.1, 0.9]]


def eventually(condition, what):
    until = time.monotonic() + WAIT_S
    while not (found := condition()):
        assert time.monotonic() < until, f"{what} did not happen within {WAIT_S} s"
        time.sleep(0.02)
    return found


def as_yaml(tree):
    """Without anchors."""
    return yaml.safe_dump(json.loads(json.dumps(tree)), allow_unicode=True)


def site_tree(port, trial_s=1):
    return {
        "schema": 1,
        "site": {"id": "street-test", "tenant": "test", "device_id": "b1", "legal": {"use_class": "test"}},
        "street": {
            "references_dir": "references",
            "shops": {"door-1": {"name": "示例", "tier": "yellow"}},
            "rules": {
                "overflow": {"event_type": "shop_overflow", "title_zh": "跨门经营", "title_en": "Goods"}
            },
            "cameras": {
                "east": {
                    "video": {"url": "east.mp4", "loop": True},
                    "zones": {
                        "front": {
                            "rule": "overflow",
                            "shop": "door-1",
                            "polygon": SQUARE,
                            "door_line": SQUARE[:2],
                        }
                    },
                }
            },
        },
        "evidence": {"key_file": "keys/evidence.pem", "store": {"directory": "box/evidence"}},
        "uplink": {
            "mqtt": {"host": "127.0.0.1", "port": port, "backoff_max_s": 0.5},
            "receipt_keys_file": "receipt-public.pem",
            "resend_min_s": 0.5,
            "resend_max_s": 2.0,
            "head_interval_s": 1.0,
        },
        "commands": {
            "issuers": [
                {
                    "name": "city",
                    "public_key_file": "command-public.pem",
                    "roles": ["grade", "inspect", "operate", "maintain"],
                }
            ],
            "trial_s": trial_s,
        },
    }


class City:
    """A broker, a platform and a box; each can be started and stopped."""

    def __init__(self, folder, broker):
        self.folder = folder
        self.site = folder / "site.yaml"
        self.platform_file = folder / "platform.yaml"
        (folder / "devices").mkdir()
        tree = site_tree(broker.port)
        self.site.write_text(as_yaml(tree), "utf-8")
        rng = np.random.default_rng(1)
        a_video(folder / "east.mp4", [rng.integers(0, 255, (240, 320, 3), np.uint8) for _ in range(50)])
        self.platform_file.write_text(
            yaml.safe_dump(
                {
                    "tenant": "test",
                    "mqtt": {"host": "127.0.0.1", "port": broker.port, "client_id": "ingest"},
                    "data_dir": "platform",
                    "devices_dir": "devices",
                    "receipt_key_file": "receipt.pem",
                    "commands": {"issuer": "city", "key_file": "command.pem"},
                }
            )
        )
        (folder / "receipt-public.pem").write_bytes(load_or_generate(folder / "receipt.pem").public.pem)
        (folder / "command-public.pem").write_bytes(load_or_generate(folder / "command.pem").public.pem)
        key = load_or_generate(folder / "keys" / "evidence.pem")
        (folder / "devices" / "b1.pem").write_bytes(key.public.pem)
        self.ingest = Ingest(load_settings(self.platform_file))
        self.ingest.start()
        self.agents = []
        self.thread = None
        self.problems = []

    def start(self):
        """The daemon as `edge-agent run` does it, but for the signals."""
        self.keeper = ConfigKeeper(self.site)

        def live():
            try:
                while run_command._run_once(self.keeper, None):
                    pass
            except Exception as error:  # noqa: BLE001 - a test looks at it
                self.problems.append(error)

        self.thread = threading.Thread(target=live)
        self.thread.start()

    def stop(self):
        if self.thread is None:
            return
        until = time.monotonic() + WAIT_S
        while self.thread.is_alive():
            assert time.monotonic() < until, "the daemon does not end"
            for agent in self.agents:
                agent.stop()
            self.thread.join(0.2)
        self.thread = None

    def close(self):
        self.stop()
        self.ingest.stop()

    def command(self, *words):
        assert main(["command", *words, "--config", str(self.platform_file)]) == 0

    def listed(self):
        settings = load_settings(self.platform_file)
        store = PlatformStore.of(settings, serving=False)
        try:
            return [asdict(sent) for sent in Commands(settings, store).listed()]
        finally:
            store.close()

    def answer(self, name):
        """The newest command of that name, once it is answered."""

        def answered():
            assert self.problems == []
            return next((s for s in self.listed() if s["name"] == name and s["state"] == "answered"), None)

        return eventually(answered, f"an answer to {name}")

    def statements(self, kind):
        store = PlatformStore.of(load_settings(self.platform_file), serving=False)
        try:
            return [
                parse(dsse.decode(store.envelope(stored.place))[1])
                for stored in reversed(store.newest("b1", 1000, kind.value))
            ]
        finally:
            store.close()

    def shown(self, capsys):
        capsys.readouterr()
        self.command("list", "--json")
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture
def city(tmp_path, monkeypatch):
    if find_mosquitto() is None:
        pytest.skip("mosquitto is not installed (Debian package mosquitto)")
    monkeypatch.setattr(clock, "kernel_clock", lambda: clock.KernelClock(True, 0, 1_000_000))
    broker = Mosquitto(tmp_path).start()
    city = City(tmp_path, broker)

    def run_agent(agent, _seconds):
        city.agents.append(agent)
        agent.run()

    monkeypatch.setattr(run_command, "run_agent", run_agent)
    yield city
    city.close()
    broker.stop()


def test_a_tier_is_set_receipted_shown_and_told_again_after_a_restart(city, capsys):
    city.start()
    city.command("send", "set-tier", "--device", "b1", "--shop", "door-1", "--tier", "red")
    answer = city.answer("set_tier")

    assert (answer["outcome"], answer["detail"]) == ("done", "shop door-1 is red")
    [result] = city.statements(Kind.COMMAND_RESULT)
    assert result.record.command_id == answer["cmd_id"]
    [shown] = city.shown(capsys)
    assert (shown["state"], shown["outcome"]) == ("answered", "done")
    store = city.agents[0].store
    eventually(lambda: store.receipt_of(result.chain.seq), "a receipt of the result")
    city.stop()

    city.start()
    eventually(lambda: len(city.agents) == 2, "a second life")
    eventually(lambda: city.agents[1].site._street._shops.name("door-1") == "red", "the tier")
    assert len(city.statements(Kind.COMMAND_RESULT)) == 1  # it is told again, not answered again


def test_a_red_shop_is_looked_at_more_often_at_once(city, monkeypatch):
    watched = []
    monkeypatch.setattr(Agent, "_watch", lambda _self, wanted: watched.append(wanted))
    city.start()
    city.command("send", "set-tier", "--device", "b1", "--shop", "door-1", "--tier", "green")
    city.answer("set_tier")
    assert all(isinstance(one, Watch) for one in watched)
    assert watched[-1].period_ms > watched[0].period_ms


def test_what_the_core_does_not_know_fails_and_says_why(city):
    city.start()
    city.command("send", "set-tier", "--device", "b1", "--shop", "door-9", "--tier", "red")
    city.command("send", "recheck", "--device", "b1", "--case", "boot-front-1")
    city.command("send", "order-inspection", "--device", "b1", "--zone", "nowhere")
    city.command("send", "order-inspection", "--device", "b1", "--zone", "front", "--window-min", "1")

    assert city.answer("recheck")["outcome"] == "failed"
    assert "not known" in city.answer("recheck")["detail"]
    assert city.answer("set_tier")["detail"] == "a tier for a shop that is not configured"
    found = eventually(
        lambda: (
            [s for s in city.listed() if s["name"] == "order_inspection" and s["outcome"]][1:]
            and city.listed()
        ),
        "two answers",
    )
    assert {s["outcome"] for s in found if s["name"] == "order_inspection"} == {"done", "failed"}


def test_pictures_that_were_asked_for_come_with_the_result_and_are_no_evidence(city):
    city.start()
    eventually(lambda: city.agents and city.agents[0].street.cameras["east"].held(), "a picture")
    started = datetime.now(UTC)
    city.command("send", "snapshot", "--device", "b1", "--camera", "east")
    city.command("send", "snapshot", "--device", "b1", "--camera", "west")
    city.command("send", "clock-report", "--device", "b1")
    eventually(lambda: datetime.now(UTC) > started + timedelta(seconds=2.5), "two seconds of video")
    start = f"{started:%Y-%m-%dT%H:%M:%S}"
    city.command(
        "send", "request-clip", "--device", "b1", "--camera", "east", "--start", start, "--seconds", "2"
    )

    assert city.answer("request_clip")["outcome"] == "done", city.answer("request_clip")
    eventually(lambda: len([s for s in city.listed() if s["outcome"]]) == 4, "all answers")
    results = {(r.record.name, r.record.outcome): r for r in city.statements(Kind.COMMAND_RESULT)}
    snapshot, clip = results["snapshot", "done"], results["request_clip", "done"]
    assert results["snapshot", "failed"].record.detail == "no camera 'west' with video"
    assert results["clock_report", "done"].time.synced
    assert [a.role for a in snapshot.attachments] == ["snapshot"]
    assert (snapshot.attachments[0].width, snapshot.attachments[0].height) == (320, 240)
    assert [a.media_type for a in clip.attachments] == ["video/mp4"]
    assert snapshot.retention.retention_class == clip.retention.retention_class == "command"
    assert "no evidence" in snapshot.record.detail
    assert snapshot.legal is None


def test_nobody_commands_a_box_whose_configuration_names_nobody(city):
    tree = yaml.safe_load(city.site.read_text("utf-8"))
    del tree["commands"]
    city.site.write_text(as_yaml(tree), "utf-8")
    city.start()
    city.command("send", "set-tier", "--device", "b1", "--shop", "door-1", "--tier", "red")
    eventually(lambda: city.listed()[0]["tries"] >= 1, "a try")
    eventually(lambda: city.statements(Kind.HEARTBEAT), "a heartbeat")
    assert city.listed()[0]["outcome"] == ""
    assert city.agents[0].orders is None


# --- configurations ------------------------------------------------------------------------------


def changed_site(city, change, name="new.yaml"):
    tree = yaml.safe_load(city.site.read_text("utf-8"))
    change(tree)
    path = city.folder / name
    path.write_text(as_yaml(tree), "utf-8")
    return path


def update(city, path):
    eventually(lambda: city.statements(Kind.HEARTBEAT) or city.statements(Kind.GENESIS), "a first statement")
    city.command("send", "update-config", "--device", "b1", str(path))
    return city.answer("update_config")


def slower(tree):
    tree["street"]["coverage_s"] = 1800


def test_a_configuration_is_tried_kept_and_still_runs_after_a_restart(city):
    before = ConfigKeeper(city.site).effective().config.sha256()
    city.start()
    answer = update(city, changed_site(city, slower))

    assert answer["outcome"] == "done", answer
    assert city.agents[-1].config.street.coverage_s == 1800
    [change] = [s.record for s in city.statements(Kind.CONFIG_CHANGE)]
    assert (change.old_sha256, change.new_sha256) == (before, city.agents[-1].config.sha256())
    assert change.detail.startswith("commanded, on trial")
    city.stop()
    again = ConfigKeeper(city.site).effective()
    assert again.config.street.coverage_s == 1800
    assert (again.trial, len(again.layers)) == ("", 1)
    assert yaml.safe_load(city.site.read_text("utf-8"))["street"].get("coverage_s") is None


def test_a_configuration_with_problems_is_refused_with_all_of_them(city):
    def broken(tree):
        tree["street"]["shops"]["door-1"]["tier"] = "blue"
        tree["street"]["coverage_seconds"] = 5

    city.start()
    answer = update(city, changed_site(city, broken))
    assert (answer["outcome"], answer["reason"]) == ("refused", "config_invalid")
    assert "tier" in answer["detail"]
    assert "coverage_seconds" in answer["detail"]
    assert len(city.agents) == 1


def test_a_configuration_that_does_not_run_is_taken_back(city, monkeypatch):
    made = Agent._make_street

    def fails(agent, epochs):
        if agent.config.street.coverage_s == 1800:
            raise RuntimeError("this never starts")
        return made(agent, epochs)

    monkeypatch.setattr(Agent, "_make_street", fails)
    city.start()
    answer = update(city, changed_site(city, slower))

    assert answer["outcome"] == "failed"
    assert "this never starts" in answer["detail"]
    assert city.agents[-1].config.street.coverage_s == 3600
    assert city.thread.is_alive()
    assert city.problems == []


def test_a_configuration_that_breaks_while_it_is_tried_is_taken_back_and_both_changes_are_told(
    city, monkeypatch
):
    run = Agent.run

    def breaks(agent):
        if agent.config.street.coverage_s == 1800:
            threading.Timer(0.3, agent.stop).start()
            run(agent)
            raise RuntimeError("broken after a while")
        run(agent)

    monkeypatch.setattr(Agent, "run", breaks)
    city.start()
    answer = update(city, changed_site(city, slower))

    assert answer["outcome"] == "failed"
    changes = eventually(lambda: city.statements(Kind.CONFIG_CHANGE)[1:], "two changes")
    assert changes[-1].record.new_sha256 == city.agents[-1].config.sha256()
    assert changes[-1].record.detail == "the file at the box"


def test_without_the_platform_a_trial_ends_where_it_began(city, monkeypatch):
    made = Agent._make_orders

    def unreached(agent):
        orders = made(agent)
        if agent.config.street.coverage_s == 1800:
            orders._reached = lambda: False
        return orders

    monkeypatch.setattr(Agent, "_make_orders", unreached)
    city.start()
    answer = update(city, changed_site(city, slower))
    assert (answer["outcome"], "not reached" in answer["detail"]) == ("failed", True)
    assert city.agents[-1].config.street.coverage_s == 3600


def test_a_disk_that_fails_during_a_trial_ends_the_daemon_all_the_same(city, monkeypatch):
    run = Agent.run

    def faults(agent):
        if agent.config.street.coverage_s == 1800:
            agent.uplink.stop(0)
            agent.store.close()
            raise StoreFault("disk")
        run(agent)

    monkeypatch.setattr(Agent, "run", faults)
    city.start()
    eventually(lambda: city.statements(Kind.GENESIS), "a first statement")
    city.command("send", "update-config", "--device", "b1", str(changed_site(city, slower)))
    eventually(lambda: not city.thread.is_alive(), "an end")
    assert [type(p) for p in city.problems] == [StoreFault]
    # It did not end in good order: the next start goes back.
    assert ConfigKeeper(city.site).effective().config.street.coverage_s == 3600
