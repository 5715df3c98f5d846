"""Builders of small pavements, pictures of them, and the banks that they are accepted into."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge_agent.core.records import Detection
from edge_agent.devices.scene.bank import ReferenceBank

WIDE, TALL = 480, 270
ZONE = ((0.1, 0.4), (0.9, 0.4), (0.9, 0.98), (0.1, 0.98))


def paved(seed: int = 1, level: float = 120.0) -> np.ndarray:
    """Paving stones with joints and some dirt, (270, 480, 3) BGR; the same seed, the same stones."""
    rng = np.random.default_rng(seed)
    ground = np.full((TALL, WIDE), level, np.float32)
    for y in range(0, TALL, 30):
        for x in range(0, WIDE, 40):
            ground[y : y + 30, x : x + 40] += rng.normal(0, 9)
    ground[::30] -= 25
    ground[:, ::40] -= 25
    ground += cv2.GaussianBlur(rng.normal(0, 30, ground.shape).astype(np.float32), (0, 0), 2)
    ground[: TALL // 4] = cv2.resize(
        rng.uniform(40, 210, (6, 24)).astype(np.float32), (WIDE, TALL // 4), interpolation=cv2.INTER_NEAREST
    )  # shop fronts
    tint = np.array([0.97, 1.0, 1.04], np.float32)
    return np.clip(ground[..., None] * tint, 0, 255).astype(np.uint8)


def taken(picture: np.ndarray, seed: int = 0, gain: float = 1.0, noise: float = 2.0) -> np.ndarray:
    """The picture as a camera takes it: another exposure, some noise."""
    rng = np.random.default_rng(seed)
    return np.clip(picture * gain + rng.normal(0, noise, picture.shape), 0, 255).astype(np.uint8)


def with_box(picture: np.ndarray, x: int, y: int, wide: int, tall: int, colour=(40, 60, 170)) -> np.ndarray:
    """A crate stands there: a face, a darker side, slats."""
    out = picture.copy()
    out[y : y + tall, x : x + wide] = colour
    out[y : y + tall, x + wide * 2 // 3 : x + wide] = tuple(c // 2 for c in colour)
    out[y : y + tall : 8, x : x + wide] = 15
    return out


def detection(label: str, x0: int, y0: int, x1: int, y1: int, role: str = "context", score: int = 800):
    """A box in px of the small picture."""
    edges = (x0 * 1000 // WIDE, y0 * 1000 // TALL, x1 * 1000 // WIDE, y1 * 1000 // TALL)
    return Detection(label, role, score, *edges)


def jpeg(picture: np.ndarray) -> bytes:
    """As a file's bytes."""
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])
    assert done
    return data.tobytes()


@pytest.fixture
def bank_of(tmp_path):
    """`bank_of(picture, ...)`: a bank with these accepted, day-dry, day-wet, dusk-dry ... in order."""

    def build(*pictures, folder=tmp_path / "references"):
        bank = ReferenceBank(folder, "cam1")
        for picture, condition in zip(pictures, ("day-dry", "night-dry", "day-wet"), strict=False):
            bank.accept(jpeg(picture), condition, by="Li", at_utc="2026-11-23T08:00:00Z")
        return bank

    return build


class _Street:
    ZONE = ZONE
    paved = staticmethod(paved)
    taken = staticmethod(taken)
    with_box = staticmethod(with_box)
    detection = staticmethod(detection)
    jpeg = staticmethod(jpeg)


@pytest.fixture(scope="session")
def street():
    """The builders above."""
    return _Street
