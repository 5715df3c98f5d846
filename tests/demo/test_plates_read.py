"""What the demo says of plates read on the box is counted in the journal, and held against the truth."""

from edge_agent.core.events import PlatesDone, PlateSeen, Tick
from edge_agent.core.records import ReadingMeans
from edge_agent.core.units import S
from edge_agent.demo.plates_read import plates_read


def passage(at, plate, lane="1", *, overweight=False):
    camera_at = {"cam1": None if at is None else at * S}
    return {"overweight": overweight, "camera_at": camera_at, "lane": lane, "plate": plate, "plate_rear": ""}


TRUTH = [
    passage(10, "沪A12345", overweight=True),
    passage(14, "京B54321"),
    passage(None, "京C54321"),
    passage(13, "京D54321", lane="2"),
]


class Recorded:
    def __init__(self, *events):
        self._events = events

    def events(self):
        return iter(self._events)


def read(at, text="沪A12345", request="c1"):
    return PlateSeen(20 * S, "cam1", "1", None, text, 900, request=request, captured_at=at)


def done(request="c1", decoded=20, pictures=3):
    return PlatesDone(21 * S, request, means=ReadingMeans((), (), decoded, pictures))


def test_vehicles_pictures_and_names_are_counted():
    found = plates_read(
        [
            Recorded(Tick(1), read(10 * S), read(10 * S), done()),
            Recorded(read(10 * S, ""), done("c2", 10, 2)),
        ],
        TRUTH,
    )

    assert found == {
        "asked": 2,
        "named": 1,
        "of_vehicles_within_limits": 0,
        "decoded_each": 15.0,
        "read_each": 2.5,
    }


def test_a_read_of_somebody_within_limits_is_counted_whatever_it_says():
    found = plates_read([Recorded(read(13 * S, "京B00000"), done())], TRUTH)

    assert found["of_vehicles_within_limits"] == 1


def test_somebody_else_s_plate_is_counted_whenever_it_is_said():
    assert plates_read([Recorded(read(10 * S, "京B54321"), done())], TRUTH)["of_vehicles_within_limits"] == 1


def test_reads_that_a_camera_pushed_are_not_the_box_s():
    pushed = PlateSeen(20 * S, "cam1", "1", None, "沪A12345", 900)

    assert plates_read([Recorded(pushed)], TRUTH)["named"] == 0


def test_a_request_without_a_vehicle_counts_with_nothing_read():
    found = plates_read([Recorded(PlatesDone(1, "c1", "no vehicle was seen"))], TRUTH)

    assert (found["asked"], found["decoded_each"]) == (1, 0.0)
