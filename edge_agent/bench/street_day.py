"""One simulated day lived through: rendered pictures in, the box's conclusions out, both beside the truth.

Everything right of the camera's decoder is the real thing: accepted references in a bank on disk, the view
registered, the stationary-object layer, the detector, and the core's `Site`. Pictures are fed one a second
of the day's own time; while the camera is away none is, and the core is told as the camera would tell it.
The rule's times, and those of the layer, are scaled to the day's; everything else has its default.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from edge_agent.bench.street_beside import beside_truth
from edge_agent.bench.street_eyes import Eyes, NetworkEyes, TrueEyes
from edge_agent.bench.street_site import ACCEPTED_AT
from edge_agent.core.decisions import Decision, TakePictures
from edge_agent.core.events import Captured, ClockSource, ClockStatus, DeviceChanged, Event, Started, Tick
from edge_agent.core.records import Picture
from edge_agent.core.site import Site
from edge_agent.core.site_settings import SiteSettings
from edge_agent.core.street.settings import RuleSettings
from edge_agent.core.units import MS, Ns, S
from edge_agent.demo.references import accept_references
from edge_agent.devices.scene.bank import ReferenceBank
from edge_agent.devices.scene.pixels import opencv
from edge_agent.devices.scene.scene import Scene
from edge_agent.devices.scene.settings import BankSettings, LayerSettings, SceneSettings
from edge_agent.sim.street.day import DayProfile, drawn_zones, generate_day
from edge_agent.sim.street.script import StreetDay
from edge_agent.sim.street.zones import ShopZone

CAMERA = "street"
PERIOD_S = 1
ARRIVAL = 80 * MS  # a picture is looked at so long after it was taken
CLOCK_EVERY_S = 60
NOON_UTC = 1_781_496_000 * S  # 2026-06-15 12:00 in Beijing


@dataclass(frozen=True, slots=True)
class Plan:
    """What days, and who looks at them."""

    length_s: int = 180
    stay_s: int = 12
    detector: str = "model"  # model | truth
    model: str = "models/street-synthetic.onnx"

    @property
    def profile(self) -> DayProfile:
        """Of the simulated days."""
        return DayProfile(length_s=self.length_s, stay_s=self.stay_s)

    @property
    def rule(self) -> RuleSettings:
        """The default rule, its times scaled from a stay of 300 s to the day's.

        What walks by does so at its own pace: the gap is not scaled below what a passer needs.
        """
        scale = self.stay_s / 300
        return RuleSettings.model_validate(
            {
                "stay_s": self.stay_s,
                "candidate_s": max(3, round(60 * scale)),
                "settle_s": 2,
                "gap_s": max(4, round(30 * scale)),
                "unloading_grace_s": max(36, round(900 * scale)),
                "clear_s": max(6, round(120 * scale)),
                "cooldown_s": round(1_800 * scale),
                "recheck_s": round(900 * scale),
                "picture_spacing_s": max(2, round(60 * scale)),
                "hours": {"enforce": []},
            }
        )

    @property
    def scene(self) -> SceneSettings:
        """A street's light changes over many minutes, here in seconds: layer and bank follow."""
        return SceneSettings(
            layer=LayerSettings(settle_ms=2_000, slow_s=20),
            bank=BankSettings(patience_s=3),
        )

    def eyes(self) -> Eyes:
        """The detector."""
        return TrueEyes() if self.detector == "truth" else NetworkEyes(Path(self.model))


@dataclass
class Cpu:
    """Seconds of CPU by stage."""

    spent: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        """Count what is done within."""
        before = time.thread_time()
        yield
        self.spent[stage] += time.thread_time() - before  # type: ignore[assignment]  # seconds, not a count


class Box:
    """The core, its clock and a camera that takes every picture it is asked for."""

    def __init__(self, plan: Plan, zones: tuple[ShopZone, ...], boot: str) -> None:
        self.said: list[Decision] = []
        self.site = Site(_settings(plan, zones))
        self._step(Started(Ns(0), boot, "bench", "0" * 64))
        self._clock_at = Ns(0)
        self._step(_clock(Ns(0)))

    def step(self, event: Event) -> None:
        """Live up to the event and through it."""
        while self.site.deadline is not None and self.site.deadline < event.at:
            self._step(Tick(self.site.deadline))
        if event.at - self._clock_at >= CLOCK_EVERY_S * S:
            self._clock_at = event.at
            self._step(_clock(event.at))
        self._step(event)

    def _step(self, event: Event) -> None:
        for decision in self.site.step(event):
            self.said.append(decision)
            if isinstance(decision, TakePictures):
                self._step(_captured(decision, event.at))


def live_day(seed: int, plan: Plan, eyes: Eyes) -> dict[str, Any]:
    """One day from its seed to a row of JSON: what was true, what was said, what it cost."""
    opencv().setNumThreads(1)
    cpu = Cpu()
    with cpu.of("script"):
        day = generate_day(seed, plan.profile)
    zones = drawn_zones(day.scene)
    box = Box(plan, zones, f"s{seed}")
    with TemporaryDirectory() as folder:
        with cpu.of("script"):
            bank = ReferenceBank(Path(folder), CAMERA)
            accept_references(day, bank, "bench", ACCEPTED_AT)
            scene = Scene(CAMERA, plan.scene, [z.polygon for z in zones], bank)
        pictures = _watch(day, box, scene, eyes, cpu)
    box.step(Tick(Ns(day.length_ns + S)))
    with cpu.of("script"):
        row = beside_truth(day, zones, plan.rule, box.said)
    row |= {"seed": seed, "notes": list(day.notes), "pictures": pictures, "cpu_s": dict(cpu.spent)}
    return row


def _watch(day: StreetDay, box: Box, scene: Scene, eyes: Eyes, cpu: Cpu) -> int:
    up, pictures = True, 0
    for second in range(0, day.length_ns // S, PERIOD_S):
        at = Ns(second * S)
        if day.camera_up(at) != up:
            up = not up
            state = "up" if up else "down"
            box.step(DeviceChanged(at, f"camera/{CAMERA}", state, ""))
        if not up:
            continue
        with cpu.of("render"):
            image = day.render(at)
        with cpu.of("detect"):
            found = eyes.see(day, at, image, scene.crop)
        with cpu.of("look"):
            seen = scene.look(image, at, Ns(30 * MS), found, eyes.model_sha256, Ns(at + ARRIVAL))
        with cpu.of("core"):
            box.step(seen)
        pictures += 1
    return pictures


def _settings(plan: Plan, zones: tuple[ShopZone, ...]) -> SiteSettings:
    street = {
        "shops": {zone.name: {} for zone in zones},
        "rules": {"shopfront": plan.rule.model_dump(mode="json")},
        "cameras": {
            CAMERA: {
                "zones": {
                    zone.name: {
                        "rule": "shopfront",
                        "shop": zone.name,
                        "polygon": zone.polygon,
                        "door_line": zone.door_line,
                        "metric": {
                            "quad": zone.quad,
                            "sides_mm": zone.sides_mm,
                            "diagonal_mm": zone.diagonal_mm,
                        },
                    }
                    for zone in zones
                }
            }
        },
        "coverage_s": 60,
    }
    return SiteSettings.model_validate({"id": "bench", "legal": {}, "street": street})


def _clock(at: Ns) -> ClockStatus:
    return ClockStatus(at, Ns(NOON_UTC), ClockSource.NTP, synced=True, offset=Ns(0), est_error=Ns(10 * MS))


def _captured(take: TakePictures, at: Ns) -> Captured:
    """As the picture worker would answer."""
    pictures = tuple(
        Picture(
            s.role, f"{take.request}-{s.role}".ljust(64, "0"), 9, "image/jpeg", 640, 360, s.time, take.camera
        )
        for s in take.shots
    )
    return Captured(at, take.request, take.camera, pictures, tuple(() for _ in pictures), "0" * 64)
