"""A picture and the instant it was taken at, as cameras and recorded files give it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edge_agent.core.units import MS, Ns
from edge_agent.errors import DeviceError

# A still is the picture nearest to the instant asked for, and never further from it than this.
TOLERANCE = 250 * MS


class NoFrame(DeviceError):
    """The camera has no picture of the instant asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A decoded picture: (h, w, 3) BGR, and when it was taken."""

    image: Any
    captured_at: Ns
    uncertainty: Ns  # one standard deviation of captured_at
