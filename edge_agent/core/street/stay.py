"""How long goods have stood past the line while the rule held: observed presence, and nothing else.

Time counts between two looks that both saw goods, no further apart than the gap, the rule in force at
both. A delivery pauses it, up to its grace; so does everything that could not be seen. A pause that is
longer than the rule's cooldown ends the stay: nobody can say that the same goods stood there all along.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.core.scene import EvidenceItem, Finding
from edge_agent.core.street.sample import Sample
from edge_agent.core.units import Ns

ZERO = Ns(0)


@dataclass(slots=True)
class Stay:
    """Goods past the line since `first_at`, as far as it counts."""

    first_at: Ns
    last_at: Ns  # last look that saw them while the rule held
    dwell: Ns = ZERO
    lately: Ns = ZERO  # of it, since the last pause that nobody can vouch for
    run: Ns = ZERO  # of it, since the last look that did not count, or that was further off than the gap
    unloaded: Ns = ZERO  # time paused for a delivery
    counting: bool = True  # the last look counts: goods, in force, no delivery within its grace
    low_light_at: Ns | None = None  # last look in low light
    dark: Ns = ZERO  # dwell that was observed in low light
    samples: int = 0  # looks that could see
    samples_present: int = 0
    seen: Sample | None = None  # last look that saw goods
    candidate_at: Ns | None = None
    gone: Ns = ZERO  # absence that was observed before goods came back, and is no part of dwell
    absence: Ns = ZERO  # absence that was observed since goods were last seen
    _joined: bool = True  # time since `last_at` may count

    @classmethod
    def begin(cls, first_at: Ns) -> Stay:
        """Goods were first seen then."""
        return cls(first_at, first_at)

    @property
    def items(self) -> tuple[EvidenceItem, ...]:
        """What stood there at the last look that saw anything."""
        return self.seen.items if self.seen is not None else ()

    def paused(self, at: Ns) -> Ns:
        """Time since it was first seen in which neither presence counted nor absence was observed."""
        return Ns(max(0, at - self.first_at - self.dwell - self.gone - self.absence))

    def look(self, sample: Sample, *, gap: Ns, grace: Ns, pause: Ns) -> None:
        """A look that could see, while the rule is in force.

        Args:
            sample: the look.
            gap: time between two looks counts up to this.
            grace: for a delivery.
            pause: after a longer one nobody can say that the same goods stood there all along.
        """
        self.counting = False
        self.samples += 1
        if sample.low_light:
            self.low_light_at = sample.at
        if sample.finding is not Finding.PRESENT:
            return
        self.samples_present += 1
        step = Ns(sample.at - self.last_at)
        near = self._joined and step <= gap
        excused = sample.unloading and self.unloaded < grace
        counted = step if near and not excused else ZERO
        self._back(bridged=near)
        if near and excused:
            self.unloaded = Ns(self.unloaded + step)
        self.dwell = Ns(self.dwell + counted)
        self.dark = Ns(self.dark + counted) if sample.low_light else self.dark
        self.lately = Ns(self.lately + counted) if step <= pause else ZERO
        self.run = Ns(self.run + counted) if near and not excused else ZERO
        self.counting = not excused
        self.last_at, self.seen, self._joined = sample.at, sample, True

    def interrupt(self, finding: Finding) -> None:
        """The rule does not hold: time up to the next look that counts does not."""
        self.counting = False
        self._joined = False
        if finding is Finding.PRESENT:
            self._back(bridged=False)

    def _back(self, *, bridged: bool) -> None:
        """Goods are seen again; a gap that was bridged counts as presence."""
        self.gone = self.gone if bridged else Ns(self.gone + self.absence)
        self.absence = ZERO
