"""The ground in front of each shop, as a configuration states it and as a tape measures it."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.sim.street.scene import StreetScene, lens_of

Point = tuple[float, float]

LEAST_MM = 1_200  # a shop of which less than this shows has no zone of its own
STEP_MM = 50


@dataclass(frozen=True, slots=True)
class ShopZone:
    """One shop's public ground: normalised to the picture, and in true millimetres."""

    name: str
    shop: int  # index into the scene's shops
    polygon: tuple[Point, ...]
    door_line: tuple[Point, ...]
    quad: tuple[Point, ...]
    sides_mm: tuple[int, int, int, int]
    diagonal_mm: int
    rect_mm: tuple[int, int, int, int]  # x0, y0, x1, y1 on the ground

    def holds_mm(self, x_mm: float, y_mm: float) -> bool:
        """Whether a point of the ground lies in it."""
        x0, y0, x1, y1 = self.rect_mm
        return x0 <= x_mm <= x1 and y0 <= y_mm <= y1


def normalised(scene: StreetScene, x_mm: float, y_mm: float) -> Point | None:
    """Where a point of the ground shows, over the picture's size; None outside a margin of 0.5 %."""
    pixel = lens_of(scene).pixel_of(x_mm / 1e3, y_mm / 1e3)
    if pixel is None:
        return None
    u, v = pixel[0] / scene.width, pixel[1] / scene.height
    return (round(u, 5), round(v, 5)) if 0.005 <= u <= 0.995 and 0.005 <= v <= 0.995 else None


def ground_zone(
    scene: StreetScene, name: str, shop: int, rect_mm: tuple[int, int, int, int]
) -> ShopZone | None:
    """A rectangle of the ground as a zone, cut along x to what shows; None when hardly any does."""
    x0, y0, x1, y1 = rect_mm
    shown = [
        x
        for x in range(x0, x1 + 1, STEP_MM)
        if normalised(scene, x, y0) is not None and normalised(scene, x, y1) is not None
    ]
    if not shown or shown[-1] - shown[0] < LEAST_MM:
        return None
    a, b = shown[0], shown[-1]
    corners = [normalised(scene, x, y) for x, y in ((a, y0), (b, y0), (b, y1), (a, y1))]
    quad = tuple(c for c in corners if c is not None)
    if len(quad) < 4:
        return None
    wide, deep = b - a, y1 - y0
    diagonal = round((wide**2 + deep**2) ** 0.5)
    return ShopZone(name, shop, quad, quad[:2], quad, (wide, deep, wide, deep), diagonal, (a, y0, b, y1))


def zones_of(scene: StreetScene) -> tuple[ShopZone, ...]:
    """A zone for each shop whose ground shows, left to right."""
    found = []
    for index, shop in enumerate(scene.shops):
        near, far = scene.line_mm, min(scene.line_mm + scene.zone_mm, scene.pavement_mm - 150)
        zone = ground_zone(scene, f"shop_{index + 1}", index, (shop.x0_mm, near, shop.x1_mm, far))
        if zone is not None:
            found.append(zone)
    return tuple(found)
