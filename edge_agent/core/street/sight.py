"""What was lately seen of a zone, whether or not any of it counts: presence, absence, and how surely.

    look:      P  P  A  P  P  ?  ?  ?  P  A  A  A  A
    presence:  ├────────────┤  paused  ├  0
    absence:                              ├────────>      observed, not assumed

Something still that no class names stands in the way of absence where goods stood last: they may be there
yet, unrecognised. Elsewhere in the zone it does not: rubbish keeps nobody's case open.

A look that saw nothing of the zone (`?`) changes nothing here. All times are of capture: how often
somebody looked does not matter, only what was seen when.
"""

from __future__ import annotations

from collections import deque

from edge_agent.core.scene import EvidenceItem, Finding
from edge_agent.core.street.geometry import Box, covered
from edge_agent.core.street.sample import Sample
from edge_agent.core.units import Ns, Permille

# Stretches of equal looks that are remembered for the share: one a flicker. Beyond it the share is of
# a shorter time.
MAX_STRETCHES = 1_024
# So much of a thing that stood there is covered by an unnamed one: they may be the same.
SAME = Permille(300)


class Sight:
    """One zone's recent looks.

    Args:
        gap: two looks that saw goods belong together when they lie no further apart.
        watched: two looks lie no further apart than this while somebody watches.
        window: the share is of this time.
    """

    def __init__(self, gap: Ns, watched: Ns, window: Ns) -> None:
        self._gap = gap
        self._watched = watched
        self._window = window
        self._stretches: deque[tuple[Ns, Ns, bool]] = deque(maxlen=MAX_STRETCHES)
        self._looked: Sample | None = None  # the last look that could see
        self._interrupted = False  # one that could not has come since
        self._missed_at: Ns | None = None  # first look without goods since the last with
        self._stood: tuple[EvidenceItem, ...] = ()  # goods at the last look that saw any
        self.present_at: Ns | None = None
        self.absent_at: Ns | None = None  # first of the looks that found nothing, since something was there
        self.presence = Ns(0)
        self.absence = Ns(0)
        self.suspected = Ns(0)

    def see(self, sample: Sample) -> None:
        """Take in one look; later than all before it."""
        if sample.finding is Finding.UNSEEN:
            self._interrupted = True
            return
        step = Ns(sample.at - self._looked.at) if self._looked is not None else Ns(0)
        self._remember(sample, step)
        if sample.finding is Finding.PRESENT:
            self._present(sample)
        elif self._missed_at is None:
            self._missed_at = sample.at
        self._absent(sample, step)
        self._suspect(sample, step)
        self._looked, self._interrupted = sample, False

    @property
    def share(self) -> Permille:
        """Of the time looked at within the window, how much saw goods; 0 when too little was looked at."""
        looked = sum(end - start for start, end, _ in self._stretches)
        seen = sum(end - start for start, end, goods in self._stretches if goods)
        # Half the window at least: a share of two looks says nothing of a minute.
        return Permille(seen * 1000 // looked) if looked and 2 * looked >= self._window else Permille(0)

    def missed(self, at: Ns) -> bool:
        """Looked at twice, further apart than the gap, and no goods in between."""
        return self._missed_at is not None and at - self._missed_at > self._gap

    def _present(self, sample: Sample) -> None:
        step = sample.at - self.present_at if self.present_at is not None else self._gap + 1
        self.presence = Ns(self.presence + step) if step <= self._gap else Ns(0)
        self.present_at, self._stood = sample.at, sample.items
        self._missed_at = None

    def _gone(self, sample: Sample) -> bool:
        if sample.finding is Finding.SUSPECT and self._stood:
            unnamed = [_box(item) for item in sample.items]
            return not any(covered(_box(item), unnamed) >= SAME for item in self._stood)
        return sample.finding is Finding.ABSENT

    def _absent(self, sample: Sample, step: Ns) -> None:
        if not self._gone(sample):
            self.absence, self.absent_at = Ns(0), None
        elif self.absent_at is None:
            self.absent_at = sample.at
        elif step <= self._watched and not self._interrupted:
            self.absence = Ns(self.absence + step)

    def _suspect(self, sample: Sample, step: Ns) -> None:
        if sample.finding is not Finding.SUSPECT:
            if sample.finding is Finding.PRESENT or self.missed(sample.at):
                self.suspected = Ns(0)
        elif self._looked is not None and self._looked.finding is Finding.SUSPECT and step <= self._gap:
            self.suspected = Ns(self.suspected + step)

    def _remember(self, sample: Sample, step: Ns) -> None:
        goods = sample.finding is Finding.PRESENT
        if 0 < step <= max(self._gap, self._watched):
            start = Ns(sample.at - step)
            if self._stretches and self._stretches[-1][1:] == (start, goods):
                start = self._stretches.pop()[0]
            self._stretches.append((start, sample.at, goods))
        oldest = Ns(sample.at - self._window)
        while self._stretches and self._stretches[0][1] <= oldest:
            self._stretches.popleft()
        if self._stretches and self._stretches[0][0] < oldest:
            _, end, held = self._stretches.popleft()
            self._stretches.appendleft((oldest, end, held))


def _box(item: EvidenceItem) -> Box:
    return item.x_min, item.y_min, item.x_max, item.y_max
