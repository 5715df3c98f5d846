"""The bridge as a camera sees it: where the lanes lie, where the camera hangs, light and weather.

World axes, millimetres in the settings and metres in the arithmetic: x along the travel (0 at the
scale's first sensor), y to the right of the travel, z up. The camera is a pinhole without distortion.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Nothing nearer to the lens than this is drawn; faces that reach behind it are cut there.
NEAR_M = 0.4
BUMPER_MM = 300  # of a vehicle's lower front edge above the road


@dataclass(frozen=True, slots=True)
class SceneLane:
    """A lane of the simulated bridge, by the id that passages name."""

    id: str
    centre_mm: int = 0  # right of the world's x axis is positive


@dataclass(frozen=True, slots=True)
class Scene:
    """One camera's view. Everything that varies by chance follows from `seed`."""

    lanes: tuple[SceneLane, ...] = (SceneLane("1"),)
    x_cam_mm: int = 25_000  # where the end that the camera sees is when its picture should be taken
    standoff_mm: int = 20_000  # camera stands this far from there, along the road
    height_mm: int = 6_500
    lateral_mm: int = 1_500  # of the camera, right of the lanes' middle
    focal_permille: int = 1_100  # focal length over picture width
    aim_v_permille: int = 680  # picture row on which a front at x_cam touches the road
    aim_u_permille: int = 500
    roll_millirad: int = 0
    facing: Literal["front", "rear"] = "front"  # which end of approaching vehicles it sees
    lane_width_mm: int = 3_750
    shoulder_mm: int = 1_200
    width: int = 1280
    height: int = 720
    light: Literal["day", "overcast", "dusk", "night"] = "day"
    weather: Literal["dry", "rain", "fog"] = "dry"
    rails: bool = True
    noise: int = 3  # sensor noise, grey levels of one standard deviation
    seed: int = 1

    def centre_of(self, lane: str) -> int:
        """Centre line of the lane, mm; the first lane's where the id is unknown."""
        return next((a.centre_mm for a in self.lanes if a.id == lane), self.lanes[0].centre_mm)

    @property
    def middle_mm(self) -> int:
        """Middle of all lanes, mm."""
        centres = [lane.centre_mm for lane in self.lanes]
        return (min(centres) + max(centres)) // 2

    @property
    def edges_mm(self) -> tuple[int, int]:
        """Left and right edge of the roadway, shoulders included."""
        half = self.lane_width_mm // 2 + self.shoulder_mm
        centres = [lane.centre_mm for lane in self.lanes]
        return min(centres) - half, max(centres) + half


class Pinhole:
    """Projects metres of the world to pixels of the picture."""

    place: Floats  # of the camera, world metres
    axes: Floats  # rows: right, down and forward of the camera
    focal_px: float
    centre: Floats  # pixel that it looks at

    def to_camera(self, points_xyz_m: Floats) -> Floats:
        """World points (n, 3) as camera coordinates (n, 3): right, down, forward, metres."""
        out: Floats = (points_xyz_m - self.place) @ self.axes.T
        return out

    def to_pixels(self, camera_xyz_m: Floats) -> Floats:
        """Camera points (n, 3), all in front of the lens, as pixels (n, 2)."""
        out: Floats = camera_xyz_m[:, :2] * (self.focal_px / camera_xyz_m[:, 2:]) + self.centre
        return out

    def polygon(self, points_xyz_m: Floats) -> Floats:
        """A world polygon as pixels (m, 2), cut at the near plane; empty when all of it is behind."""
        return self.to_pixels(cut_near(self.to_camera(points_xyz_m)))


class Lens(Pinhole):
    """The bridge camera's projection."""

    def __init__(self, scene: Scene) -> None:
        ahead = -1.0 if scene.facing == "front" else 1.0
        target = np.array([scene.x_cam_mm / 1e3, scene.middle_mm / 1e3, 0.0])
        self.place = np.array(
            [
                target[0] - ahead * scene.standoff_mm / 1e3,
                (scene.middle_mm + scene.lateral_mm) / 1e3,
                scene.height_mm / 1e3,
            ]
        )
        self.focal_px = scene.focal_permille * scene.width / 1000
        self.centre = np.array([scene.width / 2, scene.height / 2])
        self.axes = self._aim(target, scene, ahead)

    def _aim(self, target: Floats, scene: Scene, ahead: float) -> Floats:
        """Rows: right, down and forward of the camera, so that `target` falls on the aimed pixel."""
        to = target - self.place
        right_of = ahead  # world y points right when looking along +x, left when looking along -x
        level = math.hypot(to[0], to[1])
        yaw = math.atan2(to[1] * right_of, to[0] * ahead)
        yaw -= math.atan((scene.aim_u_permille / 1000 - 0.5) * scene.width / self.focal_px)
        down = math.atan2(-to[2], level)
        down -= math.atan((scene.aim_v_permille / 1000 - 0.5) * scene.height / self.focal_px)
        forward = np.array(
            [
                math.cos(yaw) * ahead * math.cos(down),
                math.sin(yaw) * right_of * math.cos(down),
                -math.sin(down),
            ]
        )
        right = np.array([-math.sin(yaw) * ahead, math.cos(yaw) * right_of, 0.0])
        below = np.array(
            [
                -math.cos(yaw) * ahead * math.sin(down),
                -math.sin(yaw) * right_of * math.sin(down),
                -math.cos(down),
            ]
        )
        roll = scene.roll_millirad / 1000
        return np.stack(
            [
                right * math.cos(roll) + below * math.sin(roll),
                below * math.cos(roll) - right * math.sin(roll),
                forward,
            ]
        )


def cut_near(camera_xyz_m: Floats) -> Floats:
    """The part of a convex polygon (n, 3) that lies in front of the near plane."""
    depth = camera_xyz_m[:, 2]
    if (depth >= NEAR_M).all():
        return camera_xyz_m
    kept: list[Floats] = []
    for i in range(len(camera_xyz_m)):
        a, b = camera_xyz_m[i], camera_xyz_m[(i + 1) % len(camera_xyz_m)]
        if a[2] >= NEAR_M:
            kept.append(a)
        if (a[2] >= NEAR_M) != (b[2] >= NEAR_M):
            kept.append(a + (b - a) * ((NEAR_M - a[2]) / (b[2] - a[2])))
    return np.array(kept).reshape(-1, 3)


def lane_polygon(
    scene: Scene, lane: str, near_mm: int = 6_000, far_mm: int = 14_000
) -> tuple[tuple[int, int], ...]:
    """The lane from `near_mm` nearer to the camera than `x_cam` to `far_mm` farther, permille of the picture.

    A box whose foot stands in it belongs to a vehicle whose visible end is on that stretch.
    """
    centre, half = scene.centre_of(lane), scene.lane_width_mm / 2
    near, far = (near_mm, -far_mm) if scene.facing == "front" else (-near_mm, far_mm)
    x0, x1 = scene.x_cam_mm + far, scene.x_cam_mm + near
    corners = np.array(
        [
            [x0, centre - half, 0.0],
            [x0, centre + half, 0.0],
            [x1, centre + half, 0.0],
            [x1, centre - half, 0.0],
        ]
    )
    return _permille(scene, corners / 1e3)


def reading_line(scene: Scene, lane: str) -> tuple[tuple[int, int], ...]:
    """Two points of the line across the lane at `x_cam_mm` on which a box's foot then is, permille.

    As an operator would draw it: along the lower edge of a bumper, not on the road below.
    """
    centre, half = scene.centre_of(lane), scene.lane_width_mm / 2
    ends = np.array([[scene.x_cam_mm, centre + side * half, BUMPER_MM] for side in (-1, 1)])
    return _permille(scene, ends / 1e3)


def _permille(scene: Scene, points_xyz_m: Floats) -> tuple[tuple[int, int], ...]:
    """World points in front of the lens as permille of the picture; beyond its edge they are on it."""
    lens = Lens(scene)
    return tuple(
        (
            int(np.clip(round(u * 1000 / scene.width), 0, 1000)),
            int(np.clip(round(v * 1000 / scene.height), 0, 1000)),
        )
        for u, v in lens.to_pixels(cut_near(lens.to_camera(points_xyz_m)))
    )
