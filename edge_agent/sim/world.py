"""The simulated world's nouns: vehicles and their passages over the bridge, with ground truth.

Scenario time is nanoseconds since the scenario began. x is millimetres along the lane, x = 0 at
the lane's first sensor, growing in the direction of travel. A passage's position is that of its
first axle. `core` never imports anything from here (truth isolation).
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A vehicle's static truth."""

    kind: str  # car bus truck2 truck3 truck4 semi5 semi6 tractor motorbike
    plate: str  # "" when it carries none
    plate_colour: str
    axle_offsets_mm: tuple[int, ...]  # distance behind the first axle; first is 0
    axle_loads_g: tuple[int, ...]  # static loads
    left_permille: int = 500  # share of each axle's load on the left wheels
    length_mm: int = 8000
    width_mm: int = 2500
    height_mm: int = 3000
    front_overhang_mm: int = 1300  # first axle to front bumper
    plate_rear: str = ""  # a trailer's own plate

    @property
    def gross_g(self) -> int:
        """Static gross vehicle weight, grams."""
        return sum(self.axle_loads_g)


@dataclass(frozen=True, slots=True)
class Leg:
    """Motion with constant acceleration from `t_ns` until the next leg begins."""

    t_ns: int
    x_mm: float
    v_mm_s: float
    a_mm_s2: float


@dataclass(frozen=True, slots=True)
class Motion:
    """Piecewise constant acceleration; legs in order of time."""

    legs: tuple[Leg, ...]

    def x_at(self, t_ns: float) -> float:
        """Position of the first axle at scenario time `t_ns`, mm."""
        leg = self.legs[0]
        for later in self.legs[1:]:
            if later.t_ns > t_ns:
                break
            leg = later
        dt = (t_ns - leg.t_ns) / 1e9
        return leg.x_mm + leg.v_mm_s * dt + leg.a_mm_s2 * dt * dt / 2

    @staticmethod
    def uniform(t0_ns: int, v_mm_s: float, a_mm_s2: float = 0.0) -> Motion:
        """First axle at x = 0 at `t0_ns`, constant acceleration throughout."""
        return Motion((Leg(t0_ns, 0.0, v_mm_s, a_mm_s2),))


@dataclass(frozen=True, slots=True)
class Dynamics:
    """Suspension truth of one passage; phases are per axle, radians."""

    bounce_hz: float
    bounce_amplitude: float  # fraction of static load
    hop_hz: float
    hop_amplitude: float
    bounce_phases: tuple[float, ...]
    hop_phases: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """One vehicle crossing one lane once."""

    id: int  # counts up over the scenario, from 1
    lane: str
    vehicle: Vehicle
    motion: Motion
    dynamics: Dynamics
    lateral_mm: int = 0  # from the lane's centre, positive to the right
    behaviours: tuple[str, ...] = field(default=())  # straddle, stop, reverse, tailgate, brake, ...
    drift_mm_per_m: int = 0  # sideways per metre of road: S-driving, a lane change; 0 at x = 0

    @property
    def t0_ns(self) -> int:
        """Scenario time when the first leg starts: first axle at x = 0 in uniform motion."""
        return self.motion.legs[0].t_ns

    def lateral_at(self, x_mm: float) -> float:
        """Distance from the lane's centre of whatever part of the vehicle is at `x_mm`, mm."""
        return self.lateral_mm + self.drift_mm_per_m * x_mm / 1000
