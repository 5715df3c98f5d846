import numpy as np
import pytest

from edge_agent.devices.detector.backend import Found
from edge_agent.devices.plate_reader.opening import open_reader
from edge_agent.devices.plate_reader.plate_boxes import MOST, PlateBoxes
from edge_agent.devices.plate_reader.settings import PlateReaderSettings
from edge_agent.errors import ConfigError

IMAGE = np.zeros((90, 160, 3), np.uint8)


class Finds:
    sha256 = "f" * 64

    def __init__(self, *rows):
        table = np.array(rows, np.float32).reshape(-1, 5)
        self._found = Found(table[:, :4], table[:, 4], np.zeros(len(table), np.int64))

    def find(self, images):
        return [self._found] * len(images)


def test_a_box_becomes_a_region_with_its_score():
    [region] = PlateBoxes(Finds((10, 20, 54, 34, 0.8))).find(IMAGE)

    assert (region.width, region.height) == (44, 14)
    assert region.corners[0].tolist() == [10, 20]
    assert region.score == pytest.approx(0.8)


def test_boxes_that_are_none_are_left_out_and_of_many_the_likeliest_stay():
    assert PlateBoxes(Finds((10, 20, 10, 34, 0.9), (1, 1, float("nan"), 5, 0.8))).find(IMAGE) == []
    assert len(PlateBoxes(Finds(*[(k, 0, k + 20, 8, 0.5) for k in range(3 * MOST)])).find(IMAGE)) == MOST


def test_a_plate_detector_without_a_digest_or_that_is_none_is_refused(tmp_path):
    path = tmp_path / "plates.onnx"
    with pytest.raises(ConfigError, match="is not pinned"):
        open_reader(PlateReaderSettings(plate_model=str(path)))
    path.write_bytes(b"no network")
    with pytest.raises(ConfigError, match="plates"):
        open_reader(PlateReaderSettings(plate_model=str(path), plate_sha256="0" * 64))
