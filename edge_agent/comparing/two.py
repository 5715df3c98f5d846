"""Both sides of a comparison as reasons need them: their settings, and the times that people read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from edge_agent.comparing.found import Found
from edge_agent.comparing.sides import Side
from edge_agent.comparing.wording import Both, clock_time
from edge_agent.core.units import Ns
from edge_agent.journal.compare import first_difference


class SettingChange(Protocol):
    """One key that two configurations differ in, as `replaying.what_if.differences` finds them."""

    @property
    def key(self) -> str:
        """Dotted."""

    @property
    def old(self) -> Any:
        """Plain data; None where the key is not there."""

    @property
    def new(self) -> Any:
        """Plain data; None where the key is not there."""


@dataclass(frozen=True)
class Two:
    """The left and the right side, and the settings in which they differ."""

    left: Side
    right: Side
    settings: Sequence[SettingChange]

    @cached_property
    def first_other(self) -> int | None:
        """Number of the first decision that is not the same bytes on both sides; None where all are."""
        first = first_difference(self.left.lines(), self.right.lines())
        return None if first is None else first.number

    @property
    def notes(self) -> tuple[Both, ...]:
        """What a reader must know of both together."""
        if self.left.sizes and self.right.sizes and self.left.sizes != self.right.sizes:
            return (
                (
                    "录制不同：只有一方有的，可能只在其录制中",
                    "of different recordings: what only one side has may be in its recording alone",
                ),
            )
        return ()

    @cached_property
    def _found(self) -> tuple[Found, Found]:
        return Found(self.left.outcomes), Found(self.right.outcomes)

    def found(self, side: Side) -> Found:
        """What one of the sides has, by place and time."""
        return self._found[0 if side is self.left else 1]

    def under(self, *prefixes: str) -> tuple[str, ...]:
        """Keys that differ and are, or lie under, one of these."""
        return tuple(
            change.key
            for change in self.settings
            if any(change.key == prefix or change.key.startswith(f"{prefix}.") for prefix in prefixes)
        )

    def time(self, side: Side, run: int, at: Ns) -> str:
        """Local time of an instant of a side."""
        offset = side.config.site.legal.utc_offset_minutes if side.config else 480
        return clock_time(side.outcomes.utc(run, at), at, offset)


def shown(value: Any, longest: int) -> str:
    """A setting's value in one line, cut where it is longer."""
    text = "–" if value is None else str(value)
    return text if len(text) <= longest else f"{text[:longest]} …"
