"""The simulated day's street cameras: what a box would have seen in their pictures, and no picture is drawn.

Boxes are the truth's with the noise of `street_eyes`. What stands still and is not in the accepted picture is
the truth's too: told when it has stood for as long as the layer asks, unless the layer vetoes its class.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from edge_agent.bench.day_site import zone_name
from edge_agent.bench.street_eyes import seen_of
from edge_agent.bench.street_truth import away_of, deliveries
from edge_agent.core.events import SceneSeen
from edge_agent.core.scene import StillObject, View
from edge_agent.core.units import MS, Ns, Permille, Ppm, S
from edge_agent.devices.scene.settings import LayerSettings
from edge_agent.sim.rng import stream
from edge_agent.sim.street.actors import Actor
from edge_agent.sim.street.day import DayProfile, drawn_zones, generate_day
from edge_agent.sim.street.day_truth import CameraTruth, Delivery, Thing, ZoneTruth
from edge_agent.sim.street.draw import TrueBox
from edge_agent.sim.street.script import Sky, StreetDay
from edge_agent.sim.street.truth import share_in
from edge_agent.sim.street.zones import ShopZone

HOUR = 3_600 * S
SLICE = 600 * S  # actors are looked for within so much of the day
LOOK = 80 * MS  # a picture is looked at so long after it was taken
TAKEN_SD = Ns(30 * MS)
FILLED = 0.6  # of a still thing's box, changed pixels
SIDES = 1_000
# Hours of the local day: light, and grey level of the picture.
LIGHTS = ((0.0, "night", 34), (5.0, "dusk", 62), (6.0, "day", 118), (18.5, "dusk", 62), (19.5, "night", 34))
SLEEP = (0.0, 5.5)  # hours in which nearly nobody comes
AWAKE = 0.1  # share of those who come all the same
MODEL = hashlib.sha256(b"the truth, with noise").hexdigest()


class StreetCamera:
    """One camera, and the street before it, from an hour of the local day on.

    Args:
        name: of the camera.
        seed: of its street.
        first_hour: of the local day.
        length: of what is simulated.
        base: event time of its beginning.
        day: instead of one made up by chance.
    """

    def __init__(
        self,
        name: str,
        seed: int,
        first_hour: int,
        length: Ns,
        base: Ns,
        day: StreetDay | None = None,
    ) -> None:
        self.name = name
        self._base = base
        self._first = first_hour * HOUR
        drawn = day or generate_day(seed, DayProfile(length_s=length // S, stay_s=300, knocks=0))
        self.day = replace(drawn, actors=tuple(self._those_awake(drawn)), skies=tuple(self._skies(length)))
        self.zones = drawn_zones(self.day.scene)
        self._reference = hashlib.sha256(f"{name} {seed}".encode()).hexdigest()
        layer = LayerSettings()
        self._settle, self._vetoed = layer.settle_ms * MS, layer.veto
        self._slice = -1
        self._now = self.day

    def look(self, at: Ns) -> SceneSeen | None:
        """The picture of this event time, as the scene worker tells it; None while the camera is away."""
        shown = Ns(at - self._base)
        if not self.day.camera_up(shown):
            return None
        boxes = self._around(shown).true_boxes(shown)
        still = sorted(self._still(boxes, shown), key=lambda o: (o.since, o.x_min, o.y_min))
        return SceneSeen(
            at=Ns(at + LOOK),
            camera=self.name,
            captured_at=at,
            captured_sd=TAKEN_SD,
            detections=tuple(seen_of(self.day, shown, [box for _, box in boxes])),
            still=tuple(still),
            view=self._view(shown),
            model_sha256=MODEL,
        )

    def truth(self) -> CameraTruth:
        """What was really on its street, in event time."""
        return CameraTruth(
            away=tuple((self._base + start, self._base + end) for start, end in away_of(self.day)),
            light=tuple((self._base + at, luma) for at, luma in self._light()),
            zones={zone_name(self.name, zone): self._zone_truth(zone) for zone in self.zones},
        )

    def _light(self) -> Iterator[tuple[int, int]]:
        lumas = {light: luma for _, light, luma in LIGHTS}
        return ((sky.at_ns, lumas[sky.light]) for sky in self.day.skies)

    def _zone_truth(self, zone: ShopZone) -> ZoneTruth:
        rests = [
            (actor.thing.at(x, y), start, end)
            for actor in self.day.actors
            for start, end, x, y in actor.rests()
        ]
        things = [
            Thing(thing.kind, self._base + start, self._base + end, thing.footprint_mm)
            for thing, start, end in rests
            if share_in(zone, thing)
        ]
        beside = [
            Delivery(label, self._base + a, self._base + b) for label, a, b in deliveries(self.day, zone)
        ]
        things.sort(key=lambda thing: (thing.start, thing.label))
        return ZoneTruth(zone.polygon, zone.rect_mm, tuple(things), tuple(beside))

    def _around(self, shown: Ns) -> StreetDay:
        """The day with the actors of this stretch alone: most of a day's thousands are elsewhere in time."""
        number = shown // SLICE
        if number != self._slice:
            begin, end = number * SLICE, (number + 1) * SLICE
            here = tuple(a for a in self.day.actors if a.from_ns < end and a.until_ns > begin)
            self._slice, self._now = number, replace(self.day, actors=here)
        return self._now

    def _still(self, boxes: list[tuple[Actor, TrueBox]], shown: Ns) -> Iterator[StillObject]:
        wide, tall = self.day.scene.width, self.day.scene.height
        for actor, box in boxes:
            if actor.role == "fixture" or box.label in self._vetoed:
                continue
            since = next((start for start, end, _, _ in actor.rests() if start <= shown < end), None)
            if since is None or shown - since < self._settle:
                continue
            yield StillObject(
                x_min=Permille(int(box.x_min * SIDES // wide)),
                y_min=Permille(int(box.y_min * SIDES // tall)),
                x_max=Permille(-int(-box.x_max * SIDES // wide)),
                y_max=Permille(-int(-box.y_max * SIDES // tall)),
                area=Ppm(int(FILLED * 1e6 * (box.x_max - box.x_min) * (box.y_max - box.y_min) / wide / tall)),
                since=Ns(self._base + since),
            )

    def _view(self, shown: Ns) -> View:
        noise = stream(self.day.seed, "bench", "view", str(shown // S)).normal(0, 1, 3)
        luma = next(luma for at, _, luma in reversed(LIGHTS) if at <= self._hour(shown))
        return View(
            reference=self._reference,
            luma=max(10, luma + round(2 * noise[0])),
            contrast=42,
            sharpness=Permille(980 + round(15 * noise[1])),
            shift_mpx=abs(round(150 * noise[2])),
            registered=True,
            frozen_ms=0,
        )

    def _hour(self, shown: int) -> float:
        return (self._first + shown) % (24 * HOUR) / HOUR

    def _skies(self, length: Ns) -> Iterator[Sky]:
        """Night, dusk and day at their hours."""
        begin = self._first / HOUR
        for day in range(2):
            for at, light, _ in LIGHTS:
                hours = at + 24 * day - begin
                until = next((a for a, _, _ in LIGHTS if a > at), 24.0) + 24 * day - begin
                if until > 0 and hours * HOUR < length:
                    yield Sky(max(0, round(hours * HOUR)), light)  # type: ignore[arg-type]  # one of the lights

    def _those_awake(self, day: StreetDay) -> Iterator[Actor]:
        """At night nearly nobody comes."""
        rng = stream(day.seed, "bench", "awake")
        for actor in day.actors:
            asleep = SLEEP[0] <= self._hour(actor.from_ns) < SLEEP[1] and actor.role != "fixture"
            if rng.random() < AWAKE or not asleep:
                yield actor
