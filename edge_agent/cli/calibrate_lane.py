"""`edge-agent calibrate lane`: how far behind the scale a camera reads, learned from traffic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_agent.cli.calibrate_common import (
    By,
    Json,
    Lane,
    Out,
    Record,
    Site,
    events_of,
    finish,
    lane_of,
    new_file,
    progress,
    signer,
)
from edge_agent.cli.language import LangOption, chosen_language
from edge_agent.errors import UsageError

if TYPE_CHECKING:
    from edge_agent.calibration.reading_line import Learned


def lane(  # noqa: PLR0917 - options of a command line
    recordings: Annotated[list[Path], typer.Argument(metavar="REC.mcap...", help="Of some traffic.")],
    config: Site,
    lane: Lane,
    camera: Annotated[str, typer.Option(help="Whose reading line; default: the lane's camera.")] = "",
    reach: Annotated[
        float,
        typer.Option(min=1, max=100, metavar="METRES", help="How far off the configured distance may be."),
    ] = 10,
    plots: Annotated[Path | None, typer.Option(metavar="DIR", help="A plot too (extra `plots`).")] = None,
    out: Out = None,
    record: Record = False,
    by: By = "",
    lang: LangOption = None,
    as_json: Json = False,
) -> None:
    """Distance to the camera's reading line and delay of its reads, from lone vehicles. Nothing is changed.

    Slow vehicles show the distance, all of them the delay: speeds must differ.
    """
    from edge_agent.calibration.reading_line import learn, line_dict, line_proposal, runs_of  # noqa: PLC0415
    from edge_agent.config.loader import load  # noqa: PLC0415

    site = load(config)
    chosen = lane_of(site, config, lane)
    name = camera or chosen.camera
    if name not in site.cameras:
        raise UsageError(
            f"{config}: no camera {name!r}; there are {', '.join(sorted(site.cameras)) or 'none'}"
        )
    if lane not in {one.lane for one in site.cameras[name].match.lanes}:
        raise UsageError(f"{config}: camera {name!r} does not know lane {lane!r}")
    new_file(out)
    language = chosen_language(lang)
    signed_by = signer(record, by, language)
    core = site.core()
    with progress(language, quiet=as_json) as told:
        runs = [run for _, events in events_of(recordings, told) for run in runs_of(events, core, name)]
    found = learn(runs, core, name, lane, round(reach * 1000))
    if plots is not None:
        from edge_agent.calibration.plots_line import draw_line  # noqa: PLC0415 - matplotlib

        draw_line(found, name, plots)
    if as_json:
        print(json.dumps({"lane": lane, "camera": name, **line_dict(found)}, ensure_ascii=False))
    else:
        print(_text(found, name, site.cameras[name].match.report_delay_ms, language))
    proposed = line_proposal(found, name, chosen.scale.calibration.id)
    finish(proposed, site, config, out=out, signed_by=signed_by, language=language, quiet=as_json)


def _text(found: Learned, camera: str, report_delay_ms: int, language: str) -> str:
    from edge_agent.calibration.words_line import TEXTS  # noqa: PLC0415 - help stays instant
    from edge_agent.web.words import Words  # noqa: PLC0415

    say, estimate, configured = Words(TEXTS, language), found.estimate, found.configured
    late = found.reported_ms > report_delay_ms
    return "\n".join([
        say(
            "head",
            lane=configured.lane,
            camera=camera,
            crossings=found.crossings,
            paired=found.paired,
            used=estimate.used,
            left_out=estimate.left_out,
        ),
        "",
        say(
            "distance",
            configured=configured.distance_mm,
            found=estimate.distance_mm,
            interval=estimate.interval_mm,
        ),
        say(
            "delay",
            configured=configured.offset_ms,
            found=estimate.delay_ms,
            interval=estimate.delay_interval_ms,
        ),
        say("reported_late" if late else "reported", found=found.reported_ms, configured=report_delay_ms),
        "",
        say("agrees")
        if found.agrees
        else say("proposed", distance=estimate.distance_mm, offset=estimate.delay_ms),
    ])  # fmt: skip
