"""The two pictures that a simulated number-plate camera pushes with a read: the vehicle and its plate."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from edge_agent.sim.kinematics import first_time_at, times_at
from edge_agent.sim.plate_face import GROUNDS, plate_face, plate_size_mm
from edge_agent.sim.render.backdrop import Image
from edge_agent.sim.render.draw import look_of, render_frame
from edge_agent.sim.render.mounted import as_seen, mounted_plate
from edge_agent.sim.render.scene import Scene
from edge_agent.sim.world import Passage


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
    """JPEG of the front plate alone, slightly turned and blurred as a crop of a real camera is."""
    rng = np.random.default_rng((look_of(passage), 13))
    image = _front_plate(passage)
    height, width = image.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turned = corners + rng.uniform(-12, 12, (4, 2)).astype(np.float32)
    warp = cv2.getPerspectiveTransform(corners, turned)
    image = cv2.warpPerspective(image, warp, (width, height), borderValue=(60, 60, 60)).astype(np.uint8)
    image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.6, 1.4))).astype(np.uint8)
    return to_jpeg(image, quality)


def _front_plate(passage: Passage) -> Image:
    plate = mounted_plate(as_seen(passage), "front")
    if plate:
        return plate_face(plate.text, plate.colour, plate.rows)
    width, height = plate_size_mm("")
    blank: Image = np.full(
        (height, width, 3), GROUNDS.get(passage.vehicle.plate_colour, GROUNDS["yellow"]), np.uint8
    )
    return blank
