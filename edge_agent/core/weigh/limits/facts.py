"""What a scale cannot see: what is assumed of it, and what a reviewer may state instead.

Every assumption takes the side of the driver. A stated fact leads to a new verdict; the old one stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# Facts that a reviewer may state, and the words for them. Anything else is ignored, and said so.
STATEABLE: Final[dict[str, tuple[str, ...]]] = {
    "body": ("rigid", "combination"),
    "drive_axle": ("single", "double"),
    "tyres": ("single", "dual", "wide"),  # of the grouped non-drive axles and the trailer's axles
    "first_axle_tyres": ("single", "dual"),
    "suspension": ("air", "leaf"),
    "vehicle_class": ("truck", "bus", "car", "motorcycle", "farm", "low_speed", "tractor"),
    "gb1589_exempt": ("yes", "no"),
    "permit": ("yes", "no"),
    "military_emergency": ("yes", "no"),
    "plate_owner": ("confirmed",),
}

# Classes to which the goods-vehicle rules do not apply (buses and cars: unverified).
NOT_GOODS: Final = frozenset(
    {"bus", "coach", "minibus", "car", "suv", "mpv", "taxi", "motorcycle", "motorbike", "bicycle"}
)
# Classes whose limit is the mass on their licence (62号令 Art. 3): not knowable from the road.
LICENCE_MASS: Final = frozenset({"farm", "low_speed", "tractor"})

# Assumption -> (English, 简体中文), for people to read.
ASSUMPTIONS: Final[dict[str, tuple[str, str]]] = {
    "combination": ("a truck with a trailer", "按汽车列车认定"),
    "drive_axle": ("two drive axles", "按双驱动轴认定"),
    "tyres": ("dual tyres", "按双轮胎认定"),
    "first_axle": ("the first axle may be a drive axle", "第一轴按驱动轴认定"),
    "suspension": ("air suspension", "按空气悬架认定"),
    "spacing": ("axle spacings in the driver's favour", "轴距按有利于当事人认定"),
    "vehicle_class": ("an ordinary goods vehicle", "按普通货车认定"),
    "gb1589_exempt": ("no exemption of GB 1589 checked", "未核查GB 1589豁免情形"),
    "permit": ("no permit checked", "未核查超限运输许可"),
    "military_emergency": (
        "military or emergency use not checked",
        "未核查军用或应急用途",
    ),
    "plate_owner": ("the plate read belongs to the vehicle weighed", "所识别号牌属于被称重车辆"),
}


@dataclass(frozen=True, slots=True)
class Known:
    """What is taken as known of one vehicle besides its weight."""

    vehicle: str  # class by the reviewer, else by the camera, else empty
    stated: tuple[tuple[str, str], ...]  # facts accepted, by key
    ignored: tuple[str, ...]  # keys of facts that mean nothing here

    def get(self, key: str) -> str:
        """The stated value, or empty."""
        return dict(self.stated).get(key, "")

    def assumptions(self, *keys: str) -> tuple[str, ...]:
        """`keys` that no fact settles, then what was stated and what was ignored. Never empty.

        Whose plate it is stays an assumption of every verdict until a reviewer confirms it.
        """
        open_keys = [key for key in (*keys, "plate_owner") if not self.get(FACT_OF.get(key, key))]
        stated = [f"stated:{key}={value}" for key, value in self.stated]
        return tuple(open_keys + stated + [f"ignored_fact:{key}" for key in self.ignored])


# Assumptions that are settled by a fact of another name.
FACT_OF: Final = {"combination": "body", "first_axle": "first_axle_tyres"}


def known(vehicle: str, facts: Mapping[str, str]) -> Known:
    """Sort facts into those that mean something and those that do not; never raises."""
    stated = tuple((key, facts[key]) for key in STATEABLE if facts.get(key) in STATEABLE[key])
    accepted = {key for key, _ in stated}
    ignored = tuple(sorted(key for key in facts if key not in accepted))
    return Known(dict(stated).get("vehicle_class", vehicle.strip().lower()), stated, ignored)
