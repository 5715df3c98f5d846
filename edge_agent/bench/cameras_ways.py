"""The two ways of `bench cameras` that are ours, each in a process of its own: see `bench.cameras`."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from edge_agent.bench import street_site
from edge_agent.core.decisions import Watch
from edge_agent.core.events import Captured, DeviceChanged, SceneSeen
from edge_agent.core.units import Ns
from edge_agent.devices import clock
from edge_agent.devices.detector.contract import read_contract
from edge_agent.devices.detector.model_files import read_model
from edge_agent.devices.detector.networks import Network, open_network
from edge_agent.devices.detector.settings import DetectorSettings
from edge_agent.devices.heap import stay_small
from edge_agent.devices.staging import Staging
from edge_agent.street_parts import StreetParts

CAMERA = "east"
LOOK_S = 0.02
GIVE_UP_S = 600.0


def ours(clip: Path, detector: DetectorSettings, period_ms: int) -> dict[str, Any]:
    """`StreetParts` as the daemon makes it, on a file that is read as fast as its pictures are looked at."""
    import av  # noqa: F401, PLC0415 - loading is not measured, here as little as in the floor

    stay_small()  # as the daemon does
    day = street_site.a_minute().day
    seen: list[SceneSeen] = []

    def take(event: SceneSeen | Captured | DeviceChanged) -> None:
        if isinstance(event, SceneSeen):
            seen.append(event)

    with tempfile.TemporaryDirectory(prefix="edge-agent-cameras-") as folder:
        site = street_site.street_site(
            Path(folder), day, {CAMERA: str(clip)}, detector, video={"realtime": False}
        )
        assert site.street is not None
        parts = StreetParts(site.street, take, Staging(clock.monotonic), {CAMERA: Ns(0)}, 480)
        assert parts.detector is not None
        parts.detector.detect([np.zeros((1080, 1920, 3), np.uint8)])
        parts.watch(Watch(Ns(0), CAMERA, period_ms))
        before = time.process_time()
        for begin, _ in parts.parts():
            begin()
        _wait_until_ended(parts)
        spent = time.process_time() - before
        stats = parts.samplers[CAMERA].stats
        for _, end in reversed(list(parts.parts())):
            end()
        runtime = parts.detector.runtime
    return {
        "cpu_s": spent,
        "pictures": len(seen),
        "decoded": stats.decoded,
        "taken": [event.captured_at for event in seen],
        "compared": sum(event.view.registered for event in seen),
        "input": list(_network(detector)[1]),
        "what": f"{runtime}, {stats.decoded} decoded",
    }


def _wait_until_ended(parts: StreetParts) -> None:
    until = time.monotonic() + GIVE_UP_S
    while not parts.samplers[CAMERA].ended and time.monotonic() < until:
        time.sleep(LOOK_S)
    time.sleep(LOOK_S * 10)  # the last picture is still being looked at


def floor(clip: Path, detector: DetectorSettings, taken: list[int]) -> dict[str, Any]:
    """Nothing but demuxing, decoding each group up to its last wanted picture, and the network's numbers."""
    import av  # noqa: PLC0415 - heavy: loads FFmpeg

    network, (height, width) = _network(detector)
    stack = np.random.default_rng(1).random((1, 3, height, width), np.float32)
    network.run(stack)
    wanted = {round(at * street_site.FPS / 1e9) for at in taken}
    before = time.process_time()
    decoded = pictures = number = 0
    with av.open(str(clip)) as container:
        stream: Any = container.streams.video[0]
        decoder: Any = av.CodecContext.create(stream.codec_context.name, "r")
        decoder.extradata, decoder.thread_count = stream.codec_context.extradata, 1
        group: list[Any] = []
        for packet in container.demux(stream):
            if not packet.size:
                continue
            group = [packet] if packet.is_keyframe else [*group, packet]
            if number in wanted:
                frames = [frame for held in group for frame in decoder.decode(held)]
                group = []
                decoded += len(frames)
                pictures += 1
                network.run(stack)
            number += 1
    return {
        "cpu_s": time.process_time() - before,
        "pictures": pictures,
        "decoded": decoded,
        "what": f"{network.name}, {decoded} decoded",
    }


def _network(detector: DetectorSettings) -> tuple[Network, tuple[int, int]]:
    path = Path(detector.model)
    data, _ = read_model(path, "")
    network = open_network(path, data, detector.runtime, detector.threads, bfloat16=detector.bfloat16)
    contract = read_contract(path, network.metadata, network.inputs, network.outputs)
    return network, (contract.height, contract.width)


def main() -> None:
    """`cameras_ways.py '["ours", CLIP, DETECTOR, PERIOD_MS]'`, or `["floor", CLIP, DETECTOR, TAKEN]`."""
    # Two threads on the two halves of one core would make each other dearer.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    way, clip, settings, more = json.loads(sys.argv[1])
    measure: Callable[[Path, DetectorSettings, Any], dict[str, Any]] = ours if way == "ours" else floor
    print(json.dumps(measure(Path(clip), DetectorSettings.model_validate(settings), more)))


if __name__ == "__main__":
    main()
