"""The bodies that docs/webhooks.md shows are made by the code; its settings and its commands are real."""

import hashlib
import itertools
import json
import re
from pathlib import Path

import pytest
import yaml

from edge_agent.cli.main import main
from edge_agent.evidence import dsse
from edge_agent.evidence.examples import KEY, a_case, a_store
from edge_agent.evidence.examples_street import a_street_identity, a_zone_case
from edge_agent.evidence.unsigned import UnsignedChain
from edge_agent.ingest.fanout import WAITING, Delivery, delivery_id
from edge_agent.ingest.place import Place
from edge_agent.ingest.settings import IngestSettings
from edge_agent.ingest.settings_outward import WebhookSettings
from edge_agent.ingest.webhook_body import body
from edge_agent.ingest.webhooks import FIRST_WAIT_S, LONGEST_RETRY_AFTER_S, LONGEST_WAIT_S

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "webhooks.md").read_text("utf-8")
SHOWN = dict(re.findall(r"<!-- made by the test suite: (\w+) -->\n```json\n(.*?)```", PAGE, re.DOTALL))
SETTINGS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
EPOCH, SEQ = "57137f73448278127a71729511efbd08", 4711
# Depends on the versions that sealed it.
SHA256 = hashlib.sha256(b"the payload").hexdigest()


def example(route):
    """The message of a route; of each list the first, long texts cut short."""
    record, blobs = a_case() if route == "officer" else a_zone_case()
    said = UnsignedChain(a_street_identity()).statement(record).statement
    attempt = Delivery(
        delivery_id(route, SHA256), route, Place(said.device_id, EPOCH, SEQ), 0, 0, 1, WAITING, None, ""
    )
    hook = WebhookSettings(name=route, route=route, url="https://receiver.example/")
    made = body(
        hook,
        attempt,
        said,
        payload_sha256=SHA256,
        envelope=dsse.sign(dsse.EVIDENCE_TYPE, said.to_bytes(), [KEY]),
        public_url="https://evidence.bureau.example",
        read=blobs.get,
    )
    made["attachments"] = made["attachments"][:1]
    if "envelope" in made:
        made["envelope"]["payload"] = cut(made["envelope"]["payload"])
        made["envelope"]["signatures"][0]["sig"] = cut(made["envelope"]["signatures"][0]["sig"], 0)
    for file in made["attachments"]:
        if "data" in file:
            file["data"] = cut(file["data"])
    return json.dumps(made, ensure_ascii=False, indent=2) + "\n"


def cut(text, keep=12):
    return text[:keep] + "…"


@pytest.mark.parametrize("route", ["owner", "officer", "platform"])
def test_the_page_shows_what_is_sent(route):
    assert SHOWN[route] == example(route)


def test_the_page_s_settings_are_good():
    [shown] = SETTINGS
    hooks = IngestSettings.model_validate(
        {"tenant": "t", "data_dir": "d", "devices_dir": "d", "receipt_key_file": "k", **yaml.safe_load(shown)}
    ).webhooks

    assert [hook.route for hook in hooks] == ["owner", "officer", "platform"]


def test_every_setting_is_explained():
    for name in WebhookSettings.model_fields:
        assert f"`{name}`" in PAGE


def test_the_page_s_times_are_the_code_s():
    assert f"{FIRST_WAIT_S:g} s, 10 s, 20 s" in PAGE
    assert (LONGEST_WAIT_S, LONGEST_RETRY_AFTER_S) == (3600, 24 * 3600)
    assert "an hour at most" in PAGE
    assert "a day at most" in PAGE


def test_the_example_of_the_configuration_is_good():
    text = (ROOT / "configs" / "platform.yaml").read_text("utf-8")
    lines = text[text.index("# webhooks:") :].splitlines()
    block = [line.removeprefix("# ") for line in itertools.takewhile(bool, lines)]
    settings = yaml.safe_load(text) | yaml.safe_load("\n".join(block))

    assert len(IngestSettings.model_validate(settings).webhooks) == 2


def test_the_page_s_way_to_verify_works(tmp_path, capsys):
    with a_store(tmp_path / "box") as box:
        envelope = json.loads(box.packet(box.seal(*a_case()).seq).envelope)
    (tmp_path / "envelope.json").write_text(json.dumps(envelope, indent=2))  # as jq writes it
    (tmp_path / "evidence.pem").write_bytes(KEY.public.pem)
    keys = ["--keys", str(tmp_path / "evidence.pem")]

    assert main(["verify", str(tmp_path / "envelope.json"), *keys]) == 0, capsys.readouterr()
    envelope["payload"] = envelope["payload"].replace("A", "B", 1)
    (tmp_path / "envelope.json").write_text(json.dumps(envelope))
    assert main(["verify", str(tmp_path / "envelope.json"), *keys]) == 1
