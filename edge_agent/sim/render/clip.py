"""A video of the bridge, made before a simulation starts, that a camera then plays in real time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from edge_agent.core.units import S
from edge_agent.sim.render.draw import render_frame
from edge_agent.sim.render.scene import Scene
from edge_agent.sim.world import Passage


def write_clip(
    path: Path,
    scene: Scene,
    passages: Sequence[Passage],
    start_ns: int,
    end_ns: int,
    fps: int,
    size: tuple[int, int] = (1280, 720),
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """H.264 in MP4 of the scenario from `start_ns` to `end_ns`, a keyframe a second.

    The file's time 0 is `start_ns`: a camera that plays it with an epoch E shows the scenario's
    instant t at E + t - start_ns.

    Args:
        path: file to write; its name ends in .mp4 or .mkv.
        scene: the camera's view; its size is replaced by `size`.
        passages: all vehicles; those out of view cost next to nothing.
        start_ns: scenario time of the first picture.
        end_ns: no picture is at or after this.
        fps: pictures a second.
        size: width and height, both even.
        progress: told (pictures done, pictures in all) after each picture.

    Returns:
        The number of pictures.
    """
    import av  # noqa: PLC0415 heavy: loads FFmpeg

    scene = replace(scene, width=size[0], height=size[1])
    count = max(0, -(-(end_ns - start_ns) * fps // S))
    with av.open(str(path), "w") as container:
        # No reordering and one slice thread: the file's bytes do not depend on the machine's cores.
        options = {"preset": "ultrafast", "crf": "27", "bf": "0", "threads": "1"}
        stream: Any = container.add_stream("libx264", rate=fps, options=options)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.gop_size = fps
        stream.time_base = stream.codec_context.time_base = Fraction(1, fps)
        for k in range(count):
            image = render_frame(scene, passages, start_ns + k * S // fps)
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = k, Fraction(1, fps)
            container.mux(stream.encode(frame))
            if progress:
                progress(k + 1, count)
        container.mux(stream.encode(None))
    return count
