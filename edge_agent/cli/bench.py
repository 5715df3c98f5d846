"""`edge-agent bench WHAT`: measured on this machine, as ratios against a floor of the same run."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge_agent.cli import bench_whole

if TYPE_CHECKING:
    from rich.progress import Progress

app = typer.Typer(add_completion=False, help=__doc__)
app.callback(invoke_without_command=True)(bench_whole.main)
app.command("compare")(bench_whole.compare)

Quick = Annotated[bool, typer.Option("--quick", help="Fewer runs: a look, not a result.")]
Seed = Annotated[int, typer.Option(min=0, help="Same seed, same simulated traffic.")]
Plots = Annotated[Path | None, typer.Option(metavar="DIR", help="Plots too (extra `plots`).")]
StreetModel = Annotated[
    Path | None, typer.Option("--model", metavar="FILE.onnx", help="Default: the shipped street model.")
]
StreetClasses = Annotated[
    Path | None, typer.Option("--classes", metavar="MAP.yaml", help="Its class map, where it lies elsewhere.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def weigh(
    seeds: Annotated[int, typer.Option(min=20, help="Runs of each cell.")] = 200,
    plots: Plots = None,
    quick: Quick = False,
    as_json: AsJson = False,
) -> None:
    """Weighing error by speed and layout against the suspension's bound; faults; throughput. Simulated."""
    from edge_agent.bench import weigh as bench  # noqa: PLC0415 - help stays instant
    from edge_agent.bench.weigh_table import table  # noqa: PLC0415

    _show(bench.run(seeds, _folder(plots), quick=quick), table, as_json=as_json)


@app.command()
def serial(
    seconds: Annotated[int, typer.Option(min=10, help="Of 8 channels at 1 kHz.")] = 300,
    as_json: AsJson = False,
) -> None:
    """Serial bytes to samples and crossings against a bare pyserial read loop on the same pty."""
    from edge_agent.bench import serial as bench  # noqa: PLC0415 - help stays instant

    _show(bench.run(seconds=seconds), bench.text, as_json=as_json)


@app.command()
def flat_disk(
    statements: Annotated[int, typer.Option(min=500, help="In 100 days.")] = 20_000,
    as_json: AsJson = False,
) -> None:
    """Does the database stop growing when old receipted statements are let go?"""
    from edge_agent.bench import flat_disk as bench  # noqa: PLC0415 - help stays instant

    _show(bench.run(statements), bench.text, as_json=as_json)


@app.command()
def match(
    crossings: Annotated[int, typer.Option(min=1_000)] = 50_000,
    seed: Seed = 1,
    plots: Plots = None,
    quick: Quick = False,
    as_json: AsJson = False,
) -> None:
    """Matching from sparse to dense traffic against nearest-in-time and greedy. Simulated."""
    from edge_agent.bench import match as bench  # noqa: PLC0415 - help stays instant

    _show(bench.run(crossings, seed, _folder(plots), quick), bench.table, as_json=as_json)


@app.command()
def seal(
    rounds: Annotated[int, typer.Option(min=5)] = 40,
    window_kib: Annotated[
        int, typer.Option(min=64, help="The uplink's window: 64 for each Mbit/s of the line.")
    ] = 512,
    as_json: AsJson = False,
) -> None:
    """Decision to sealed, and to PUBACK, with 3 x 300 KB pictures against the floor of the same run."""
    from edge_agent.bench import seal as bench  # noqa: PLC0415 - help stays instant

    _show(bench.run(rounds=rounds, window_kib=window_kib), bench.text, as_json=as_json)


@app.command()
def replay(
    config: Annotated[Path, typer.Option(metavar="SITE.yaml")] = Path("configs/bridge.yaml"),
    scenario: Annotated[Path, typer.Option(metavar="SCENARIO.yaml")] = Path("configs/scenarios/demo.yaml"),
    seconds: Annotated[float, typer.Option(min=30, help="Simulated length.")] = 600,
    as_json: AsJson = False,
) -> None:
    """Replay of a sensor-only recording against real time and against only reading it. Simulated."""
    from edge_agent.bench import replay as bench  # noqa: PLC0415 - help stays instant

    _show(bench.run(config, scenario, seconds), bench.text, as_json=as_json)


@app.command()
def corpus(
    recordings: Annotated[int, typer.Option(min=20, help="Simulated, of seconds to minutes each.")] = 1000,
    configs: Annotated[Path, typer.Option(metavar="DIR", help="The example sites.")] = Path("configs"),
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """A corpus on one process, two, and a local Dask cluster; one worker killed. Simulated."""
    from edge_agent.bench import corpus as bench  # noqa: PLC0415 - help stays instant

    with _progress(as_json) as told:
        result = bench.run(recordings, seed, configs, told)
    _show(result, bench.text, as_json=as_json)
    if not result["good"]:
        raise typer.Exit(1)


@app.command()
def day(
    hours: Annotated[
        float, typer.Option(min=0.1, max=24, help="24 begin at midnight, fewer at nine in the morning.")
    ] = 24,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the recording here, its truth beside it.")
    ] = None,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """A simulated day, a bridge and two street cameras, recorded live and replayed: identical, how fast?"""
    from edge_agent.bench import day as bench  # noqa: PLC0415 - help stays instant

    with _progress(as_json) as told:
        result = bench.run(hours, seed, _empty(out), told)
    _show(result, bench.text, as_json=as_json)
    if not result["good"]:
        raise typer.Exit(1)


@app.command()
def diff(
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep the recording here.")] = None,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Settings changed: does `edge-agent diff` list exactly what changes by the truth? Simulated."""
    from edge_agent.bench import planted as bench  # noqa: PLC0415 - help stays instant

    with _progress(as_json) as told:
        result = bench.run(seed, _empty(out), told)
    _show(result, bench.text, as_json=as_json)
    if not result["good"]:
        raise typer.Exit(1)


@app.command()
def startup(
    runs: Annotated[int, typer.Option(min=1, help="Processes of each kind, in turns.")] = 7,
    as_json: AsJson = False,
) -> None:
    """`edge-agent --help`, and the daemon to its first weight, beside an interpreter that does nothing."""
    from edge_agent.bench import startup as bench  # noqa: PLC0415 - help stays instant

    with _progress(as_json) as told:
        result = bench.run(runs, told)
    _show(result, bench.text, as_json=as_json)


@app.command()
def kill(
    kills: Annotated[int, typer.Option(min=3)] = 200,
    seed: Seed = 1,
    daemon: Annotated[
        bool, typer.Option("--daemon", help="The whole daemon with traffic: slower, about 3 s a kill.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Box, broker and platform killed with -9 during traffic: what was sealed must arrive, in one chain."""
    from edge_agent.bench import kill as sealing  # noqa: PLC0415 - help stays instant
    from edge_agent.bench import kill_daemon  # noqa: PLC0415

    bench = kill_daemon if daemon else sealing
    with _progress(as_json) as told:
        result = bench.run(kills, seed, progress=lambda done: told("kill -9", done, kills))
    _show(result, bench.text, as_json=as_json)
    if not result["good"]:
        raise typer.Exit(1)


@app.command("platform")
def platform_bench(
    devices: Annotated[
        int, typer.Option(min=10, help="Simulated boxes, each with its own connection.")
    ] = 1000,
    seconds: Annotated[
        float, typer.Option(min=3, help="Of load: saturated, at half of it, with a kill.")
    ] = 60,
    ingests: Annotated[int, typer.Option(min=1, max=16, help="Ingest processes.")] = 2,
    seed: Seed = 1,
    quick: Quick = False,
    as_json: AsJson = False,
) -> None:
    """Ingest processes on one PostgreSQL behind one broker: statements/s, receipt latency, one killed."""
    from edge_agent.bench import platform as bench  # noqa: PLC0415 - help stays instant

    few = bench.Plan(devices=min(devices, 200), seconds=min(seconds, 9), ingests=ingests, seed=seed)
    plan = few if quick else bench.Plan(devices=devices, seconds=seconds, ingests=ingests, seed=seed)
    with _progress(as_json) as told:
        result = bench.run(plan, told)
    _show(result, bench.text, as_json=as_json)
    if not result["good"]:
        raise typer.Exit(1)


@app.command()
def torture(
    rows: Annotated[
        str, typer.Option(metavar="ID,ID,...", help="Rows whose id starts so; default: all of them.")
    ] = "",
    full: Annotated[
        bool, typer.Option("--full", help="As often as the published table: an hour or two.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.md", help="Put the rows into this page and FILE.json; others stay there."),
    ] = None,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """The failure matrix: every fault provoked against the real parts, and what became of the evidence."""
    from datetime import UTC, datetime  # noqa: PLC0415 - help stays instant

    from edge_agent.bench.torture import run as bench  # noqa: PLC0415
    from edge_agent.bench.torture.page import Table  # noqa: PLC0415
    from edge_agent.bench.torture.row import Effort  # noqa: PLC0415
    from edge_agent.bench.torture.rows import all_rows  # noqa: PLC0415

    table = Table.at(out) if out is not None else None
    order = [row.id for row in all_rows()]
    facts = {"full": full, "machine": machine(), "date": datetime.now(UTC).date().isoformat()}

    def keep(entry: dict[str, Any]) -> None:
        if table is not None:
            table.put(entry, facts, order)

    wanted = [row for row in rows.split(",") if row]
    with _progress(as_json) as told:
        result = bench.run(wanted, Effort(full=full, seed=seed), told, keep)
    _show(result, bench.text, as_json=as_json)
    if not result["good"]:
        raise typer.Exit(1)


@app.command()
def fuzz(
    target: Annotated[
        list[str] | None, typer.Option(help="One target; may be given again. Default: all.")
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.01, help="Altogether.")] = 30,
    corpus: Annotated[
        Path, typer.Option(metavar="DIR", help="Inputs to start from; findings are written here.")
    ] = Path("tests/corpus"),
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Every reader of foreign bytes, fed with damage: it may refuse, in bounded time and memory."""
    from edge_agent.bench.fuzz import run as bench  # noqa: PLC0415 - help stays instant

    with _progress(as_json) as told:
        result = bench.run(target or [], minutes, seed, corpus, told)
    _show(result, bench.text, as_json=as_json)
    if not result["good"]:
        raise typer.Exit(1)


@app.command()
def soak(
    crossings: Annotated[int, typer.Option(min=500, help="In all.")] = 100_000,
    days: Annotated[float, typer.Option(min=0.25, help="Simulated.")] = 7,
    plots: Plots = None,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """A compressed week of box, broker and platform with outages, kills and clock steps: flat, no gap."""
    from edge_agent.bench import soak as bench  # noqa: PLC0415 - help stays instant

    with _progress(as_json) as told:
        result = bench.run(bench.Plan(crossings, days, seed), told)
    if (folder := _folder(plots)) is not None:
        from edge_agent.bench.soak_plots import plot  # noqa: PLC0415 - extra `plots`

        plot(result["rows"], folder)
    _show(result, bench.text, as_json=as_json)
    if bench.good(result):
        raise typer.Exit(1)


@app.command()
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
    with _progress(as_json) as told:
        result = bench.run(
            plan, days, seed_base, workers, _folder(out), lambda done: told("days", done, days)
        )
    _show(result, table, as_json=as_json)


@app.command()
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
    with _bar(as_json) as bar:
        task = bar.add_task("detector", total=bench.count(models, rounds, batches))
        result = bench.run(models, rounds, batches, lambda: bar.advance(task))
    _show(result, bench.text, as_json=as_json)


@app.command()
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
    with _progress(as_json) as told:
        result = bench.run(chosen, peer, rounds, progress=told)
    _show(result, bench.text, as_json=as_json)


@app.command()
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
    with _progress(as_json) as told:
        result = bench.run(minutes, chosen, samples, told)
    _show(result, bench.text, as_json=as_json)


@app.command()
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
    with _progress(as_json) as told:
        result = bench.run(bench.Plan(round(minutes * 60), stay), chosen, told)
    _show(result, bench.text, as_json=as_json)
    if not result["good"]:
        raise typer.Exit(1)


@app.command()
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
    with _progress(as_json) as told:
        result = bench.run(chosen, seconds, rounds, seed, told)
    _show(result, bench.text, as_json=as_json)
    if not result["good"]:
        raise typer.Exit(1)


@app.command("plates-lane")
def plates_lane(
    vehicles: Annotated[int, typer.Option(min=2, max=200, help="Passages to measure.")] = 12,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """CPU time of reading overweight vehicles' plates alone, against every moving picture. Rendered."""
    from edge_agent.bench import plates_lane as bench  # noqa: PLC0415 - help stays instant

    with _progress(as_json) as told:
        result = bench.run(vehicles, seed, told)
    _show(result, bench.text, as_json=as_json)


@app.command()
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
    with _progress(as_json) as told:
        result = bench.run(labelled, PlateReaderSettings.model_validate(chosen), crops=crops, progress=told)
    if not listed:
        del result["misread"]
    _show(
        result,
        lambda r: f"{bench.text(r)}\n\n{bench.misread(r)}" if listed else bench.text(r),
        as_json=as_json,
    )


def _show(result: dict[str, Any], text: Callable[[dict[str, Any]], str], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"machine": machine(), **result}, ensure_ascii=False, default=str))
        return
    print(text(result))
    print(f"on {machine()}")


@contextmanager
def _progress(as_json: bool) -> Iterator[Callable[[str, int, int], None]]:
    """A bar for whoever is told (what, done, of)."""
    with _bar(as_json) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, done, of: bar.update(task, description=what, completed=done, total=of)


def _bar(as_json: bool) -> Progress:
    """On stderr, for a person at a terminal."""
    from rich.console import Console  # noqa: PLC0415 - help stays instant
    from rich.progress import Progress  # noqa: PLC0415

    hidden = as_json or not sys.stderr.isatty()
    return Progress(console=Console(stderr=True), transient=True, disable=hidden)


def machine() -> str:
    """What a number was measured on."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0].split(":", 1)[1].strip() if names else cpu
    return f"{os.cpu_count()} x {cpu}, {platform.system()}, Python {platform.python_version()}"


def _empty(out: Path | None) -> Path | None:
    from edge_agent.errors import UsageError  # noqa: PLC0415 - help stays instant

    if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} is not an empty folder: give another --out")
    return out


def _folder(path: Path | None) -> Path | None:
    if path is not None:
        path.mkdir(parents=True, exist_ok=True)
    return path
