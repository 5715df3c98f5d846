"""Who and what comes, stays and goes on a simulated day."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import Literal

from edge_agent.core.units import MS
from edge_agent.sim.street.things import Thing

Role = Literal[
    "fixture", "goods", "delivery", "vendor", "passer", "crowd", "parked", "rubbish", "traffic", "decoy"
]

STRIDE_MM = 170  # an eighth of two steps
WALKERS = ("person",)
WHEELED = (
    "two_wheeler",
    "motor_vehicle",
    "hand_truck",
    "vendor_tricycle",
    "vendor_cart",
    "muck_truck_open",
    "muck_truck_covered",
)


@dataclass(frozen=True, slots=True)
class Waypoint:
    """Somewhere at some time."""

    at_ns: int
    x_mm: int
    y_mm: int


@dataclass(frozen=True, slots=True)
class Actor:
    """One thing and where it is when: there from its first waypoint until its last, straight in between."""

    name: str
    role: Role
    thing: Thing  # place and time come from the track
    track: tuple[Waypoint, ...]
    poses: tuple[tuple[int, str], ...] = ()  # (from then on, pose); before the first the thing's own

    @property
    def from_ns(self) -> int:
        """First instant at which it is there."""
        return self.track[0].at_ns

    @property
    def until_ns(self) -> int:
        """It is no longer there from this instant on."""
        return self.track[-1].at_ns

    def at(self, t_ns: int) -> Thing | None:
        """The thing as it is at this instant; None while it is not there."""
        if not self.from_ns <= t_ns < self.until_ns:
            return None
        index = bisect_right(self.track, t_ns, key=lambda w: w.at_ns) - 1
        here, there = self.track[index], self.track[index + 1]
        pose = self._pose_at(t_ns)
        if (here.x_mm, here.y_mm) == (there.x_mm, there.y_mm):
            return replace(self.thing, x_mm=here.x_mm, y_mm=here.y_mm, pose=pose)
        span = max(1, there.at_ns - here.at_ns)
        dx, dy = there.x_mm - here.x_mm, there.y_mm - here.y_mm
        x = here.x_mm + dx * (t_ns - here.at_ns) // span
        y = here.y_mm + dy * (t_ns - here.at_ns) // span
        yaw = self.thing.yaw_deg
        if self.thing.kind in (*WALKERS, *WHEELED):
            yaw = round(math.degrees(math.atan2(dy, dx)))
        if self.thing.kind in WALKERS:
            gone = int(math.hypot(x - self.track[0].x_mm, y - self.track[0].y_mm)) // STRIDE_MM
            pose = "+".join([f"walk{gone % 8}", *pose.split("+")[1:]])
        return replace(self.thing, x_mm=x, y_mm=y, yaw_deg=yaw, pose=pose)

    def rests(self) -> tuple[tuple[int, int, int, int], ...]:
        """Where it stands still: (from, until, x, y)."""
        out: list[tuple[int, int, int, int]] = []
        for here, there in zip(self.track, self.track[1:], strict=False):
            if (here.x_mm, here.y_mm) == (there.x_mm, there.y_mm) and there.at_ns > here.at_ns:
                out.append((here.at_ns, there.at_ns, here.x_mm, here.y_mm))
        return tuple(out)

    def _pose_at(self, t_ns: int) -> str:
        pose = self.thing.pose
        for at, later in self.poses:
            if t_ns >= at:
                pose = later
        return pose


def stays(name: str, role: Role, thing: Thing, from_ns: int, until_ns: int) -> Actor:
    """Something that stands in one place from one instant to another."""
    spot = (thing.x_mm, thing.y_mm)
    return Actor(name, role, thing, (Waypoint(from_ns, *spot), Waypoint(max(until_ns, from_ns + MS), *spot)))


def walks(
    name: str,
    role: Role,
    thing: Thing,
    start_ns: int,
    places: tuple[tuple[int, int], ...],
    mm_s: int,
    wait_ms: int = 0,
) -> Actor:
    """Something that goes from place to place at one speed, and waits at each but the first and last."""
    track = [Waypoint(start_ns, *places[0])]
    for index, (x, y) in enumerate(places[1:], start=1):
        far = math.hypot(x - track[-1].x_mm, y - track[-1].y_mm)
        track.append(Waypoint(track[-1].at_ns + max(MS, int(far * 1_000_000_000 / mm_s)), x, y))
        if wait_ms and index < len(places) - 1:
            track.append(Waypoint(track[-1].at_ns + wait_ms * MS, x, y))
    return Actor(name, role, thing, tuple(track))
