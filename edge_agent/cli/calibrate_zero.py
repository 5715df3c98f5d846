"""`edge-agent calibrate zero`: what the empty scale reads, and whether zero tracking holds it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
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
    from edge_agent.calibration.samples import Tenths
    from edge_agent.config.settings import SiteConfig


def zero(  # noqa: PLR0917 - options of a command line
    config: Site,
    lane: Lane,
    recordings: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[REC.mcap...]", help="Default: the newest file of the box's own journal."),
    ] = None,
    listen: Annotated[
        float | None, typer.Option(min=25, metavar="SECONDS", help="On the line itself; the daemon is down.")
    ] = None,
    out: Out = None,
    record: Record = False,
    by: By = "",
    lang: LangOption = None,
    as_json: Json = False,
) -> None:
    """Level, noise and drift of every channel while nothing is on the scale. Nothing is changed.

    Traffic in between is left out. Exit 1 where zero tracking does not hold the zero.
    """
    from edge_agent.calibration.report_static import zero_dict, zero_proposal, zero_text  # noqa: PLC0415
    from edge_agent.calibration.zero import measure_zero  # noqa: PLC0415
    from edge_agent.config.loader import load  # noqa: PLC0415

    site = load(config)
    scale = lane_of(site, config, lane).scale
    new_file(out)
    language = chosen_language(lang)
    signed_by = signer(record, by, language)
    with progress(language, quiet=as_json) as told:
        seen = _listened(site, lane, listen) if listen else _recorded(site, lane, recordings or (), told)
    found = measure_zero(seen, scale)
    if as_json:
        print(json.dumps({"lane": lane, **zero_dict(found)}, ensure_ascii=False))
    else:
        print(zero_text(lane, found, language))
    measured = zero_proposal(lane, scale.calibration.id, found)
    finish(measured, site, config, out=out, signed_by=signed_by, language=language, quiet=as_json)
    if not found.holds:
        raise typer.Exit(1)


def _listened(site: SiteConfig, lane: str, seconds: float) -> Tenths:
    from edge_agent.calibration.live import line  # noqa: PLC0415 - help stays instant

    chosen = site.lanes[lane]
    with line(site.ports[chosen.port]) as opened:
        return opened.listen(seconds, chosen.scale)


def _recorded(site: SiteConfig, lane: str, recordings: Sequence[Path], told: Callable[[int], None]) -> Tenths:
    from edge_agent.calibration.samples import joined, tenths  # noqa: PLC0415 - help stays instant

    chosen, core = site.lanes[lane], site.core()
    paths = list(recordings)
    if not paths:
        if site.journal.dir is None:
            raise UsageError("the box keeps no journal: give a recording, or --listen")
        paths = sorted(site.journal.dir.glob("*.mcap"))[-1:] or [site.journal.dir]
    return joined([
        tenths(events, chosen.port, core.ports[chosen.port], chosen.scale)
        for _, events in events_of(paths, told)
    ])  # fmt: skip
