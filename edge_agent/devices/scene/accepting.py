"""From a picture to an accepted reference: the same way for the command line and the console.

picture ── Candidate ── against: what must be read first ── accept: kept as it is, durable
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from edge_agent.devices.clock import monotonic, utc_minus_mono
from edge_agent.devices.scene import checks
from edge_agent.devices.scene.bank import Reference, ReferenceBank, decode
from edge_agent.devices.scene.checks import Concern
from edge_agent.devices.scene.pixels import Corners, Image, opencv
from edge_agent.devices.scene.settings import SceneSettings
from edge_agent.devices.scene.watch import StreetDetector

JPEG_QUALITY = 95  # of pictures that are taken out of a video; files are kept as they are


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A picture that somebody may accept."""

    data: bytes  # what is kept
    image: Image  # the same, decoded
    source: str  # picture | median
    origin: str  # where it came from, for people

    @classmethod
    def of_file(cls, data: bytes, name: str) -> Candidate:
        """A JPEG or PNG, kept as it is.

        Raises:
            UsageError: it is neither.
        """
        return cls(data, decode(data, name), "picture", name)

    @classmethod
    def of_video(cls, image: Image, origin: str, source: str = "picture") -> Candidate:
        """Pixels out of a video; what is looked at is what is kept."""
        done, encoded = opencv().imencode(".jpg", image, [opencv().IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        assert done
        data = encoded.tobytes()
        return cls(data, decode(data, origin), source, origin)


def against(
    candidate: Candidate,
    zones: Mapping[str, Corners],
    settings: SceneSettings,
    bank: ReferenceBank,
    detector: StreetDetector | None,
) -> list[Concern]:
    """What speaks against it; see `checks.concerns`."""
    return checks.concerns(candidate.image, candidate.source, dict(zones), settings, bank, detector)


def accept(
    candidate: Candidate, bank: ReferenceBank, condition: str, *, by: str, beside: bool = False
) -> Reference:
    """Keep it; a daemon that runs takes it into use by itself.

    Raises:
        UsageError: no such condition, or nobody accepts it.
    """
    return bank.accept(
        candidate.data,
        condition,
        by=by,
        at_utc=_utc(),
        source=candidate.source,
        origin=candidate.origin,
        beside=beside,
    )


def _utc() -> str:
    seconds = (monotonic() + utc_minus_mono()) // 1_000_000_000
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
