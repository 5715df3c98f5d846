"""What one picture costs in each library that can run a model: time, CPU time, memory.

Every measurement is a process of its own (memory is never given back quite), the libraries take turns, and
of the rounds the medians count. `net` is the bare network on numbers, `all` what the daemon calls: a
1080p picture to boxes.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from edge_agent.devices.detector.contract import read_contract
from edge_agent.devices.detector.networks import open_network
from edge_agent.devices.detector.onnx_backend import OnnxBackend
from edge_agent.devices.detector.settings import DetectorSettings

WARM_UP = 3
AT_LEAST_S = 1.5  # of pictures, in each measurement


@dataclass(frozen=True, slots=True)
class Way:
    """One way to run a model."""

    runtime: str
    bfloat16: bool
    batch: int


def ways(batches: tuple[int, ...]) -> list[Way]:
    """Those that this machine has."""
    found = [Way("onnxruntime", bfloat16=False, batch=b) for b in batches]
    if find_spec("openvino") is not None:
        found += [Way("openvino", bfloat16=fast, batch=b) for fast in (False, True) for b in batches]
    return found


def run(
    models: list[Path], rounds: int, batches: tuple[int, ...], progress: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """Medians by model and way, one thread each.

    Args:
        models: ONNX files.
        rounds: measurements of each.
        batches: pictures in one run; more than one only where the model allows any number.
        progress: told after each measurement.
    """
    rows = []
    for model in models:
        chosen = ways(tuple(b for b in batches if b == 1 or _any_batch(model)))
        taken: dict[Way, list[dict[str, Any]]] = {way: [] for way in chosen}
        for _ in range(rounds):
            for way in chosen:
                taken[way].append(_elsewhere(model, way))
                progress()
        rows += [_row(model, way, measured) for way, measured in taken.items()]
    return {"rounds": rounds, "threads": 1, "rows": rows}


def count(models: list[Path], rounds: int, batches: tuple[int, ...]) -> int:
    """How many measurements `run` makes."""
    return sum(rounds * len(ways(tuple(b for b in batches if b == 1 or _any_batch(m)))) for m in models)


def _any_batch(model: Path) -> bool:
    return OnnxBackend(DetectorSettings(model=str(model), runtime="onnxruntime"), "").contract.batch == 0


def _row(model: Path, way: Way, measured: list[dict[str, Any]]) -> dict[str, Any]:
    numbers = {k: round(statistics.median(m[k] for m in measured), 2) for k in measured[0] if k != "name"}
    return {"model": model.name, "runtime": measured[0]["name"], "batch": way.batch, **numbers}


def _elsewhere(model: Path, way: Way) -> dict[str, Any]:
    asked = json.dumps([str(model), way.runtime, way.bfloat16, way.batch])
    done = subprocess.run(  # noqa: S603 our own module
        [sys.executable, "-m", "edge_agent.bench.detector", asked], check=True, capture_output=True, text=True
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def measure(model: Path, way: Way) -> dict[str, Any]:
    """In this process: milliseconds a picture, megabytes resident with the bare network alone."""
    net_ms, net_cpu_ms, pictures = _net(model, way)
    net_mb = _resident_mb()
    backend = OnnxBackend(DetectorSettings.model_validate({"model": str(model), **asdict(way)}), "")
    numbers = np.random.default_rng(1)
    shown = [numbers.integers(0, 255, (1080, 1920, 3), np.uint8) for _ in range(pictures)]
    all_ms, all_cpu_ms = _pace(lambda: backend.find(shown), pictures)
    return {
        "name": backend.name,
        "net_ms": net_ms,
        "net_cpu_ms": net_cpu_ms,
        "all_ms": all_ms,
        "all_cpu_ms": all_cpu_ms,
        "net_rss_mb": net_mb,
    }


def _net(model: Path, way: Way) -> tuple[float, float, int]:
    """The bare network: milliseconds, CPU milliseconds, and of how many pictures at once."""
    network = open_network(model, model.read_bytes(), way.runtime, 1, bfloat16=way.bfloat16)
    contract = read_contract(model, network.metadata, network.inputs, network.outputs)
    shape = (contract.batch or way.batch, 3, contract.height, contract.width)
    stack = np.random.default_rng(1).random(shape, np.float32)
    return (*_pace(lambda: network.run(stack), len(stack)), len(stack))


def _pace(work: Callable[[], object], pictures: int) -> tuple[float, float]:
    """Wall and CPU milliseconds a picture, of this process and all its threads."""
    for _ in range(WARM_UP):
        work()
    runs, begun, cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - begun < AT_LEAST_S:
        work()
        runs += 1
    wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
    return wall / runs / pictures * 1000, cpu / runs / pictures * 1000


def _resident_mb() -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def text(result: dict[str, Any]) -> str:
    """For a person."""
    titles = ("net ms", "CPU ms", "all ms", "CPU ms")
    lines = [f"{'model':24} {'runtime':28} batch " + " ".join(f"{t:>8}" for t in titles) + "     MB"]
    lines += [
        f"{r['model']:24} {r['runtime']:28} {r['batch']:5} {r['net_ms']:8.1f} {r['net_cpu_ms']:8.1f} "
        f"{r['all_ms']:8.1f} {r['all_cpu_ms']:8.1f} {r['net_rss_mb']:6.0f}"
        for r in result["rows"]
    ]
    lines.append(
        f"a picture, one thread, medians of {result['rounds']} rounds; MB: resident, the bare network"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    path, runtime, bfloat16, batch = json.loads(sys.argv[1])
    print(json.dumps(measure(Path(path), Way(runtime, bfloat16, batch))))
