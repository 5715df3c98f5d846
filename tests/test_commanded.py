"""Configurations by command: what may be changed, what is tried, what a start makes of what lies there."""

import hashlib
import json
import re
from pathlib import Path
from typing import get_args, get_origin

import pytest
from pydantic import BaseModel

from edge_agent import commanded
from edge_agent.cli.main import main
from edge_agent.commanded import PROTECTED, ChangeRefused, ConfigKeeper, read_issuers
from edge_agent.config.loader import load
from edge_agent.config.settings import SiteConfig
from edge_agent.errors import UsageError
from edge_agent.evidence.commands import Refusal, sign
from edge_agent.evidence.contract_vectors_commands import COMMAND_KEY, STRANGER, a_command
from tests.commanded_box import Box


@pytest.fixture
def box(tmp_path):
    return Box(tmp_path)


def coverage_s(chosen):
    return chosen.config.street.coverage_s


def slower(box):
    return box.changed("street", "coverage_s", to=1800)


# Another value for each protected place.
OTHERWISE = {
    ("site", "id"): "t",
    ("site", "tenant"): "town",
    ("site", "device_id"): "ea-test-0002",
    ("site", "device_serial"): "9",
    ("site", "legal"): {"use_class": "enforcement", "operator": "${file:secret}"},
    ("lanes", "*", "certificate"): {"number": "2", "issuer": "a", "valid_until": "2099-01-01"},
    ("lanes", "*", "scale", "calibration"): {"id": "another"},
    ("cameras", "*", "video", "tls_ca"): "command.pem",
    ("street", "cameras", "*", "video", "tls_ca"): "command.pem",
    ("street", "references_dir"): "elsewhere",
    ("anpr", "host"): "127.0.0.2",
    ("anpr", "port"): 9999,
    ("anpr", "cameras", "*", "auth"): "none",
    ("anpr", "cameras", "*", "username"): "mallory",
    ("anpr", "cameras", "*", "password_file"): "command.pem",
    ("anpr", "cameras", "*", "allow"): ["0.0.0.0/0"],
    ("evidence", "key_file"): "other.pem",
    ("evidence", "key_credential"): "other",
    ("evidence", "pkcs11"): {"module": "/tmp/lib.so", "token": "t", "pin_file": "secret"},
    ("evidence", "sm2_key_file"): "other.pem",
    ("evidence", "store"): {"directory": "box/evidence", "keep_receipted_hours": 0},
    ("uplink", "mqtt"): {"host": "127.0.0.1", "port": 1884},
    ("uplink", "receipt_keys_file"): "command.pem",
    ("uplink", "topic_root"): "other/v1",
    ("commands",): None,
    ("journal", "dir"): "journal",
    ("clock",): {"chrony_port": 3230},
    ("health", "clock_step_ms"): 5000,
    ("metrics",): {"host": "0.0.0.0"},
    ("console",): {"port": 8481},
}
HERE = {"street": "east", "lanes": "1", "cameras": "gate", "anpr": "gate"}  # the box has one of each


# A street cannot be simulated from footage, so nothing could be said otherwise there.
@pytest.mark.parametrize("path", [path for path in PROTECTED if path != ("simulate",)], ids=".".join)
def test_what_only_a_technician_may_change_is_refused(box, path):
    with_a_lane(box)
    written = [HERE[path[0]] if step == "*" else step for step in path]
    changed = box.changed(*written, to=OTHERWISE[path])
    if path[-1] == "auth":
        for gone in ("username", "password_file"):
            del changed["anpr"]["cameras"]["gate"][gone]
    refused = box.refused(changed)
    assert refused.reason is Refusal.CONFIG_PROTECTED, refused
    assert ".".join(path) in str(refused)


def with_a_lane(box):
    """A lane with a camera that pushes its reads."""
    posted = {
        "road_class": "highway",
        "limit_kind": "gvw",
        "limit_kg": 49_000,
        "sign_id": "s",
        "legal_basis": "b",
        "authority": "a",
        "valid_from": "2026-01-01",
    }
    box.tree |= {
        "ports": {"wim": {"device": "/dev/null", "protocol": {"kind": "wim_json", "lanes": {"1": "1"}}}},
        "lanes": {
            "1": {
                "port": "wim",
                "camera": "gate",
                "scale": {"calibration": {"id": "one"}},
                "limits": {"posted": posted},
            }
        },
        "cameras": {
            "gate": {
                "match": {"lanes": [{"lane": "1", "distance_mm": 8000}]},
                "video": {"url": "rtsp://192.0.2.2/x"},
            }
        },
        "anpr": {
            "cameras": {
                "gate": {"protocol": "json", "username": "cam", "password_file": "secret", "lane": "1"}
            }
        },
    }
    box.write(box.tree)
    load(box.site)


def test_what_is_protected_is_there_to_be_protected():
    """A field that was renamed would be open to everybody."""
    for path in PROTECTED:
        model = SiteConfig
        for step in path:
            if step != "*":
                assert step in model.model_fields, path
                model = settings_in(model.model_fields[step].annotation)


def settings_in(annotation):
    """The settings model in an annotation, if any."""
    if isinstance(annotation, type):
        return annotation if issubclass(annotation, BaseModel) else None
    return next((found for part in get_args(annotation) if (found := settings_in(part))), None)


# Paths, addresses and names of secrets that a command may change, and why.
OPEN = {
    "url",  # which camera is looked at; no password of the box can be put into it
    "sub_url",
    "model",  # files that are on the box already, whose digest every statement names
    "classes",
    "plate_model",
    "text_model",
    "line_model",
    "port",  # of a lane: the name of an instrument's line
}
TELLING = re.compile(r"(_file|_dir|_ca|_cert|_key|_credential|^host|^port|url|model|^classes)$")


def test_every_new_place_of_a_secret_is_protected_or_thought_about():
    for loc, annotation in everything(SiteConfig):
        secret = TELLING.search(loc[-1]) or annotation is Path or Path in get_args(annotation)
        if secret and loc[-1] not in OPEN:
            assert any(loc[: len(path)] == path for path in PROTECTED), ".".join(loc)


def everything(annotation, loc=()):
    """Each field below, as a path."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            yield (*loc, name), field.annotation
            yield from everything(field.annotation, (*loc, name))
        return
    for part in get_args(annotation):
        yield from everything(part, (*loc, "*") if get_origin(annotation) is dict else loc)


def test_no_command_can_take_the_uplink_away(box):
    tree = json.loads(json.dumps(box.tree))
    del tree["uplink"]
    assert "uplink.mqtt" in str(box.refused(tree))


@pytest.mark.parametrize("said", ["${file:secret}", "${HOME}", "x ${file:command.pem}"])
def test_secrets_of_the_box_cannot_be_moved_to_where_they_are_sent_away(box, said):
    refused = box.refused(box.changed("site", "legal", "approval_number", to=said))
    assert refused.reason is Refusal.CONFIG_PROTECTED
    assert "approval_number" in str(refused)


def test_a_secret_may_stay_where_the_technician_put_it(box):
    box.update(slower(box))
    assert box.kept().config.site.legal.operator == "s3cret"


def test_a_text_with_problems_is_refused_with_its_lines(box):
    refused = box.refused(box.changed("street", "shops", "a", "tier", to="blue"))
    assert refused.reason is Refusal.CONFIG_INVALID
    assert "update_config:" in str(refused)


def test_a_change_is_tried_then_kept(box):
    digest = box.update(slower(box))
    _, tried = box.run()
    assert (coverage_s(tried), tried.trial, tried.layers) == (1800, digest, (digest,))
    assert tried.origin == f"commanded, on trial: {digest}"


def test_a_trial_that_ended_in_good_order_goes_on_and_one_that_did_not_is_over(box):
    digest = box.update(slower(box))
    keeper, tried = box.run()
    keeper.stopped(tried)
    assert coverage_s(box.run()[1]) == 1800

    keeper, after = box.run()  # the last one neither ended nor was kept
    assert coverage_s(after) == 3600
    assert after.failed == (digest, "the daemon did not end in good order")
    keeper.failure_told(after)
    assert box.run()[1].failed is None


def test_going_back_is_to_what_was_good_before_and_not_to_the_file(box):
    first = box.update(slower(box))
    box.kept()
    box.update(box.changed("street", "coverage_s", to=900))
    keeper, tried = box.run()
    assert coverage_s(tried) == 900
    keeper.roll_back(tried, "no reason")

    chosen = box.run()[1]
    assert (coverage_s(chosen), chosen.layers, chosen.trial) == (1800, (first,), "")
    assert len(list((box.folder / "box" / "config").glob("*.dsse.json"))) == 1


def test_while_one_change_is_tried_no_other_is_taken(box):
    box.update(slower(box))
    with pytest.raises(ChangeRefused, match="on trial"):
        box.update(box.changed("street", "coverage_s", to=900))


def test_the_technician_has_the_last_word(box):
    box.update(slower(box))
    box.kept()
    box.write(box.changed("street", "coverage_s", to=600))

    chosen = box.run()[1]
    assert coverage_s(chosen) == 600
    assert "changed at the box" in chosen.dropped
    assert box.run()[1].dropped == ""


def test_an_envelope_that_was_edited_on_the_disk_is_not_used(box):
    digest = box.update(slower(box))
    box.kept()
    path = box.folder / "box" / "config" / f"{digest}.dsse.json"
    assert path.stat().st_mode & 0o777 == 0o600
    good = path.read_bytes()
    other = a_command(
        {"name": "update_model", "slot": "street_detector", "sha256": "ab" * 32},
        role="maintain",
        expected_config_sha256="00" * 32,
    )
    for edited in (
        good.replace(b'"payload":"e', b'"payload":"f'),
        sign(other, [STRANGER]),
        sign(other, [COMMAND_KEY]),
    ):
        path.write_bytes(edited)
        keeper = ConfigKeeper(box.site)
        state = (box.folder / "box" / "config" / "state.json").read_bytes()
        chosen = keeper.effective()
        assert coverage_s(chosen) == 3600
        assert chosen.dropped.startswith("not used")
        (box.folder / "box" / "config" / "state.json").write_bytes(state)


def test_a_key_that_was_taken_back_takes_its_configuration_along(box):
    box.update(slower(box))
    box.kept()
    box.tree["commands"]["issuers"][0]["roles"] = []
    box.write(box.tree)
    state = box.folder / "box" / "config" / "state.json"
    said = json.loads(state.read_text())
    said["local_sha256"] = hashlib.sha256(box.site.read_bytes()).hexdigest()  # as if nobody had edited it
    state.write_text(json.dumps(said))

    chosen = box.run()[1]
    assert coverage_s(chosen) == 3600
    assert "key_revoked" in chosen.dropped


def test_a_state_that_cannot_be_read_leaves_the_technician_s_file(box):
    box.update(slower(box))
    box.kept()
    (box.folder / "box" / "config" / "state.json").write_text("{")
    chosen = box.run()[1]
    assert coverage_s(chosen) == 3600
    assert chosen.dropped


def test_a_model_must_be_installed_beside_the_present_one(box):
    with pytest.raises(ChangeRefused, match="no model with digest"):
        box.model(b"three")
    digest = box.model(b"two")
    chosen = box.kept()
    assert chosen.layers == (digest,)
    detector = chosen.config.street.detector
    assert (detector.model, detector.sha256) == (
        str(box.folder / "models" / "two.onnx"),
        hashlib.sha256(b"two").hexdigest(),
    )

    # A model on top of a commanded configuration, and a configuration that says its own again.
    box.update(slower(box))
    assert box.kept().config.street.detector.model.endswith("one.onnx")
    box.model(b"two")
    both = box.kept()
    assert (len(both.layers), coverage_s(both)) == (2, 1800)
    assert both.config.street.detector.model.endswith("two.onnx")

    (box.folder / "models" / "two.onnx").write_bytes(b"another")
    assert box.run()[1].config.street.detector.model.endswith("one.onnx")


def test_one_key_belongs_to_one_issuer(box):
    issuers = box.tree["commands"]["issuers"]
    issuers.append(issuers[0] | {"name": "other"})
    box.write(box.tree)
    with pytest.raises(UsageError, match="given twice"):
        read_issuers(load(box.site).commands)


def test_a_check_of_the_file_says_that_another_configuration_is_in_force(box, capsys):
    def said():
        before = {path: path.read_bytes() for path in (box.folder / "box").rglob("*") if path.is_file()}
        main(["config", "check", str(box.site)])
        assert before == {
            path: path.read_bytes() for path in (box.folder / "box").rglob("*") if path.is_file()
        }
        return capsys.readouterr().out

    assert "in force" not in said()
    digest = box.update(slower(box))
    chosen = box.kept()
    assert f"{digest}.dsse.json; sha256 {chosen.config.sha256()}" in said()

    box.write(box.changed("street", "coverage_s", to=600))
    assert "dropped at the next start" in said()
    (box.folder / "box" / "config" / "state.json").write_text("{")
    assert "cannot be read" in said()


def test_a_technician_who_lets_nobody_command_for_a_while_has_the_last_word_too(box):
    box.update(slower(box))
    box.kept()
    file = box.site.read_bytes()
    tree = dict(box.tree)
    del tree["commands"]
    box.write(tree)
    assert coverage_s(box.run()[1]) == 3600

    box.site.write_bytes(file)
    assert coverage_s(box.run()[1]) == 3600


def test_a_box_whose_disk_is_full_starts_without_the_trial(box, monkeypatch):
    box.update(slower(box))

    def full(_path, _data):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(commanded, "write_over", full)
        keeper = ConfigKeeper(box.site)
        tried = keeper.effective()
        assert tried.trial
        with pytest.raises(OSError, match="No space"):
            keeper.started(tried)
        keeper.roll_back(tried, "no room")  # as whoever runs the daemon does
        back = keeper.effective()
        assert (back.trial, coverage_s(back)) == ("", 3600)
        keeper.started(back)
        keeper.failure_told(back)
        keeper.stopped(back)
        assert keeper.effective().failed is None
    assert box.run()[1].trial  # nothing was noted: the next start tries it


def test_a_trial_that_was_killed_is_over_on_a_full_disk_too(box, monkeypatch):
    box.update(slower(box))
    box.run()
    monkeypatch.setattr(commanded, "write_over", lambda *_: (_ for _ in ()).throw(OSError(28, "No space")))
    assert ConfigKeeper(box.site).effective().trial == ""
