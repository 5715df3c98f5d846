"""Vehicles that others weighed come as the records that an adapter on the site would have sent."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from edge_agent.cli import import_
from edge_agent.core.decisions import CrossingSeen, Fault, FaultKind
from edge_agent.core.records import SpeedSource
from edge_agent.core.weigh.protocols import make_decoder
from edge_agent.core.weigh.protocols.settings import WimJsonSettings, YaohuaA9Settings
from edge_agent.core.weigh.samples import VehicleRecord
from edge_agent.devices.settings_ports import SerialPortSettings
from edge_agent.errors import ConfigError, UsageError
from edge_agent.importing.vehicles import Named, read_vehicles
from edge_agent.journal.reader import Recording
from tests.road import ROOT

SECOND = 10**9
SPOKEN = WimJsonSettings(lanes={"L1": "1"})
PORT = SerialPortSettings(id="wim", device="socket://192.0.2.1:9000", protocol=SPOKEN)
HEAD = "time,lane,speed_kmh,gross_kg,axle_loads_kg,axle_spacings_m,flags\n"


def site(folder):
    """The shipped bridge with a controller that weighs by itself."""
    tree = yaml.safe_load((ROOT / "configs" / "bridge.yaml").read_text("utf-8"))
    tree["ports"]["wim"]["protocol"] = {"kind": "wim_json", "lanes": {"L1": "1"}}
    scale = tree["lanes"]["1"]["scale"]
    tree["lanes"]["1"]["scale"] = {"calibration": scale["calibration"]} if "calibration" in scale else {}
    if "detector" in tree:
        tree["detector"]["model"] = str(ROOT / "models" / "bridge-synthetic.onnx")
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(tree, allow_unicode=True), "utf-8")
    return path


def record_of(event):
    [record] = make_decoder(SPOKEN).feed(event.at, event.data)
    assert isinstance(record, VehicleRecord)
    return record


def written(folder, text, name="vehicles.csv"):
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_a_row_becomes_a_record_with_its_axles_and_its_time(tmp_path):
    row = "100.25,L1,36,17000,6000;11000.5,4.8,accel\n"

    [event] = read_vehicles(written(tmp_path, HEAD + row), PORT)

    record = record_of(event)
    assert record.first_axle_at == 100_250_000_000
    assert record.last_axle_at == 100_730_000_000  # 4.8 m at 10 m/s later
    assert record.axle_loads == (6_000_000, 11_000_500)
    assert record.axle_offsets == (0, 4800)
    assert (record.gross, record.speed, record.flags) == (17_000_000, 10_000, ("accel",))


def test_json_lines_say_the_same_with_lists(tmp_path):
    csv = read_vehicles(written(tmp_path, HEAD + "100.25,L1,36,17000,6000;11000.5,4.8,accel\n"), PORT)
    line = {
        "time": 100.25,
        "lane": "L1",
        "speed_kmh": 36,
        "gross_kg": 17000,
        "axle_loads_kg": [6000, 11000.5],
        "axle_spacings_m": [4.8],
        "flags": ["accel"],
        "id": "vehicles-2",
    }

    assert read_vehicles(written(tmp_path, json.dumps(line), "vehicles.jsonl"), PORT) == csv


def test_what_is_not_known_is_left_open_and_the_gross_is_the_axles_sum(tmp_path):
    [event] = read_vehicles(written(tmp_path, "time,lane,axle_loads_kg\n5,L1,6000;7000\n"), PORT)

    record = record_of(event)
    assert (record.gross, record.speed, record.axle_offsets) == (13_000_000, None, ())


def test_imported_vehicles_are_judged_by_the_limits(tmp_path):
    rows = "100,L1,36,17000,6000;11000,4.8,\n110,L1,20,31000,7000;12000;12000,3.8;1.4,\n"
    rec = tmp_path / "rec.mcap"

    done = CliRunner().invoke(
        import_.app,
        [
            *("--config", str(site(tmp_path)), "--out", str(rec)),
            *("--vehicles", f"wim={written(tmp_path, HEAD + rows)}"),
        ],
        catch_exceptions=False,
    )

    assert done.exit_code == 0, done.output
    decided = list(Recording.open(rec).decisions())
    light, heavy = [d for d in decided if isinstance(d, CrossingSeen)]
    assert (light.crossing.gross, heavy.crossing.gross) == (17_000_000, 31_000_000)
    assert heavy.crossing.speed_source is SpeedSource.REPORTED
    assert [v.outcome for v in heavy.verdicts if v.evaluator == "posted"] == ["over"]
    assert not [d for d in decided if isinstance(d, Fault) and d.kind is FaultKind.BAD_FRAME]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("100,L2,36,17000,6000;11000,4.8,", "lane 'L2'"),
        ("100,L1,fast,17000,6000;11000,4.8,", "speed_kmh: 'fast' is no number"),
        ("100,L1,36,-5,6000;11000,4.8,", "gross_kg: '-5'"),
        ("100,L1,36,17000,6000;11000,4.8;1.2,", "2 axle_spacings_m between 2 axles"),
        ("100,L1,36,17000,6000;;11000,4.8;1.2,", "axle_loads_kg: ''"),
        ("100,L1,36,17000,,,", "axles"),
        ("100,L1,36,17000,6000;11000,0,", "offset_mm must grow"),
        ("2026-05-01 08:00,L1,36,17000,6000;11000,4.8,", "no time zone"),
        ("100,L1,0.01,17000,6000;11000,4.8,", "came .* ms after its first axle"),
        ("100,L1,900000,17000,6000;11000,4.8,", "speed_mm_s"),
        ("100,L1,36,NaN,6000;11000,4.8,", "gross_kg: 'NaN' is no number"),
        ("100,L1,36,17000,6000;inf,4.8,", "axle_loads_kg: 'inf' is no number"),
    ],
)
def test_a_row_that_is_wrong_is_named_with_its_line(tmp_path, row, said):
    with pytest.raises(ConfigError, match=said) as caught:
        read_vehicles(written(tmp_path, HEAD + "99,L1,36,17000,6000;11000,4.8,\n" + row + "\n"), PORT)

    assert [problem.line for problem in caught.value.problems] == [3]


def test_two_records_of_one_id_are_refused_for_the_second_would_count_for_none(tmp_path):
    head, row = "id,time,lane,axle_loads_kg\n", "{},L1,6000;7000\n"
    text = head + "a," + row.format(5) + "b," + row.format(9) + "a," + row.format(99)

    with pytest.raises(ConfigError, match=r"id 'a' of lane 'L1' is that of .*vehicles\.csv:2 too") as caught:
        read_vehicles(written(tmp_path, text), PORT)
    assert [problem.line for problem in caught.value.problems] == [4]


def test_records_without_ids_in_two_files_of_one_name_are_not_taken_for_each_other(tmp_path):
    text, named = "time,lane,axle_loads_kg\n5,L1,6000;7000\n", Named()
    (tmp_path / "monday").mkdir()
    read_vehicles(written(tmp_path, text), PORT, named)

    with pytest.raises(ConfigError, match="id 'vehicles-2'"):
        read_vehicles(written(tmp_path / "monday", text), PORT, named)


def test_a_file_given_twice_is_refused(tmp_path):
    path, named = written(tmp_path, "time,lane,axle_loads_kg\n5,L1,6000;7000\n"), Named()
    read_vehicles(path, PORT, named)

    with pytest.raises(ConfigError, match="id 'vehicles-2'"):
        read_vehicles(path, PORT, named)


def test_ids_that_begin_anew_after_many_vehicles_are_those_of_others(tmp_path):
    rows = [f"{n % 300},{5 + n},L1,6000;7000\n" for n in range(600)]

    assert len(read_vehicles(written(tmp_path, "id,time,lane,axle_loads_kg\n" + "".join(rows)), PORT)) == 600


def test_a_port_of_another_protocol_is_told_what_it_needs(tmp_path):
    port = PORT.model_copy(update={"protocol": YaohuaA9Settings()})

    with pytest.raises(UsageError, match="kind: wim_json"):
        read_vehicles(written(tmp_path, HEAD), port)


CELL = st.text('0123456789.;-LTZ:+ ,"\n', max_size=12)


@given(st.lists(st.tuples(*[CELL] * 7), max_size=4))
def test_whatever_the_rows_are_they_are_records_or_refused(tmp_path_factory, rows):
    text = HEAD + "".join(",".join(row) + "\n" for row in rows)
    try:
        events = read_vehicles(written(tmp_path_factory.getbasetemp(), text), PORT)
    except ConfigError:
        return
    for event in events:
        assert event.at >= record_of(event).last_axle_at >= record_of(event).first_axle_at
