"""What the street benches share: the clip, the accepted reference, the site, the daemon as a child.

The street is the demo's (`edge_agent.demo.street`), rendered: a case, a delivery and a vendor a minute.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.config.loader import load
from edge_agent.config.settings import SiteConfig
from edge_agent.core.events import SceneSeen
from edge_agent.core.units import Ns
from edge_agent.demo.references import accept_references
from edge_agent.demo.rendered import repository
from edge_agent.demo.stage import moved
from edge_agent.demo.street import CAMERA, StreetPlay, street_config, street_play
from edge_agent.devices.detector.settings import DetectorSettings
from edge_agent.devices.scene.bank import ReferenceBank
from edge_agent.errors import UsageError
from edge_agent.journal.opening import open_all
from edge_agent.sim.street.clip import write_clip
from edge_agent.sim.street.script import StreetDay

Progress = Callable[[str, int, int], None]  # what, done, of

FPS = 25
GROUP_S = 2
QUALITY = "21"  # x264's crf: 2 to 3 Mbit/s at 1080p25, as storefront cameras send
CLIP_S = 60
ACCEPTED_AT = "2026-06-15T04:00:00Z"
EXAMPLE = repository() / "configs" / "storefront.yaml"
SHIPPED = repository() / "models" / "street-synthetic.onnx"


def a_minute() -> StreetPlay:
    """The demo's minute."""
    return street_play(CLIP_S, CLIP_S)


def detector_of(model: Path | None, classes: Path | None) -> DetectorSettings:
    """The shipped model, or another one with its class map.

    Raises:
        UsageError: there is no such file.
    """
    chosen = (model or SHIPPED).resolve()
    if not chosen.exists():
        raise UsageError(f"{chosen}: no such model; give one with --model FILE.onnx")
    return DetectorSettings(
        model=str(chosen), classes=str(classes.resolve()) if classes else "", min_score=0.25
    )


def clip_of(
    day: StreetDay,
    size: tuple[int, int],
    seconds: int,
    progress: Progress,
    fps: int = FPS,
    quality: str = QUALITY,
) -> Path:
    """The day's first seconds as H.264, a keyframe every two seconds; made once and kept for later runs."""
    folder = Path(os.environ.get("XDG_CACHE_HOME", tempfile.gettempdir())) / "edge-agent-bench"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{day.name}-{size[0]}x{size[1]}-{fps}fps-{seconds}s-q{quality}.mkv"
    if not path.exists():
        part = path.with_name(f"{os.getpid()}-{path.name}")
        write_clip(
            part,
            day.scene,
            day,
            0,
            seconds * 1_000_000_000,
            fps,
            size,
            gop=GROUP_S * fps,
            options={"crf": quality, "sc_threshold": "0"},  # keyframes at their times and nowhere else
            progress=lambda done, of: progress("rendering", done, of),
        )
        part.replace(path)
    return path


def street_site(
    root: Path,
    day: StreetDay,
    urls: Mapping[str, str],
    detector: DetectorSettings,
    rule: Mapping[str, Any] | None = None,
    video: Mapping[str, Any] | None = None,
) -> SiteConfig:
    """`configs/storefront.yaml` with these cameras, all of which see the same street; no broker.

    Args:
        root: for everything that the box keeps.
        day: what they see.
        urls: of each camera.
        detector: the model.
        rule: settings of both rules, over the demo's scaled ones.
        video: settings of every camera's video.
    """
    street = street_config(EXAMPLE, day.scene).model_dump(mode="json")
    del street["utc_offsets"]
    for settings in street["rules"].values():
        settings.update(rule or {})
    like = street["cameras"].pop(CAMERA)
    for camera, url in urls.items():
        zones = {f"{name}_{camera}": zone for name, zone in like["zones"].items()}
        street["cameras"][camera] = like | {
            "zones": zones,
            "video": like["video"] | {"url": url} | dict(video or {}),
        }
    street["detector"] = detector.model_dump(mode="json")
    street["references_dir"] = str(root / "references")
    for camera in urls:
        accept_references(day, ReferenceBank(root / "references", camera), "bench", ACCEPTED_AT)
    return moved(
        load(EXAMPLE),
        {
            ("street",): street,
            ("uplink",): None,
            ("console",): None,
            ("evidence", "key_file"): str(root / "evidence.pem"),
            ("evidence", "store", "directory"): str(root / "evidence"),
            ("journal", "dir"): str(root / "journal"),
        },
    )


@dataclass(frozen=True, slots=True)
class Looks:
    """When one camera's pictures were looked at, as the journal has it."""

    camera: str
    taken_at: tuple[Ns, ...]


def looks(journal: Path, start: Ns, end: Ns) -> Iterator[Looks]:
    """Of every camera, those pictures that were taken between two instants."""
    found: dict[str, list[Ns]] = {}
    for recording in open_all(journal):
        for event in recording.events():
            if isinstance(event, SceneSeen) and start <= event.captured_at < end:
                found.setdefault(event.camera, []).append(event.captured_at)
    for camera, taken in sorted(found.items()):
        yield Looks(camera, tuple(taken))
