"""The worker: which vehicle is read, in which pictures, and what is said of the others."""

from dataclasses import dataclass

import numpy as np
import pytest

from edge_agent.core.decisions import ReadPlates
from edge_agent.core.events import PlatesDone, PlateSeen
from edge_agent.core.records import Detection
from edge_agent.core.units import MS, S
from edge_agent.devices.camera.frame import Frame
from edge_agent.devices.camera.settings import CameraSettings
from edge_agent.devices.detector.boxes import stands_in
from edge_agent.devices.plate_reader.reader import Reading
from edge_agent.devices.plate_reader.settings import PlateReaderSettings
from edge_agent.devices.plate_reader.spelling import Spelling
from edge_agent.devices.plate_reader.strips import Region
from edge_agent.devices.plate_reader.worker import PlateWorker

VIEW = {"polygon": [[0.1, 0.2], [0.9, 0.2], [0.9, 1.0], [0.1, 1.0]], "line": [[0.1, 0.6], [0.9, 0.6]]}
NARROW = VIEW | {"polygon": [[0.1, 0.2], [0.6, 0.2], [0.6, 1.0], [0.1, 1.0]]}
WIDTH, HEIGHT = 1_000, 500


@dataclass
class Vehicle:
    """Drives down the picture: its foot is on the line at `at`; `shade` is the grey it is painted in."""

    at: int
    shade: int
    pace: int = 4  # permille every 10 ms
    left: int = 300

    def box(self, t):
        foot = 600 + self.pace * (t - self.at) // (10 * MS)
        return (self.left, max(0, foot - 350), self.left + 300, min(1000, foot)) if 0 < foot < 1_300 else None


class Road:
    """A camera, a detector and a reader over the same vehicles."""

    id = "cam1"

    def __init__(self, *vehicles, plates=None, view=VIEW, held=True):
        self.settings = CameraSettings(url="rtsp://192.0.2.1/1", views={"1": view})
        self.vehicles, self.plates, self.held = vehicles, plates or {}, held
        self.read_shades = []
        self.models = (("recogniser", "a" * 64),)
        self.model_sha256 = "d" * 64
        self.now = 100 * S

    def wait_for(self, _t, _until):
        return self.held

    def frames_at(self, times, tolerance=0, max_width=0):
        return [Frame(self._drawn(t), t, 10 * MS) if self.held else None for t in times]

    def _drawn(self, t):
        image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        for vehicle in self.vehicles:
            if box := vehicle.box(t):
                x0, y0, x1, y1 = box
                image[y0 * HEIGHT // 1000 : y1 * HEIGHT // 1000, x0:x1] = vehicle.shade
        return image

    def detect(self, images, lane=()):
        assert lane
        return tuple(tuple(self._seen(image, lane)) for image in images)

    def _seen(self, image, lane):
        for vehicle in self.vehicles:
            ys, xs = np.nonzero((image == vehicle.shade).all(axis=2))
            if len(ys):
                edges = (xs.min(), ys.min() * 1000 // HEIGHT, xs.max() + 1, (ys.max() + 1) * 1000 // HEIGHT)
                yield Detection(
                    "truck", "evidence", 900, *map(int, edges), in_lane=stands_in(lane, *map(int, edges))
                )

    def read(self, crop):
        shade = int(np.median(crop[crop.any(axis=2)]))
        self.read_shades.append(shade)
        said = self.plates.get(shade)
        if said is None:
            return None
        texts = said(len(self.read_shades)) if callable(said) else said
        corners = np.array([[10, 10], [60, 10], [60, 26], [10, 26]], np.float32)
        plates = tuple(Spelling(*t) for t in texts)
        confidences = tuple(plate.likelihood for plate in plates)
        return Reading(plates, Region(corners, 0.9), crop[10:26, 10:60], 1, confidences)


def carried_out(road, predicted=10 * S, half=800 * MS, side="front", **settings):
    staged = []
    worker = PlateWorker(
        {"cam1": road},
        road,
        road,
        PlateReaderSettings(**settings),
        lambda data: staged.append(data) or f"{len(staged):064d}",
        lambda event: None,
        lambda: road.now,
    )
    request = ReadPlates(12 * S, "c1", "cam1", "1", predicted - half, predicted + half, predicted, side)
    *reads, done = worker.carry_out(request)
    assert isinstance(done, PlatesDone)
    assert done.request == "c1"
    assert all(isinstance(read, PlateSeen) and read.request == "c1" for read in reads)
    return reads, done, staged


SAID = (("沪A12345", 0.97), ("沪A12346", 0.02))


def test_the_vehicle_is_read_until_two_pictures_are_sure_and_timed_by_the_line():
    road = Road(Vehicle(10 * S + 70 * MS, 200), plates={200: SAID})

    reads, done, staged = carried_out(road)

    assert [read.text for read in reads] == ["沪A12345"] * 2
    assert all(abs(read.captured_at - (10 * S + 70 * MS)) < 15 * MS for read in reads)
    assert all(0 < read.captured_sd < 40 * MS for read in reads)
    assert {(read.direction, read.side, read.lane, read.event_id) for read in reads} == {
        ("approaching", "front", "1", "c1/1")
    }
    assert reads[0].alternatives == (("沪A12346", 20),)
    assert (done.means.read, done.means.models) == (2, (("vehicle detector", "d" * 64), *road.models))
    assert dict(done.means.thresholds)["pictures"] == 5
    [with_pictures] = [read for read in reads if read.pictures]
    assert [picture.role for picture in with_pictures.pictures] == ["plate", "plate_view"]
    assert len(staged) == 2


def test_nobody_else_s_plate_is_ever_looked_at():
    road = Road(
        Vehicle(10 * S, 200, left=100), Vehicle(10 * S + 600 * MS, 90, left=500), plates={200: SAID, 90: SAID}
    )

    reads, _, _ = carried_out(road)

    assert set(road.read_shades) == {200}
    assert [(read.text, read.event_id) for read in reads] == [
        ("沪A12345", "c1/1"),
        ("沪A12345", "c1/1"),
        ("", "c1/2"),
    ]
    assert abs(reads[-1].captured_at - (10 * S + 600 * MS)) < 15 * MS
    assert reads[-1].pictures == ()


def test_pictures_that_do_not_agree_are_followed_by_more_up_to_the_limit():
    one, other = (("沪A12345", 0.8),), (("沪A12346", 0.8),)
    road = Road(Vehicle(10 * S, 200), plates={200: lambda n: one if n % 2 else other})

    reads, done, _ = carried_out(road, pictures=4)

    assert [read.text for read in reads] == ["沪A12345", "沪A12346", "沪A12345", "沪A12346"]
    assert done.means.read == 4


def test_what_cannot_be_read_comes_with_its_picture_and_without_a_text():
    reads, done, _ = carried_out(Road(Vehicle(10 * S, 200)))

    [read] = reads
    assert (read.text, read.confidence) == ("", 0)
    assert [picture.role for picture in read.pictures] == ["plate_view"]
    assert done.problem == ""


def test_a_scratch_that_spells_some_plate_is_no_read():
    road = Road(Vehicle(10 * S, 200), plates={200: lambda n: SAID if n == 2 else (("沪Z00000", 0.05),)})

    reads, _, _ = carried_out(road)

    assert [read.text for read in reads] == ["沪A12345"]


def test_time_that_is_up_ends_after_as_many_pictures_as_are_enough():
    class Slow(Road):
        def read(self, crop):
            self.now += 2 * S
            return super().read(crop)

    reads, _, _ = carried_out(Slow(Vehicle(10 * S, 200), plates={200: (("沪A12345", 0.5),)}))

    assert len(reads) == 2


@pytest.mark.parametrize(
    ("road", "said"),
    [
        (Road(), "no vehicle was seen"),
        (Road(Vehicle(14 * S, 200), plates={200: SAID}), "no vehicle was seen"),
        (Road(Vehicle(10 * S, 200, pace=0), plates={200: SAID}), "no vehicle was seen"),
        (Road(Vehicle(10 * S, 200, pace=-4), plates={200: SAID}), "no vehicle was seen"),
        (Road(Vehicle(10 * S, 200, left=690), plates={200: SAID}, view=NARROW), "no vehicle was seen"),
        (Road(Vehicle(10 * S, 200), held=False), "holds no picture"),
    ],
)
def test_where_there_is_nothing_to_read_that_is_said(road, said):
    reads, done, _ = carried_out(road)

    assert reads == []
    assert said in done.problem
    assert done.means is None
    assert road.read_shades == []


def test_who_was_there_when_another_was_expected_is_not_read():
    """The detector missed the one that was weighed; who follows it is nobody's business."""
    road = Road(Vehicle(10 * S + 600 * MS, 90), plates={90: SAID})

    reads, done, _ = carried_out(road)

    assert [(read.text, read.pictures) for read in reads] == [("", ())]
    assert "nobody was at the reading line" in done.problem
    assert road.read_shades == []


@pytest.mark.parametrize("left", [480, 550])
def test_a_neighbour_in_the_corner_of_its_box_is_painted_over(left):
    """Its own plate is covered; the neighbour's must not be taken for it."""
    beside = Vehicle(10 * S + 60 * MS, 90, left=left)
    road = Road(Vehicle(10 * S, 200), beside, plates={90: SAID})

    reads, _, _ = carried_out(road)

    assert 90 not in road.read_shades
    assert {read.text for read in reads} == {""}


def test_the_sharpest_picture_is_read_first():
    striped = []

    class Focusing(Road):
        """Once its stripes are in focus; else they run into one grey."""

        def _drawn(self, t):
            image = super()._drawn(t)
            if abs(t - (10 * S + 720 * MS)) < 40 * MS:
                stripes = np.arange(HEIGHT) // 8 % 2 == 0
                image[stripes] = np.where(image[stripes] == 200, np.uint8(255), image[stripes])
            return image

        def _seen(self, image, lane):
            yield from super()._seen(np.where(image == 255, np.uint8(200), image), lane)

        def read(self, crop):
            striped.append(bool((crop == 255).any()))
            return super().read(np.where(crop == 255, np.uint8(200), crop))

    carried_out(Focusing(Vehicle(10 * S, 200), plates={200: (("沪A12345", 0.5),)}))

    assert striped[0]
    assert not striped[-1]


def test_the_lower_part_of_the_vehicle_is_looked_at():
    heights = []

    class Tall(Road):
        def read(self, crop):
            heights.append(crop.shape[0])
            return super().read(crop)

    carried_out(Tall(Vehicle(10 * S, 200), plates={200: SAID}))

    assert all(height <= 0.75 * 350 * HEIGHT / 1000 for height in heights)


def test_a_picture_that_the_ring_has_dropped_is_not_replaced_by_another():
    class Forgetful(Road):
        def frames_at(self, times, tolerance=0, max_width=0):
            frames = super().frames_at(times, tolerance, max_width)
            if max_width:
                return frames
            return [Frame(frame.image, 10 * S, 10 * MS) for frame in frames]  # the only one it still has

    reads, done, _ = carried_out(Forgetful(Vehicle(10 * S + 70 * MS, 200), plates={200: SAID}))

    assert done.means.read <= 1
    assert len(reads) == 1


def test_looking_takes_half_of_the_time_at_most():
    class Slow(Road):
        def detect(self, images, lane=()):
            self.now += 200 * MS
            return super().detect(images, lane)

    road = Slow(Vehicle(10 * S, 200), plates={200: SAID})
    begun = road.now

    reads, _, _ = carried_out(road, budget_ms=2_500)

    assert road.now - begun <= 1_500 * MS
    assert [read.text for read in reads] == ["沪A12345"] * 2


def submitted(road, request, eventually):
    told = []
    worker = PlateWorker(
        {"cam1": road}, road, road, PlateReaderSettings(), lambda _: "0" * 64, told.append, lambda: road.now
    )
    worker.start()
    worker.submit(request)
    eventually(lambda: told)
    worker.close()
    return told


@pytest.mark.parametrize(
    ("camera", "lane", "view", "said"),
    [
        ("cam9", "1", VIEW, "cam9"),
        ("cam1", "2", VIEW, "lane '2'"),
        ("cam1", "1", {"polygon": VIEW["polygon"]}, "no reading line"),
    ],
)
def test_what_cannot_be_carried_out_is_answered_at_once(camera, lane, view, said, eventually):
    request = ReadPlates(1, "c1", camera, lane, 0, 2, 1, "front")

    [done] = submitted(Road(view=view), request, eventually)

    assert said in done.problem


def test_a_reader_that_fails_costs_one_answer_and_not_the_worker(eventually):
    class Broken(Road):
        def read(self, crop):
            raise RuntimeError("out of memory")

    road, told = Broken(Vehicle(10 * S, 200)), []
    worker = PlateWorker(
        {"cam1": road}, road, road, PlateReaderSettings(), lambda _: "0" * 64, told.append, lambda: road.now
    )
    worker.start()
    for name in ("c1", "c2"):
        worker.submit(ReadPlates(1, name, "cam1", "1", 9 * S, 11 * S, 10 * S, "front"))
    eventually(lambda: len(told) == 2)
    worker.close()

    assert [event.problem for event in told] == ["RuntimeError: out of memory"] * 2
