"""Every metric is documented, parses by both rules, and counts what happened."""

import contextlib
import json
import re
import threading
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from edge_agent.bench.torture.line_site import Line, line_site
from edge_agent.compose import Agent, Hooks
from edge_agent.core.events import ClockSource, ClockStatus
from edge_agent.core.weigh.samples import Counters
from edge_agent.durations import Durations
from edge_agent.errors import StoreFault
from edge_agent.evidence.pressure import Step
from edge_agent.evidence.uplink import events
from edge_agent.evidence.uplink.mqtt import MqttLink, Waker
from edge_agent.evidence.uplink.port import Connected, LinkOptions, Received
from edge_agent.health import Health
from edge_agent.ingest.intake import Stats
from edge_agent.ingest.metrics import registry_of as ingest_registry
from edge_agent.metrics import Sources, registry_of
from edge_agent.progress import Pulse

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/observability.md").read_text("utf-8")
ROW = re.compile(r"^\| `(edge_agent_\w+)` \| (\w+) \| ([^|]*) \| .+ \|$", re.MULTILINE)
WAIT_S = 20


class FullStore:
    """A store that has everything to say."""

    pressure = Step.NO_CLIPS

    def glance(self):
        head = SimpleNamespace(epoch="e", seq=7, payload_sha256="a" * 64)
        return SimpleNamespace(
            head=head,
            pending=3,
            oldest_pending_s=9,
            lost=1,
            disk_free_bytes=5,
            pressure=self.pressure,
            pressed={Step.NO_CLIPS: 4},
        )

    def volumes(self):
        return 100, 200


@pytest.fixture
def everything():
    """Sources with one of each."""
    pulse = Pulse("runner", 60)
    pulse.beat()
    status = ClockStatus(0, 0, ClockSource.NTP, True, 1_000_000, 2_000_000, 3)
    health = Health(FullStore(), "boot", lambda: status, lambda: [pulse])
    health.say("camera/cam1", "blind", "gone")
    health.crossings["1"] = health.overweight["1"] = health.faults["bad_frame"] = health.matches[
        "matched"
    ] = 1
    health.statements["composite", "reference"] += 1
    camera = SimpleNamespace(
        status=lambda: SimpleNamespace(up=True, packets=5, reconnects=1), held=lambda: (1, 2)
    )
    counted = SimpleNamespace(pictures=3, replaced=1, dropped=1, lost=1, decoded=9, errors=0)
    speed = Durations((0.1, 1))
    speed.add(0.05)
    return Sources(
        health=health,
        quota_bytes=1000,
        uplink=SimpleNamespace(counters=events.Counters(bytes=7), connected=True),
        commands=lambda: {"accepted": 2, "refused": 1},
        ports=[SimpleNamespace(name="wim", bytes_read=11)],
        decoders=lambda: {"wim": Counters(frames=4, bad_checksum=1, bad_frame=2)},
        cameras={"cam1": camera},
        samplers={"cam1": SimpleNamespace(stats=counted)},
        detectors={"street": speed},
        black_box=SimpleNamespace(lost_events=3, held_bytes=4, queued_bytes=5),
    )


def families(registry):
    return {m.name: m for m in parse(generate_latest(registry).decode()) if m.name.startswith("edge_agent_")}


def documented(heading):
    section = PAGE.split(heading, 1)[1]
    return {name: (kind, labels) for name, kind, labels in ROW.findall(section.split("\n## ")[0])}


def labels_of(metric):
    names = {name for sample in metric.samples for name in sample.labels} - {"le"}
    return ", ".join(f"`{name}`" for name in sorted(names)) or "-"


def as_documented(registry):
    found = {}
    for name, metric in families(registry).items():
        full = f"{name}_total" if metric.type == "counter" else name
        found[full] = (metric.type, "-" if name == "edge_agent_build_info" else labels_of(metric))
    return found


def test_every_metric_is_on_the_page_and_none_else(everything):
    page = documented("## Metrics")
    found = as_documented(registry_of(everything))
    ingest = as_documented(ingest_registry(Stats, lambda: True))

    assert page == found | ingest


def test_the_exposition_is_well_formed_by_openmetrics_too(everything):
    for registry in (registry_of(everything), ingest_registry(Stats, lambda: False)):
        text = generate_openmetrics(registry).decode()
        assert text.endswith("# EOF\n")
        assert all(m.documentation for m in parse_openmetrics(text))


def test_numbers_are_those_of_the_parts(everything):
    found = {
        (s.name, *s.labels.values()): s.value
        for m in families(registry_of(everything)).values()
        for s in m.samples
    }

    assert found["edge_agent_serial_frames_total", "wim", "good"] == 4
    assert found["edge_agent_serial_frames_total", "wim", "bad"] == 3
    assert found["edge_agent_outbox_messages",] == 3
    assert found["edge_agent_evidence_pressure",] == 2
    assert found["edge_agent_evidence_pressed_total", "2"] == 4
    assert found["edge_agent_commands_total", "refused"] == 1
    assert found["edge_agent_clock_offset_seconds",] == 0.001
    assert found["edge_agent_skipped_frames_total", "cam1"] == 3
    assert found["edge_agent_part_up", "camera/cam1"] == 0
    assert found["edge_agent_health",] == 1
    assert found["edge_agent_detector_inference_speed_seconds_bucket", "street", "0.1"] == 1


def test_a_disk_that_fills_up_is_said_and_that_it_is_emptied_again():
    store = FullStore()
    health = Health(store, "boot", lambda: None, list)
    for step, level in (
        (Step.ALL, "ok"),
        (Step.NO_MARKED, "degraded"),
        (Step.FULL, "fault"),
        (Step.ALL, "ok"),
    ):
        store.pressure = step
        state = health.state("online")
        assert (state.health, state.sealing) == (level, True)
        assert [part.part for part in state.parts] == ([] if step is Step.ALL else ["disk"])


def test_a_tls_certificate_that_keeps_the_box_out_is_said():
    health = Health(FullStore(), "boot", lambda: None, list)
    health.uplink(events.UplinkEvent(events.UplinkEventKind.TLS_CERTIFICATE, 0, None, "expired on ..."))
    assert health.level() == "fault"
    health.uplink(events.UplinkEvent(events.UplinkEventKind.CONNECTED, 1))
    assert health.level() == "ok"


def test_alert_rules_speak_of_metrics_that_there_are(everything):
    rules = yaml.safe_load((ROOT / "configs/prometheus/alerts.yaml").read_text("utf-8"))
    scrape = yaml.safe_load((ROOT / "configs/prometheus/scrape.yaml").read_text("utf-8"))
    known = set(documented("## Metrics"))

    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in alerts}) == len(alerts) > 5
    for rule in alerts:
        assert set(re.findall(r"edge_agent_\w+", rule["expr"])) <= known, rule["alert"]
        assert rule["annotations"]["summary"]
    assert scrape["scrape_configs"][0]["static_configs"][0]["targets"] == ["127.0.0.1:9469"]


def eventually(true):
    until = time.monotonic() + WAIT_S
    while not (found := true()):
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.02)
    return found


class Screen:
    """Reads the state topic as a dashboard would."""

    def __init__(self, broker):
        options = LinkOptions(client_id="screen", mqtt5=True, will=None, receive_maximum=8)
        self._waker = Waker()
        self.link = MqttLink(broker.settings("screen"), options, self._waker)
        self.link.open()
        self.states = []
        eventually(lambda: any(isinstance(e, Connected) for e in self.link.poll(0.05)))
        self.link.subscribe(("ea/v1/+/+/state",))

    def close(self):
        self.link.abort()
        self._waker.close()

    def sees(self, true):
        def look():
            for event in self.link.poll(0.02):
                if isinstance(event, Received):
                    self.states.append(json.loads(event.payload))
                    self.link.acknowledge(event.token)
            return next((state for state in self.states if true(state)), None)

        return eventually(look)


@pytest.fixture
def screen(broker):
    screen = Screen(broker)
    yield screen
    screen.close()


@pytest.fixture
def box(broker, tmp_path):
    """(agent, a call that has somebody cross and waits until that is sealed, a call that ends it)"""
    uplink = {"mqtt": broker.settings().model_dump(mode="json")}
    with Line() as line:
        site = line_site(tmp_path, line.device, uplink=uplink, metrics={"port": 0})
        sealed = threading.Event()
        agent = Agent(site, Hooks(sealed=lambda _order, _sealed: sealed.set()))

        def run():
            with contextlib.suppress(StoreFault):
                agent.run()

        thread = threading.Thread(target=run)
        thread.start()

        def end():
            agent.stop()
            thread.join(WAIT_S)

        yield agent, lambda: eventually(lambda: line.weigh() or sealed.wait(0.3)), end
        end()


def test_a_real_daemon_on_its_page_and_on_its_topic(screen, box):
    agent, seal, end = box
    state = screen.sees(lambda s: s["state"] == "online" and "clock" in s)
    assert (state["sealing"], state["clock"]["synced"], state["health"]) == (True, False, "degraded")
    seal()
    with urllib.request.urlopen(f"http://127.0.0.1:{agent.metrics.port}/metrics") as answer:
        text = answer.read().decode()
    found = {(s.name, *s.labels.values()): s.value for m in parse(text) for s in m.samples}

    assert found["edge_agent_overweight_total", "1"] >= 1
    assert found["edge_agent_statements_sealed_total", "wim", "test"] >= 1
    assert found["edge_agent_uplink_connected",] == 1
    assert found["edge_agent_serial_bytes_total", "wim"] > 100
    assert found["edge_agent_part_stuck", "sealer"] == 0
    assert found["process_resident_memory_bytes",] > 1e7
    rounds = {key[1] for key in found if key[0] == "edge_agent_round_age_seconds"}
    assert {"runner", "sealer", "uplink", "clock", "port/wim"} <= rounds
    end()
    stopped = screen.sees(lambda s: s["state"] == "stopped")
    assert stopped["head"]["seq"] >= 1


def test_a_disk_that_fails_is_said_before_the_daemon_ends(screen, box):
    agent, seal, _ = box
    seal()
    with agent.store._lock:  # sqlite3 does not stand being closed under a query
        agent.store._db.close()  # every later use of it fails, as on a disk that is gone
    agent.uplink.wake()

    state = screen.sees(lambda s: s["state"] == "stopped")
    assert (state["health"], state["sealing"]) == ("fault", False)
    assert any(part["part"] == "store" for part in state["parts"])
