"""A shopping street as a storefront camera sees it: shops, pavement, road, light, weather, camera.

World axes, millimetres in the settings and metres in the arithmetic: x along the shops, to the right of
somebody who faces them; y from the shops' wall (0) towards the road; z up. All shops are in one row.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, Self

import numpy as np

from edge_agent.sim.render.scene import Floats, Pinhole

Light = Literal["day", "overcast", "dusk", "night"]
Weather = Literal["dry", "wet", "rain", "snow"]
Front = Literal["shops", "hoarding"]


@dataclass(frozen=True, slots=True)
class Shop:
    """One shop of the row: where its front begins and ends, and what makes it look as it does."""

    x0_mm: int
    x1_mm: int
    look: int = 1
    awning: bool = False
    lit: bool = True  # its light is on at dusk and at night


@dataclass(frozen=True, slots=True)
class StreetScene:
    """One camera's view. Everything that varies by chance follows from `seed` and the shops' looks."""

    shops: tuple[Shop, ...] = (Shop(-6_000, -2_000, 1), Shop(-2_000, 2_500, 2, True), Shop(2_500, 6_000, 3))
    camera_mm: tuple[int, int, int] = (-7_500, 7_500, 4_600)
    aim_mm: tuple[int, int] = (-300, 1_500)  # the point of the ground in the middle of the picture
    focal_permille: int = 900  # focal length over picture width
    roll_millirad: int = 0
    turn_permille: tuple[int, int] = (0, 0)  # a knock: the view moved right and down, of the width
    pavement_mm: int = 4_500  # wall to kerb
    road_mm: int = 7_000
    line_mm: int = 0  # the door line lies so far in front of the wall
    zone_mm: int = 2_500  # and the public ground that is watched reaches so far beyond it
    line_colour: Literal["none", "white", "yellow", "green"] = "yellow"
    front: Front = "shops"  # or the hoarding of a building site, its gate where the first shop would be
    light: Light = "day"
    weather: Weather = "dry"
    sun_deg: tuple[int, int] = (130, 48)  # where from (0 = from +x, 90 = from the road), and how high
    clouds: bool = False  # hides the sun in daylight
    gain_permille: int = 1_000  # what the camera's exposure makes of it
    noise: int = 3  # sensor noise, grey levels of one standard deviation
    soft_permille: int = 400  # blur of the lens, thousandths of a pixel at 640 px width
    width: int = 640
    height: int = 360
    seed: int = 1

    def sized(self, width: int, height: int) -> Self:
        """The same view with other pixels."""
        return replace(self, width=width, height=height)

    @property
    def bare(self) -> Self:
        """The street without the camera's electronics: what drawings can be kept by."""
        return replace(self, gain_permille=1_000, noise=0, soft_permille=0)

    @property
    def sunny(self) -> bool:
        """Whether things throw a hard shadow."""
        return self.light == "day" and not self.clouds and self.weather in ("dry", "wet")

    @property
    def dark(self) -> bool:
        """Whether lamps and shop windows are lit."""
        return self.light in ("dusk", "night")

    @property
    def sun_m(self) -> Floats:
        """Towards the sun, unit vector."""
        azimuth, height = (math.radians(a) for a in self.sun_deg)
        flat = math.cos(height)
        return np.array([math.cos(azimuth) * flat, math.sin(azimuth) * flat, math.sin(height)])


class StreetLens(Pinhole):
    """The storefront camera's projection."""

    def __init__(self, scene: StreetScene) -> None:
        self.place = np.array(scene.camera_mm) / 1e3
        self.focal_px = scene.focal_permille * scene.width / 1000
        self.centre = np.array([scene.width / 2, scene.height / 2])
        to = np.array([*scene.aim_mm, 0]) / 1e3 - self.place
        turn_u, turn_v = (t * scene.width / 1000 / self.focal_px for t in scene.turn_permille)
        yaw = math.atan2(to[1], to[0]) - math.atan(turn_u)
        down = math.atan2(-to[2], math.hypot(to[0], to[1])) - math.atan(turn_v)
        ahead, aside = np.array([math.cos(yaw), math.sin(yaw)]), np.array([-math.sin(yaw), math.cos(yaw)])
        forward = np.array([*(ahead * math.cos(down)), -math.sin(down)])
        below = np.array([*(-ahead * math.sin(down)), -math.cos(down)])
        right = np.array([*aside, 0.0])
        c, s = math.cos(scene.roll_millirad / 1000), math.sin(scene.roll_millirad / 1000)
        self.axes = np.stack([right * c + below * s, below * c - right * s, forward])

    def ground_at(self, u: float, v: float) -> tuple[float, float] | None:
        """The ground (x, y), metres, that a pixel shows; None above the horizon."""
        ray = np.array([(u - self.centre[0]) / self.focal_px, (v - self.centre[1]) / self.focal_px, 1.0])
        way = ray @ self.axes
        if way[2] > -1e-6:
            return None
        spot = self.place + way * (-self.place[2] / way[2])
        return float(spot[0]), float(spot[1])

    def pixel_of(self, x_m: float, y_m: float, z_m: float = 0.0) -> tuple[float, float] | None:
        """Where a point shows; None behind the lens."""
        seen = self.to_camera(np.array([[x_m, y_m, z_m]]))
        if seen[0, 2] < 0.1:
            return None
        u, v = self.to_pixels(seen)[0]
        return float(u), float(v)


@lru_cache(maxsize=64)
def lens_of(scene: StreetScene) -> StreetLens:
    """The scene's lens, made once."""
    return StreetLens(scene)
