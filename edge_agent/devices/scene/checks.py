"""What speaks against accepting a picture as the clear pavement. A person decides; nothing passes unsaid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edge_agent.core.records import Detection
from edge_agent.core.units import MS, Ns
from edge_agent.devices.scene import pixels, view
from edge_agent.devices.scene.bank import Reference, ReferenceBank
from edge_agent.devices.scene.layer import Layer
from edge_agent.devices.scene.pixels import Corners, Image, opencv
from edge_agent.devices.scene.settings import LayerSettings, SceneSettings
from edge_agent.devices.scene.watch import StreetDetector


@dataclass(frozen=True, slots=True)
class Concern:
    """A sentence that the person who accepts must have read."""

    en: str
    zh: str


GHOST = Concern(
    "a median is no moment's picture: what stood there for most of the time is in it, and then the clear "
    "pavement would be taken for the thing; look at every spot of it",
    "中值图不是某一时刻的画面：停留较久的物品会留在图里，之后空地反而会被当成物品；请逐处查看",
)
# A picture with less contrast than this shows nothing (grey levels, standard deviation).
FLAT = 12
# A view further than this from another reference's makes the zones lie elsewhere (px at 480 wide).
SHIFTED_PX = 2.0
# A fresh layer is shown the same picture so many times, so far apart, to say where it differs.
LOOKS, APART = 3, 300 * MS


def concerns(
    image: Image,
    source: str,
    zones: dict[str, Corners],
    settings: SceneSettings,
    bank: ReferenceBank,
    detector: StreetDetector | None,
) -> list[Concern]:
    """Sentences that the person who accepts must have read; empty when nothing was found.

    Args:
        image: the picture, BGR.
        source: picture | median.
        zones: polygons by name, 0 to 1.
        settings: the camera's.
        bank: what was accepted before.
        detector: None: nobody looks for people and goods.
    """
    out = [GHOST] if source == "median" else []
    spread = float(opencv().cvtColor(image, opencv().COLOR_BGR2GRAY).std())
    if spread < FLAT:
        out.append(
            Concern(
                f"there is hardly anything in it (contrast {spread:.0f} of 255)",
                f"画面几乎没有内容（对比度 {spread:.0f}/255）",
            )
        )
    found = detector.detect([image])[0] if detector else ()
    if detector is None:
        out.append(
            Concern(
                "no detector is configured: nobody looked for people, vehicles and goods in it",
                "没有配置检测模型：没有检查画面里是否有人、车、物品",
            )
        )
    out += _standing(found, zones, image)
    for reference in bank.active:
        out += _against(image, found, reference, bank, zones, settings)
    return out


def _standing(found: Sequence[Detection], zones: dict[str, Corners], image: Image) -> Iterator[Concern]:
    """People, vehicles and goods whose foot is in a zone."""
    tall = pixels.shrink(image).shape[0]
    for name, zone in zones.items():
        area = pixels.polygons([zone], tall)
        for one in found:
            foot = Detection(
                one.label,
                one.role,
                one.score,
                one.x_min,
                # the lower third touches the ground
                type(one.y_max)(one.y_max - (one.y_max - one.y_min) // 3),
                one.x_max,
                one.y_max,
            )
            if (pixels.boxes([foot], 0, tall) & area).any():
                yield Concern(
                    f"zone {name}: the detector sees {one.label} in it ({one.score} of 1000)",
                    f"区域 {name}：检测模型看到 {one.label}（{one.score}/1000）",
                )


def _against(
    image: Image,
    found: Sequence[Detection],
    reference: Reference,
    bank: ReferenceBank,
    zones: dict[str, Corners],
    settings: SceneSettings,
) -> Iterator[Concern]:
    """How it differs from one that was accepted before."""
    was = pixels.shrink(bank.image(reference))
    tall = was.shape[0]
    if abs(image.shape[0] / image.shape[1] - reference.height / reference.width) > 0.02:
        size = f"{reference.width}x{reference.height}"
        yield Concern(
            f"{reference.id} has another shape ({size}): zones may not fit both",
            f"与 {reference.id} 的画面比例不同（{size}）：区域可能对不上",
        )
    now = pixels.shrink(image, tall)
    ignored = pixels.polygons(settings.masks, tall)
    layer = LayerSettings(settle_ms=200)
    hidden = pixels.boxes([d for d in found if d.label in layer.veto], layer.veto_margin, tall)
    shift = view.Registration(view.features(was), ignored).shift(view.features(now), hidden)
    if shift is None:
        yield Concern(
            f"{reference.id}: cannot be laid over it; did the camera move, or is the light too different?",
            f"无法与 {reference.id} 对齐：摄像机动过，还是光线差别太大？",
        )
        return
    if shift.length > SHIFTED_PX:
        yield Concern(
            f"{reference.id}: the view has moved since, by {shift.length:.1f} px at 480 wide; so have zones",
            f"与 {reference.id} 相比画面移动了 {shift.length:.1f} 像素（按 480 宽计），区域也随之偏移",
        )
    straight = pixels.translated(now, shift.dx, shift.dy)
    everywhere = np.ones(straight.shape[:2], bool)
    for name, zone in zones.items():
        fresh = Layer(layer, was, pixels.polygons([zone], tall), ignored)
        for k in range(LOOKS):
            things = fresh.look(straight, found, Ns((k + 1) * APART), everywhere)
        if things is None:
            yield Concern(
                f"{reference.id}: nearly everything differs from it", f"与 {reference.id} 几乎处处不同"
            )
            return
        if things:
            yield Concern(
                f"zone {name}: {len(things)} place(s) differ from {reference.id}: what stands there now?",
                f"区域 {name}：有 {len(things)} 处与 {reference.id} 不同，现在那里有什么？",
            )
        if fresh.removed:
            yield Concern(
                f"zone {name}: {reference.id} shows {fresh.removed} thing(s) that are gone now",
                f"区域 {name}：{reference.id} 中的 {fresh.removed} 件物品现在不见了",
            )
