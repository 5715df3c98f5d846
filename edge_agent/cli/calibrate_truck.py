"""`edge-agent calibrate truck`: a truck of known weight drives over the scale."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_agent.calibration.cost323 import Environment, Plan
from edge_agent.cli.calibrate_common import (
    By,
    Date,
    Json,
    Lane,
    Name,
    Out,
    Record,
    Site,
    events_of,
    finish,
    lane_of,
    new_file,
    new_id,
    progress,
    signer,
    today,
)
from edge_agent.cli.language import LangOption, chosen_language
from edge_agent.errors import UsageError

if TYPE_CHECKING:
    from edge_agent.calibration.truck import Passes
    from edge_agent.config.settings import SiteConfig
    from edge_agent.core.records import Crossing

KMH_MM_S = 10_000 / 36
DEFAULT_BINS = "10,20,30"


def truck(  # noqa: PLR0917 - options of a command line
    recordings: Annotated[list[Path], typer.Argument(metavar="REC.mcap...", help="Of the runs.")],
    config: Site,
    truck_file: Annotated[
        Path, typer.Option("--truck", metavar="TRUCK.yaml", help="See configs/test-truck.yaml.")
    ],
    lane: Lane,
    bins: Annotated[
        str, typer.Option(metavar="KMH,...", help="Upper ends of the speed bins.")
    ] = DEFAULT_BINS,
    plan: Annotated[
        Plan, typer.Option(help="COST 323: r1 one load and speed, r2 several, rr1 a few trucks.")
    ] = Plan.R2,
    environment: Annotated[
        Environment, typer.Option(help="COST 323: i hours, ii days of one season, iii the year.")
    ] = Environment.I,
    in_service: Annotated[
        bool,
        typer.Option(
            "--in-service", help="Tolerances of a check in service, not of an initial verification."
        ),
    ] = False,
    without: Annotated[
        list[int] | None,
        typer.Option(metavar="NUMBER", help="Leave this pass out: another vehicle, or driven badly."),
    ] = None,
    name: Name = "",
    date: Date = "",
    plots: Annotated[Path | None, typer.Option(metavar="DIR", help="Plots too (extra `plots`).")] = None,
    out: Out = None,
    record: Record = False,
    by: By = "",
    lang: LangOption = None,
    as_json: Json = False,
) -> None:
    """Factor by speed with its interval, repeatability, accuracy class. Nothing is changed.

    The runs are weighed again out of the recording's raw bytes with the configuration's calibration, and the
    truck is told from the other traffic by its axles.
    """
    from edge_agent.calibration.assess import Test, as_dict, assess  # noqa: PLC0415 - help stays instant
    from edge_agent.calibration.report import proposal, text  # noqa: PLC0415
    from edge_agent.calibration.truck import TestTruck, passes  # noqa: PLC0415
    from edge_agent.config.loader import load, load_as  # noqa: PLC0415

    site, known = load(config), load_as(truck_file, TestTruck)
    scale = lane_of(site, config, lane).scale
    used = scale.calibration
    new_file(out)
    language = chosen_language(lang)
    signed_by = signer(record, by, language)
    ends = _bin_ends(bins)
    with progress(language, quiet=as_json) as told:
        weighed = list(_crossings(recordings, site, told))
    found = passes((crossing for _, crossing in weighed), known, lane, without or ())
    day = today(date)
    test = Test(plan, environment, initial=not in_service)
    result = assess(found.used, known, used, ends, name or new_id(f"lane-{lane}", day), day, test)
    if plots is not None:
        from edge_agent.calibration.plots import draw_errors, draw_factors  # noqa: PLC0415 - matplotlib

        draw_errors(result, found.used, known, ends, plots)
        draw_factors(result, found.used, ends, plots)
        shown = found.used[0]
        _draw_trace(next(path for path, one in weighed if one is shown), site, shown, plots)
    if as_json:
        print(json.dumps({"lane": lane, **_passes(found), **as_dict(result)}, ensure_ascii=False))
    else:
        print(text(lane, result, known, found, language))
    proposed = proposal(lane, scale, result, known, found)
    finish(proposed, site, config, out=out, signed_by=signed_by, language=language, quiet=as_json)


def _bin_ends(text: str) -> tuple[int, ...]:
    try:
        kmh = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise UsageError(f"--bins {text}: km/h with commas between, such as {DEFAULT_BINS}") from error
    if kmh != sorted(set(kmh)) or kmh[0] <= 0:
        raise UsageError(f"--bins {text}: must rise, from above 0")
    return tuple(round(one * KMH_MM_S) for one in kmh)


def _crossings(
    recordings: Sequence[Path], site: SiteConfig, told: Callable[[int], None]
) -> Iterator[tuple[Path, Crossing]]:
    """Weigh the recordings anew: the same core as on the road, with the present configuration."""
    from edge_agent.core.decisions import CrossingSeen  # noqa: PLC0415 - help stays instant
    from edge_agent.core.site import Site as Core  # noqa: PLC0415

    for path, events in events_of(recordings, told):
        core = Core(site.core())
        for event in events:
            yield from ((path, d.crossing) for d in core.step(event) if isinstance(d, CrossingSeen))


def _draw_trace(recording: Path, site: SiteConfig, crossing: Crossing, folder: Path) -> None:
    """One pass, looked for in its recording's bytes again."""
    from edge_agent.calibration.plots import draw_trace  # noqa: PLC0415 - matplotlib, only when asked for
    from edge_agent.calibration.trace import trace_of  # noqa: PLC0415

    lane = site.lanes[crossing.lane]
    for _, events in events_of([recording]):
        seen = trace_of(events, crossing, lane.port, site.core().ports[lane.port], lane.scale)
        if seen is not None:
            draw_trace(seen, folder)


def _passes(found: Passes) -> dict[str, object]:
    return {
        "passes": len(found.used),
        "left_out": [{"number": c.number, "reason": reason} for c, reason in found.left_out],
        "others": found.others,
    }
