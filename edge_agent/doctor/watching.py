"""A camera watched for a while: what it sends, how often, how much of a core it takes to decode."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from edge_agent.core.units import MS, S
from edge_agent.devices.camera.readers import connect, describe, taken_utc
from edge_agent.devices.camera.ring import to_ns
from edge_agent.devices.camera.settings import CameraSettings
from edge_agent.doctor.observed import CameraSeen

# A camera that has sent nothing for so long sends nothing.
STALL_MS = 5_000
# Beyond the stretch asked for: to resolve a name, to connect, to get the first packet.
GRACE_S = 2 * STALL_MS / 1000 + 3
PICTURES = 8  # kept of the stretch: 4K pictures are 25 MB each
MOST_PICTURE_BYTES = 120_000_000
TIMED_OUT = "timed out"


@dataclass(slots=True)
class _Notes:
    """What is known so far."""

    codec: str = ""
    width: int = 0
    height: int = 0
    shown: list[int] = field(default_factory=list)  # ns, of every packet
    keyframes: list[int] = field(default_factory=list)
    decode_s: float = 0.0
    decoded: int = 0
    sender_time: bool = False
    pictures: list[Any] = field(default_factory=list)
    problem: str = ""


def watch(settings: CameraSettings, seconds: float) -> CameraSeen:
    """Watch a camera, and its sub-stream where it has one, for so long; a little longer to connect."""
    seen = _within(seconds + GRACE_S, lambda: _watch_stream(settings, seconds))
    if settings.sub_url and not seen.problem:
        sub = _within(seconds + GRACE_S, lambda: _watch_stream(settings.for_sub, seconds))
        seen = replace(seen, sub=replace(sub, pictures=()))
    return seen


def _within(limit_s: float, look: Callable[[], CameraSeen]) -> CameraSeen:
    """In a thread of its own: FFmpeg keeps to its time limits but where it resolves a name."""
    answer: list[CameraSeen] = []
    thread = threading.Thread(target=lambda: answer.append(look()), name="doctor-camera", daemon=True)
    thread.start()
    thread.join(limit_s)
    return answer[0] if answer else CameraSeen(problem=TIMED_OUT)


def _watch_stream(settings: CameraSettings, seconds: float) -> CameraSeen:
    notes = _Notes()
    try:
        with connect(settings.model_copy(update={"stall_ms": STALL_MS})) as container:
            _read(container, settings, seconds, notes)
    except Exception as failure:  # noqa: BLE001  whatever a camera sends, the doctor says so and goes on
        text = str(getattr(failure, "strerror", None) or failure).replace(settings.url, settings.safe_url)
        notes.problem = f"{type(failure).__name__}: {text}"[:300]
    return _seen(notes)


def _read(container: Any, settings: CameraSettings, seconds: float, notes: _Notes) -> None:
    """Demux and decode everything, one thread, as the analysis does at its busiest."""
    from edge_agent.devices.camera import decode  # noqa: PLC0415 heavy: loads FFmpeg

    if not container.streams.video:
        notes.problem = "there is no video in it"
        return
    stream = container.streams.video[0]
    info = describe(stream, settings)
    notes.codec, notes.width, notes.height = info.codec, info.width, info.height
    decoder = decode.open_decoder(info)
    every, due = seconds / PICTURES, 0.0
    most = max(2, min(PICTURES, MOST_PICTURE_BYTES // max(1, 3 * info.width * info.height)))
    began = time.monotonic()
    for packet in container.demux(stream):
        if packet.pts is None or packet.size == 0:
            continue
        shown = to_ns(packet.pts, info.time_base)
        notes.shown.append(shown)
        notes.sender_time = notes.sender_time or taken_utc(packet) is not None
        if packet.is_keyframe:
            notes.keyframes.append(shown)
        frame = _decoded(decoder, decode.padded(bytes(packet)), notes)
        at_s = (shown - notes.shown[0]) / S
        if frame is not None and at_s >= due and len(notes.pictures) < most:
            notes.pictures.append(frame.to_ndarray(format="bgr24"))
            due = at_s + max(every, seconds / most)
        # A file comes faster than it was taken; a stream may stop its clock.
        if at_s >= seconds or time.monotonic() - began >= seconds:
            return


def _decoded(decoder: Any, packet: Any, notes: _Notes) -> Any:
    """The last picture that comes out with this packet; CPU time counted, damage passed over."""
    import av  # noqa: PLC0415 heavy: loads FFmpeg

    before = time.thread_time()
    try:
        frames = decoder.decode(packet)
    except av.FFmpegError:
        frames = []
    notes.decode_s += time.thread_time() - before
    whole = [frame for frame in frames if not frame.is_corrupt]
    notes.decoded += len(whole)
    return whole[-1] if whole else None


def _seen(notes: _Notes) -> CameraSeen:
    shown = sorted(notes.shown)
    stretch_s = (shown[-1] - shown[0]) / S if len(shown) > 1 else 0.0
    # The last group was not seen to its end: it counts where it is the longest even so.
    ends = [*notes.keyframes[1:], shown[-1]] if notes.keyframes else []
    pauses = [b - a for a, b in zip(notes.keyframes, ends, strict=True)]
    problem = notes.problem
    if not problem and not notes.pictures:
        problem = "no picture came out of what it sends"
    return CameraSeen(
        problem=problem,
        codec=notes.codec,
        width=notes.width,
        height=notes.height,
        frames_per_s=(len(shown) - 1) / stretch_s if stretch_s else 0.0,
        keyframe_interval_s=max(pauses) / S if pauses else None,
        decode_ms=notes.decode_s * S / MS / max(1, notes.decoded),
        pictures=tuple(notes.pictures),
        sender_time=notes.sender_time,
    )
