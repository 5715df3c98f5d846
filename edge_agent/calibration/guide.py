"""Loads put on the sensors by hand: say what to put where, wait until it rests, read it."""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.calibration.samples import Tenths
from edge_agent.calibration.span import Reading, Step, columns_of
from edge_agent.calibration.words_static import TEXTS
from edge_agent.core.weigh.layout import Layout
from edge_agent.core.weigh.samples import Unit
from edge_agent.core.weigh.settings import ScaleSettings
from edge_agent.web.words import Words

ATTEMPTS = 5
# The first half of a reading may differ from the second by this, and this share of the load.
STEADY_G = 2_000
STEADY_PERMILLE = 1


class Guide:
    """One session.

    Args:
        scale: of the lane.
        listen: the next seconds of its channels.
        ask: shows a text and returns when the technician is ready.
        tell: shows a line.
        language: of the texts.
    """

    def __init__(
        self,
        scale: ScaleSettings,
        listen: Callable[[], Tenths],
        ask: Callable[[str], object],
        tell: Callable[[str], object],
        language: str,
    ) -> None:
        self._layout = Layout.of(scale)
        self._listen = listen
        self._ask = ask
        self._tell = tell
        self._say = Words(TEXTS, language)
        self.unit = Unit.GRAMS

    def take(self, step: Step, seconds: float) -> Reading:
        """One load, from asking for it to its reading; asked for again where it does not come to rest.

        Raises:
            UsageError: the line is silent.
        """
        key = "put" if step.kg else "clear"
        while True:
            self._ask(self._say(key, kg=step.kg, sensor=step.sensor, side=self._say(step.side)))
            for _ in range(ATTEMPTS):
                self._tell(self._say("reading", seconds=seconds))
                reading = self._read(step)
                if reading is not None:
                    return reading
                self._tell(self._say("unsteady"))
            self._tell(self._say("never_steady", sensor=step.sensor))

    def _read(self, step: Step) -> Reading | None:
        """None where it still moves."""
        seen = self._listen()
        self.unit = seen.unit
        grams = seen.grams[:, columns_of(self._layout, step.sensor).all]
        half = len(grams) // 2
        if not half:
            return None
        moved = abs(float(grams[:half].mean(axis=0).sum() - grams[half:].mean(axis=0).sum()))
        if moved > STEADY_G + STEADY_PERMILLE * step.kg:
            return None
        means = tuple(map(float, grams.mean(axis=0)))
        channels = ", ".join(f"{one / 1000:.1f}" for one in means)
        self._tell(self._say("shown", kg=sum(means) / 1000, channels=channels))
        return Reading(step, int(seen.at[0]) / 1e9, means)
