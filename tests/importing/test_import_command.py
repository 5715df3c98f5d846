"""Foreign captures of a crossing, with a video of it, become a recording that replays the same."""

import base64
import json
from importlib.util import find_spec

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from edge_agent.cli import import_, replay
from edge_agent.core.decisions import CrossingSeen, Seal
from edge_agent.core.events import Captured, ClockSource, PlateSeen, SerialBytes
from edge_agent.core.records import UseClass
from edge_agent.demo.anpr import Anpr
from edge_agent.demo.rendered import rendered_stage, scene_of
from edge_agent.errors import ConfigError, UsageError
from edge_agent.journal.reader import Recording
from edge_agent.sim.events import events
from edge_agent.sim.render.clip import write_clip
from edge_agent.sim.render.pictures import to_jpeg
from edge_agent.sim.render.scene import Scene
from edge_agent.sim.traffic import generate
from tests.road import ROOT, a_scenario

LORRY = {"at_s": 3, "kind": "truck3", "gross_kg": 25_800, "speed_kmh": 20, "plate": "沪A12345"}
UTC = 1_780_000_000_000_000_000  # of scenario time 0
MONO = 100 * 10**9  # what the scenario calls its time 0
SITE = ROOT / "configs" / "bridge.yaml"


def captures(folder, scenario, scene=None):
    """The scenario as files of other makers: a serial capture, a CSV, a video."""
    scene = scene or Scene(x_cam_mm=5_000)
    serial, plates = ["# made by a logger"], ["time,camera,plate,confidence,lane"]
    for event in events(scenario, 1):
        seconds = f"{(event.at - MONO + UTC) / 1e9:.6f}"
        if isinstance(event, SerialBytes):
            serial.append(f"{seconds} {event.data.hex()}")
        elif isinstance(event, PlateSeen):
            plates.append(f"{seconds},cam1,{event.text},{event.confidence},1")
    (folder / "wim.txt").write_text("\n".join(serial))
    (folder / "plates.csv").write_text("\n".join(plates))
    size = (scene.width, scene.height)
    write_clip(folder / "cam1.mp4", scene, generate(scenario, 1), 0, 8 * 10**9, 10, size)


def run(app, *arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)


def test_captures_of_a_crossing_become_a_recording_with_its_pictures(tmp_path):
    captures(tmp_path, a_scenario(LORRY, duration_s=9))
    rec = tmp_path / "crossing.mcap"

    done = run(
        import_.app,
        *("--config", SITE, "--out", rec, "--serial", f"wim={tmp_path / 'wim.txt'}"),
        *("--plates", tmp_path / "plates.csv", "--video", f"cam1={tmp_path / 'cam1.mp4'}@{UTC // 10**9}"),
    )

    assert done.exit_code == 0, done.output
    recording = Recording.open(rec)
    [captured] = [e for e in recording.events() if isinstance(e, Captured)]
    assert [p.role for p in captured.pictures][:2] == ["full_view_1", "full_view_2"]
    assert (tmp_path / "crossing.mcap.pictures" / f"{captured.pictures[0].sha256}.jpg").exists()
    decided = list(recording.decisions())
    [crossing] = [d.crossing for d in decided if isinstance(d, CrossingSeen)]
    assert abs(crossing.gross - 25_800_000) < 2_000_000
    [seal] = [d for d in decided if isinstance(d, Seal)]
    assert seal.match.read.text == "沪A12345"

    again = run(replay.app, rec, "--out", tmp_path / "replayed")

    assert again.exit_code == 0, again.output
    assert "byte for byte" in again.output


def site_that_reads(folder, scenario):
    """The shipped bridge, its camera the demo's: plates are read in its video."""
    stage = rendered_stage(None, Anpr.BOX)
    tree = yaml.safe_load(SITE.read_text("utf-8"))
    tree["cameras"]["cam1"]["plates"] = "box"
    views = stage.site.cameras["cam1"].video.model_dump(mode="json")["views"]
    tree["cameras"]["cam1"]["video"]["views"] = views
    tree["detector"]["model"] = str(ROOT / "models" / "bridge-synthetic.onnx")
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(tree, allow_unicode=True), "utf-8")
    return path, scene_of(scenario)


@pytest.mark.skipif(find_spec("rapidocr_onnxruntime") is None, reason="needs the extra `plates`")
def test_a_plate_is_read_in_the_recorded_video_of_an_overweight_crossing_alone(tmp_path):
    light = {"at_s": 6, "kind": "truck2", "gross_kg": 9_000, "speed_kmh": 24, "plate": "京B54321"}
    scenario = a_scenario(LORRY | {"at_s": 2.5}, light, duration_s=9)
    site, scene = site_that_reads(tmp_path, scenario)
    captures(tmp_path, scenario, scene)
    rec = tmp_path / "crossing.mcap"

    done = run(
        import_.app,
        *("--config", site, "--out", rec, "--serial", f"wim={tmp_path / 'wim.txt'}"),
        *("--video", f"cam1={tmp_path / 'cam1.mp4'}@{UTC // 10**9}"),
    )

    assert done.exit_code == 0, done.output
    recording = Recording.open(rec)
    assert {e.text for e in recording.events() if isinstance(e, PlateSeen) and e.text} == {"沪A12345"}
    [seal] = [d for d in recording.decisions() if isinstance(d, Seal)]
    assert seal.match.read.text == "沪A12345"
    assert seal.match.read.means.read == 2
    assert {"plate", "plate_view"} <= {picture.role for picture in seal.pictures}
    assert "byte for byte" in run(replay.app, rec, "--out", tmp_path / "replayed").output


def test_a_camera_whose_clock_was_ahead_is_put_back(tmp_path):
    """A dump without times, its period configured; reads in JSON lines by a clock 1.2 s ahead."""
    scenario = a_scenario(LORRY, duration_s=9)
    happened = list(events(scenario, 1))
    (tmp_path / "wim.bin").write_bytes(b"".join(e.data for e in happened if isinstance(e, SerialBytes)))
    [read] = [e for e in happened if isinstance(e, PlateSeen)][:1]
    ahead = (read.at - MONO + UTC) / 1e9 + 1.2
    line = {"time": f"{ahead:.6f}", "camera": "cam1", "plate": read.text, "lane": "1"}
    (tmp_path / "reads.jsonl").write_text(json.dumps(line))
    rec = tmp_path / "crossing.mcap"

    done = run(
        import_.app,
        *("--config", SITE, "--out", rec, "--serial", f"wim={tmp_path / 'wim.bin'}@{UTC // 10**9}"),
        *("--plates", tmp_path / "reads.jsonl", "--clock-offset", "plates=1.2s", "--json"),
    )

    assert done.exit_code == 0, done.output
    [seal] = [d for d in Recording.open(rec).decisions() if isinstance(d, Seal)]
    [seen] = [e for e in Recording.open(rec).events() if isinstance(e, PlateSeen)]
    assert abs(seen.captured_utc - (read.at - MONO + UTC)) < 1000
    assert seal.match.read.text == "沪A12345"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--serial", "elsewhere=x.txt"), "no port 'elsewhere'"),
        (("--serial", "wim"), "is not --serial PORT=FILE"),
        (("--serial", "wim=x.bin@soon"), "neither RFC 3339"),
        (("--serial", "wim=x.txt", "--rate-hz", "5", "--baud", "9600"), "give one"),
        (("--video", "cam1=nothing.mp4@1"), "no such video file"),
        (("--fps", "cam1=fast"), "'fast' is no number"),
        (("--fps", "cam1=0"), "from above 0"),
        (("--clock-offset", "cam1=1"), "nothing of this name is imported"),
        ((), "nothing to import"),
    ],
)
def test_what_cannot_be_imported_is_said(tmp_path, arguments, said):
    with pytest.raises(UsageError, match=said):
        run(import_.app, "--config", SITE, "--out", tmp_path / "r.mcap", *arguments)


def test_one_wrong_time_is_said_before_centuries_are_worked_through(tmp_path):
    reads = tmp_path / "reads.csv"
    reads.write_text("time,camera,plate\n1778572800,cam1,沪A12345\n4778572800,cam1,沪A12345\n", "utf-8")

    with pytest.raises(UsageError, match="34,722 days apart"):
        run(import_.app, "--config", SITE, "--out", tmp_path / "r.mcap", "--plates", reads)
    assert not (tmp_path / "r.mcap").exists()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("cam9,沪A12345,1", r"no camera 'cam9'.*\['cam1'\]"),
        ("cam1,沪A12345,east", r"no lane 'east'.*\['1'\]"),
    ],
)
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_read_of_a_camera_or_lane_that_is_not_there_is_refused_with_its_line(tmp_path, row, said, form):
    reads = tmp_path / f"reads.{form}"
    camera, plate, lane = row.split(",")
    as_json = json.dumps({"time": 1778572800, "camera": camera, "plate": plate, "lane": lane})
    text = {"csv": f"time,camera,plate,lane\n1778572800,{row}\n", "jsonl": f"\n{as_json}\n"}[form]
    reads.write_text(text, "utf-8")

    with pytest.raises(ConfigError, match=said) as caught:
        run(import_.app, "--config", SITE, "--out", tmp_path / "r.mcap", "--plates", reads)
    assert caught.value.problems[0].line == 2


def test_a_table_s_word_for_no_plate_is_a_vehicle_whose_plate_was_not_read(tmp_path):
    (tmp_path / "reads.csv").write_text("time,camera,plate\n1778572800,cam1,无车牌\n", "utf-8")
    rec = tmp_path / "r.mcap"

    done = run(import_.app, "--config", SITE, "--out", rec, "--plates", tmp_path / "reads.csv")

    assert done.exit_code == 0
    assert [e.text for e in Recording.open(rec).events() if isinstance(e, PlateSeen)] == [""]


@pytest.mark.parametrize(("end", "noted"), [("", True), ("\n", False), ("\r\n", False)])
def test_a_table_that_may_have_been_cut_off_is_imported_and_questioned(tmp_path, end, noted):
    """Half of a plate for electric vehicles is a whole one of another kind."""
    reads = tmp_path / "reads.csv"
    reads.write_text(f"time,camera,plate\n1778572800,cam1,沪AD1234{end}", "utf-8", newline="")

    done = run(import_.app, "--config", SITE, "--out", tmp_path / "r.mcap", "--plates", reads)

    assert done.exit_code == 0
    assert ("reads.csv: its last line has no end" in done.stderr) is noted


def test_reads_of_a_camera_whose_plates_the_box_reads_are_refused(tmp_path):
    tree = yaml.safe_load(SITE.read_text("utf-8"))
    tree["cameras"]["cam1"]["plates"] = "box"
    views = rendered_stage(None, Anpr.BOX).site.cameras["cam1"].video.model_dump(mode="json")["views"]
    tree["cameras"]["cam1"]["video"]["views"] = views
    (tmp_path / "site.yaml").write_text(yaml.safe_dump(tree, allow_unicode=True), "utf-8")
    (tmp_path / "reads.csv").write_text("time,camera,plate\n1778572800,cam1,沪A12345\n", "utf-8")
    arguments = ("--config", tmp_path / "site.yaml", "--out", tmp_path / "r.mcap")

    with pytest.raises(ConfigError, match=r"reads\.csv:2: cameras\.cam1\.plates is `box`"):
        run(import_.app, *arguments, "--plates", tmp_path / "reads.csv")


def test_two_captures_of_one_line_may_follow_each_other_and_not_overlap(tmp_path):
    for name, time in (("a", 1778572800), ("b", 1778572810)):
        (tmp_path / name).write_text(f"{time} 02\n{time + 5} 03\n")
    a, b = (f"wim={tmp_path / name}" for name in "ab")

    done = run(import_.app, "--config", SITE, "--out", tmp_path / "r.mcap", "--serial", b, "--serial", a)
    assert done.exit_code == 0, done.output

    (tmp_path / "b").write_text("1778572803 02\n")
    with pytest.raises(UsageError, match="are of the same time"):
        run(import_.app, "--config", SITE, "--out", tmp_path / "q.mcap", "--serial", b, "--serial", a)


def test_of_what_could_not_be_imported_no_picture_stays(tmp_path):
    picture = {"role": "plate", "media_type": "image/jpeg"}
    picture["data_base64"] = base64.b64encode(to_jpeg(np.zeros((32, 64, 3), np.uint8), 80)).decode()
    push = {"schema": "anpr.v1", "camera": "cam1", "plate": "沪A12345", "confidence_permille": 970}
    push |= {"received": 1778572800, "pictures": [picture]}
    reads = tmp_path / "reads.jsonl"
    reads.write_text(f"{json.dumps(push)}\nbroken\n", "utf-8")
    arguments = ("--config", SITE, "--out", tmp_path / "r.mcap", "--plates", reads)

    with pytest.raises(ConfigError, match=r"reads\.jsonl:2: no JSON"):
        run(import_.app, *arguments)
    assert [path.name for path in tmp_path.iterdir()] == ["reads.jsonl"]

    reads.write_text(json.dumps(push), "utf-8")
    assert run(import_.app, *arguments).exit_code == 0
    (tmp_path / "r.mcap").unlink()
    with pytest.raises(UsageError, match=r"r\.mcap\.pictures exists"):
        run(import_.app, *arguments)


def test_a_time_of_1970_is_taken_and_questioned(tmp_path):
    reads = tmp_path / "reads.csv"
    reads.write_text("time,camera,plate\n46154.33,cam1,沪A12345\n", "utf-8")

    done = run(import_.app, "--config", SITE, "--out", tmp_path / "r.mcap", "--plates", reads)

    assert done.exit_code == 0
    assert "the first is of 1970-01-01 12:49 UTC: is TIME right?" in done.stderr


# -- never live evidence ---------------------------------------------------------------------------


def test_a_site_that_enforces_gets_no_enforcement_out_of_files_however_sure_of_their_time(tmp_path):
    """Everything about the import says so, and a replay with any configuration cannot take it back."""
    captures(tmp_path, a_scenario(LORRY, duration_s=9))
    tree = yaml.safe_load(SITE.read_text("utf-8"))
    tree["site"]["legal"]["use_class"] = "enforcement"
    site, rec = tmp_path / "site.yaml", tmp_path / "r.mcap"
    site.write_text(yaml.safe_dump(tree, allow_unicode=True), "utf-8")

    done = run(
        import_.app,
        *("--config", site, "--out", rec, "--serial", f"wim={tmp_path / 'wim.txt'}", "--clock-error-ms", "1"),
        *("--plates", tmp_path / "plates.csv"),
    )

    assert done.exit_code == 0, done.output
    recording = Recording.open(rec)
    assert recording.metadata["software"].endswith(" import")
    assert recording.metadata["note"] == "imported"
    started, clock, *_ = recording.events()
    assert started.boot_id.startswith("import-")
    assert (clock.source, clock.synced, clock.est_error) == (ClockSource.RTC, False, 1_000_000)
    [seal] = [d for d in recording.decisions() if isinstance(d, Seal)]
    assert "clock_unsynced" in seal.reasons
    assert seal.use_class is UseClass.REFERENCE
