"""The benchmarks of `edge-agent bench` in which pictures are looked at: the street, cameras, plates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from edge_agent import bars
from edge_agent.cli.bench_common import AsJson, Seed, StreetClasses, StreetModel, made_folder, show


def street(  # noqa: PLR0917 - options of a command line
    days: Annotated[int, typer.Option(min=1, help="Simulated days of `--day-s` seconds.")] = 20,
    seed_base: Annotated[
        int, typer.Option(min=0, help="First seed; from 100000 on days that nothing was tuned on.")
    ] = 0,
    workers: Annotated[int, typer.Option(min=1, max=64)] = 2,
    detector: Annotated[str, typer.Option(help="model; or truth: the drawing's boxes with noise.")] = "model",
    model: Annotated[Path, typer.Option()] = Path("models/street-synthetic.onnx"),
    day_s: Annotated[int, typer.Option(min=60)] = 180,
    stay_s: Annotated[int, typer.Option(min=6, help="The rule's stay, scaled.")] = 12,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="days.jsonl and summary.json.")] = None,
    as_json: AsJson = False,
) -> None:
    """Event precision and recall of the street side on rendered days with their truth. Simulated."""
    from edge_agent.bench import street as bench  # noqa: PLC0415 - help stays instant
    from edge_agent.bench.street_day import Plan  # noqa: PLC0415
    from edge_agent.bench.street_table import table  # noqa: PLC0415
    from edge_agent.errors import UsageError  # noqa: PLC0415

    if detector not in ("model", "truth"):
        raise UsageError(f"--detector {detector}: model or truth")
    plan = Plan(length_s=day_s, stay_s=stay_s, detector=detector, model=str(model))
    with bars.share(quiet=as_json) as bar:
        result = bench.run(
            plan, days, seed_base, workers, made_folder(out), lambda done: bar.told("days", done, days)
        )
    show(result, table, as_json=as_json)


def detector(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL.onnx...")],
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    batch: Annotated[
        list[int] | None, typer.Option(min=1, max=32, help="Pictures in one run; may be given again.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """One picture in each library that can run a model: time, CPU time, memory; one thread."""
    from edge_agent.bench import detector as bench  # noqa: PLC0415 - help stays instant

    batches = tuple(batch or [1])
    with bars.count("detector", bench.count(models, rounds, batches), quiet=as_json) as bar:
        result = bench.run(models, rounds, batches, bar.step)
    show(result, bench.text, as_json=as_json)


def cameras(
    rounds: Annotated[int, typer.Option(min=1)] = 3,
    model: StreetModel = None,
    classes: StreetClasses = None,
    ultralytics_python: Annotated[
        Path | None, typer.Option(metavar="PYTHON", help="Has the extra `train` and lap: the peer.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE.pt", help="The same network for Ultralytics; else the .onnx.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """CPU seconds per minute of one 1080p camera against the floor and against Ultralytics. Simulated."""
    from edge_agent.bench import cameras as bench  # noqa: PLC0415 - help stays instant
    from edge_agent.bench.street_site import detector_of  # noqa: PLC0415

    chosen = detector_of(model, classes)
    peer = bench.peer_of(ultralytics_python, Path(chosen.model), weights)
    with bars.share(quiet=as_json) as bar:
        result = bench.run(chosen, peer, rounds, progress=bar.told)
    show(result, bench.text, as_json=as_json)


def memory(
    minutes: Annotated[float, typer.Option(min=0.5, help="An hour is what counts.")] = 60,
    model: StreetModel = None,
    classes: StreetClasses = None,
    samples: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Every sample too.")] = None,
    as_json: AsJson = False,
) -> None:
    """The real daemon's memory: a storefront camera and the bridge, reconnects every minute. Simulated."""
    from edge_agent.bench import memory as bench  # noqa: PLC0415 - help stays instant
    from edge_agent.bench.street_site import detector_of  # noqa: PLC0415

    chosen = detector_of(model, classes)
    with bars.share(quiet=as_json) as bar:
        result = bench.run(minutes, chosen, samples, bar.told)
    show(result, bench.text, as_json=as_json)


def dwell(
    minutes: Annotated[float, typer.Option(min=0.5, help="Of the stream.")] = 15,
    stay: Annotated[int, typer.Option(min=5, metavar="SECONDS", help="The rule's stay.")] = 600,
    model: StreetModel = None,
    classes: StreetClasses = None,
    as_json: AsJson = False,
) -> None:
    """A long stay in real time, once, and the same through replay with identical decisions. Simulated."""
    from edge_agent.bench import dwell as bench  # noqa: PLC0415 - help stays instant
    from edge_agent.bench.street_site import detector_of  # noqa: PLC0415

    chosen = detector_of(model, classes)
    with bars.share(quiet=as_json) as bar:
        result = bench.run(bench.Plan(round(minutes * 60), stay), chosen, bar.told)
    show(result, bench.text, as_json=as_json)


def hostile(
    seconds: Annotated[float, typer.Option(min=5, help="That count, of each run.")] = 60,
    rounds: Annotated[int, typer.Option(min=1)] = 2,
    seed: Seed = 1,
    model: StreetModel = None,
    classes: StreetClasses = None,
    as_json: AsJson = False,
) -> None:
    """Eight cameras, one of them hostile: the cadence of the others against eight good ones. Simulated."""
    from edge_agent.bench import hostile as bench  # noqa: PLC0415 - help stays instant
    from edge_agent.bench.street_site import detector_of  # noqa: PLC0415

    chosen = detector_of(model, classes)
    with bars.share(quiet=as_json) as bar:
        result = bench.run(chosen, seconds, rounds, seed, bar.told)
    show(result, bench.text, as_json=as_json)


def plates_lane(
    vehicles: Annotated[int, typer.Option(min=2, max=200, help="Passages to measure.")] = 12,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """CPU time of reading overweight vehicles' plates alone, against every moving picture. Rendered."""
    from edge_agent.bench import plates_lane as bench  # noqa: PLC0415 - help stays instant

    with bars.share(quiet=as_json) as bar:
        result = bench.run(vehicles, seed, bar.told)
    show(result, bench.text, as_json=as_json)


def plates(
    pictures: Annotated[
        Path,
        typer.Option(metavar="DIR|CSV", help="Pictures with their plates.csv: file, plate, also_in_picture."),
    ],
    crops: Annotated[bool, typer.Option("--crops", help="Each picture is one plate, cut out.")] = False,
    by_colour: Annotated[
        bool, typer.Option(help="With the localisation by colour where no text is sure.")
    ] = True,
    first_side: Annotated[
        int | None, typer.Option(min=0, max=2_048, help="The first, quick look, px; 0: none.")
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="The misread ones too: they are somebody's.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Plates read exactly in labelled pictures, CPU time of one against decoding it, memory; one thread."""
    from edge_agent.bench import plates as bench  # noqa: PLC0415 - help stays instant
    from edge_agent.devices.plate_reader.settings import PlateReaderSettings  # noqa: PLC0415

    chosen: dict[str, Any] = {"by_colour": by_colour}
    if first_side is not None:
        chosen["first_side"] = first_side
    labelled = bench.labelled(pictures)
    with bars.share(quiet=as_json) as bar:
        settings = PlateReaderSettings.model_validate(chosen)
        result = bench.run(labelled, settings, crops=crops, progress=bar.told)
    if not listed:
        del result["misread"]
    show(
        result,
        lambda r: f"{bench.text(r)}\n\n{bench.misread(r)}" if listed else bench.text(r),
        as_json=as_json,
    )
