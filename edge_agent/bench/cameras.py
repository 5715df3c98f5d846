"""What one storefront camera costs: CPU seconds per minute of 1080p25, one analysis a second.

ours   the daemon's own parts on a clip, as fast as they go: demux, ring, sampler, detector, still objects
floor  demux, decode of the same pictures and what they need, the bare network on as many numbers
peer   Ultralytics' `track(..., stream=True)` on the same clip, with the same weights, every 25th picture

Each measurement is a process of its own, they take turns, and the medians count. CPU time is that of the
process and all its threads from the first packet to the end of the clip; loading is not counted.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.bench import street_site
from edge_agent.devices.detector.settings import DetectorSettings
from edge_agent.errors import DeviceError

SIZE = (1920, 1080)
PERIOD_MS = 1_000
PEER_TIMEOUT_S = 900
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
WAYS = [sys.executable, "-m", "edge_agent.bench.cameras_ways"]
PEER = Path(__file__).with_name("cameras_peer.py")


@dataclass(frozen=True, slots=True)
class Peer:
    """Somebody else's way to run the same weights."""

    python: Path
    weights: tuple[Path, ...]


def peer_of(python: Path | None, model: Path, weights: Path | None) -> Peer | str:
    """The peer, or why there is none."""
    if python is None:
        return "no peer: give the extra `train`'s Python with --ultralytics-python"
    asked = subprocess.run(  # noqa: S603 - what the person gave
        [str(python), "-c", "import ultralytics, onnxruntime"], capture_output=True, text=True, check=False
    )
    if asked.returncode:
        found = subprocess.run(  # noqa: S603 - same
            [str(python), "-c", "import ultralytics"], capture_output=True, text=True, check=False
        )
        if found.returncode:
            return f"no peer: {python} has no Ultralytics"
        if weights is None:
            return f"no peer: {python} has no ONNX Runtime, and no --weights FILE.pt were given"
        return Peer(python, (weights,))
    return Peer(python, (model, weights) if weights else (model,))


def run(
    detector: DetectorSettings,
    peer: Peer | str,
    rounds: int = 3,
    seconds: int = street_site.CLIP_S,
    progress: street_site.Progress = lambda _what, _done, _of: None,
) -> dict[str, Any]:
    """Medians of some rounds.

    Args:
        detector: which network.
        peer: of `peer_of`.
        rounds: of all the ways in turn.
        seconds: length of the clip.
        progress: told what is done.
    """
    clip = street_site.clip_of(street_site.a_minute().day, SIZE, seconds, progress)
    first = _ours(clip, detector)
    ways: dict[str, Callable[[], dict[str, Any]]] = {
        "ours": lambda: _ours(clip, detector),
        "floor": lambda: _floor(clip, detector, first["taken"]),
    }
    if isinstance(peer, Peer):
        for weights in peer.weights:
            for threads in (1, 0):
                name = f"peer {weights.suffix[1:]}, {'one thread' if threads else 'threads as it likes'}"
                ways[name] = _peer(peer.python, weights, clip, first, threads)
    taken: dict[str, list[dict[str, Any]]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, measured in ways.items():
            progress(name, number, rounds)
            taken[name].append(measured())
    rows = {name: _row(measured, seconds) for name, measured in taken.items()}
    return {
        "simulated": True,
        "clip": {"size": SIZE, "fps": street_site.FPS, "group_s": street_site.GROUP_S, "seconds": seconds}
        | {"mbit_s": round(clip.stat().st_size * 8 / seconds / 1e6, 2)},
        "period_ms": PERIOD_MS,
        "model": Path(detector.model).name,
        "input": first["input"],
        "rounds": rounds,
        "rows": rows,
        "no_peer": peer if isinstance(peer, str) else "",
        **_ratios(rows),
    }


def _row(measured: list[dict[str, Any]], seconds: int) -> dict[str, Any]:
    cost = [m["cpu_s"] * 60 / seconds for m in measured]
    parts = measured[0].get("parts", {})
    return {
        "cpu_s": round(statistics.median(cost), 3),
        "spread": [round(min(cost), 3), round(max(cost), 3)],
        "pictures": measured[0]["pictures"],
        "decoded": measured[0].get("decoded"),
        "what": measured[0]["what"],
        "parts": {
            part: round(statistics.median(m["parts"][part] for m in measured) * 60 / seconds, 3)
            for part in parts
        },
    }


def _ratios(rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    ours, peers = rows["ours"]["cpu_s"], [r["cpu_s"] for n, r in rows.items() if n.startswith("peer")]
    return {
        "over_floor": round(ours / rows["floor"]["cpu_s"], 3),
        "less_than_peer": round(min(peers) / ours, 2) if peers else None,
        "cameras_per_core": round(60 / ours, 1),
    }


def _ours(clip: Path, detector: DetectorSettings) -> dict[str, Any]:
    return _child(WAYS, ["ours", str(clip), detector.model_dump(mode="json")])


def _floor(clip: Path, detector: DetectorSettings, taken: list[int]) -> dict[str, Any]:
    return _child(WAYS, ["floor", str(clip), detector.model_dump(mode="json"), taken])


def _peer(
    python: Path, weights: Path, clip: Path, first: dict[str, Any], threads: int
) -> Callable[[], dict[str, Any]]:
    asked = [str(weights), str(clip), first["input"], street_site.FPS * PERIOD_MS // 1000]
    more = ONE_THREAD if threads else {}
    return lambda: _child([str(python), str(PEER)], [*asked, threads], more)


def _child(command: list[str], asked: list[Any], more: dict[str, str] | None = None) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603 - our own files
        [*command, json.dumps(asked)],
        capture_output=True,
        text=True,
        timeout=PEER_TIMEOUT_S,
        env=os.environ | (more or {}),
        check=False,
    )
    if done.returncode:
        raise DeviceError(f"bench cameras: {command[-1]} failed: {done.stderr[-1500:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def text(result: dict[str, Any]) -> str:
    """For a person."""
    clip = result["clip"]
    shape = f"{clip['size'][0]}x{clip['size'][1]}, {clip['fps']} pictures a second, {clip['mbit_s']} Mbit/s"
    lines = [
        f"CPU seconds per minute of one camera: {shape}, a keyframe every {clip['group_s']} s, rendered;",
        f"one analysis a second; {result['model']} at {result['input'][1]}x{result['input'][0]}",
    ]
    for name, row in result["rows"].items():
        low, high = row["spread"]
        said = f"{name}: {row['pictures']} pictures; {row['what']}"
        lines.append(f"  {row['cpu_s']:8.2f} ({low:.2f} to {high:.2f})  {said}")
    parts = ", ".join(f"{part} {cost:.2f}" for part, cost in result["rows"]["ours"]["parts"].items())
    lines.append(f"  of ours by thread: {parts}")
    lines.append(
        f"  ours is {result['over_floor']:.2f} x the floor; {result['cameras_per_core']:.1f} cameras a core"
    )
    less = result["less_than_peer"]
    lines.append(f"  the cheapest peer costs {less:.2f} x ours" if less else f"  {result['no_peer']}")
    return "\n".join(lines)
