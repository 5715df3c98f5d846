"""What it costs to read the plates of overweight vehicles alone, against reading every moving picture.

A rendered lane at 1,000 crossings an hour, 25 pictures a second, as the demo's camera sees it. Both ways run
in this process, one thread each, one after the other on the same vehicles:

box    the daemon's worker: its window decoded, vehicles looked for, two or more pictures read
every  each picture in which a vehicle stands in the lane decoded and read, as a camera that reads by itself
       does (finding out that one stands there is not counted)

Keeping the compressed video costs the same in both and is left out. The hour is the cost a vehicle times
vehicles: 1,000 for every, 1,000 x the overweight share for box.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from edge_agent.core.decisions import ReadPlates
from edge_agent.core.events import PlatesDone, PlateSeen
from edge_agent.core.units import MS, Ns
from edge_agent.demo.anpr import Anpr
from edge_agent.demo.rendered import CAMERA, rendered_stage, repository, scene_of
from edge_agent.devices.camera.recorded import RecordedVideo
from edge_agent.devices.camera.settings import CameraSettings
from edge_agent.devices.detector.detector import Detector
from edge_agent.devices.detector.settings import DetectorSettings
from edge_agent.devices.plate_reader.opening import open_reader
from edge_agent.devices.plate_reader.reader import PlateReader
from edge_agent.devices.plate_reader.settings import PlateReaderSettings
from edge_agent.devices.plate_reader.worker import PlateWorker
from edge_agent.sim.anpr import plate_at_camera
from edge_agent.sim.render.clip import write_clip
from edge_agent.sim.scenario import PlannedPassage, Scenario
from edge_agent.sim.traffic import generate
from edge_agent.sim.world import Passage

Progress = Callable[[str, int, int], None]

PER_HOUR = 1_000
OVERWEIGHT = 0.02
FPS = 25
HALF_WINDOW = 800 * MS  # of an ordinary prediction: four standard deviations
KINDS = ("truck3", "truck2", "car", "semi6", "truck4", "bus")


def run(vehicles: int, seed: int, progress: Progress = lambda _what, _done, _of: None) -> dict[str, Any]:
    """Measure both ways over so many vehicles.

    Args:
        vehicles: passages to render, one every 3.6 s.
        seed: of the traffic.
        progress: told what is done.
    """
    scenario = _traffic(vehicles)
    passages = generate(scenario, seed)
    stage = rendered_stage(None, Anpr.BOX)
    video = stage.site.cameras[CAMERA].video
    assert video is not None
    detector = Detector(DetectorSettings(model=str(repository() / "models" / "bridge-synthetic.onnx")))
    reader = open_reader(PlateReaderSettings())
    with tempfile.TemporaryDirectory(prefix="edge-agent-bench-") as folder:
        path = Path(folder) / "lane.mp4"
        scene = scene_of(scenario)
        size = (scene.width, scene.height)
        write_clip(
            path,
            scene,
            passages,
            0,
            scenario.duration_ns,
            FPS,
            size,
            lambda d, o: progress("rendering", d, o),
        )
        box = _box(path, video, detector, reader, passages, scenario, progress)
        every = _every(path, video, detector, reader, progress)
    hour = {"box": PER_HOUR * OVERWEIGHT * box["cpu_s"], "every": PER_HOUR * every["cpu_s"] / vehicles}
    return {
        "simulated": True,
        "vehicles": vehicles,
        "per_hour": PER_HOUR,
        "overweight_share": OVERWEIGHT,
        "box": box,
        "every": every | {"cpu_s": round(every["cpu_s"] / vehicles, 3)},
        "hour_cpu_s": {name: round(cost, 1) for name, cost in hour.items()},
        "share": round(hour["box"] / hour["every"], 5),
    }


def _traffic(vehicles: int) -> Scenario:
    stage = rendered_stage(None)
    gap = 3_600 / PER_HOUR
    planned = tuple(
        PlannedPassage(at_s=2 + k * gap, kind=KINDS[k % len(KINDS)], speed_kmh=20 + 3 * (k % 4))
        for k in range(vehicles)
    )
    lanes = tuple(lane.model_copy(update={"traffic": None}) for lane in stage.scenario.lanes)
    update = {"passages": planned, "duration_s": 4 + vehicles * gap, "lanes": lanes}
    return stage.scenario.model_copy(update=update)


def _box(
    path: Path,
    video: CameraSettings,
    detector: Detector,
    reader: PlateReader,
    passages: Sequence[Passage],
    scenario: Scenario,
    progress: Progress,
) -> dict[str, Any]:
    """CPU seconds a vehicle that is asked for, and what came of it."""
    camera = RecordedVideo(CAMERA, video, path, Ns(0))
    worker = PlateWorker(
        {CAMERA: camera},
        reader,
        detector,
        PlateReaderSettings(),
        lambda _data: "0" * 64,
        lambda _event: None,
        lambda: Ns(time.monotonic_ns()),
    )
    spent, right, decoded, read = 0.0, 0, 0, 0
    for number, passage in enumerate(passages):
        at = plate_at_camera(passage, scenario.cameras[CAMERA])
        assert at is not None
        request = ReadPlates(
            Ns(at), str(passage.id), CAMERA, "1", Ns(at - HALF_WINDOW), Ns(at + HALF_WINDOW), Ns(at), "front"
        )
        begun = time.process_time()
        *seen, done = worker.carry_out(request)
        spent += time.process_time() - begun
        right += [e.text for e in seen if isinstance(e, PlateSeen)].count(passage.vehicle.plate) >= 2
        assert isinstance(done, PlatesDone)
        decoded += done.means.decoded if done.means else 0
        read += done.means.read if done.means else 0
        progress("box", number + 1, len(passages))
    count = len(passages)
    return {
        "cpu_s": round(spent / count, 3),
        "named": right,
        "decoded_each": round(decoded / count, 1),
        "read_each": round(read / count, 1),
    }


def _every(
    path: Path, video: CameraSettings, detector: Detector, reader: PlateReader, progress: Progress
) -> dict[str, Any]:
    """CPU seconds of all pictures with a vehicle in the lane."""
    import av  # noqa: PLC0415 - heavy: loads FFmpeg
    from av.video.reformatter import VideoReformatter  # noqa: PLC0415 - same

    from edge_agent.devices.camera.decode import to_bgr  # noqa: PLC0415 - same

    reformatter = VideoReformatter()
    lane = video.views["1"].permille
    spent, moving, looked = 0.0, 0, 0
    with av.open(str(path)) as container:
        count = container.streams.video[0].frames
        frames = container.decode(video=0)
        while True:
            begun = time.process_time()
            frame = next(frames, None)
            if frame is None:
                break
            image = to_bgr(frame, 0, reformatter)
            decoding = time.process_time() - begun
            looked += 1
            if any(box.in_lane for box in detector.detect([image], lane)[0]):
                begun = time.process_time()
                reader.read(image)
                spent += decoding + time.process_time() - begun
                moving += 1
            progress("every moving picture", looked, count)
    return {"cpu_s": spent, "pictures": looked, "moving": moving}


def text(result: dict[str, Any]) -> str:
    """For a person."""
    box, every, hour = result["box"], result["every"], result["hour_cpu_s"]
    count, share = result["vehicles"], result["overweight_share"]
    own = f"{box['decoded_each']} pictures decoded, {box['read_each']} read; {box['named']} of {count} named"
    lines = (
        "Reading plates in one lane: CPU seconds, one thread",
        f"{result['per_hour']} crossings an hour, {share:.0%} overweight; {count} rendered vehicles measured",
        f"  {box['cpu_s']:9.2f}  the box, a vehicle that is asked for: {own}",
        f"  {every['cpu_s']:9.2f}  every moving picture, a vehicle: {every['moving'] / count:.0f} read",
        f"  {hour['box']:9.1f}  the box, an hour",
        f"  {hour['every']:9.1f}  every moving picture, an hour",
        f"  the box costs {result['share']:.4f} of it (goal: 0.1 at most)",
    )
    return "\n".join(lines)
