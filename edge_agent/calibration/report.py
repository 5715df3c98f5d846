"""What a technician reads after the runs, and the proposal that `calibrate apply` takes."""

from __future__ import annotations

import yaml

from edge_agent.calibration.assess import Assessment, as_dict
from edge_agent.calibration.cost323 import Criterion, Errors, Reached
from edge_agent.calibration.proposal import BinFigures, Figures, Proposal, scale_sha256
from edge_agent.calibration.r134 import BEYOND
from edge_agent.calibration.table import table
from edge_agent.calibration.truck import BY_HAND, Passes, TestTruck
from edge_agent.calibration.words_truck import TEXTS
from edge_agent.core.weigh.settings import ScaleSettings
from edge_agent.web.words import Words

KMH = 0.0036  # of mm/s
LARGE_PPM = 50_000  # scales are seldom that wrong, slips are

NAMED = {
    Criterion.GROSS: "gross_weight",
    Criterion.GROUP: "axle_group",
    Criterion.SINGLE: "single_axle",
    Criterion.OF_GROUP: "axle_of_group",
}


def text(lane: str, found: Assessment, truck: TestTruck, passes: Passes, language: str) -> str:
    """Tables for a terminal."""
    say = Words(TEXTS, language)
    fit, speeds = found.fit, [c.speed for c in passes.used if c.speed is not None]
    return "\n".join([
        say(
            "head",
            lane=lane,
            name=truck.name,
            used=len(passes.used),
            left_out=len(passes.left_out),
            others=passes.others,
        ),
        say("at_rest", gross=truck.gross_kg, interval=truck.gross_interval_kg),
        *(say("left_out", number=c.number, reason=reason) for c, reason in passes.left_out),
        "",
        say("all_speeds", factor=_signed(fit.factor_ppm), interval=_percent(fit.interval_ppm)),
        *([say("large", limit=LARGE_PPM // 10_000)] if abs(fit.factor_ppm) > LARGE_PPM else []),
        say("speeds", low=min(speeds) * KMH, high=max(speeds) * KMH),
        "",
        *_bins(found, say),
        "",
        *_criteria(found, say),
        "",
        say(
            "cost323",
            now=found.cost323_class_before or say("too_few"),
            then=found.cost323_class or say("too_few"),
        ),
        say("r134_beyond" if found.r134_vehicle == BEYOND else "r134_vehicle", reached=found.r134_vehicle),
        *([say("r134_axle", reached=found.r134_axle)] if found.r134_axle else []),
        "",
        say("by_the_same"),
        say("no_verification"),
        say("proposed"),
        *(f"  {line}" for line in _block(found).splitlines()),
    ])  # fmt: skip


def proposal(
    lane: str, scale: ScaleSettings, found: Assessment, truck: TestTruck, passes: Passes
) -> Proposal:
    """The block for the configuration, and the figures that it rests on.

    Args:
        lane: whose.
        scale: that the runs were weighed with.
        found: what they say.
        truck: what drove.
        passes: which of the traffic it was.
    """
    runs = [
        {"number": c.number, "gross_g": c.gross, "speed_mm_s": c.speed, "at_ns": c.first_axle_at}
        for c in passes.used
    ]
    by_hand = ", ".join(str(c.number) for c, reason in passes.left_out if reason == BY_HAND)
    weighed = f", {truck.weighed_at}" if truck.weighed_at else ""
    return Proposal(
        lane=lane,
        measured_with=scale.calibration.id,
        measured_scale=scale_sha256(scale),
        calibration=found.proposed,
        record=Figures(
            reference=f"{truck.name}, {truck.gross_kg} ± {truck.gross_interval_kg} kg{weighed}",
            factor_ppm=found.fit.factor_ppm,
            interval_ppm=found.fit.interval_ppm,
            factors=tuple(
                BinFigures(
                    up_to_mm_s=one.up_to_mm_s,
                    factor_ppm=one.factor_ppm,
                    interval_ppm=one.interval_ppm,
                    runs=one.runs,
                )
                for one in found.fit.bins
            ),
            runs=len(passes.used),
            runs_left_out=len(passes.left_out),
            cost323_class=found.cost323_class,
            r134_class=found.r134_vehicle,
            detail=f"left out by hand: passes {by_hand}" if by_hand else "",
        ),
        figures={
            "truck": truck.model_dump(mode="json"),
            "runs": runs,
            "left_out": [{"number": c.number, "reason": reason} for c, reason in passes.left_out],
            "assessment": as_dict(found),
        },
    )


def _bins(found: Assessment, say: Words) -> list[str]:
    rows = [[say("speed"), say("runs"), say("factor"), "± %", say("sd"), say("own")]]
    start = 0
    for one in found.fit.bins:
        end = one.up_to_mm_s
        rows.append([
            f"{start * KMH:.0f}-{end * KMH:.0f} km/h",
            str(one.runs),
            _signed(one.factor_ppm) if one.runs else "-",
            "-" if one.interval_ppm is None else _percent(one.interval_ppm),
            "-" if one.sd_ppm is None else _percent(one.sd_ppm),
            say("yes" if one.differs else "no" if one.runs else "not_covered"),
        ])  # fmt: skip
        start = end
    return table(rows, ">>>>><")


def _criteria(found: Assessment, say: Words) -> list[str]:
    head = ["errors", "mean_now", "sd_now", "mean_then", "sd_then", "needs", "cost323_change"]
    rows = [[say(key) for key in head]]
    rows[0].insert(1, "n")
    for which in found.after:
        now, then = Errors.of(found.before[which]), Errors.of(found.after[which])
        before, after = found.cost323_before[which], found.cost323[which]
        rows.append([
            say(NAMED[which]),
            str(now.number),
            f"{now.mean:.2f}",
            f"{now.sd:.2f}",
            f"{then.mean:.2f}",
            f"{then.sd:.2f}",
            f"{after.smallest:.2f}",
            f"{_name(before, say)} -> {_name(after, say)}",
        ])  # fmt: skip
    return table(rows, "<>>>>>><")


def _name(reached: Reached, say: Words) -> str:
    return reached.name or say("too_few")


def _block(found: Assessment) -> str:
    values = found.proposed.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump({"calibration": values}, allow_unicode=True, sort_keys=False)


def _percent(ppm: int) -> str:
    return f"{ppm / 10_000:.2f}"


def _signed(ppm: int) -> str:
    return f"{ppm / 10_000:+.2f}"
