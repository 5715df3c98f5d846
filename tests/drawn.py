"""Drawn streets before the real layer, rule and configuration, with boxes that are the renderer's truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import Decision
from edge_agent.core.events import SceneSeen
from edge_agent.core.records import Detection
from edge_agent.core.site import Site
from edge_agent.core.units import Ns, S
from edge_agent.demo.references import accept_references
from edge_agent.devices.detector.class_map import read_class_map
from edge_agent.devices.scene import ReferenceBank, Scene
from edge_agent.devices.scene.watch import StreetDetector
from edge_agent.sim.street import StreetDay
from tests.storefront import NOON_UTC, live, start

ROOT = Path(__file__).parents[1]
CLASSES = read_class_map(ROOT / "models" / "street-synthetic.yaml")
SIZE = (480, 270)  # what the layer works at
LEAST_VISIBLE = 300  # permille: a detector does not see what is hidden


def true_detections(day: StreetDay, t_ns: int, calls: dict[str, str] | None = None) -> tuple[Detection, ...]:
    """What a detector without a fault would say, through the shipped class map.

    Args:
        day: at the size that is rendered.
        t_ns: instant.
        calls: what it calls a kind instead: a fault.
    """
    wide, tall = day.scene.width, day.scene.height
    out = []
    for _, box in day.true_boxes(t_ns):
        if box.visible_permille < LEAST_VISIBLE:
            continue
        meaning = CLASSES.role_of((calls or {}).get(box.label, box.label))
        across = (round(1000 * x / wide) for x in (box.x_min, box.x_max))
        down = (round(1000 * y / tall) for y in (box.y_min, box.y_max))
        (x0, x1), (y0, y1) = across, down
        if x0 < x1 and y0 < y1:
            out.append(Detection(meaning.label, meaning.role, 900, x0, y0, x1, y1))
    return tuple(out)


class Drawn:
    """A camera of a configuration before a drawn day.

    Args:
        config: the site.
        camera: the one that sees the day.
        day: what is there.
        folder: an empty one, for the references.
        size: of the camera's pictures.
        detector: what names things; None: the renderer's truth does.
    """

    def __init__(
        self,
        config: SiteConfig,
        camera: str,
        day: StreetDay,
        folder: Path,
        size: tuple[int, int] = SIZE,
        detector: StreetDetector | None = None,
    ) -> None:
        self.config = config
        self.day = replace(day, scene=day.scene.sized(*size))
        self._detector = detector
        assert config.street is not None
        chosen = config.street.cameras[camera]
        bank = ReferenceBank(folder, camera)
        accept_references(self.day, bank, "test", "2026-06-15T00:00:00Z")
        self.scene = Scene(camera, chosen.scene, [z.polygon for z in chosen.zones.values()], bank)

    def looks(self, period_s: int, calls: dict[str, str] | None = None) -> Iterator[SceneSeen]:
        """What the box sees, a picture every so many seconds."""
        for t in range(0, self.day.length_ns, period_s * S):
            image = self.day.render(t)
            boxes, model = true_detections(self.day, t, calls), "m" * 64
            if self._detector is not None:
                [found] = self._detector.detect([self.scene.crop.of(image)])
                boxes, model = self.scene.crop.back(found, image), self._detector.model_sha256
            yield self.scene.look(image, Ns(t), Ns(0), boxes, model, Ns(t))

    def decided(self, hour: float, period_s: int, calls: dict[str, str] | None = None) -> list[Decision]:
        """What the site makes of it when the day begins at this hour of a Monday in Beijing."""
        utc = NOON_UTC + round((hour - 12) * 3600 * S)
        stream = [*start(utc_minus_mono=utc), *self.looks(period_s, calls)]
        return live(Site(self.config.core()), stream, utc_minus_mono=utc)
