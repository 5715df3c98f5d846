"""A watch of the scale's gain by the steering axles of lorries. It alarms, and never changes a weight.

A tractor's steering axle carries nearly the same whatever is behind it: `share` of the gross weight more.
Take that share off, and what is left is the tractor's own. It follows the scale's gain, and neither the
loads nor the mix of the season:

    left = steering - share * gross         both as weighed: a gain g makes it g * left

The first vehicles of each class after the start tell the class's share and what is left of it; later ones are
compared with that. What was already wrong at the start is not seen, and a restart forgets: test trucks
and the verification find it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from edge_agent.core.decisions import Fault, FaultKind, Status
from edge_agent.core.records import Crossing, Flag
from edge_agent.core.units import div_round
from edge_agent.core.weigh.settings import DriftSettings

MILLION = 1_000_000
# A steering axle takes no more of a load than this; a fit beyond it is chance.
LARGEST_SHARE_PPM = 200_000
# Says that the interval is wide, which many vehicles make good.
EXCUSED = frozenset({Flag.UNCERTAIN})
# The window is looked at so often while it moves on by its own length.
LOOKS = 16

Pair = tuple[int, int]  # steering axle and gross weight, g


class DriftWatch:
    """One lane's vehicles, one after the other. Bounded memory; none of a clock."""

    def __init__(self, lane: str, settings: DriftSettings) -> None:
        self._part = f"lane/{lane}"
        self._settings = settings
        self._learning: dict[str, list[Pair]] = {name: [] for name in settings.classes}
        self._known: dict[str, _Tractor] = {}
        self._window: deque[int] = deque(maxlen=settings.vehicles)  # of all known classes, ppm off
        self._since_look = 0
        self.suspected = False

    def note(self, crossing: Crossing) -> tuple[Fault | Status, ...]:
        """Take in a crossing; what it made known, if anything."""
        pair = self._pair(crossing)
        if pair is None:
            return ()
        name = _class_of(crossing)
        tractor = self._known.get(name)
        if tractor is None:
            self._learn(name, pair)
            return ()
        self._window.append(tractor.off_ppm(pair))
        self._since_look += 1
        vehicles = self._settings.vehicles
        if len(self._window) < vehicles or self._since_look * LOOKS < vehicles:
            return ()
        self._since_look = 0
        return self._look(crossing)

    def _pair(self, crossing: Crossing) -> Pair | None:
        if not self._settings.enabled or crossing.gross is None or not EXCUSED.issuperset(crossing.flags):
            return None
        if _class_of(crossing) not in self._learning:
            return None
        return crossing.axles[0].load, crossing.gross

    def _learn(self, name: str, pair: Pair) -> None:
        pairs = self._learning[name]
        pairs.append(pair)
        if len(pairs) < self._settings.vehicles:
            return
        tractor = _Tractor(pairs)
        pairs.clear()
        if tractor.left > 0:  # else these are no tractors: look at others
            self._known[name] = tractor

    def _look(self, crossing: Crossing) -> tuple[Fault | Status, ...]:
        drift = _middle_mean(self._window)
        limit = self._settings.clear_permille if self.suspected else self._settings.alarm_permille
        before, self.suspected = self.suspected, abs(drift) > limit * 1000
        if self.suspected == before:
            return ()
        at = crossing.closed_at
        said = f"{drift / 10_000:+.1f} % over {len(self._window)} vehicles"
        if not self.suspected:
            return (Status(at, self._part, "ok", f"calibration drift no longer suspected: {said}"),)
        detail = f"calibration drift suspected: {said}"
        return (
            Fault(at, self._part, FaultKind.CALIBRATION_DRIFT, detail),
            Status(at, self._part, "degraded", detail),
        )


class _Tractor:
    """What the first vehicles of a class say of its steering axle."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self._share_ppm = _share_ppm(pairs)
        self.left = _middle_mean([self._left(pair) for pair in pairs])

    def off_ppm(self, pair: Pair) -> int:
        return div_round((self._left(pair) - self.left) * MILLION, self.left)

    def _left(self, pair: Pair) -> int:
        steering, gross = pair
        return steering - div_round(self._share_ppm * gross, MILLION)


def _share_ppm(pairs: Sequence[Pair]) -> int:
    """Slope of the least-squares line of steering axle over gross weight."""
    n = len(pairs)
    steering, gross = sum(s for s, _ in pairs), sum(g for _, g in pairs)
    spread = n * sum(g * g for _, g in pairs) - gross * gross
    if not spread:
        return 0
    common = n * sum(s * g for s, g in pairs) - steering * gross
    return max(0, min(div_round(common * MILLION, spread), LARGEST_SHARE_PPM))


def _middle_mean(values: Sequence[int] | deque[int]) -> int:
    """Mean of the middle half: a quarter of the vehicles may be anything at either end."""
    quarter = len(values) // 4
    middle = sorted(values)[quarter : len(values) - quarter]
    return div_round(sum(middle), len(middle))


def _class_of(crossing: Crossing) -> str:
    return "+".join(str(group.count) for group in crossing.groups)
