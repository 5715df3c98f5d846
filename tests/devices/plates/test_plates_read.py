"""Plates out of pictures, with PP-OCRv4's networks: drawn ones here, real ones where they are at hand."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.cli import main as cli
from edge_agent.devices.plate_reader import opening
from edge_agent.devices.plate_reader.calibration import UNCALIBRATED
from edge_agent.devices.plate_reader.opening import open_reader
from edge_agent.devices.plate_reader.settings import PlateReaderSettings
from edge_agent.devices.plate_reader.strips import ordered
from edge_agent.errors import ConfigError, UsageError
from edge_agent.sim.plate_shots import plate_shot
from edge_agent.sim.render.pictures import plate_picture
from edge_agent.sim.vehicles import draw_vehicle
from edge_agent.sim.world import Dynamics, Motion, Passage
from tests.films import a_video

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
STILL = Dynamics(1.0, 0.0, 10.0, 0.0, (0.0,) * 6, (0.0,) * 6)
real = pytest.mark.skipif(
    not (DATA / "plates" / "plates.csv").exists(),
    reason="needs the development plates beside the checkout (../shared/data)",
)
drawn = pytest.mark.skipif(
    not hasattr(cv2, "FontFace"), reason="OpenCV 4 has no Chinese characters to draw a plate with"
)


@pytest.fixture(scope="module")
def reader():
    return open_reader(PlateReaderSettings())


def a_picture(text, colour, wide=240, at=(500, 380)):
    """A dark vehicle's end on a grey road with its plate."""
    vehicle = replace(draw_vehicle(np.random.default_rng(3), "truck3"), plate=text, plate_colour=colour)
    data = plate_picture(Passage(len(text), "1", vehicle, Motion.uniform(0, 9_000), STILL))
    plate = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    plate = cv2.resize(plate, (wide, wide * 140 // 440), interpolation=cv2.INTER_AREA)
    image = np.full((720, 1280, 3), 120, np.uint8)
    cv2.rectangle(image, (320, 120), (960, 560), (70, 60, 55), -1)
    image[at[1] : at[1] + plate.shape[0], at[0] : at[0] + wide] = plate
    return image


@drawn
@pytest.mark.parametrize(
    ("text", "colour"),
    [("沪A12345", "yellow"), ("苏E8K672", "blue"), ("沪AD18364", "green"), ("浙B3G21挂", "yellow")],
)
def test_a_drawn_plate_is_read_with_its_colour_and_its_place(reader, text, colour):
    found = reader.read(a_picture(text, colour))
    assert found is not None
    assert (found.text, found.colour) == (text, colour)
    x, y = found.region.corners.mean(axis=0)
    assert abs(x - 620) < 20
    assert abs(y - 418) < 12


@drawn
def test_of_two_plates_the_nearer_is_meant(reader):
    image = a_picture("沪A12345", "yellow", wide=260)
    small = a_picture("苏E8K672", "blue", wide=140, at=(330, 140))
    image[120:200, 320:480] = small[120:200, 320:480]
    assert reader.read(image).text == "沪A12345"


def test_where_there_is_no_plate_none_is_read(reader):
    assert reader.read(np.full((360, 640, 3), 120, np.uint8)) is None


def test_every_read_can_name_what_read_it(reader):
    assert [name for name, _ in reader.models] == ["text lines at 480", "text lines at 736", "recogniser"]
    assert all(len(digest) == 64 for _, digest in reader.models)


def test_another_recogniser_has_no_calibration_unless_it_is_named_and_its_own(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(f"recogniser_sha256: '{'1' * 64}'\noffset: 0\nslope: 1\nmost: 0.9\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="is of the recogniser 111"):
        open_reader(PlateReaderSettings(calibration=str(path)))
    assert opening._calibration(PlateReaderSettings(), "1" * 64) == UNCALIBRATED
    assert opening._calibration(PlateReaderSettings(calibration=str(path)), "1" * 64).most == 0.9


@drawn
def test_a_wide_plate_that_is_sure_spares_the_narrower_lines(reader, monkeypatch):
    read = []
    columns = reader._recogniser.columns
    monkeypatch.setattr(reader._recogniser, "columns", lambda line: read.append(1) or columns(line))
    image = a_picture("沪A12345", "yellow", wide=300)
    small = a_picture("苏E8K672", "blue", wide=140, at=(330, 140))
    image[120:200, 320:480] = small[120:200, 320:480]
    assert reader.read(image).text == "沪A12345"
    assert len(read) == 1


@drawn
@pytest.mark.parametrize("kind", ["yellow_double", "trailer_double", "green", "yellow_green", "blue"])
def test_a_drawn_plate_of_every_kind_is_read_with_its_rows_and_nothing_contradicts_its_colour(reader, kind):
    right = 0
    for number in range(4):
        shot = plate_shot((3, number), kind, "clean", 180)
        found = reader.read(shot.image)
        assert found is not None
        assert found.confidence <= 1
        assert found.confidences[0] == max(found.confidences)
        if found.text == shot.text:
            right += 1
            assert found.rows == (2 if kind.endswith("double") else 1)
    assert right >= 3


def test_corners_of_any_order_are_put_in_one():
    lying = np.array([[10, 10], [110, 14], [109, 44], [9, 40]], np.float32)
    for turn in range(4):
        assert np.allclose(ordered(np.roll(lying, turn, axis=0)), lying)
        assert np.allclose(ordered(np.roll(lying[::-1], turn, axis=0)), lying)


def test_a_model_that_is_not_pinned_or_another_one_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="is not pinned"):
        open_reader(PlateReaderSettings(line_model="x.onnx"))
    other = tmp_path / "x.onnx"
    other.write_bytes(b"no model")
    with pytest.raises(ConfigError, match="this is another model"):
        open_reader(PlateReaderSettings(text_model=str(other), text_sha256="0" * 64))


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(opening, "find_spec", lambda _name: None)
    with pytest.raises(UsageError, match=r"pip install 'edge-agent\[plates\]'"):
        open_reader(PlateReaderSettings())


# -- the command -----------------------------------------------------------------------------------


@drawn
def test_the_command_prints_the_plate_alone_or_as_json_and_says_when_there_is_none(tmp_path, capsys):
    good, empty = tmp_path / "good.png", tmp_path / "empty.png"
    cv2.imwrite(str(good), a_picture("沪A12345", "yellow"))
    cv2.imwrite(str(empty), np.full((120, 160, 3), 90, np.uint8))

    assert cli.main(["plates", "read", "--plain", str(good)]) == 0
    assert capsys.readouterr().out == "沪A12345\n"
    assert cli.main(["plates", "read", "--json", str(good), str(empty)]) == 1
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["plate"] for row in rows] == ["沪A12345", ""]
    assert rows[0]["candidates"][0]["plate"] == "沪A12345"
    assert cli.main(["plates", "read", str(empty)]) == 1
    assert "no plate can be read" in capsys.readouterr().out


def test_what_is_no_picture_is_said_and_is_a_mistake_in_the_call(tmp_path, capsys):
    path = tmp_path / "x.jpg"
    path.write_bytes(b"no picture")
    assert cli.main(["plates", "read", str(path)]) == 2
    assert f"{path}: not a picture" in capsys.readouterr().err
    assert cli.main(["plates", "read", str(tmp_path / "gone.jpg")]) == 2
    assert cli.main(["plates", "read", "--plain", "--json", str(path)]) == 2


@drawn
def test_the_command_reads_a_video_a_line_a_plate_and_says_where_there_is_none(tmp_path, capsys):
    film, empty = tmp_path / "film.mp4", tmp_path / "empty.mp4"
    a_video(film, [a_picture("沪A12345", "yellow", at=(440 + 12 * k, 380)) for k in range(11)])
    a_video(empty, [np.full((120, 160, 3), 90, np.uint8)] * 6)

    assert cli.main(["plates", "read", "--json", str(film)]) == 0
    [row] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (row["plate"], row["frames"], row["agreeing"]) == ("沪A12345", 3, 3)
    assert (row["first_s"], row["last_s"]) == (0, 0.4)
    assert cli.main(["plates", "read", "--plain", "--every", "10", str(film), str(empty)]) == 1
    assert capsys.readouterr().out == "沪A12345\n\n"
    assert cli.main(["plates", "read", str(empty)]) == 1
    assert "no plate can be read in two frames" in capsys.readouterr().out


# -- the bench -------------------------------------------------------------------------------------


def labels(folder, rows):
    with (folder / "plates.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "plate", "also_in_picture", "group"])
        writer.writerows(rows)


@drawn
def test_the_bench_counts_exact_wrong_and_unreadable_ones_against_the_floor(tmp_path, capsys):
    cv2.imwrite(str(tmp_path / "a.jpg"), a_picture("沪A12345", "yellow"))
    cv2.imwrite(str(tmp_path / "b.jpg"), a_picture("苏E8K672", "blue"))
    cv2.imwrite(str(tmp_path / "none.jpg"), np.full((120, 160, 3), 90, np.uint8))
    rows = [
        ("a.jpg", "沪A12345", "", "yellow"),
        ("b.jpg", "浙B3G217", "沪A00000|苏E8K672", "blue"),
        ("none.jpg", "沪A99999", "", ""),
        ("a.jpg", "沪A12346", "", "yellow"),
    ]
    labels(tmp_path, rows)

    assert cli.main(["bench", "plates", "--pictures", str(tmp_path), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["exact"]["right"], result["exact"]["of"]) == (2, 4)
    assert (result["unreadable"], result["wrong"]) == (1, 1)
    assert result["groups"]["yellow"]["exact"]["of"] == 2
    assert result["cpu_ms"]["median"] > result["floor_cpu_ms"]["median"] > 0
    assert result["peak_rss_mb"] > 50
    assert "misread" not in result
    assert cli.main(["bench", "plates", "--pictures", str(tmp_path / "plates.csv"), "--list"]) == 0
    assert "none.jpg" in capsys.readouterr().out


def test_the_bench_says_what_is_wrong_with_its_labels(tmp_path, capsys):
    assert cli.main(["bench", "plates", "--pictures", str(tmp_path)]) == 2
    (tmp_path / "plates.csv").write_text("name,plate\nx.jpg,y\n", encoding="utf-8")
    assert cli.main(["bench", "plates", "--pictures", str(tmp_path)]) == 2
    assert "its columns file and plate" in capsys.readouterr().err


# -- real pictures, development data ---------------------------------------------------------------


def labelled(folder):
    with (DATA / folder / "plates.csv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            data = np.fromfile(DATA / folder / row["file"], np.uint8)
            yield row, cv2.imdecode(data, cv2.IMREAD_COLOR)


@real
@pytest.mark.slow
def test_of_the_development_pictures_97_in_100_are_read_exactly(reader):
    right = total = 0
    for row, image in labelled("plates"):
        found = reader.read(image)
        total += 1
        right += found is not None and found.text in (row["plate"], *row["also_in_picture"].split("|"))
    assert total > 90
    assert right >= 0.97 * total


@real
@pytest.mark.slow
def test_of_the_development_crops_394_in_400_are_read_exactly(reader):
    right = total = 0
    for row, image in labelled("plate_crops"):
        found = reader.read_cut_out(image)
        total += 1
        right += found is not None and found.text == row["plate"]
    assert total == 400
    assert right >= 394
