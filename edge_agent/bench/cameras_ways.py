"""The two ways of `bench cameras` that are ours, each in a process of its own: see `bench.cameras`."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
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
from edge_agent.devices.staging import Staging
from edge_agent.street_parts import StreetParts

CAMERA = "east"
LOOK_S = 0.02
GIVE_UP_S = 600.0


class ThreadTimes:
    """CPU seconds of this process's threads, by the name that Python gave them."""

    def read(self) -> dict[str, float]:
        """So far; threads of libraries count as `other`."""
        names = {thread.native_id: thread.name for thread in threading.enumerate()}
        spent: dict[str, float] = {}
        for task in Path("/proc/self/task").iterdir():
            nanoseconds = int((task / "schedstat").read_text(encoding="ascii").split()[0])
            name = names.get(int(task.name), "other").split("-")[0]
            spent[name] = spent.get(name, 0.0) + nanoseconds / 1e9
        return spent


def ours(clip: Path, detector: DetectorSettings) -> dict[str, Any]:
    """`StreetParts` as the daemon makes it, on a file that is read as fast as its pictures are looked at."""
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
        parts.watch(Watch(Ns(0), CAMERA, 1_000))
        before, threads = time.process_time(), ThreadTimes().read()
        for begin, _ in parts.parts():
            begin()
        _wait_until_ended(parts)
        spent, after = time.process_time() - before, ThreadTimes().read()
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
        "parts": {name: after[name] - threads.get(name, 0.0) for name in sorted(after)},
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


if __name__ == "__main__":
    way, file, settings, *rest = json.loads(sys.argv[1])
    chosen = DetectorSettings.model_validate(settings)
    print(json.dumps(ours(Path(file), chosen) if way == "ours" else floor(Path(file), chosen, *rest)))
