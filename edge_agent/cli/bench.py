"""`edge-agent bench WHAT`: measured on this machine, as ratios against a floor of the same run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from edge_agent import bars
from edge_agent.cli import bench_pictures, bench_whole
from edge_agent.cli.bench_common import AsJson, Plots, Quick, Seed, empty, machine, made_folder, show

app = typer.Typer(add_completion=False, help=__doc__)
app.callback(invoke_without_command=True)(bench_whole.main)
app.command("compare")(bench_whole.compare)


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

    show(bench.run(seeds, made_folder(plots), quick=quick), table, as_json=as_json)


@app.command()
def serial(
    seconds: Annotated[int, typer.Option(min=10, help="Of 8 channels at 1 kHz.")] = 300,
    as_json: AsJson = False,
) -> None:
    """Serial bytes to samples and crossings against a bare pyserial read loop on the same pty."""
    from edge_agent.bench import serial as bench  # noqa: PLC0415 - help stays instant

    show(bench.run(seconds=seconds), bench.text, as_json=as_json)


@app.command()
def flat_disk(
    statements: Annotated[int, typer.Option(min=500, help="In 100 days.")] = 20_000,
    as_json: AsJson = False,
) -> None:
    """Does the database stop growing when old receipted statements are let go?"""
    from edge_agent.bench import flat_disk as bench  # noqa: PLC0415 - help stays instant

    show(bench.run(statements), bench.text, as_json=as_json)


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

    show(bench.run(crossings, seed, made_folder(plots), quick), bench.table, as_json=as_json)


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

    show(bench.run(rounds=rounds, window_kib=window_kib), bench.text, as_json=as_json)


@app.command()
def replay(
    config: Annotated[Path, typer.Option(metavar="SITE.yaml")] = Path("configs/bridge.yaml"),
    scenario: Annotated[Path, typer.Option(metavar="SCENARIO.yaml")] = Path("configs/scenarios/demo.yaml"),
    seconds: Annotated[float, typer.Option(min=30, help="Simulated length.")] = 600,
    as_json: AsJson = False,
) -> None:
    """Replay of a sensor-only recording against real time and against only reading it. Simulated."""
    from edge_agent.bench import replay as bench  # noqa: PLC0415 - help stays instant

    show(bench.run(config, scenario, seconds), bench.text, as_json=as_json)


@app.command()
def corpus(
    recordings: Annotated[int, typer.Option(min=20, help="Simulated, of seconds to minutes each.")] = 1000,
    configs: Annotated[Path, typer.Option(metavar="DIR", help="The example sites.")] = Path("configs"),
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """A corpus on one process, two, and a local Dask cluster; one worker killed. Simulated."""
    from edge_agent.bench import corpus as bench  # noqa: PLC0415 - help stays instant

    with bars.share(quiet=as_json) as bar:
        result = bench.run(recordings, seed, configs, bar.told)
    show(result, bench.text, as_json=as_json)


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

    with bars.share(quiet=as_json) as bar:
        result = bench.run(hours, seed, empty(out), bar.told)
    show(result, bench.text, as_json=as_json)


@app.command()
def diff(
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep the recording here.")] = None,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Settings changed: does `edge-agent diff` list exactly what changes by the truth? Simulated."""
    from edge_agent.bench import planted as bench  # noqa: PLC0415 - help stays instant

    with bars.share(quiet=as_json) as bar:
        result = bench.run(seed, empty(out), bar.told)
    show(result, bench.text, as_json=as_json)


@app.command()
def startup(
    runs: Annotated[int, typer.Option(min=1, help="Processes of each kind, in turns.")] = 7,
    as_json: AsJson = False,
) -> None:
    """`edge-agent --help`, and the daemon to its first weight, beside an interpreter that does nothing."""
    from edge_agent.bench import startup as bench  # noqa: PLC0415 - help stays instant

    with bars.share(quiet=as_json) as bar:
        result = bench.run(runs, bar.told)
    show(result, bench.text, as_json=as_json)


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
    with bars.share(quiet=as_json) as bar:
        result = bench.run(kills, seed, progress=lambda done: bar.told("kill -9", done, kills))
    show(result, bench.text, as_json=as_json)


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
    with bars.share(quiet=as_json) as bar:
        result = bench.run(plan, bar.told)
    show(result, bench.text, as_json=as_json)


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
    with bars.share(quiet=as_json) as bar:
        result = bench.run(wanted, Effort(full=full, seed=seed), bar.told, keep)
    show(result, bench.text, as_json=as_json)


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

    with bars.share(quiet=as_json) as bar:
        result = bench.run(target or [], minutes, seed, corpus, bar.told)
    show(result, bench.text, as_json=as_json)


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

    with bars.share(quiet=as_json) as bar:
        result = bench.run(bench.Plan(crossings, days, seed), bar.told)
    if (folder := made_folder(plots)) is not None:
        from edge_agent.bench.soak_plots import plot  # noqa: PLC0415 - extra `plots`

        plot(result["rows"], folder)
    show(result, bench.text, as_json=as_json)
    if bench.good(result):
        raise typer.Exit(1)


app.command("street")(bench_pictures.street)
app.command("detector")(bench_pictures.detector)
app.command("cameras")(bench_pictures.cameras)
app.command("memory")(bench_pictures.memory)
app.command("dwell")(bench_pictures.dwell)
app.command("hostile")(bench_pictures.hostile)
app.command("plates-lane")(bench_pictures.plates_lane)
app.command("plates")(bench_pictures.plates)
