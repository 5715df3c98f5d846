"""The cameras: reached, sending what the box can use at a cost it can bear, seeing what they should."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from edge_agent.config.settings import SiteConfig
from edge_agent.core.units import MS
from edge_agent.devices.camera.frame import TOLERANCE
from edge_agent.devices.camera.settings import CameraSettings
from edge_agent.doctor.camera_texts import TEXTS
from edge_agent.doctor.finding import Finding, State
from edge_agent.doctor.observed import WATCH_S, CameraSeen, Eyes
from edge_agent.doctor.picture_checks import has_colour, of_lanes, of_street
from edge_agent.doctor.reach import reached

__all__ = ["TEXTS", "camera_findings"]

# A street is looked at by its keyframes alone while nothing stands there: goods may be seen so much later.
LONGEST_GROUP_S = 2.2  # two seconds, and a tenth for clocks that differ
# One camera's analysis has one thread: from a core on it loses pictures, from half of one on two cameras do
# on the smallest box (two cores, one of them for everything else).
HEAVY_CORES, TOO_HEAVY_CORES = 0.5, 1.0
# A still is the picture nearest to an instant, and no further from it than this.
LEAST_FPS = 1_000 * MS / TOLERANCE

# Pictures without anything in them are all the same.
BLANK = {"camera.covered", "camera.overexposed"}

SAID = (  # what FFmpeg or the system says -> what it means
    (("401", "unauthorized", "403", "forbidden"), "camera.wrong_password"),
    (("404", "not found"), "camera.no_such_stream"),
    (("no such file",), "camera.no_file"),
    (("refused",), "camera.refused"),
    (("no route", "unreachable"), "camera.unreachable"),
    (("name or service", "name resolution", "resolve"), "camera.unknown_name"),
    (("timed out", "timeout", "immediate exit", "nothing came"), "camera.timed_out"),
    (("no video", "invalid data", "max_pixels", "no picture", "no decoder"), "camera.no_video"),
)
TRIED = {
    "name": "camera.unknown_name",
    "refused": "camera.refused",
    "timed_out": "camera.timed_out",
    "unreachable": "camera.unreachable",
}


def camera_findings(
    config: SiteConfig, eyes: Eyes, reach: Callable[[str], str] = reached
) -> Iterator[Finding]:
    """Every camera that has video: those of the lanes, then those of the street."""
    for name, camera in config.cameras.items():
        if camera.video is not None:
            reads_ms = config.plate_reader.look_every_ms if camera.plates != "push" else 0
            yield from _camera(name, camera.video, config, eyes, reach, reads_ms=reads_ms, street=False)
    for name, watched in config.street.cameras.items() if config.street else ():
        yield from _camera(name, watched.video, config, eyes, reach, reads_ms=0, street=True)


def _camera(
    name: str,
    video: CameraSettings,
    config: SiteConfig,
    eyes: Eyes,
    reach: Callable[[str], str],
    *,
    reads_ms: int,
    street: bool,
) -> Iterator[Finding]:
    subject = f"camera/{name}"
    seen = eyes.camera(name, WATCH_S)
    if seen.problem or not seen.pictures:
        yield _why_not(subject, name, video, seen, reach)
        return
    legal = config.site.legal.pictures
    if seen.width < legal.width_min_px or seen.height < legal.height_min_px:
        values = {**_numbers(name, seen), "least": f"{legal.width_min_px}x{legal.height_min_px}"}
        found = [Finding("camera.low_resolution", subject, State.WARNING, values)]
    else:
        found = []
    found += _of_stream(subject, name, video, seen, reads_ms=reads_ms, street=street)
    if street:
        assert config.street is not None
        watched = config.street.cameras[name]
        found += of_street(subject, name, watched, config.street.references_dir, seen.pictures)
    else:
        found += of_lanes(subject, name, video, config, seen.pictures)
    if _stands_still(video, seen) and not BLANK.intersection(one.key for one in found):
        values = {**_numbers(name, seen), "seconds": round(WATCH_S)}
        found.append(Finding("camera.frozen", subject, State.FAULT, values))
    yield from found or [Finding("camera.ok", subject, State.OK, _numbers(name, seen))]


def _why_not(
    subject: str, name: str, video: CameraSettings, seen: CameraSeen, reach: Callable[[str], str]
) -> Finding:
    said = seen.problem.lower().replace(video.safe_url.lower(), "")
    key = next((key for words, key in SAID if any(word in said for word in words)), "")
    network = not video.is_file
    if network and key in ("", "camera.timed_out"):  # FFmpeg calls a name that nobody knows an I/O error
        key = TRIED.get(reach(video.url), key or ("camera.sends_nothing" if "input/output" in said else ""))
    values = {"camera": name, "address": video.safe_url, "problem": seen.problem}
    return Finding(key or "camera.no_video", subject, State.FAULT, values)


def _of_stream(
    subject: str, name: str, video: CameraSettings, seen: CameraSeen, *, reads_ms: int, street: bool
) -> Iterator[Finding]:
    """What it sends, and what that costs."""
    numbers = _numbers(name, seen)
    least = max(LEAST_FPS, 1_000 / reads_ms if reads_ms else 0)
    if seen.frames_per_s and seen.frames_per_s < 0.9 * least:
        yield Finding("camera.slow", subject, State.WARNING, {**numbers, "least_fps": round(least, 1)})
    analysed = seen.sub or seen
    if analysed.problem:
        values = {"camera": name, "problem": analysed.problem}
        yield Finding("camera.no_sub_stream", subject, State.FAULT, values)
    elif street:
        yield from _of_groups(subject, numbers, analysed)
    if (street or reads_ms) and _decoded_by_cpu(video, analysed):
        yield from _of_cost(subject, numbers, analysed, sub=seen.sub is not None)
    if video.clock == "sender" and seen.sender_time is False and not video.is_file:
        yield Finding("camera.no_sender_time", subject, State.WARNING, numbers)


def _of_groups(subject: str, numbers: dict[str, Any], seen: CameraSeen) -> Iterator[Finding]:
    group_s = seen.keyframe_interval_s
    if group_s is not None and group_s > LONGEST_GROUP_S:
        values = {**numbers, "group_s": round(group_s, 1), "wanted_frames": round(seen.frames_per_s)}
        yield Finding("camera.long_groups", subject, State.WARNING, values)


def _of_cost(subject: str, numbers: dict[str, Any], seen: CameraSeen, *, sub: bool) -> Iterator[Finding]:
    """At its busiest: every picture decoded."""
    cores = seen.decode_ms * seen.frames_per_s / 1000
    if cores < HEAVY_CORES:
        return
    values = {
        **numbers,
        "width": seen.width,
        "height": seen.height,
        "fps": round(seen.frames_per_s, 1),
        "codec": seen.codec,
        "cores": round(cores, 1),
        "next_zh": "降低子码流的分辨率或帧率" if sub else "设置 sub_url（约 704x576 的子码流）",
        "next_en": "make the sub-stream smaller or slower"
        if sub
        else "set sub_url (a sub-stream of about 704x576)",
    }
    state = State.FAULT if cores >= TOO_HEAVY_CORES else State.WARNING
    yield Finding("camera.decode_cost", subject, state, values)


def _decoded_by_cpu(video: CameraSettings, seen: CameraSeen) -> bool:
    """Where a device decodes, the CPU's time does not matter; one that fails is named behind `cpu`."""
    return video.hwaccel == "none" or seen.decoded_by.startswith("cpu (")


def _stands_still(video: CameraSettings, seen: CameraSeen) -> bool:
    """Pixel by pixel the same: no sensor does that, but a drawn file may."""
    first, *rest = seen.pictures
    return not video.is_file and len(rest) >= 2 and all((first == other).all() for other in rest)


def _numbers(name: str, seen: CameraSeen) -> dict[str, Any]:
    return {
        "camera": name,
        "codec": seen.codec,
        "width": seen.width,
        "height": seen.height,
        "fps": round(seen.frames_per_s, 1),
        "group_s": None if seen.keyframe_interval_s is None else round(seen.keyframe_interval_s, 1),
        "cores": round(seen.decode_ms * seen.frames_per_s / 1000, 2),
        "pictures": len(seen.pictures),
        "colour": has_colour(seen.pictures),
    }
