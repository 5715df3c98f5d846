"""One camera's pictures as pictures: covered, dark, blurred, moved, too small for plates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge_agent.config.settings import SiteConfig
from edge_agent.config.street import StreetCameraConfig
from edge_agent.core.scene import View
from edge_agent.core.street.fitness import UNKNOWN_MPX, unfit
from edge_agent.core.street.settings import FitSettings
from edge_agent.core.units import MS, Ns
from edge_agent.devices.camera.settings import CameraSettings, ViewSettings
from edge_agent.devices.plate_reader.view_check import check_view, detail_of
from edge_agent.devices.scene import view
from edge_agent.devices.scene.bank import ReferenceBank
from edge_agent.devices.scene.pixels import Image, shrink
from edge_agent.devices.scene.scene import OTHER_LIGHT, Scene
from edge_agent.doctor.cover import is_covered
from edge_agent.doctor.finding import Finding, State
from edge_agent.doctor.observed import WATCH_S
from edge_agent.doctor.same_light import same_light
from edge_agent.errors import ConfigError

# Edges that rise half as steeply as the accepted picture's are out of focus, whatever is seen.
SOFT = 0.5
# More of the picture than this at the top of the scale: a wall of light, or an exposure that is set wrong.
BURNT_SHARE, BURNT_LEVEL = 0.3, 250
# Red, green and blue of a picture without colour differ by rounding only.
GREY = 6
# Of a main road's lane, where nothing better is known (`plates check` takes it too).
LANE_WIDTH_MM = 3_750
# How far plates may be misread before anything is bought for it: `small` and `blurred` stand against reading.
AGAINST = {"small": State.FAULT, "rather_small": State.WARNING, "blurred": State.WARNING}
# What `core/street/fitness.py` calls it -> what the doctor does.
UNFIT = {
    "overexposed": "camera.overexposed",
    "covered": "camera.flat",
    "dark": "camera.dark",
    "no_reference": "camera.no_reference",
    "shifted": "camera.moved",
    "blurred": "camera.blurred",
}
# A road without a vehicle may be as flat as it likes.
OF_A_ROAD = FitSettings(contrast_min=0)


def of_street(
    subject: str, name: str, camera: StreetCameraConfig, references: Path, pictures: Sequence[Image]
) -> Iterator[Finding]:
    """Against what a person accepted as the clear pavement, with the core's own measure of what is fit."""
    base = {"camera": name}
    plain = _plain(subject, base, pictures, camera.fit)
    if plain is not None:
        yield plain
        return
    try:
        bank = ReferenceBank(references, name)
        scene = Scene(name, camera.scene, [zone.polygon for zone in camera.zones.values()], bank)
    except ConfigError as problem:
        reason = problem.problems[0].reason
        yield Finding("camera.reference_refused", subject, State.FAULT, {**base, "problem": reason})
        return
    apart = round(WATCH_S * 1000 / len(pictures)) * MS
    views = [_looked_at(scene, image, Ns(k * apart)) for k, image in enumerate(pictures)]
    reason, seen = _commonest([(unfit(one, camera.fit), one) for one in views])
    if not reason:
        yield from _burnt(subject, base, pictures)
        return
    shift_px = None if seen.shift_mpx >= UNKNOWN_MPX else round(seen.shift_mpx / 1000, 1)
    values = {**base, "sharpness": seen.sharpness, "shift_px": shift_px, "luma": seen.luma}
    if seen.reference and shift_px is None:
        yield _not_laid_over(subject, values, scene, bank, pictures)
        return
    yield Finding(UNFIT[reason], subject, State.FAULT, values)


def _not_laid_over(
    subject: str, values: dict[str, Any], scene: Scene, bank: ReferenceBank, pictures: Sequence[Image]
) -> Finding:
    """Too blurred for it, another view, or another light: then nobody can say whether the view moved too."""
    accepted = [bank.image(reference) for reference in bank.active]
    detail = max(detail_of(shrink(image)) for image in accepted)
    if float(np.median([detail_of(shrink(image)) for image in pictures])) < SOFT * detail:
        return Finding("camera.blurred", subject, State.FAULT, values)
    known = any(same_light(pictures[-1], image) for image in accepted)
    if scene.trouble == OTHER_LIGHT and not known:
        return Finding("camera.other_light", subject, State.WARNING, values)
    return Finding("camera.moved_far", subject, State.FAULT, values)


def of_lanes(
    subject: str, name: str, video: CameraSettings, config: SiteConfig, pictures: Sequence[Image]
) -> Iterator[Finding]:
    """Fit to see vehicles in; and plates, where the box reads them."""
    base = {"camera": name}
    plain = _plain(subject, base, pictures, OF_A_ROAD)
    if plain is not None:
        yield plain
        return
    yield from _burnt(subject, base, pictures)
    reads = config.cameras[name].plates != "push"
    for lane, one in video.views.items():
        speed = config.lanes[lane].scale.envelope.speed_max_mm_s if lane in config.lanes else 0
        yield from _of_view(subject, {**base, "lane": lane}, one, speed, pictures[-1], reads=reads)


def has_colour(pictures: Sequence[Image]) -> bool:
    """False: an infrared picture, as cameras send by night."""
    spread = [np.ptp(shrink(image).astype(np.int16), axis=2) for image in pictures]
    return bool(spread) and float(np.median([np.quantile(one, 0.9) for one in spread])) > GREY


def _plain(subject: str, base: dict[str, Any], pictures: Sequence[Image], fit: FitSettings) -> Finding | None:
    """What needs no reference: nothing to be seen, or too little of it for the core's own measure."""
    unreferenced = fit.model_copy(update={"needs_reference": False})
    views = [view.unregistered("", view.features(shrink(image)).grey, 0) for image in pictures]
    reason, seen = _commonest([(unfit(one, unreferenced), one) for one in views])
    values = {**base, "luma": seen.luma, "contrast": seen.contrast, "least": fit.contrast_min}
    if reason != "overexposed" and is_covered(pictures):
        return Finding("camera.covered", subject, State.FAULT, values)
    return Finding(UNFIT[reason], subject, State.FAULT, values) if reason else None


def _looked_at(scene: Scene, image: Image, at: Ns) -> View:
    # Of the shipped parts nobody says here who moves: the views are judged, no things are looked for.
    return scene.look(image, at, Ns(0), (), "", at, things=False).view


def _commonest(judged: Sequence[tuple[str, View]]) -> tuple[str, View]:
    """What holds for most of the pictures: one lorry before the lens is no cover."""
    reason = Counter(one for one, _ in judged).most_common(1)[0][0]
    return reason, next(seen for one, seen in reversed(judged) if one == reason)


def _burnt(subject: str, base: dict[str, Any], pictures: Sequence[Image]) -> Iterator[Finding]:
    share = float(np.median([(shrink(image).min(axis=2) >= BURNT_LEVEL).mean() for image in pictures]))
    if share > BURNT_SHARE:
        yield Finding("camera.burnt", subject, State.WARNING, {**base, "percent": round(100 * share)})


def _of_view(
    subject: str, base: dict[str, Any], one: ViewSettings, speed: int, image: Image, *, reads: bool
) -> Iterator[Finding]:
    """Focus at the reading line, or in the lane's middle where none is drawn; plates where they are read."""
    line = one.line or _across(one)
    try:
        found = check_view(image, one.polygon, line, LANE_WIDTH_MM, speed, exposure_ms=0)
    except ValueError as refused:
        yield Finding("camera.view", subject, State.FAULT, {**base, "problem": str(refused)})
        return
    asked = found.problems if reads and one.line else tuple(p for p in found.problems if p == "blurred")
    values = {
        **base,
        "character_px": round(found.character_px, 1),
        "plate_px": round(found.plate_px),
        "detail": round(found.detail, 2),
    }
    for problem in asked:
        key = "camera.unsharp" if problem == "blurred" else f"camera.{problem}"
        yield Finding(key, subject, AGAINST[problem], values)


def _across(one: ViewSettings) -> tuple[tuple[float, float], tuple[float, float]]:
    middle = sum(y for _, y in one.polygon) / len(one.polygon)
    return (0.0, middle), (1.0, middle)
