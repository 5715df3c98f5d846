"""One worker for all street cameras: together through the detector, each on its own when it fails."""

import shutil
import threading
from dataclasses import dataclass

import numpy as np
import pytest

from edge_agent.core.decisions import Watch
from edge_agent.core.events import DeviceChanged, SceneSeen
from edge_agent.core.units import Ns, S
from edge_agent.devices.scene import Scene, SceneCamera, SceneSettings, SceneWorker
from edge_agent.devices.scene.bank import MANIFEST, ReferenceBank
from edge_agent.devices.scene.renewal import Renewal
from edge_agent.devices.scene.worker import GOOD_AFTER, TROUBLE_AFTER


@dataclass
class Picture:
    image: object
    captured_at: Ns
    uncertainty: int = 5


class Source:
    """A sampler with pictures laid into it."""

    def __init__(self):
        self.waiting = []
        self.paced = []
        self.broken = None

    def take(self):
        if self.broken:
            raise self.broken
        return self.waiting.pop(0) if self.waiting else None

    def pace(self, period_ms):
        self.paced.append(period_ms)


class Finder:
    """A detector that sees a person wherever it looks, and fails on black pictures."""

    model_sha256 = "5" * 64

    def __init__(self, street):
        self.street = street
        self.batches = []

    def detect(self, images):
        self.batches.append([image.shape for image in images])
        if any(not image.any() for image in images):
            raise RuntimeError("black")
        return tuple((self.street.detection("person", 0, 0, 480, 270),) for _ in images)


@pytest.fixture
def box(street, bank_of):
    """Three cameras without threads: `box.worker.look()` is one turn."""

    class Box:
        clock = Ns(10 * S)
        told: list = []  # noqa: RUF012 one box a test
        finder = Finder(street)
        sources = {name: Source() for name in ("a", "b", "c")}  # noqa: RUF012 same

    Box.told = []
    Box.woken = threading.Event()
    bank = bank_of(street.paved())
    Box.worker = SceneWorker(
        {
            name: SceneCamera(source, Scene(name, SceneSettings(), (street.ZONE,), bank))
            for name, source in Box.sources.items()
        },
        Box.finder,
        Box.told.append,
        lambda: Box.clock,
        Box.woken,
    )
    return Box


def test_pictures_of_all_cameras_go_through_the_detector_together(box, street):
    for source in box.sources.values():
        source.waiting.append(Picture(street.paved(), Ns(9 * S)))

    assert box.worker.look() == 3
    assert box.worker.look() == 0

    assert [len(batch) for batch in box.finder.batches] == [3]
    assert [event.camera for event in box.told] == ["a", "b", "c"]
    seen = box.told[0]
    assert (seen.at, seen.captured_at, seen.captured_sd) == (10 * S, 9 * S, 5)
    assert seen.model_sha256 == "5" * 64
    assert [d.label for d in seen.detections] == ["person"]


def test_a_picture_that_the_detector_chokes_on_costs_only_its_own_camera(box, street):
    box.sources["a"].waiting.append(Picture(street.paved(), Ns(9 * S)))
    box.sources["b"].waiting.append(Picture(np.zeros((270, 480, 3), np.uint8), Ns(9 * S)))
    box.sources["c"].waiting.append(Picture(street.paved(), Ns(9 * S)))

    box.worker.look()

    seen = {event.camera: event for event in box.told if isinstance(event, SceneSeen)}
    assert [len(seen[name].detections) for name in "abc"] == [1, 0, 1]
    assert (seen["b"].model_sha256, seen["b"].still) == ("", ())
    [trouble] = [event for event in box.told if isinstance(event, DeviceChanged)]
    assert (trouble.device, trouble.state) == ("scene/b", "degraded")
    assert "black" in trouble.detail


def test_a_camera_whose_picture_is_no_picture_is_told_once_and_again_when_it_recovers(box, street):
    for _ in range(3):
        box.sources["a"].waiting.append(Picture("rubbish", Ns(9 * S)))
    box.sources["b"].waiting += [Picture(street.paved(), Ns(k * S)) for k in range(9, 12)]
    box.sources["a"].waiting.append(Picture(street.paved(), Ns(12 * S)))

    for _ in range(4):
        box.worker.look()

    changes = [(event.device, event.state) for event in box.told if isinstance(event, DeviceChanged)]
    assert changes == [("scene/a", "degraded"), ("scene/a", "up")]
    assert [event.camera for event in box.told if isinstance(event, SceneSeen)] == ["b", "b", "b", "a"]
    assert (box.worker.counts["a"].failed, box.worker.counts["a"].looked) == (3, 1)


def test_a_sampler_that_raises_stops_no_other(box, street):
    box.sources["a"].broken = OSError("gone")
    box.sources["b"].waiting.append(Picture(street.paved(), Ns(9 * S)))

    box.worker.look()

    assert [type(event).__name__ for event in box.told] == ["DeviceChanged", "SceneSeen"]


def test_the_core_s_cadence_reaches_the_sampler_and_only_that_one(box):
    box.worker.pace(Watch(Ns(0), "b", 1_000))
    box.worker.pace(Watch(Ns(0), "unknown", 1_000))

    assert [box.sources[name].paced for name in "abc"] == [[], [1_000], []]


def test_the_reference_in_use_is_handed_out_as_it_was_accepted(box, street):
    assert box.worker.reference_picture("a") == (street.jpeg(street.paved()), 480, 270)
    assert box.worker.reference_picture("unknown") is None


def test_a_reference_that_shows_what_is_gone_is_told_and_so_is_its_recovery(street, bank_of):
    told, source = [], Source()
    ground = street.paved()
    scene = Scene("a", SceneSettings(), (street.ZONE,), bank_of(street.with_box(ground, 200, 150, 46, 40)))
    worker = SceneWorker(
        {"a": SceneCamera(source, scene)}, None, told.append, lambda: Ns(0), threading.Event()
    )
    source.waiting += [Picture(street.taken(ground, seed=k), Ns(k * S)) for k in range(1, TROUBLE_AFTER + 20)]
    back = street.with_box(ground, 200, 150, 46, 40)
    source.waiting += [
        Picture(street.taken(back, seed=k), Ns(k * S)) for k in range(TROUBLE_AFTER + 20, 160 + GOOD_AFTER)
    ]

    while worker.look():
        pass

    changes = [(event.device, event.state) for event in told if isinstance(event, DeviceChanged)]
    assert changes == [("reference/a", "degraded"), ("reference/a", "up")]
    assert all(event.still == () for event in told if isinstance(event, SceneSeen))


def test_the_thread_looks_when_it_is_woken_and_ends_when_it_is_closed(box, street, eventually):
    box.worker.start()
    box.sources["c"].waiting.append(Picture(street.paved(), Ns(9 * S)))
    box.woken.set()

    eventually(lambda: len(box.told) == 1)
    box.worker.close()

    assert not box.worker._thread.is_alive()


def test_a_picture_that_is_accepted_later_is_compared_with_from_then_on(street, bank_of, tmp_path):
    source, told = Source(), []
    folder = tmp_path / "later"
    make = lambda: Scene("a", SceneSettings(), (street.ZONE,), ReferenceBank(folder, "a"))  # noqa: E731
    renewal = Renewal(folder / "a" / MANIFEST, make)
    worker = SceneWorker(
        {"a": SceneCamera(source, make(), renewal)}, None, told.append, lambda: Ns(0), threading.Event()
    )
    worker.renew()
    assert told == []

    accepted = bank_of(street.paved())
    shutil.copytree(accepted.folder, folder / "a")
    worker.renew()
    worker.renew()
    assert [(event.device, event.state) for event in told] == [("reference/a", "up")]
    source.waiting.append(Picture(street.paved(), Ns(9 * S)))
    worker.look()
    assert told[-1].view.reference == accepted.active[0].sha256

    (folder / "a" / MANIFEST).write_text("{}")
    worker.renew()
    worker.renew()
    assert [event.state for event in told if isinstance(event, DeviceChanged)] == ["up", "degraded"]
    source.waiting.append(Picture(street.paved(), Ns(10 * S)))
    worker.look()
    assert told[-1].view.reference == accepted.active[0].sha256  # what was good goes on
