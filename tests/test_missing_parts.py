"""What is missing costs its own part, and the rest goes on."""

import os
import socket
import threading
import urllib.request

import pytest
import yaml
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from edge_agent.commanded import Effective
from edge_agent.config.loader import load
from edge_agent.core.decisions import CrossingSeen, Seal, Status
from edge_agent.core.records import Outcome
from edge_agent.errors import ConfigError, StoreFault
from edge_agent.web.server import HttpServer
from edge_agent.web.when_free import WhenFree
from tests.commanded_box import as_yaml
from tests.test_compose import WAIT_S, Running, a_site, a_vehicle, line  # noqa: F401 - a fixture

SQUARE = [[0.1, 0.5], [0.9, 0.5], [0.9, 0.9], [0.1, 0.9]]
MISSING_MODEL = {"model": "no-such.onnx", "min_score": 0.25}


@pytest.fixture
def taken():
    """A port that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def without_anything(path, taken):
    """The same site with a second line, a camera, plates, a street, a platform: each is away or missing."""
    tree = yaml.safe_load(path.read_text("utf-8"))
    closed = "rtsp://127.0.0.1:1/nothing"
    zone = {"rule": "overflow", "shop": "a", "polygon": SQUARE, "door_line": SQUARE[:2]}
    tree["ports"]["second"] = {
        "device": "/dev/no-such-port",
        "protocol": {"kind": "wim_json", "lanes": {"1": "2"}},
    }
    tree["lanes"]["2"] = {**tree["lanes"]["1"], "port": "second", "camera": "gate"}
    reading = [[0.2, 0.6], [0.8, 0.6]]
    tree |= {
        "cameras": {
            "gate": {
                "plates": "both",
                "match": {"lanes": [{"lane": "2", "distance_mm": 8000}]},
                "video": {"url": closed, "views": {"2": {"polygon": SQUARE, "line": reading}}},
            }
        },
        "detector": MISSING_MODEL,
        "plate_reader": {"plate_model": "no-such.onnx", "plate_sha256": "00" * 32},
        "anpr": {"port": taken, "cameras": {"gate": {"protocol": "json", "auth": "none", "lane": "2"}}},
        "street": {
            "shops": {"a": {"name": "A"}},
            "rules": {"overflow": {"event_type": "shop_overflow", "title_zh": "跨门", "title_en": "Goods"}},
            "detector": MISSING_MODEL,
            "cameras": {"east": {"video": {"url": closed}, "zones": {"front": zone}}},
        },
        "uplink": {"mqtt": {"host": "127.0.0.1", "port": taken}, "receipt_keys_file": "no-such.pem"},
        "commands": {"issuers": [{"name": "p", "public_key_file": "no-such.pem", "roles": ["grade"]}]},
        "metrics": {"port": taken},
    }
    path.write_text(as_yaml(tree), "utf-8")
    return path


def test_a_box_on_which_everything_but_one_scale_is_missing_weighs_there_and_names_the_rest(
    tmp_path,
    line,  # noqa: F811 - the fixture
    taken,
):
    ours, device = line
    box = Running(load(without_anything(a_site(tmp_path, device), taken))).ready()
    os.write(ours, a_vehicle("heavy", 26_000))
    assert box.next_decision(CrossingSeen).verdicts[0].outcome is Outcome.OVER
    assert box.next_decision(Seal).crossing.gross == 26_000_000
    box.sealed.get(timeout=WAIT_S)
    away = {"port/second", "camera/gate", "camera/east"}
    while away - {part.part for part in box.agent.health.unwell()}:
        box.next_decision(Status)
    said = {part.part: part.state for part in box.agent.health.unwell()}
    box.agent.stop()

    assert box.ended()
    assert box.error is None
    faults = {"anpr", "commands", "detector", "metrics", "receipt_keys", "street_detector"}
    assert faults <= {part for part, state in said.items() if state == "fault"}
    assert said["uplink"] == "degraded"


def test_a_commanded_configuration_whose_model_is_missing_has_failed_its_trial(tmp_path, line, taken):  # noqa: F811
    """What was good before has its model."""
    config = load(without_anything(a_site(tmp_path, line[1]), taken))
    with pytest.raises(ConfigError, match=r"no-such\.yaml"):
        Running(
            config.model_copy(update={"uplink": None}), chosen=Effective(config, "", ("1" * 64,), "1" * 64)
        )


def test_a_server_whose_port_is_taken_comes_up_once_it_is_free():
    said, heard = [], threading.Event()

    def say(state, detail):
        said.append((state, detail))
        if state == "ok":
            heard.set()

    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        page = Route("/", lambda _request: PlainTextResponse("here"))
        server = WhenFree(HttpServer([page], "127.0.0.1", port), say, again_s=0.02)
        server.start()
        assert said[0][0] == "fault"
        assert f"port {port}" in said[0][1]
    try:
        assert heard.wait(WAIT_S)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=WAIT_S) as answer:
            assert answer.read() == b"here"
    finally:
        server.stop()


def test_a_server_that_never_came_up_is_ended_like_any_other(taken):
    server = WhenFree(HttpServer([], "127.0.0.1", taken), lambda *_: None, again_s=60)
    server.start()
    server.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "http-later"]


def test_without_its_evidence_key_s_folder_nothing_is_sealed_so_nothing_starts(tmp_path, line):  # noqa: F811
    """The one part without which the rest would be worth nothing."""
    _, device = line
    path = a_site(tmp_path, device)
    (tmp_path / "evidence.pem").write_text("no key")
    (tmp_path / "evidence.pem").chmod(0o600)
    with pytest.raises(Exception, match=r"evidence\.pem") as refused:
        Running(load(path))
    assert not isinstance(refused.value, StoreFault)
