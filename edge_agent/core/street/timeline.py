"""The time line of one zone: its rule's steps as they come, its looks when they change, not each of them."""

from __future__ import annotations

from edge_agent.core.decisions import ZoneChanged
from edge_agent.core.scene import Finding, ZoneState
from edge_agent.core.street.hours import InForce
from edge_agent.core.street.sample import Sample
from edge_agent.core.street.stay import Stay
from edge_agent.core.units import MS, Ns, S

# People pass all the time: what a zone looks like is told no oftener than this.
SAY_EVERY = 10 * S

SUSPECT = "suspect"  # once for each thing that no class names
SUSPECT_STILL = "suspect_still"


class TimeLine:
    """What was last told of one zone."""

    def __init__(self, camera: str, zone: str) -> None:
        self._camera = camera
        self._zone = zone
        self._told: tuple[Finding, str] | None = None
        self._told_at = Ns(0)
        self._suspect_told = False

    def step(
        self, sample: Sample, state: ZoneState, mark: str, stay: Stay | None, asked: Ns, case: str
    ) -> ZoneChanged:
        """The rule took a step."""
        dwell = stay.dwell // MS if stay is not None else 0
        self._told_at = sample.at
        return ZoneChanged(
            sample.at,
            self._camera,
            self._zone,
            state,
            sample.finding,
            dwell,
            f"{mark} {dwell} of {asked // MS} ms",
            case,
        )

    def look(
        self,
        sample: Sample,
        state: ZoneState,
        force: InForce,
        stay: Stay | None,
        case: str,
        *,
        suspected: bool,
    ) -> ZoneChanged | None:
        """A look that may differ from what was told.

        Args:
            sample: the look.
            state: of the rule.
            force: whether the rule holds.
            stay: of the goods there now.
            case: that is open.
            suspected: a still object has been there for as long as a candidate.
        """
        if sample.finding is Finding.SUSPECT and not suspected:
            return None  # not yet worth a word
        if sample.finding in (Finding.PRESENT, Finding.ABSENT) and not suspected:
            self._suspect_told = False
        first = sample.finding is Finding.SUSPECT and not self._suspect_told
        said = (sample.finding, _detail(sample, force, stay))
        waits = self._told is not None and sample.at - self._told_at < SAY_EVERY
        if not first and (said == self._told or waits):
            return None
        self._told, self._told_at = said, sample.at
        self._suspect_told = self._suspect_told or first
        dwell = stay.dwell // MS if stay is not None else 0
        detail = SUSPECT if first else said[1]
        return ZoneChanged(sample.at, self._camera, self._zone, state, sample.finding, dwell, detail, case)


def _detail(sample: Sample, force: InForce, stay: Stay | None) -> str:
    """One word on why the look counts for nothing, empty where it counts."""
    if sample.finding is Finding.UNSEEN:
        return f"blind:{sample.reason}"
    if sample.finding is Finding.SUSPECT:
        return SUSPECT_STILL
    if sample.finding is Finding.PRESENT and not force.holds:
        return force.detail
    if sample.finding is Finding.PRESENT and stay is not None and not stay.counting:
        return "unloading"
    return sample.reason
