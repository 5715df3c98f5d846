"""Training pictures: splits of streets that are never shared, labels where the paint is."""

from __future__ import annotations

import cv2
import numpy as np
import yaml

from edge_agent.sim.street import LABELS
from edge_agent.sim.street.dataset import write_dataset


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
        assert image.shape == (360, 640, 3)
        for line in label.read_text(encoding="utf-8").splitlines():
            number, *box = (float(word) for word in line.split())
            assert 0 <= number < len(LABELS)
            assert all(0 <= edge <= 1 for edge in box)
            boxes += 1
    assert boxes > 10


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
