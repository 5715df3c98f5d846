"""What the street concluded, as things to show: zones and their cases."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.core.decisions import SealCoverage, SealStreet, ZoneChanged
from edge_agent.core.events import SceneSeen
from edge_agent.core.units import S
from edge_agent.viewing.things import Line, Numbers, State, Thing


def zone(changed: ZoneChanged) -> Iterator[Thing]:
    """A zone's rule moved on, or what it looks like did."""
    path = ("zones", changed.zone)
    yield State(changed.at, (*path, "state"), changed.state.value)
    yield State(changed.at, (*path, "finding"), changed.finding.value)
    yield Numbers(changed.at, (*path, "dwell"), {"dwell_s": changed.dwell_ms / 1000})
    words = [changed.state.value, changed.finding.value, f"{changed.dwell_ms / 1000:.0f} s", changed.detail]
    yield Line(changed.at, "info", f"zone/{changed.zone}", ", ".join(word for word in words if word))


def case(seal: SealStreet) -> Iterator[Thing]:
    """A record of a case was sealed."""
    report = seal.report
    dwell = f"{report.dwell / S:.0f} s of {report.stay_ms / 1000:.0f} s"
    text = f"{report.event_type} {report.phase.value}: {report.finding.value}, {dwell}; case {seal.case}"
    reasons = f" ({', '.join(seal.reasons)})" if seal.reasons else ""
    text += f".{seal.revision}, class {seal.use_class.value}{reasons}"
    yield Line(seal.at, "warning", f"zone/{report.zone}", text)
    yield Numbers(report.judged_at, ("zones", report.zone, "dwell"), {"dwell_s": report.dwell / S})


def view(seen: SceneSeen) -> Iterator[Thing]:
    """How the picture was as a picture."""
    values = {
        "luma": seen.view.luma,
        "contrast": seen.view.contrast,
        "sharpness": seen.view.sharpness / 1000,
        "shift_px": seen.view.shift_mpx / 1000,  # at 480 pixels width
    }
    yield Numbers(seen.captured_at, ("cameras", seen.camera, "view"), values)


def coverage(seal: SealCoverage) -> Iterator[Thing]:
    """What was truly watched, as a share of the time."""
    span = (seal.end - seal.start) / 1e6
    for part in seal.parts:
        share = part.watched_ms / span if span else 0.0
        yield Numbers(seal.end, ("coverage", *part.part.split("/", 1)), {"watched": share})
        blind = ", ".join(f"{reason} {ms / 1000:.0f} s" for reason, ms in part.blind)
        text = f"watched {100 * share:.1f} %{f'; blind: {blind}' if blind else ''}"
        yield Line(seal.at, "info", part.part, text)
