"""`edge-agent bench WHAT`: measured on this machine, as ratios against a floor of the same run."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

Quick = Annotated[bool, typer.Option("--quick", help="Fewer runs: a look, not a result.")]
Seed = Annotated[int, typer.Option(min=0, help="Same seed, same simulated traffic.")]
Plots = Annotated[Path | None, typer.Option(metavar="DIR", help="Plots too (extra `plots`).")]
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

    _show(lambda: bench.run(seeds, _folder(plots), quick=quick), table, as_json=as_json)


@app.command()
def serial(
    seconds: Annotated[int, typer.Option(min=10, help="Of 8 channels at 1 kHz.")] = 300,
    as_json: AsJson = False,
) -> None:
    """Serial bytes to samples and crossings against a bare pyserial read loop on the same pty."""
    from edge_agent.bench import serial as bench  # noqa: PLC0415 - help stays instant

    _show(lambda: bench.run(seconds=seconds), bench.text, as_json=as_json)


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

    _show(lambda: bench.run(crossings, seed, _folder(plots), quick), bench.table, as_json=as_json)


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

    _show(lambda: bench.run(rounds=rounds, window_kib=window_kib), bench.text, as_json=as_json)


@app.command()
def replay(
    config: Annotated[Path, typer.Option(metavar="SITE.yaml")] = Path("configs/bridge.yaml"),
    scenario: Annotated[Path, typer.Option(metavar="SCENARIO.yaml")] = Path("configs/scenarios/demo.yaml"),
    seconds: Annotated[float, typer.Option(min=30, help="Simulated length.")] = 600,
    as_json: AsJson = False,
) -> None:
    """Replay of a sensor-only recording against real time and against only reading it. Simulated."""
    from edge_agent.bench import replay as bench  # noqa: PLC0415 - help stays instant

    _show(lambda: bench.run(config, scenario, seconds), bench.text, as_json=as_json)


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
    from rich.progress import Progress  # noqa: PLC0415 - help stays instant

    from edge_agent.bench import kill as sealing  # noqa: PLC0415
    from edge_agent.bench import kill_daemon  # noqa: PLC0415

    bench = kill_daemon if daemon else sealing
    with Progress(transient=True, disable=as_json) as bar:
        task = bar.add_task("kill -9", total=kills)
        result = bench.run(kills, seed, progress=lambda done: bar.update(task, completed=done))
    _show(lambda: result, bench.text, as_json=as_json)
    if not result["good"]:
        raise typer.Exit(1)


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
    from rich.progress import Progress  # noqa: PLC0415 - help stays instant

    from edge_agent.bench import detector as bench  # noqa: PLC0415

    batches = tuple(batch or [1])
    with Progress(transient=True, disable=as_json) as bar:
        task = bar.add_task("detector", total=bench.count(models, rounds, batches))
        result = bench.run(models, rounds, batches, lambda: bar.advance(task))
    _show(lambda: result, bench.text, as_json=as_json)


def _show(run: Callable[[], dict[str, Any]], text: Callable[[dict[str, Any]], str], *, as_json: bool) -> None:
    result = run()
    if as_json:
        print(json.dumps({"machine": machine(), **result}, ensure_ascii=False, default=str))
        return
    print(text(result))
    print(f"on {machine()}")


def machine() -> str:
    """What a number was measured on."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0].split(":", 1)[1].strip() if names else cpu
    return f"{os.cpu_count()} x {cpu}, {platform.system()}, Python {platform.python_version()}"


def _folder(path: Path | None) -> Path | None:
    if path is not None:
        path.mkdir(parents=True, exist_ok=True)
    return path
