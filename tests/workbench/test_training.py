"""Training, validation and export: what is refused beforehand, and the whole way once."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from edge_agent.cli.main import main
from edge_agent.devices.detector import Detector, DetectorSettings
from edge_agent.devices.detector.class_map import read_class_map
from edge_agent.errors import ConfigError, UsageError
from edge_agent.workbench import drive
from edge_agent.workbench.card import card, is_unfinished, licence_of
from edge_agent.workbench.dataset import read_dataset
from edge_agent.workbench.tasks import Training, train
from edge_agent.workbench.weights import must_be_vouched_for, vouch_for
from tests.devices.detector_agreement import ROOT, detect_with_ultralytics, differences, train_python

SIDE = 64


def a_dataset(folder: Path, pictures: int = 4) -> Path:
    """Grey pictures with one white square each, drawn; half of them for the training, half for validation."""
    draw = np.random.default_rng(7)
    for number in range(pictures):
        part = "train" if number % 2 == 0 else "val"
        image = np.full((SIDE, SIDE, 3), 90, np.uint8)
        x, y = (int(v) for v in draw.integers(4, 36, 2))
        cv2.rectangle(image, (x, y), (x + 24, y + 24), (255, 255, 255), -1)
        for kind in ("images", "labels"):
            (folder / kind / part).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / "images" / part / f"{number}.png"), image)
        middle = [(x + 12) / SIDE, (y + 12) / SIDE, 24 / SIDE, 24 / SIDE]
        line = " ".join(["1", *(f"{v:.4f}" for v in middle)])
        (folder / "labels" / part / f"{number}.txt").write_text(line + "\n")
    data = folder / "data.yaml"
    data.write_text("train: images/train\nval: images/val\nnames: {0: person, 1: goods_pile}\n")
    return data


def test_a_dataset_is_counted_before_anything_heavy_starts(tmp_path):
    dataset = read_dataset(a_dataset(tmp_path))
    assert dataset.pictures == {"train": 2, "val": 2}
    assert dataset.boxes == {"person": 0, "goods_pile": 4}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "train: images/train\nval: images/val\nnames: {0: a}\ndownload: https://x/y.zip",
            "download: .*fetch it",
        ),
        ("train: images/train\nnames: {0: a}", "val: is missing"),
        ("train: images/train\nval: images/absent\nnames: {0: a}", "val: no pictures in"),
        ("train: images/train\nval: images/val\nnames: {1: a}", "names: must count"),
        ("[]", "label-export` writes one"),
        ("a: [", "not YAML"),
    ],
)
def test_a_dataset_with_a_mistake_is_refused_in_words(tmp_path, text, message):
    data = a_dataset(tmp_path)
    data.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_dataset(data)


def test_a_pickle_that_nobody_vouched_for_is_not_loaded(tmp_path):
    weights = tmp_path / "w.pt"
    weights.write_bytes(b"a pickle")
    digest = hashlib.sha256(b"a pickle").hexdigest()
    with pytest.raises(UsageError, match=f"runs the code in it.*--sha256 {digest}"):
        must_be_vouched_for(weights, "")
    with pytest.raises(UsageError, match="you expected 1111"):
        must_be_vouched_for(weights, "1" * 64)
    assert must_be_vouched_for(weights, digest) == digest


def test_weights_of_our_own_training_are_vouched_for_until_they_change(tmp_path):
    weights = tmp_path / "run" / "weights" / "best.pt"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"ours")
    assert must_be_vouched_for(weights, vouch_for(weights, tmp_path)) == hashlib.sha256(b"ours").hexdigest()
    subprocess.run(["sha256sum", "-c", "--quiet", "weights.sha256"], check=True, cwd=tmp_path)
    weights.write_bytes(b"not ours")
    with pytest.raises(UsageError, match="runs the code"):
        must_be_vouched_for(weights, "")


def test_without_ultralytics_the_commands_say_what_to_install(tmp_path, monkeypatch):
    empty = tmp_path / "python"
    empty.write_text(f'#!/bin/sh\nexec {sys.executable} -S -I "$@"\n')
    empty.chmod(0o755)
    monkeypatch.setenv(drive.PYTHON, str(empty))
    with pytest.raises(UsageError, match=r"has no Ultralytics: pip install 'edge-agent\[train\]'"):
        train(a_dataset(tmp_path / "d"), tmp_path / "out", Training("yolo11n.yaml"))
    monkeypatch.setenv(drive.PYTHON, str(tmp_path / "absent"))
    with pytest.raises(UsageError, match="mend EDGE_AGENT_TRAIN_PYTHON"):
        drive.must_have_ultralytics()


def test_a_training_never_writes_into_a_folder_that_is_in_use(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "theirs").write_text("")
    with pytest.raises(UsageError, match="not empty"):
        train(a_dataset(tmp_path / "d"), tmp_path / "out", Training("yolo11n.yaml"))


OFFLINE = """
import socket
from edge_agent.workbench.offline import stay_offline
server = socket.create_server(("127.0.0.1", 0))
stay_offline()
socket.create_connection(server.getsockname()).close()
for what in (lambda: socket.socket().connect(("192.0.2.1", 80)),
             lambda: socket.getaddrinfo("example.org", 80),
             lambda: socket.socket(socket.AF_INET6).connect(("2001:db8::1", 80))):
    try:
        what()
    except OSError as refused:
        print(type(refused).__name__, "offline" in str(refused))
"""


def test_the_child_reaches_only_its_own_machine():
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE], check=True, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout.splitlines() == [
        "ConnectionRefusedError True",
        "gaierror True",
        "ConnectionRefusedError True",
    ]


def test_a_card_says_what_is_not_known(tmp_path):
    exported = {"parameters": 900_000, "ultralytics": "8.4", "torch": "2"}
    page = tmp_path / "m.md"
    page.write_text(card("m", "a" * 64, 3_700_000, 320, ("stall",), exported, None, None))
    assert "Not measured." in page.read_text()
    assert is_unfinished(page)
    assert licence_of(page).startswith("AGPL-3.0")
    assert licence_of(tmp_path / "absent.md") == ""


@pytest.mark.slow
def test_the_whole_way_from_pictures_to_a_pinned_model_with_a_card(tmp_path, monkeypatch, capsys):
    """One epoch on four pictures: that the parts fit together, not that anything was learned."""
    monkeypatch.setenv(drive.PYTHON, train_python())
    data, run, models = a_dataset(tmp_path / "d"), tmp_path / "run", tmp_path / "models"
    narrow = str(ROOT / "models" / "bridge-synthetic.arch.yaml")
    call = [
        "model",
        "train",
        str(data),
        "--out",
        str(run),
        "--start",
        narrow,
        "--epochs",
        "1",
        "--imgsz",
        "64",
    ]
    assert main([*call, "--batch", "2", "--json"]) == 0
    trained = json.loads(capsys.readouterr().out)
    weights = Path(trained["weights"])
    assert hashlib.sha256(weights.read_bytes()).hexdigest() == trained["sha256"]
    assert trained["dataset"]["pictures"] == {"train": 2, "val": 2}

    call = ["model", "export", str(weights), "--name", "tiny", "--dir", str(models), "--imgsz", "64"]
    assert main([*call, "--data", str(data), "--json"]) == 0
    exported = json.loads(capsys.readouterr().out)
    class_map = read_class_map(models / "tiny.yaml")
    assert (
        class_map.sha256
        == exported["sha256"]
        == hashlib.sha256((models / "tiny.onnx").read_bytes()).hexdigest()
    )
    assert set(class_map.classes) == {"person", "goods_pile"}
    page = (models / "tiny.md").read_text()
    assert "1 epochs from `bridge-synthetic.arch.yaml`" in page
    assert "| all | " in page
    assert main(call) == 2  # nothing that is there is overwritten
    assert "exists" in capsys.readouterr().err

    # The exported file in ONNX Runtime and the weights in Ultralytics say the same, however little they know.
    tree = {"classes": {n: {"label": n, "role": "evidence"} for n in class_map.classes}}
    (tmp_path / "all.yaml").write_text(yaml.safe_dump(tree))
    chosen = {"classes": str(tmp_path / "all.yaml"), "min_score": 0.001, "max_detections": 3}
    picture = cv2.imread(str(tmp_path / "d" / "images" / "val" / "1.png"))
    of_onnx = Detector(
        DetectorSettings(model=str(models / "tiny.onnx"), runtime="onnxruntime", **chosen)
    ).detect([picture])
    of_pt = detect_with_ultralytics(
        [picture], tmp_path, model=str(weights), sha256=trained["sha256"], **chosen
    )
    assert of_onnx[0]
    assert all(score <= 20 for _, score in differences(of_onnx, of_pt, 1, 20))
