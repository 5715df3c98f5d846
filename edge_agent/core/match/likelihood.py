"""How well one read fits one crossing, against how well it fits a vehicle that nobody weighed.

    pair  = (1 - miss) * density of its time * P(lane, class, colour, direction | this vehicle)
    stray = rate of strangers                * P(lane, class, colour, direction | a stranger)
    none  = miss

Time counts by the normal law with a thin flat tail, so that one odd time cannot be certain of
anything. The rest is weak evidence, stated as a share of disagreement in the settings. The plate's
text says nothing of which vehicle carries it, so it is not in here.
"""

from __future__ import annotations

from enum import IntEnum

from edge_agent.core.match.expect import Expected, read_sd, wheelbase_mm
from edge_agent.core.match.fixed import ONE, from_ppm, normal_density, per_hour, times, uniform_density
from edge_agent.core.match.settings import LaneMatchSettings, MatchSettings
from edge_agent.core.records import Crossing, PlateRead
from edge_agent.core.units import TONNE


class Size(IntEnum):
    """A vehicle as coarse as axles and cameras can agree on."""

    LIGHT = 0
    HEAVY = 1
    UNKNOWN = 2


# As cameras name them (Hikvision, Dahua and COCO words); anything else says nothing.
CLASS_SIZE = {
    "truck": Size.HEAVY, "bus": Size.HEAVY, "lorry": Size.HEAVY, "heavy_truck": Size.HEAVY,
    "trailer": Size.HEAVY, "largebus": Size.HEAVY, "largetruck": Size.HEAVY,
    "car": Size.LIGHT, "suv": Size.LIGHT, "mpv": Size.LIGHT, "van": Size.LIGHT,
    "motorbike": Size.LIGHT, "motorcycle": Size.LIGHT, "sedan": Size.LIGHT,
}  # fmt: skip
# GA 36: yellow on large vehicles, blue and green on small ones; white and black say nothing.
COLOUR_SIZE = {
    "yellow": Size.HEAVY, "yellow_green": Size.HEAVY, "blue": Size.LIGHT, "green": Size.LIGHT,
}  # fmt: skip

# Blue plates end at 4.5 t maximum mass; between the two bounds a weight says nothing of the plate.
LIGHT_BELOW_G = 3_000_000
HEAVY_FROM_G = 6 * TONNE
# No passenger car or light van stands on axles further apart.
HEAVY_WHEELBASE_MM = 4_300
CAR_WHEELBASE_MM = 3_000
WEIGHING_SPEED_MM_S = 8_333  # only where the scale gave no offsets at all

HALF = ONE // 2


def size_of(crossing: Crossing) -> Size:
    """Light or heavy as the scale saw it; the weight counts only when nothing was flagged."""
    if len(crossing.axles) >= 3:
        return Size.HEAVY
    if len(crossing.axles) < 2:
        return Size.UNKNOWN
    wheelbase = wheelbase_mm(crossing, crossing.speed or WEIGHING_SPEED_MM_S)
    gross = None if crossing.flags else crossing.gross
    if gross is None:
        return Size.HEAVY if wheelbase > HEAVY_WHEELBASE_MM else Size.UNKNOWN
    if gross >= HEAVY_FROM_G:
        return Size.HEAVY
    return Size.LIGHT if gross < LIGHT_BELOW_G and wheelbase < CAR_WHEELBASE_MM else Size.UNKNOWN


class Likelihood:
    """The factors of one camera, as integers times `ONE`."""

    def __init__(self, settings: MatchSettings) -> None:
        self._settings = settings
        self._lanes = {lane.lane: lane for lane in settings.lanes}
        count = len(self._lanes)
        wrong = from_ppm(settings.lane_mismatch_ppm)
        self._right_lane = ONE - wrong
        self._wrong_lane = wrong // max(1, count - 1)
        self._any_lane = ONE // count
        self._tail = from_ppm(settings.tail_ppm)
        self._not_missed = ONE - from_ppm(settings.miss_ppm)
        self._strangers = per_hour(settings.stray_per_hour)
        self._flow = per_hour(settings.flow_per_hour)
        self.none = from_ppm(settings.miss_ppm)
        self.none_yet = ONE  # its read may still come: at most this

    def pair(self, crossing: Crossing, size: Size, expected: Expected, read: PlateRead) -> int:
        """Weight of "this read is this crossing's", times ONE**2; 0 outside the window."""
        sd = read_sd(expected, read.at_sd, self._settings)
        reach = self._settings.window_sigmas * sd
        distance = read.at - expected.at
        if abs(distance) > reach:
            return 0
        body = times(ONE - self._tail, normal_density(distance, sd * sd))
        time = body + times(self._tail, uniform_density(2 * reach))
        fit = times(time, self.lane(read, crossing.lane), self._look(read, crossing.lane, size))
        return fit * self._not_missed

    def stray(self, read: PlateRead, unreported: tuple[str, ...]) -> int:
        """Weight of "this read is nobody's", times ONE.

        Args:
            read: the read.
            unreported: lanes where a vehicle that the scale has yet to report may have been read.
        """
        look = self._stray_look(read)
        total = times(self._strangers, self._any_lane if read.lane is not None else ONE, look)
        for lane in unreported:
            total += times(self._flow, self.lane(read, lane), look)
        return max(1, total)

    def lane(self, read: PlateRead, lane: str) -> int:
        """P(the read's lane | the vehicle drives in `lane`)."""
        if read.lane is None:
            return ONE
        return self._right_lane if read.lane == lane else self._wrong_lane

    def _look(self, read: PlateRead, lane: str, size: Size) -> int:
        settings = self._settings
        look = times(
            _agreement(CLASS_SIZE.get(read.vehicle.lower(), Size.UNKNOWN), size, settings.class_mismatch_ppm),
            _agreement(COLOUR_SIZE.get(read.colour, Size.UNKNOWN), size, settings.colour_mismatch_ppm),
        )
        expected = self._lanes[lane].direction
        if not expected or not read.direction:
            return look
        wrong = from_ppm(settings.direction_mismatch_ppm)
        return times(look, ONE - wrong if read.direction == expected else wrong)

    def _stray_look(self, read: PlateRead) -> int:
        """Nothing is known of a stranger: every word the camera says of it is a coin's toss."""
        known = (
            CLASS_SIZE.get(read.vehicle.lower(), Size.UNKNOWN) is not Size.UNKNOWN,
            COLOUR_SIZE.get(read.colour, Size.UNKNOWN) is not Size.UNKNOWN,
            bool(read.direction) and any(lane.direction for lane in self._lanes.values()),
        )
        return ONE >> sum(known)


def _agreement(said: Size, size: Size, mismatch_ppm: int) -> int:
    """P(what the camera says of the size | the size)."""
    if said is Size.UNKNOWN:
        return ONE
    if size is Size.UNKNOWN:
        return HALF
    wrong = from_ppm(mismatch_ppm)
    return ONE - wrong if said is size else wrong


def lane_settings(settings: MatchSettings) -> dict[str, LaneMatchSettings]:
    """The lanes by name."""
    return {lane.lane: lane for lane in settings.lanes}
