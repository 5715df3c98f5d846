"""A day on the street: who is where when, what sky and camera do. Rendered at any instant."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np

from edge_agent.core.units import S
from edge_agent.sim.render.backdrop import Image
from edge_agent.sim.street.actors import Actor
from edge_agent.sim.street.draw import TrueBox, draw_things, finish, street_boxes
from edge_agent.sim.street.scene import Light, StreetScene, Weather
from edge_agent.sim.street.things import LABELS, Thing
from edge_agent.sim.street.truth import Interval, Standing, merged, occupied, standing_in
from edge_agent.sim.street.zones import ShopZone, zones_of

FADE_NS = 8 * S  # light and weather change over so long


@dataclass(frozen=True, slots=True)
class Sky:
    """Light and weather from an instant on."""

    at_ns: int
    light: Light = "day"
    weather: Weather = "dry"
    clouds: bool = False
    sun_deg: tuple[int, int] = (130, 48)


@dataclass(frozen=True, slots=True)
class Knock:
    """From an instant on the camera looks elsewhere than it was put: in all, not since the last knock."""

    at_ns: int
    turn_permille: tuple[int, int]  # the view moved right and down, of the picture's width
    roll_millirad: int = 0


@dataclass(frozen=True, slots=True)
class Sway:
    """A mast that trembles and sags: thousandths of a pixel at 480 px width."""

    tremble_mpx: int = 0
    drift_mpx_per_min: int = 0


@dataclass(frozen=True)
class StreetDay:
    """A camera's day. Times are nanoseconds of the day's own clock, from 0 to `length_ns`.

    A day may be short: the rules' times are scaled with it ("days in minutes").
    """

    scene: StreetScene
    actors: tuple[Actor, ...]
    length_ns: int
    skies: tuple[Sky, ...] = (Sky(0),)
    knocks: tuple[Knock, ...] = ()
    outages: tuple[Interval, ...] = ()  # no pictures then
    sway: Sway = Sway()
    exposure_permille: int = 40  # how far the camera's own exposure wanders
    seed: int = 1
    name: str = "day"
    notes: tuple[str, ...] = ()  # what was put into it

    @cached_property
    def zones(self) -> tuple[ShopZone, ...]:
        """The zones as they were configured, before anything moved the camera."""
        return zones_of(self.scene)

    def camera_up(self, t_ns: int) -> bool:
        """Whether there is a picture of this instant."""
        return not any(start <= t_ns < end for start, end in self.outages)

    def scene_at(self, t_ns: int) -> StreetScene:
        """View, light and weather of an instant."""
        return self._under(self._sky_index(t_ns), t_ns)

    def shift_at(self, t_ns: int) -> tuple[float, float]:
        """How far the picture sways, pixels right and down."""
        scale = self.scene.width / 480 / 1000
        seconds = t_ns / S
        drift = self.sway.drift_mpx_per_min * seconds / 60
        shake = self.sway.tremble_mpx
        u = shake * math.sin(seconds * 5.3 + self.seed) + drift * 0.8
        v = shake * math.sin(seconds * 7.1 + 1.7) + drift * 0.6
        return (round(u * scale, 3), round(v * scale, 3))

    def things_at(self, t_ns: int) -> tuple[tuple[Actor, Thing], ...]:
        """Everybody and everything that is there, in the order of the script."""
        here = ((actor, actor.at(t_ns)) for actor in self.actors)
        return tuple((actor, thing) for actor, thing in here if thing is not None)

    def render(self, t_ns: int) -> Image:
        """The picture of an instant, (height, width, 3) BGR, whether or not the camera is up."""
        things = [thing for _, thing in self.things_at(t_ns)]
        index = self._sky_index(t_ns)
        scene = self._under(index, t_ns)
        image = draw_things(scene, things)
        since = t_ns - self.skies[index].at_ns
        if index and since < FADE_NS:
            before = draw_things(self._under(index - 1, t_ns), things)
            share = since / FADE_NS
            image = np.asarray(cv2.addWeighted(image, share, before, 1 - share, 0), np.uint8)
        return finish(scene, image, t_ns, self.shift_at(t_ns))

    def true_boxes(self, t_ns: int) -> list[tuple[Actor, TrueBox]]:
        """The truth of `render`: everything with a label that is in the picture, farthest first."""
        here = self.things_at(t_ns)
        boxes = street_boxes(self.scene_at(t_ns), [thing for _, thing in here], self.shift_at(t_ns))
        return [(here[box.index][0], box) for box in boxes]

    def true_occupancy(self, zone: ShopZone, weak_needed: int = 2) -> tuple[Interval, ...]:
        """When enough evidence really stood past the zone's door line, whether or not a camera saw it."""
        return occupied(zone, self.actors, weak_needed=weak_needed)

    def standing(self, zone: ShopZone, kinds: Sequence[str] = LABELS) -> tuple[Standing, ...]:
        """Each thing that stood still on the zone's ground."""
        return standing_in(zone, self.actors, kinds)

    def deliveries(self, zone: ShopZone) -> tuple[Interval, ...]:
        """When a van or hand truck stood beside the zone: what stands there then is being unloaded."""
        x0, _, x1, _ = zone.rect_mm
        spans = [
            (start, end)
            for actor in self.actors
            if actor.role == "delivery" and actor.thing.kind in ("motor_vehicle", "hand_truck")
            for start, end, x, _ in actor.rests()
            if x0 <= x <= x1
        ]
        return merged(spans)

    def references(self) -> tuple[tuple[str, Image], ...]:
        """Clear-pavement pictures for an operator to accept, one for each light, weather and sun of the day.

        Named light-weather, then -clouds, then -2, -3, ... where the sun has moved on.
        """
        fixtures = [a.thing for a in self.actors if a.role == "fixture" and not a.poses]
        out: dict[str, Image] = {}
        known: list[tuple[str, tuple[int, int] | None]] = []
        for index, sky in enumerate(self.skies):
            name = f"{sky.light}-{sky.weather}" + ("-clouds" if sky.clouds else "")
            scene = replace(
                self._under(index, 0), turn_permille=(0, 0), roll_millirad=self.scene.roll_millirad
            )
            shown = (name, sky.sun_deg if scene.sunny else None)
            if shown in known:
                continue
            known.append(shown)
            count = sum(one == name for one, _ in known)
            moving = [t for a in self.actors if a.role == "fixture" and a.poses and (t := a.at(sky.at_ns))]
            picture = finish(scene, draw_things(scene, [*fixtures, *moving]), sky.at_ns)
            out[name if count == 1 else f"{name}-{count}"] = picture
        return tuple(out.items())

    def _sky_index(self, t_ns: int) -> int:
        return max((i for i, sky in enumerate(self.skies) if sky.at_ns <= t_ns), default=0)

    def _under(self, index: int, t_ns: int) -> StreetScene:
        sky = self.skies[index]
        knock = next((k for k in reversed(self.knocks) if k.at_ns <= t_ns), None)
        wander = math.sin(t_ns / S / 11 + self.seed) * self.exposure_permille
        return replace(
            self.scene,
            light=sky.light,
            weather=sky.weather,
            clouds=sky.clouds,
            sun_deg=sky.sun_deg,
            gain_permille=self.scene.gain_permille + round(wander),
            turn_permille=knock.turn_permille if knock else self.scene.turn_permille,
            roll_millirad=self.scene.roll_millirad + (knock.roll_millirad if knock else 0),
        )
