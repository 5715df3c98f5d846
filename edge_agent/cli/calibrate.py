"""`edge-agent calibrate`: a truck of known weight drives over the scale; what should its calibration be?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_agent.calibration.cost323 import Environment, Plan
from edge_agent.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge_agent.calibration.truck import Passes
    from edge_agent.config.settings import SiteConfig
    from edge_agent.core.records import Crossing

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

KMH_MM_S = 10_000 / 36
DEFAULT_BINS = "10,20,30"

Site = Annotated[Path, typer.Option("--config", metavar="SITE.yaml", help="The box's configuration.")]


@app.command()
def truck(  # noqa: PLR0917 - options of a command line
    recordings: Annotated[list[Path], typer.Argument(metavar="REC.mcap...", help="Of the runs.")],
    config: Site,
    truck_file: Annotated[
        Path, typer.Option("--truck", metavar="TRUCK.yaml", help="See configs/test-truck.yaml.")
    ],
    lane: Annotated[str, typer.Option(help="Which lane it drove on.")],
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
    name: Annotated[
        str, typer.Option(help="Id of the new calibration; default: the lane and the date.")
    ] = "",
    date: Annotated[str, typer.Option(help="ISO date of the runs; default: today.")] = "",
    plots: Annotated[Path | None, typer.Option(metavar="DIR", help="Plots too (extra `plots`).")] = None,
    out: Annotated[Path | None, typer.Option(metavar="PROPOSAL.yaml", help="For `calibrate apply`.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Factor by speed with its interval, repeatability, accuracy class. Nothing is changed.

    The runs are weighed again out of the recording's raw bytes with the configuration's calibration, and the
    truck is told from the other traffic by its axles.
    """
    from datetime import UTC, datetime  # noqa: PLC0415 - help stays instant

    from edge_agent.calibration.assess import Test, as_dict, assess  # noqa: PLC0415
    from edge_agent.calibration.report import proposal_text, text  # noqa: PLC0415
    from edge_agent.calibration.truck import TestTruck, passes  # noqa: PLC0415
    from edge_agent.config.loader import load, load_as  # noqa: PLC0415

    site, known = load(config), load_as(truck_file, TestTruck)
    if lane not in site.lanes:
        raise UsageError(f"{config}: no lane {lane!r}; there are {', '.join(sorted(site.lanes))}")
    if out is not None and out.exists():
        raise UsageError(f"{out} exists; give another --out or remove it")
    ends = _bin_ends(bins)
    with _progress(as_json) as told:
        found = passes(_crossings(recordings, site, told), known, lane)
    day = date or datetime.now(UTC).date().isoformat()
    result = assess(
        found.used,
        known,
        site.lanes[lane].scale.calibration,
        ends,
        name or f"lane-{lane}-{day}",
        day,
        Test(plan, environment, initial=not in_service),
    )
    if plots is not None:
        from edge_agent.calibration.plots import draw  # noqa: PLC0415 - matplotlib, only when asked for

        draw(result, found.used, known, ends, plots)
    if out is not None:
        out.write_text(proposal_text(lane, result, known, found), encoding="utf-8")
    if as_json:
        print(json.dumps({"lane": lane, **_passes(found), **as_dict(result)}, ensure_ascii=False))
        return
    print(text(lane, result, known, found))
    if out is not None:
        print(f"\nnext: edge-agent calibrate apply {out} --config {config}")


@app.command()
def apply(
    proposal: Annotated[Path, typer.Argument(metavar="PROPOSAL.yaml", help="Of `calibrate truck --out`.")],
    config: Site,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Show what would change in the configuration, ask, and change it there.

    The daemon seals a `config_change` when it starts with it. The configuration of before stays beside it.
    """
    from datetime import UTC, datetime  # noqa: PLC0415 - help stays instant

    from edge_agent.calibration.apply import changed  # noqa: PLC0415
    from edge_agent.config.saving import difference, read, save  # noqa: PLC0415

    draft = read(config)
    after = changed(draft, proposal)
    print(difference(draft.text, after, str(config)) or "no change")
    if not yes and not typer.confirm("Write this?"):
        raise typer.Exit(1)
    saved = save(draft, after, datetime.now(UTC))
    print(f"{config}: written; before: {saved.kept.name}. Restart the daemon: it seals the change.")


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
) -> Iterator[Crossing]:
    """Weigh the recordings anew: the same core as on the road, with the present configuration."""
    from edge_agent.core.decisions import CrossingSeen  # noqa: PLC0415 - help stays instant
    from edge_agent.core.site import Site as Core  # noqa: PLC0415
    from edge_agent.journal.reader import Recording  # noqa: PLC0415

    for path in recordings:
        core = Core(site.core())
        for number, event in enumerate(Recording(path).events()):
            told(number)
            yield from (d.crossing for d in core.step(event) if isinstance(d, CrossingSeen))


def _passes(found: Passes) -> dict[str, object]:
    return {
        "passes": len(found.used),
        "left_out": [{"number": c.number, "reason": reason} for c, reason in found.left_out],
        "others": found.others,
    }


@contextmanager
def _progress(as_json: bool) -> Iterator[Callable[[int], None]]:
    from rich.progress import Progress  # noqa: PLC0415 - help stays instant

    with Progress(transient=True, disable=as_json) as bar:
        task = bar.add_task("weighing the runs again", total=None)
        yield lambda number: bar.update(task, completed=number)
