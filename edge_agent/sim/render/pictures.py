"""The two pictures that a simulated number-plate camera pushes with a read: the vehicle and its plate."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from edge_agent.sim.kinematics import first_time_at, times_at
from edge_agent.sim.render.backdrop import Image
from edge_agent.sim.render.bodies import PLATES
from edge_agent.sim.render.draw import look_of, render_frame
from edge_agent.sim.render.scene import Scene
from edge_agent.sim.world import Passage

PLATE_SIZE = (440, 140)  # GA 36: millimetres of a single-row plate; one pixel each


def arrival_ns(scene: Scene, passage: Passage) -> int | None:
    """Scenario time at which the end that the camera sees is at `x_cam`; None when it never is."""
    to_front = scene.x_cam_mm - passage.vehicle.front_overhang_mm
    if scene.facing == "front":
        return first_time_at(passage.motion, to_front)
    times = times_at(passage.motion, to_front + passage.vehicle.length_mm)
    return round(times[-1]) if times else None


def to_jpeg(image: Image, quality: int) -> bytes:
    """The picture as JPEG."""
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return data.tobytes()


def vehicle_picture(
    scene: Scene, passage: Passage, others: Sequence[Passage] = (), quality: int = 85
) -> bytes:
    """JPEG of the scene as the vehicle is at `x_cam`, with whoever else is there."""
    at = arrival_ns(scene, passage)
    passages = [passage, *(p for p in others if p.id != passage.id)]
    return to_jpeg(render_frame(scene, passages, passage.t0_ns if at is None else at), quality)


def plate_picture(passage: Passage, quality: int = 90) -> bytes:
    """JPEG of the plate alone, slightly turned and blurred as a crop of a real camera is."""
    rng = np.random.default_rng((look_of(passage), 13))
    width, height = PLATE_SIZE
    ground = PLATES.get(passage.vehicle.plate_colour, PLATES["yellow"])
    image: Image = np.full((height, width, 3), ground, np.uint8)
    ink = (25, 25, 25) if passage.vehicle.plate_colour not in ("blue", "black") else (240, 240, 240)
    cv2.rectangle(image, (6, 6), (width - 7, height - 7), ink, 3, cv2.LINE_AA)
    _write(image, passage.vehicle.plate, ink)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turned = corners + rng.uniform(-12, 12, (4, 2)).astype(np.float32)
    warp = cv2.getPerspectiveTransform(corners, turned)
    image = cv2.warpPerspective(image, warp, PLATE_SIZE, borderValue=(60, 60, 60)).astype(np.uint8)
    image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.6, 1.4))).astype(np.uint8)
    return to_jpeg(image, quality)


def _write(image: Image, text: str, ink: tuple[int, int, int]) -> None:
    """The plate's characters, evenly spread. OpenCV 5 brings a font with Chinese in it; 4 does not."""
    height, width = image.shape[:2]
    step = (width - 30) / max(1, len(text))
    for k, character in enumerate(text):
        left = int(15 + k * step)
        if hasattr(cv2, "FontFace"):
            cv2.putText(image, character, (left + 4, height - 35), ink, cv2.FontFace("uni"), 64)
        elif character.isascii():
            cv2.putText(
                image, character, (left + 4, height - 35), cv2.FONT_HERSHEY_SIMPLEX, 2.4, ink, 7, cv2.LINE_AA
            )
        else:
            cv2.rectangle(image, (left + 6, 38), (left + int(step) - 6, height - 38), ink, -1)
