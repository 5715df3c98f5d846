"""A video of a street day, for a file camera or a stream server to play."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from edge_agent.core.units import S
from edge_agent.sim.street.scene import StreetScene
from edge_agent.sim.street.script import StreetDay


def write_clip(
    path: Path,
    scene: StreetScene,
    script: StreetDay,
    t0_ns: int,
    t1_ns: int,
    fps: int,
    size: tuple[int, int] = (640, 360),
    *,
    gop: int | None = None,
    options: dict[str, str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """H.264 in MP4 or Matroska of the day from `t0_ns` to `t1_ns`.

    The file's time 0 is `t0_ns`. Instants in an outage are left out: their stamps are missing, as after
    a camera that was away.

    Args:
        path: file to write; its name ends in .mp4 or .mkv.
        scene: the camera's view (usually `script.scene`); light, weather and knocks come from the script.
        script: who is there when.
        t0_ns: the day's time of the first picture.
        t1_ns: no picture is at or after this.
        fps: pictures a second.
        size: width and height, both even.
        gop: pictures from keyframe to keyframe; two seconds where not given.
        options: of the encoder, over {"preset": "veryfast", "crf": "26", "bf": "0", "threads": "1"}.
        progress: told (pictures done, pictures in all) after each picture.

    Returns:
        The number of pictures written.
    """
    import av  # noqa: PLC0415 heavy: loads FFmpeg

    day = replace(script, scene=scene.sized(*size))
    count, written = max(0, -(-(t1_ns - t0_ns) * fps // S)), 0
    with av.open(str(path), "w") as container:
        # No reordering and one slice thread: the file's bytes do not depend on the machine's cores.
        chosen = {"preset": "veryfast", "crf": "26", "bf": "0", "threads": "1", **(options or {})}
        stream: Any = container.add_stream("libx264", rate=fps, options=chosen)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.gop_size = gop or 2 * fps
        stream.time_base = stream.codec_context.time_base = Fraction(1, fps)
        for k in range(count):
            at = t0_ns + k * S // fps
            if day.camera_up(at):
                frame = av.VideoFrame.from_ndarray(day.render(at), format="bgr24")
                frame.pts, frame.time_base = k, Fraction(1, fps)
                container.mux(stream.encode(frame))
                written += 1
            if progress:
                progress(k + 1, count)
        container.mux(stream.encode(None))
    return written
