"""Builder of a drawn shopfront: pavement, goods, people and vehicles in plain colours with fine texture."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np

from edge_agent.core.records import Detection
from edge_agent.core.units import MS, S
from edge_agent.devices.camera.camera import Frame
from edge_agent.devices.camera.settings import CameraSettings
from edge_agent.devices.pictures.zone import ReferencePicture, ZoneDrawing

WIDTH, HEIGHT = 640, 360
ZONE = ZoneDrawing(((300, 500), (700, 500), (750, 800), (250, 800)), ((300, 500), (700, 500)), "老王水果店")
# What the detector below looks for: BGR.
COLOURS = {
    "person": (0, 0, 220),
    "motor_vehicle": (220, 0, 0),
    "two_wheeler": (0, 220, 220),
    "goods_pile": (0, 200, 0),
}


def a_box(label="goods_pile", edges=(420, 560, 560, 700), score=900, role="evidence"):
    return Detection(label, role, score, *edges)


def a_street(*things, seed=1):
    """A pavement with things (label, edges in permille) on it, each with texture that can be recognised."""
    chance = np.random.default_rng(seed)
    image = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    image += chance.integers(0, 12, image.shape, np.uint8)
    for label, (x0, y0, x1, y1) in things:
        part = image[y0 * HEIGHT // 1000 : y1 * HEIGHT // 1000, x0 * WIDTH // 1000 : x1 * WIDTH // 1000]
        part[:] = COLOURS[label]
        part += chance.integers(0, 30, part.shape, np.uint8)
    return image


class SeesColours:
    """A detector that can be checked by hand: one box around all that has a label's colour."""

    model_sha256 = "ab" * 32

    def __init__(self, score=900, labels=COLOURS):
        self.score = score
        self.labels = frozenset(labels)

    def detect(self, images, lane=()):
        return tuple(tuple(self._in(image)) for image in images)

    def _in(self, image):
        height, width = image.shape[:2]
        for label, colour in COLOURS.items():
            off = image.astype(int) - np.array(colour)
            ys, xs = np.nonzero(((off > -25) & (off < 60)).all(axis=2))
            if len(xs) > 30:
                edges = (
                    int(xs.min()) * 1000 // width,
                    int(ys.min()) * 1000 // height,
                    (int(xs.max()) + 1) * 1000 // width,
                    (int(ys.max()) + 1) * 1000 // height,
                )
                role = "evidence" if label == "goods_pile" else "context"
                yield Detection(label, role, self.score, *edges)


class StreetVideo:
    """Stands where a camera stands: one picture a second, from second 0 on."""

    id = "cam1"

    def __init__(self, images, clip=b"\x00\x00\x00\x18ftypmp42 a clip", quality=90):
        self.settings = CameraSettings(url="street.mp4", jpeg_quality=quality)
        self.images = images
        self.the_clip = clip
        self.clips = []

    def wait_for(self, _t, _until):
        return True

    def frames_at(self, times):
        return [self._at(t) for t in times]

    def _at(self, t):
        second = round(t / S)
        if abs(t - second * S) > 250 * MS or not 0 <= second < len(self.images):
            return None
        return Frame(self.images[second], second * S, 0)

    def clip(self, t0, t1):
        self.clips.append((t0, t1))
        return self.the_clip


class Tray:
    """Keeps what is staged, with how long it was to be held."""

    def __init__(self):
        self.kept = {}
        self.held_s = {}
        self.slots = []

    def __call__(self, data, hold_ns, slot):
        digest = hashlib.sha256(data).hexdigest()
        self.kept[digest] = data
        self.held_s[digest] = hold_ns // S
        self.slots.append(slot)
        return digest

    def image(self, picture):
        return cv2.imdecode(np.frombuffer(self.kept[picture.sha256], np.uint8), cv2.IMREAD_COLOR)


def a_reference(image=None):
    """The accepted picture, as a file."""
    image = a_street() if image is None else image
    return ReferencePicture(cv2.imencode(".png", image)[1].tobytes(), image.shape[1], image.shape[0])
