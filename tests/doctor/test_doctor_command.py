"""`edge-agent doctor`, as a technician types it and as a script does."""

import json
import os

from edge_agent.cli.main import main
from edge_agent.config.known_good import at_the_box, keep
from tests.doctor.box import OF_THE_BOX

ONLY = ["--only", ",".join(OF_THE_BOX)]


def test_a_box_that_is_well_exits_0_and_says_so_in_chinese(box, platform, capsys, monkeypatch):
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")

    assert main(["doctor", "--config", str(written(box)), *ONLY]) == 0

    said = capsys.readouterr().out
    assert "已登录，5 个主题全部允许" in said
    assert said.splitlines()[-2].startswith("故障 0")
    assert said.splitlines()[-1] == "doctor 自己查看"


def test_a_fault_exits_1_and_is_said_in_the_language_of_the_shell(box, broker, capsys, monkeypatch):
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    del box.tree["uplink"]["receipt_keys_file"]

    assert main(["doctor", "--config", str(written(box)), "--only", "keys"]) == 1

    said = capsys.readouterr().out
    assert "fault    key/receipt   there is no receipt key" in said
    assert "next: Get the platform's public receipt key" in said


def test_scripts_get_keys_numbers_and_both_languages(box, broker, capsys):
    assert main(["doctor", "--config", str(written(box)), "--json", "--only", "scale"]) == 0

    told = json.loads(capsys.readouterr().out)
    [papers] = told["findings"]
    assert (told["state"], papers["key"], papers["values"]["days"]) == ("ok", "scale.ok", 300)
    assert papers["en"]["found"].startswith("certificate JD-1 is valid until")


def test_a_configuration_with_mistakes_is_the_finding(tmp_path, capsys):
    path = tmp_path / "site.yaml"
    path.write_text("schema: 1\nsite: {id: a, tenant: b, device_id: c}\nlanse: {}\n")

    assert main(["doctor", "--config", str(path), "--json"]) == 1

    findings = json.loads(capsys.readouterr().out)["findings"]
    assert {one["key"] for one in findings} == {"config.problem"}
    wrong = next(one for one in findings if one["values"]["key"] == "lanse")
    assert wrong["values"]["where"] == f"{path}:3"
    assert "lanes" in wrong["en"]["found"]


def test_under_a_file_with_mistakes_the_box_is_examined_by_the_last_good_one(box, broker, capsys):
    path = written(box)
    keep(path, at_the_box(path))
    path.write_text(path.read_text("utf-8") + "lanse: {}\n", "utf-8")

    assert main(["doctor", "--config", str(path), "--only", "keys,scale", "--json"]) == 1

    found = [one["key"] for one in json.loads(capsys.readouterr().out)["findings"]]
    assert found[:2] == ["config.problem", "config.last_good"]
    assert {"key.ok", "scale.ok"} <= set(found)


def test_a_call_that_makes_no_sense_exits_2(tmp_path, capsys):
    path = tmp_path / "site.yaml"
    assert main(["doctor", "--config", str(path)]) == 2
    path.touch()
    assert main(["doctor", "--config", str(path), "--only", "teeth"]) == 2
    assert main(["doctor", "--config", str(path), "--lang", "fr"]) == 2
    assert "the checks are software, " in capsys.readouterr().err


def test_a_key_of_the_daemons_user_is_no_fault_for_root_and_others_are_sent_away(
    box, broker, capsys, monkeypatch
):
    nobody = 65_534
    path = written(box)
    if os.geteuid() == 0:
        os.chown(box.folder / "evidence.pem", nobody, -1)
        assert main(["doctor", "--config", str(path), "--only", "keys", "--lang", "en"]) == 0
        assert "root does not use it" in capsys.readouterr().out
    monkeypatch.setattr(os, "geteuid", lambda: nobody)

    assert main(["doctor", "--config", str(path), "--only", "scale"]) == 2
    assert "run `sudo -u" in capsys.readouterr().err


def written(box):
    box.config()
    return box.path
