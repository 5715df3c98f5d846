"""Another model over a corpus: its boxes beside those of then, and what would have been decided with them."""

from dataclasses import replace

import pytest

from edge_agent.core.events import SceneSeen
from edge_agent.core.records import Detection
from edge_agent.corpus import second_look
from edge_agent.corpus.plan import Boxes, Job, Redetection
from edge_agent.corpus.second_look import look_again
from edge_agent.corpus.work import work
from edge_agent.errors import ConfigError
from edge_agent.journal.opening import open_all
from tests.corpus_runs.recordings import a_plan
from tests.test_redetecting import (  # noqa: F401 - fixtures are found by their names
    BOXES,
    LOOKS,
    Finder,
    record,
    site,
    street_video,
)

TABLE = Detection("table", "evidence", 500, 700, 0, 800, 90)


@pytest.fixture
def looks(monkeypatch):
    """`looks(detector)`: whoever is asked for a detector gets this one."""
    return lambda detector: monkeypatch.setattr(second_look, "_detector", lambda _settings: detector)


def seen(recordings):
    """As a replay reads them."""
    happened = (event for one in recordings for _number, event in one.numbered())
    return [event for event in happened if isinstance(event, SceneSeen)]


def again(folder, site, detector, looks, asked=Redetection()):  # noqa: F811, B008 - frozen
    looks(detector)
    return look_again(open_all(folder), site, asked, lambda: None)


def test_the_boxes_of_now_take_the_place_of_those_of_then_and_nothing_else_changes(record, site, looks):  # noqa: F811
    folder = record()
    then = seen(open_all(folder))
    looked = again(folder, site, Finder("b", invented=(TABLE,)), looks)
    now = seen(looked.recordings)

    [boxes] = looked.boxes
    assert replace(boxes, things=()) == Boxes("east", LOOKS, 0, 0, BOXES, 0, LOOKS, 0, "street-1")
    assert [(one.zone, one.label, one.then, one.now) for one in boxes.things] == [
        ("", "goods_pile", BOXES, BOXES),
        ("", "table", 0, LOOKS),
        ("front", "goods_pile", BOXES, BOXES),
    ]
    assert len(now) == len(then) == LOOKS
    for before, after in zip(then, now, strict=True):
        assert len(after.detections) == len(before.detections) + 1
        assert after.model_sha256 == "b" * 64
        assert replace(after, detections=before.detections, model_sha256=before.model_sha256) == before


def test_a_picture_whose_video_is_missing_keeps_its_boxes_of_then(record, site, looks):  # noqa: F811
    last = max(record(cut=(13,)).glob("*.mcap"))
    looked = again(last, site, Finder("b"), looks)
    models = [event.model_sha256[0] for event in seen(looked.recordings)]

    [boxes] = looked.boxes
    assert boxes.not_recorded > 0
    assert models == ["a"] * boxes.not_recorded + ["b"] * boxes.pictures


def test_a_recording_without_video_is_replayed_as_it_is_and_says_so(record, site, looks):  # noqa: F811
    looked = again(record(video=False), site, Finder("b"), looks)

    assert looked.boxes == ()
    assert "no video" in looked.why_not
    assert {event.model_sha256[0] for event in seen(looked.recordings)} == {"a"}


def test_the_row_of_a_recording_has_its_boxes(record, looks):  # noqa: F811
    looks(Finder("b", least=10**6))
    files = tuple(map(str, sorted(record().glob("*.mcap"))))
    result = work(Job("street", files, "0" * 64, "k", 1), a_plan(redetection=Redetection())).result

    assert result.state == "done"
    assert (result.boxes[0].removed, result.boxes[0].same) == (BOXES, 0)


def test_a_model_that_is_not_there_is_a_row_that_says_so(record, tmp_path):  # noqa: F811
    files = tuple(map(str, sorted(record().glob("*.mcap"))))
    asked = Redetection(str(tmp_path / "gone.onnx"), "", "a" * 64)
    result = work(Job("street", files, "0" * 64, "k", 1), a_plan(redetection=asked)).result

    assert result.state == "failed"
    assert "gone.yaml" in result.problem


def test_another_model_is_loaded_with_its_own_class_map(record, site, tmp_path):  # noqa: F811
    with pytest.raises(ConfigError, match=r"other\.yaml"):
        look_again(
            open_all(record()), site, Redetection(str(tmp_path / "other.onnx"), "", "a" * 64), lambda: None
        )
