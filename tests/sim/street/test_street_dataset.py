"""Training pictures: splits of streets that are never shared, labels where the paint is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import yaml

from edge_agent.sim import yolo_dataset
from edge_agent.sim.street import LABELS
from edge_agent.sim.street.dataset import label_lines, write_dataset
from edge_agent.sim.street.draw import TrueBox
from edge_agent.sim.street.scene import StreetScene


def test_a_dataset_is_complete_and_the_same_each_time(tmp_path):
    first = write_dataset(tmp_path / "a", {"train": 6, "test": 4}, 1)
    write_dataset(tmp_path / "b", {"train": 6, "test": 4}, 1)
    told = yaml.safe_load(first.read_text(encoding="utf-8"))
    assert tuple(told["names"].values()) == LABELS
    pictures = sorted((tmp_path / "a").glob("images/*/*.jpg"))
    assert len(pictures) == 10
    boxes = 0
    for picture in pictures:
        label = tmp_path / "a" / "labels" / picture.parent.name / f"{picture.stem}.txt"
        twin = tmp_path / "b" / picture.relative_to(tmp_path / "a")
        assert picture.read_bytes() == twin.read_bytes()
        image = cv2.imread(str(picture))
        assert image is not None
        tall, wide, _ = image.shape
        assert 30 < tall <= 360  # whole, or cut out around the zones
        assert 60 < wide <= 640
        for line in label.read_text(encoding="utf-8").splitlines():
            number, *box = (float(word) for word in line.split())
            assert 0 <= number < len(LABELS)
            assert all(0 <= edge <= 1 for edge in box)
            boxes += 1
    assert boxes > 10


def test_several_processes_draw_the_same_pictures_as_one(tmp_path, monkeypatch):
    monkeypatch.setattr(yolo_dataset, "PART", 3)
    for name, workers in (("one", 1), ("two", 2)):
        write_dataset(tmp_path / name, {"train": 7}, 1, workers)
    pictures = sorted((tmp_path / "one").glob("images/*/*.jpg"))
    assert len(pictures) == 7
    assert len({picture.read_bytes() for picture in pictures}) == 7  # parts do not repeat each other
    for picture in pictures:
        assert picture.read_bytes() == (tmp_path / "two" / picture.relative_to(tmp_path / "one")).read_bytes()


def test_what_a_cut_out_hardly_shows_of_a_box_is_left_without_a_label():
    scene = StreetScene()
    box = TrueBox(0, "person", 100.0, 100.0, 140.0, 200.0, 1000, 1000)
    [line] = label_lines(scene, [box], (120, 0, 640, 360))  # half of it
    assert [float(word) for word in line.split()[1:4]] == pytest.approx(
        [10 / 520, 150 / 360, 20 / 520], abs=1e-4
    )
    assert label_lines(scene, [box], (125, 0, 640, 360)) == []


def test_splits_share_no_street(tmp_path):
    write_dataset(tmp_path, {"train": 4, "test": 4}, 1)
    means = {
        split: [
            np.round(cv2.imread(str(p)).mean(axis=(0, 1)), 3).tolist()
            for p in sorted((tmp_path / "images" / split).iterdir())
        ]  # type: ignore[union-attr]  # just written
        for split in ("train", "test")
    }
    assert all(a != b for a in means["train"] for b in means["test"])
