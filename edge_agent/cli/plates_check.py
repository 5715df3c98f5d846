"""`edge-agent plates check`: can plates be read in this camera's picture?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from edge_agent.errors import UsageError

if TYPE_CHECKING:
    from edge_agent.config.settings import SiteConfig
    from edge_agent.devices.detector.boxes import Image
    from edge_agent.devices.plate_reader.view_check import ViewCheck

# What it means, and what to do.
WORDS = {
    "small": (
        "号牌太小，难以识读：请用更长焦距、更近位置或更高分辨率",
        "plates are too small to be read: a longer lens, a nearer place or more pixels",
    ),
    "rather_small": (
        "号牌偏小，识读率会下降：建议字符宽度不小于 10 像素",
        "plates are rather small, fewer will be read: a character should be 10 px wide or more",
    ),
    "blurred": (
        "画面不清晰：请调焦或清洁镜头",
        "the picture is not sharp: focus the lens, or clean it",
    ),
    "smeared": (
        "曝光过长，行驶中的号牌会拖影：请缩短快门时间或补光",
        "the exposure is too long, plates will be smeared: a shorter shutter, or more light",
    ),
}
GOOD = ("可以识读", "plates can be read")


def check(
    config: Annotated[Path, typer.Option(metavar="SITE.yaml", help="The site's configuration.")],
    camera: Annotated[str, typer.Option(metavar="CAM", help="A camera under cameras.")],
    image: Annotated[Path, typer.Option(metavar="FILE", help="A full-size picture that it took.")],
    lane_width_mm: Annotated[
        int, typer.Option(min=1_000, max=20_000, help="Between the polygon's sides, at the reading line.")
    ] = 3_750,
    exposure_ms: Annotated[float, typer.Option(min=0.01, max=100, help="As the camera is set.")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Pixels of a plate's character at the reading line, focus, and smear at the lane's greatest speed.

    Exit: 0 plates can be read in every lane, 1 something stands against it.
    """
    from edge_agent.cli.plates import picture_of  # noqa: PLC0415 - it registers this command
    from edge_agent.config.loader import load  # noqa: PLC0415 - help stays instant

    found = dict(_lanes(load(config), camera, picture_of(image), lane_width_mm, exposure_ms))
    if as_json:
        rows = {lane: asdict(one) | {"problems": list(one.problems)} for lane, one in found.items()}
        print(json.dumps(rows, ensure_ascii=False))
    else:
        _say(found)
    if any(one.problems for one in found.values()):
        raise typer.Exit(1)


def _lanes(
    site: SiteConfig, camera: str, image: Image, lane_width_mm: int, exposure_ms: float
) -> Iterator[tuple[str, ViewCheck]]:
    from edge_agent.devices.plate_reader.view_check import check_view  # noqa: PLC0415 - heavy

    chosen = site.cameras.get(camera)
    if chosen is None or chosen.video is None:
        raise UsageError(f"cameras.{camera}: no such camera with video; there are {sorted(site.cameras)}")
    views = {lane: view for lane, view in chosen.video.views.items() if view.line is not None}
    if not views:
        raise UsageError(f"cameras.{camera}.video.views: no lane has a reading line (`line`)")
    for lane, view in views.items():
        assert view.line is not None
        speed = site.lanes[lane].scale.envelope.speed_max_mm_s if lane in site.lanes else 8_333
        try:
            yield lane, check_view(image, view.polygon, view.line, lane_width_mm, speed, exposure_ms)
        except ValueError as problem:
            raise UsageError(f"cameras.{camera}.video.views.{lane}: {problem}") from problem


def _say(found: dict[str, ViewCheck]) -> None:
    """The numbers as a table, then what they mean."""
    screen = Console()
    table = Table(title="号牌识读条件 · Can plates be read?")
    for name in ("车道 lane", "字符 character px", "号牌 plate px", "清晰度 focus", "拖影 smear px"):
        table.add_column(name, justify="right")
    for lane, one in found.items():
        numbers = (
            f"{one.character_px:.1f}",
            f"{one.plate_px:.0f}",
            f"{one.detail:.2f}",
            f"{one.smear_px:.1f}",
        )
        table.add_row(lane, *numbers)
    screen.print(table)
    for lane, one in found.items():
        for zh, en in [WORDS[problem] for problem in one.problems] or [GOOD]:
            screen.print(f"车道 lane {lane}: {zh} · {en}", markup=False, soft_wrap=True)
