"""What one storefront camera costs: CPU seconds per minute of 1080p25.

At one analysis a second, and at one in two, the pace at which the daemon looks while nothing is there.

ours   the daemon's own parts on a clip, as fast as they go: demux, ring, sampler, detector, still objects
floor  demux, decode of the same pictures and what they need, the bare network on as many numbers
peer   Ultralytics' `track(..., stream=True)` on the same clip, with the same weights and `vid_stride`

Each measurement is a process of its own on one core, they take turns, and the medians count. CPU time is
that of the process and all its threads from the first packet to the end of the clip, without loading.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from edge_agent.bench import street_site
from edge_agent.devices.detector.settings import DetectorSettings
from edge_agent.errors import DeviceError

SIZE = (1920, 1080)
PERIODS_MS = (1_000, 2_000)
PEER_TIMEOUT_S = 900
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
WAYS = [sys.executable, "-m", "edge_agent.bench.cameras_ways"]
PEER = Path(__file__).with_name("cameras_peer.py")
# Isolated: this folder and PYTHONPATH are none of the peer's; the `platform.py` here is not Python's.
ALONE = "-I"


@dataclass(frozen=True, slots=True)
class Peer:
    """Somebody else's way to run the same weights."""

    python: Path
    weights: tuple[Path, ...]


def peer_of(python: Path | None, model: Path, weights: Path | None) -> Peer | str:
    """The peer, or why there is none.

    Args:
        python: one that has Ultralytics (and `lap`, which its tracker needs).
        model: our ONNX file.
        weights: the same network as a .pt.
    """
    if python is None:
        return "no peer: pip install ultralytics lap (6 GB), and --ultralytics-python PYTHON"
    for needs in ("ultralytics, lap, onnxruntime", "ultralytics, lap"):
        asked = [str(python), ALONE, "-c", f"import {needs}"]
        if subprocess.run(asked, capture_output=True, check=False).returncode == 0:  # noqa: S603 - as told
            files = (model, weights) if "onnxruntime" in needs else (weights,)
            return Peer(python, tuple(file for file in files if file is not None))
    return f"no peer: {python} has no Ultralytics, or no lap"


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
    paces, size = {}, [0, 0]
    for period_ms in PERIODS_MS:
        bench = _Bench(clip, detector, peer, period_ms, seconds)
        paces[str(period_ms)] = bench.measure(rounds, progress)
        peer, size = bench.peer, bench.size
    return {
        "simulated": True,
        "clip": {"size": SIZE, "fps": street_site.FPS, "group_s": street_site.GROUP_S, "seconds": seconds}
        | {"mbit_s": round(clip.stat().st_size * 8 / seconds / 1e6, 2)},
        "model": Path(detector.model).name,
        "input": size,
        "rounds": rounds,
        "paces": paces,
        "no_peer": peer if isinstance(peer, str) else "",
    }


class _Bench:
    """All ways at one pace."""

    def __init__(
        self, clip: Path, detector: DetectorSettings, peer: Peer | str, period_ms: int, seconds: int
    ) -> None:
        self.peer = peer
        self._clip, self._seconds, self._period_ms = clip, seconds, period_ms
        self._settings = detector.model_dump(mode="json")
        first = self._ours()
        self.size: list[int] = first["input"]
        self._taken = first["taken"]

    def measure(self, rounds: int, progress: street_site.Progress) -> dict[str, Any]:
        """Rows, and what they are to each other."""
        taken: dict[str, list[dict[str, Any]]] = {}
        for number in range(rounds):
            for name, measured in self._ways().items():
                progress(f"{name}, every {self._period_ms} ms", number, rounds)
                try:
                    taken.setdefault(name, []).append(measured())
                except DeviceError as problem:
                    if not name.startswith("peer"):
                        raise
                    self.peer = f"no peer: {problem}"
                    taken = {n: rows for n, rows in taken.items() if not n.startswith("peer")}
                    break
        rows = {name: _row(measured, self._seconds) for name, measured in taken.items()}
        return {"rows": rows, **_ratios(rows)}

    def _ways(self) -> dict[str, Callable[[], dict[str, Any]]]:
        ways: dict[str, Callable[[], dict[str, Any]]] = {"ours": self._ours, "floor": self._floor}
        if isinstance(self.peer, Peer):
            for weights in self.peer.weights:
                ways[f"peer {weights.suffix}"] = partial(self._peer, self.peer.python, weights)
        return ways

    def _ours(self) -> dict[str, Any]:
        return _child(WAYS, ["ours", str(self._clip), self._settings, self._period_ms])

    def _floor(self) -> dict[str, Any]:
        return _child(WAYS, ["floor", str(self._clip), self._settings, self._taken])

    def _peer(self, python: Path, weights: Path) -> dict[str, Any]:
        stride = street_site.FPS * self._period_ms // 1000
        asked = [str(weights), str(self._clip), self.size, stride]
        return _child([str(python), ALONE, str(PEER)], asked, ONE_THREAD)


def _row(measured: list[dict[str, Any]], seconds: int) -> dict[str, Any]:
    cost = [m["cpu_s"] * 60 / seconds for m in measured]
    return {
        "cpu_s": round(statistics.median(cost), 3),
        "spread": [round(min(cost), 3), round(max(cost), 3)],
        "pictures": measured[0]["pictures"],
        "decoded": measured[0].get("decoded"),
        "what": measured[0]["what"],
    }


def _ratios(rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    ours, peers = rows["ours"]["cpu_s"], [r["cpu_s"] for n, r in rows.items() if n.startswith("peer")]
    return {
        "over_floor": round(ours / rows["floor"]["cpu_s"], 3),
        "less_than_peer": round(min(peers) / ours, 2) if peers else None,
        "cameras_per_core": round(60 / ours, 1),
    }


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
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise DeviceError(f"{Path(command[-1]).name} failed: {said[-1][:300]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def text(result: dict[str, Any]) -> str:
    """For a person."""
    clip = result["clip"]
    shape = f"{clip['size'][0]}x{clip['size'][1]}, {clip['fps']} pictures a second, {clip['mbit_s']} Mbit/s"
    lines = [
        f"CPU seconds per minute of one camera: {shape}, a keyframe every {clip['group_s']} s, rendered;",
        f"{result['model']} at {'x'.join(map(str, result['input'][::-1]))}; {result['rounds']} rounds",
    ]
    for period_ms, pace in result["paces"].items():
        lines.append(f"a picture every {period_ms} ms")
        for name, row in pace["rows"].items():
            low, high = row["spread"]
            said = f"{name:10} {row['pictures']} pictures; {row['what']}"
            lines.append(f"  {row['cpu_s']:7.2f} ({low:.2f} to {high:.2f})  {said}")
        said = f"{pace['over_floor']:.2f} x the floor, {pace['cameras_per_core']:.1f} cameras a core"
        less = pace["less_than_peer"]
        lines.append(f"  ours is {said}" + (f"; the cheapest peer costs {less:.2f} x ours" if less else ""))
    if result["no_peer"]:
        lines.append(result["no_peer"])
    return "\n".join(lines)
