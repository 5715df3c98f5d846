"""`edge-agent calibrate span`: known loads stand on the sensors; what should each channel's factor be?"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
from edge_agent.errors import UsageError, both

if TYPE_CHECKING:
    from edge_agent.calibration.span import Reading, SpanPlan
    from edge_agent.config.settings import SiteConfig
    from edge_agent.core.weigh.samples import Unit
    from edge_agent.core.weigh.settings import ScaleSettings


def span(  # noqa: PLR0917 - options of a command line
    config: Site,
    lane: Lane,
    recording: Annotated[
        Path | None,
        typer.Argument(metavar="[REC.mcap]", help="Of the loads; default: the line itself, step by step."),
    ] = None,
    steps: Annotated[
        Path | None,
        typer.Option(metavar="STEPS.yaml", help="What stands where. See configs/span-steps.yaml."),
    ] = None,
    loads: Annotated[
        str, typer.Option(metavar="KG,...", help="Instead of --steps: these, on every half of every sensor.")
    ] = "",
    reference: Annotated[
        str, typer.Option(help="With --loads: which weights, how they were weighed, when; for the record.")
    ] = "",
    seconds: Annotated[float, typer.Option(min=0.4, help="On the line: for how long each load is read.")] = 5,
    name: Name = "",
    date: Date = "",
    out: Out = None,
    record: Record = False,
    by: By = "",
    lang: LangOption = None,
    as_json: Json = False,
) -> None:
    """Factor of every channel with its interval, linearity, hysteresis, corners. Nothing is changed.

    On the line you are told what to put where; the daemon must be down. A recording needs from_s and to_s of
    each step.
    """
    from edge_agent.calibration.report_static import span_text  # noqa: PLC0415 - help stays instant
    from edge_agent.calibration.span import measure_span  # noqa: PLC0415
    from edge_agent.calibration.span_proposal import plain, span_proposal  # noqa: PLC0415
    from edge_agent.config.loader import load  # noqa: PLC0415

    site = load(config)
    scale = lane_of(site, config, lane).scale
    new_file(out)
    language = chosen_language(lang)
    signed_by = signer(record, by, language)
    plan = _plan(steps, loads, reference, scale)
    if recording is None and out is None:
        raise UsageError(
            both(
                "--out PROPOSAL.yaml：请说明测量结果保存到哪个文件",
                "--out PROPOSAL.yaml: where is what you are about to measure to be kept?",
            )
        )
    if recording is None:
        readings, unit = _guided(site, lane, plan, seconds, language)
    else:
        with progress(language, quiet=as_json) as told:
            readings, unit = _recorded(site, lane, plan, recording, told)
    spans = measure_span(readings, scale, plan.interval_permille)
    day = today(date)
    proposed = span_proposal(lane, scale, unit, spans, plan, name or new_id(f"lane-{lane}-span", day), day)
    if as_json:
        print(json.dumps({"lane": lane, "sensors": [plain(one) for one in spans]}, ensure_ascii=False))
    else:
        print(span_text(proposed, spans, plan, language))
    finish(proposed, site, config, out=out, signed_by=signed_by, language=language, quiet=as_json)


def _plan(steps: Path | None, loads: str, reference: str, scale: ScaleSettings) -> SpanPlan:
    from edge_agent.calibration.span import SpanPlan, plan_of_loads  # noqa: PLC0415 - help stays instant
    from edge_agent.config.loader import load_as  # noqa: PLC0415

    if bool(steps) == bool(loads):
        raise UsageError(
            both(
                "请给出 --steps STEPS.yaml，或 --loads 千克数,...",
                "give --steps STEPS.yaml or --loads KG,...",
            )
        )
    if steps is not None:
        return load_as(steps, SpanPlan)
    try:
        kg = [float(part) for part in loads.split(",")]
    except ValueError as error:
        raise UsageError(f"--loads {loads}: kg with commas between, such as 0,500,1000,500,0") from error
    return plan_of_loads(kg, scale, reference)


def _recorded(
    site: SiteConfig, lane: str, plan: SpanPlan, recording: Path, told: Callable[[int], None]
) -> tuple[Sequence[Reading], Unit]:
    from edge_agent.calibration.samples import joined, tenths  # noqa: PLC0415 - help stays instant
    from edge_agent.calibration.span import reading_of  # noqa: PLC0415
    from edge_agent.core.weigh.layout import Layout  # noqa: PLC0415

    if any(step.from_s is None for step in plan.steps):
        raise UsageError("a recording's steps need from_s and to_s each")
    chosen, core = site.lanes[lane], site.core()
    parts = [
        tenths(events, chosen.port, core.ports[chosen.port], chosen.scale)
        for _, events in events_of([recording], told)
    ]
    seen, layout = joined(parts), Layout.of(chosen.scale)
    return [reading_of(seen, step, layout, int(seen.at[0])) for step in plan.steps], seen.unit


def _guided(
    site: SiteConfig, lane: str, plan: SpanPlan, seconds: float, language: str
) -> tuple[Sequence[Reading], Unit]:
    """Ask for each load, and read it when it has come to rest."""
    from edge_agent.calibration.guide import Guide  # noqa: PLC0415 - help stays instant
    from edge_agent.calibration.live import line  # noqa: PLC0415

    chosen = site.lanes[lane]
    with line(site.ports[chosen.port]) as opened:
        guide = Guide(chosen.scale, lambda: opened.listen(seconds, chosen.scale), _ask, print, language)
        readings = [guide.take(step, seconds) for step in plan.steps]
    return readings, guide.unit


def _ask(text: str) -> None:
    typer.prompt(text, default="", show_default=False, prompt_suffix=" ")
