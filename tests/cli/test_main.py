"""The front door: instant help, exit codes that scripts rely on, no traceback for a user's mistake."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.cli.main import COMMANDS, main

ROOT = Path(__file__).parents[2]
SITE = ROOT / "configs" / "bridge.yaml"

# What costs a small box seconds to import.
HEAVY = {"numpy", "pydantic", "cv2", "av", "onnxruntime", "paho", "cryptography", "typer", "mcap", "yaml"}


def imported_by(*args):
    """Top-level packages that a fresh interpreter has loaded when the command has run."""
    code = (
        "import sys; from edge_agent.cli.main import main; status = main(sys.argv[1:]);"
        "print('LOADED', *{name.partition('.')[0] for name in sys.modules}); sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *args], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split("LOADED")[-1].split())


@pytest.mark.parametrize("args", [("--help",), ("--version",)])
def test_help_loads_nothing_heavy(args):
    assert imported_by(*args) & HEAVY == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_s_help_opens_no_library_for_pictures_networks_or_numbers(command):
    assert imported_by(command, "--help") & {"numpy", "cv2", "av", "onnxruntime", "paho", "mcap"} == set()


def test_help_names_every_command_and_each_has_its_file(capsys):
    assert main(["--help"]) == 0

    said = capsys.readouterr().out
    for name in COMMANDS:
        assert f"  {name} " in said
        file = f"{name}_.py" if name == "import" else f"{name}.py"
        assert (ROOT / "edge_agent" / "cli" / file).is_file()


def test_no_command_at_all_is_a_usage_error_that_shows_the_help(capsys):
    assert main([]) == 2
    assert "Usage: edge-agent COMMAND" in capsys.readouterr().out


def test_an_unknown_command_is_a_usage_error(capsys):
    assert main(["frobnicate"]) == 2
    assert "no command 'frobnicate'" in capsys.readouterr().err


def test_a_mistyped_command_is_recognised(capsys):
    assert main(["simulat"]) == 2
    assert "did you mean simulate?" in capsys.readouterr().err


def test_the_version_is_said(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("edge-agent ")


def garbage(folder):
    """Files and folders of every wrong kind."""
    (folder / "empty").mkdir()
    (folder / "empty.file").touch()
    (folder / "noise").write_bytes(bytes(range(256)) * 64)
    (folder / "broken.yaml").write_text("a: [1, 2\nb: }")
    (folder / "list.yaml").write_text("- 1\n- 2\n")
    (folder / "deep.yaml").write_text("[" * 20_000)
    (folder / "wide.csv").write_text("time,camera,plate\n1,cam1," + "A" * 200_000 + "\n")
    (folder / "one.csv").write_text("time,camera,plate\n1760000000,cam1,沪A12345\n", "utf-8")
    (folder / "taken").write_text("not a folder")


MISTAKES = [
    (2, "config check absent.yaml", "no file absent.yaml"),
    (2, "config check empty", "no file empty"),
    (1, "config check noise", "not UTF-8"),
    (1, "config check broken.yaml", "broken.yaml:2: not YAML"),
    (1, "config check list.yaml", "list.yaml:1: "),
    (1, "config check deep.yaml", "nested deeper"),
    (2, "run --config absent.yaml", "absent.yaml: cannot be read"),
    (2, "run --config noise", "not UTF-8"),
    (2, "run", "Missing option"),
    (2, "replay absent.mcap --out o", "absent.mcap: no such file or folder"),
    (2, "replay empty --out o", "no *.mcap"),
    (1, "replay noise --out o", "not an edge-agent recording"),
    (1, "replay empty.file --out o", "not an edge-agent recording"),
    (2, "verify absent", "absent: no such file or folder"),
    (2, "verify empty", "empty: no store"),
    (2, "simulate absent.yaml --seed 1 --out s.mcap", "cannot be read"),
    (2, "simulate noise --seed 1 --out s.mcap", "not UTF-8"),
    (2, "import --config SITE --out i.mcap", "nothing to import"),
    (2, "import --config SITE --out i.mcap --plates wide.csv", "wide.csv:1: not a CSV"),
    (2, "import --config SITE --out i.mcap --plates noise", "not UTF-8"),
    (2, "import --config SITE --out no/such/i.mcap --plates one.csv", "no/such/i.mcap: No such file"),
    (2, "import --config SITE --out taken/i.mcap --plates one.csv", "Not a directory"),
    (2, "import --config SITE --out i.mcap --serial nine=noise", "no port 'nine'"),
    (
        2,
        "import --config SITE --out i.mcap --serial wim=noise",
        "bytes without times: --serial wim=noise@TIME",
    ),
    (2, "import --config SITE --out i.mcap", "video alone makes no recording"),
    (2, "bench compare absent.json noise", "absent.json: No such file"),
    (2, "bench compare noise noise", "noise: no result of `edge-agent bench --out`"),
    (2, "diff broken.yaml empty", "broken.yaml: line 1: no decision as `edge-agent replay` writes them"),
    (2, "ingest --config SITE", "data_dir: required"),
    (2, "bench nope", "No such command"),
]


@pytest.mark.parametrize(("status", "line", "said"), MISTAKES, ids=[line for _, line, _ in MISTAKES])
def test_a_mistake_is_said_without_a_traceback(tmp_path, monkeypatch, capsys, status, line, said):
    garbage(tmp_path)
    monkeypatch.chdir(tmp_path)

    result = main([str(SITE) if word == "SITE" else word for word in line.split()])

    out, err = capsys.readouterr()
    assert (result, said in out + err) == (status, True), out + err
    assert "Traceback" not in out + err


@pytest.mark.skipif(os.geteuid() != 0 or not Path("/proc/1/mem").exists(), reason="needs an unreadable file")
def test_what_may_not_be_read_is_said_and_no_traceback(capsys):
    assert main(["verify", "/proc/1/mem"]) in {1, 2}
    assert "Traceback" not in capsys.readouterr().err
