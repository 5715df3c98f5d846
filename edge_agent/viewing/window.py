"""From when to when: a stretch of a recording, by the clock on the wall or by seconds since its beginning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from edge_agent.core.units import Ns, S
from edge_agent.devices.camera.headers import sequence_header
from edge_agent.journal.moments import Moment
from edge_agent.viewing.decoding import CODECS
from edge_agent.viewing.things import Areas, Load, Place, Shown, State, Video
from edge_agent.viewing.times import Piece, at_of

LATE = 60 * S  # a thing may be told of so long after it happened: a crossing after its first axle

FIRST, LAST = -(2**63), 2**63 - 1


class Window:
    """What lies between two limits, the end left out; without them everything does.

    What held when the window opens is known in it: zones' states and the areas drawn are told at its
    beginning, and video begins with a keyframe.
    """

    def __init__(self, start: Moment | None = None, end: Moment | None = None) -> None:
        self._start, self._end = start, end
        self._all = start is None and end is None
        self._began: tuple[Ns, Ns | None] | None = None  # monotonic, offset
        self._held: dict[tuple[type, Place], Shown] = {}
        self._playing: set[Place] = set()

    def begin(self, piece: Piece, offset: Ns | None) -> None:
        """Told of every piece: the first is where the recording begins."""
        if self._began is None:
            self._began = at_of(piece), offset

    def part(self, shown: Shown) -> Iterator[Shown]:
        """The thing, as far as it lies inside; before the first what held by then."""
        if self._all:
            yield shown
            return
        low, high = self._limits(shown.utc_minus_mono)
        thing = shown.thing
        if isinstance(thing, Load):
            first, last = int(thing.at.searchsorted(low)), int(thing.at.searchsorted(high))
            if first < last:
                cut = replace(thing, at=thing.at[first:last], tonnes=thing.tonnes[first:last])
                yield replace(shown, thing=cut)
        elif thing.at < low:
            if isinstance(thing, State | Areas):
                path = thing.path if isinstance(thing, State) else thing.screen
                self._held[type(thing), path] = replace(shown, thing=replace(thing, at=Ns(low)))
        elif thing.at < high and not (isinstance(thing, Video) and self._mid_group(thing)):
            yield from self._held.values()
            self._held.clear()
            yield shown

    def over(self, piece: Piece, offset: Ns | None) -> bool:
        """Nothing that comes from now on can lie inside."""
        if self._end is None:
            return False
        known = self._monotonic(self._end, offset)
        return known is not None and at_of(piece) > known + LATE

    def _limits(self, offset: Ns | None) -> tuple[int, int]:
        """On the clock of things with this offset; where nobody knows the limits nothing is inside."""
        low, high = FIRST, LAST
        if self._start is not None:
            known = self._monotonic(self._start, offset)
            low = LAST if known is None else known
        if self._end is not None:
            known = self._monotonic(self._end, offset)
            high = FIRST if known is None else known
        return low, high

    def _monotonic(self, moment: Moment, offset: Ns | None) -> Ns | None:
        if not moment.since_start:
            return None if offset is None else Ns(moment.at - offset)
        began, began_offset = self._began or (Ns(0), None)
        if offset is None or began_offset is None:
            return Ns(began + moment.at)
        return Ns(began + began_offset + moment.at - offset)  # the box may have started anew since

    def _mid_group(self, thing: Video) -> bool:
        if thing.screen not in self._playing and sequence_header(CODECS[thing.format], thing.data):
            self._playing.add(thing.screen)
        return thing.screen not in self._playing
