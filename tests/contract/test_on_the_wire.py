"""What mosquitto_sub sees while a box seals and a platform answers is what contract/ says, all of it."""

import base64
import hashlib
import json
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from jsonschema import Draft202012Validator

from edge_agent.bench.broker import ADDRESS, Mosquitto, find_mosquitto
from edge_agent.bench.kill import PRELOAD, platform_settings, uplink_settings
from edge_agent.bench.kill_box import DEVICE, TENANT, BoxPlan, live
from edge_agent.evidence.examples import KEY
from edge_agent.evidence.keys import FileKey
from edge_agent.ingest.service import Ingest

HERE = Path(__file__).parents[2] / "contract"
API = yaml.safe_load((HERE / "asyncapi.yaml").read_text("utf-8"))
CHANNELS = API["channels"]
# What this box does not do in this test: nobody commands it.
UNHEARD = {"commands"} & set(CHANNELS)
WAIT_S = 30.0
CHUNK_HEADER = 20
pytestmark = [
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed"),
    pytest.mark.skipif(shutil.which("mosquitto_sub") is None, reason="mosquitto-clients is not installed"),
]


class Heard(NamedTuple):
    topic: str
    qos: int
    retained: bool
    content_type: str
    payload: bytes


class Subscriber:
    """mosquitto_sub to everything under the root, retained flags as the publishers set them."""

    def __init__(self, port: int, file: Path) -> None:
        self._file = file
        self._out = file.open("wb")
        form = ["-F", "%t %q %r %x ;%C"]
        command = ["mosquitto_sub", "-h", ADDRESS, "-p", str(port), "-V", "mqttv5", "-q", "1", "-v"]
        self._process = subprocess.Popen(
            [*command, "--retain-as-published", "-t", "ea/#", *form],
            stdout=self._out,
            stderr=subprocess.STDOUT,
        )

    def heard(self) -> list[Heard]:
        whole = self._file.read_text("utf-8").rpartition("\n")[0]
        return [self._one(line) for line in whole.splitlines()]

    @staticmethod
    def _one(line: str) -> Heard:
        found = re.fullmatch(r"(\S+) (\d) (\d) ([0-9a-fA-F]*) ;(.*)", line)
        assert found, line
        topic, qos, retained, payload, content_type = found.groups()
        return Heard(topic, int(qos), retained == "1", content_type, bytes.fromhex(payload))

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._out.close()


def eventually(true, what):
    deadline_s = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < deadline_s, what
        time.sleep(0.02)


def states(sub):
    return [json.loads(m.payload)["state"] for m in sub.heard() if m.topic.endswith("/state")]


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    """A box's day: it seals and sends, is killed, comes back, stops; the platform answers."""
    folder = tmp_path_factory.mktemp("wire")
    (folder / "devices").mkdir()
    (folder / "devices" / f"{DEVICE}.pem").write_bytes(KEY.public.pem)
    (folder / "receipts.pub.pem").write_bytes(FileKey.generate(folder / "receipts.pem").public.pem)
    broker = Mosquitto(folder).start()
    ingest = Ingest(platform_settings(broker, folder))
    sub = Subscriber(broker.port, folder / "heard.txt")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    boxes = []

    def start(life):
        plan = BoxPlan(folder, uplink_settings(broker), life, per_second=20, picture_bytes=120_000)
        boxes.append(context.Process(target=live, args=(plan,), daemon=True))
        boxes[-1].start()

    try:
        ingest.start()
        assert ingest.wait_subscribed(WAIT_S)
        start(0)
        eventually(lambda: ingest.stats.accepted > 5 and ingest.stats.heads > 0, "accepted")
        os.kill(boxes[0].pid, signal.SIGKILL)
        boxes[0].join(10)
        eventually(lambda: "offline" in states(sub), "the last will")
        start(1)
        eventually(lambda: states(sub).count("online") > 1, "online again")
        (folder / "stop").touch()
        boxes[1].join(60)
        eventually(lambda: "stopped" in states(sub), "goodbye")
        yield sub.heard()
    finally:
        for box in boxes:
            if box.is_alive():
                box.kill()
        sub.stop()
        ingest.stop()
        broker.stop()


def channel_of(topic):
    """The one channel whose address the topic fits."""
    found = []
    for name, channel in CHANNELS.items():
        address = re.escape(channel["address"])
        form = re.sub(
            r"\\\{(\w+)\\\}", lambda m: {"sha256": "[0-9a-f]{64}"}.get(m[1], "[A-Za-z0-9_.-]{1,64}"), address
        )
        found += [name] if re.fullmatch(form, topic) else []
    assert len(found) == 1, (topic, found)
    return found[0]


def message_of(channel):
    [ref] = CHANNELS[channel]["messages"].values()
    return API["components"]["messages"][ref["$ref"].rpartition("/")[2]]


def binding_of(channel):
    [operation] = [o for o in API["operations"].values() if o["channel"]["$ref"] == f"#/channels/{channel}"]
    return operation["bindings"]["mqtt"]


def validator(schema):
    if "$ref" in schema:
        schema = json.loads((HERE / schema["$ref"]).read_text("utf-8"))
    return Draft202012Validator(schema)


def test_every_channel_was_heard_and_nothing_beside_them(heard):
    assert {channel_of(m.topic) for m in heard} == set(CHANNELS) - UNHEARD
    assert {m.topic.split("/")[2:4] == [TENANT, DEVICE] for m in heard} == {True}
    assert {json.loads(m.payload)["state"] for m in heard if m.topic.endswith("/state")} == {
        "online",
        "offline",
        "stopped",
    }


def test_every_message_has_the_qos_the_retained_flag_and_the_content_type_of_its_channel(heard):
    for m in heard:
        channel = channel_of(m.topic)
        binding = binding_of(channel)
        assert (m.qos, m.content_type) == (binding["qos"], message_of(channel)["contentType"]), m.topic
        if channel != "head":  # a box that has just started asks there, and that is not its newest
            assert m.retained == binding["retain"], m.topic
    heads = [m.retained for m in heard if channel_of(m.topic) == "head"]
    assert (heads.count(True) > 1, heads.count(False)) == (True, 1)  # the second life asked


def test_every_payload_fits_its_schema_and_so_does_what_was_signed(heard):
    checked = defaultdict(int)
    for m in heard:
        message = message_of(channel_of(m.topic))
        if message["payload"].get("format") == "binary":
            continue
        told = json.loads(m.payload)
        validator(message["payload"]).validate(told)
        if "x-signed-payload" in message:
            validator(message["x-signed-payload"]).validate(json.loads(base64.b64decode(told["payload"])))
            checked[channel_of(m.topic)] += 1
    assert set(checked) >= {"statements", "head", "receipts"}


def test_the_chunks_make_every_attachment_that_a_receipted_statement_lists(heard):
    files = defaultdict(dict)
    totals = {}
    listed = {}
    receipted = set()
    for m in heard:
        channel = channel_of(m.topic)
        if channel == "attachments":
            magic, offset, total = m.payload[:4], *(int.from_bytes(m.payload[n : n + 8]) for n in (4, 12))
            assert magic == b"EAC1"
            assert 0 < len(m.payload) - CHUNK_HEADER <= total - offset
            sha256 = m.topic.rpartition("/")[2]
            assert totals.setdefault(sha256, total) == total
            files[sha256][offset] = m.payload[CHUNK_HEADER:]
        elif channel == "statements":
            body = base64.b64decode(json.loads(m.payload)["payload"])
            listed[hashlib.sha256(body).hexdigest()] = [a["sha256"] for a in json.loads(body)["attachments"]]
        elif channel == "receipts":
            items = json.loads(base64.b64decode(json.loads(m.payload)["payload"]))["items"]
            receipted |= {i["payload_sha256"] for i in items if i["status"] in ("accepted", "duplicate")}
    wanted = {sha256 for digest in receipted & set(listed) for sha256 in listed[digest]}
    assert len(wanted) > 9
    for sha256 in wanted:
        data = bytearray(totals[sha256])
        for offset, body in files[sha256].items():
            data[offset : offset + len(body)] = body
        assert hashlib.sha256(data).hexdigest() == sha256
