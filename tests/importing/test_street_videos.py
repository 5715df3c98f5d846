"""A street camera's film becomes a recording: what stands in it is decided, replayed, looked at again."""

import json
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from edge_agent.cli import import_, redetect, replay, report
from edge_agent.config.loader import load
from edge_agent.core.decisions import Fault, FaultKind, SealStreet, Watch
from edge_agent.core.events import Captured, SceneSeen
from edge_agent.core.scene import Phase
from edge_agent.core.units import MS, Ns, S
from edge_agent.demo.street import CAMERA, ZONES, street_config, street_play
from edge_agent.errors import UsageError
from edge_agent.importing.videos import Video
from edge_agent.importing.writing import write_recording
from edge_agent.journal.reader import Recording
from edge_agent.sim.street import write_clip
from tests.films import a_video
from tests.road import ROOT

LENGTH_S, STAY_S, FPS, SIZE = 16, 6, 5, (960, 540)
TIME = "2026-06-15T12:00:00+08:00"
UTC = 1_781_496_000 * S
EXAMPLE = ROOT / "configs" / "storefront.yaml"


def run(app, *arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)


def a_site(folder, change=lambda street: None):
    """The demo's street, its rules' stay short, its accepted pictures in the folder."""
    scene = street_play(LENGTH_S, LENGTH_S).day.scene
    tree = yaml.safe_load(EXAMPLE.read_text("utf-8"))
    street = street_config(EXAMPLE, scene).model_dump(mode="json")
    del street["utc_offsets"]
    street["references_dir"] = str(folder / "references")
    for rule in street["rules"].values():
        rule["stay_s"] = STAY_S
    change(street)
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(tree | {"street": street}, allow_unicode=True), "utf-8")
    return path


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    """A rendered film of goods put out past the line, imported by the command with its video."""
    folder = tmp_path_factory.mktemp("street")
    play = street_play(LENGTH_S, LENGTH_S)
    write_clip(folder / "clip.mp4", play.day.scene, play.day, 0, LENGTH_S * S, FPS, SIZE)
    play.accept_reference(folder / "references", "2026-06-15T00:00:00Z")
    site, rec = a_site(folder), folder / "rec.mcap"
    arguments = ("--config", site, "--out", rec, "--video", f"{CAMERA}={folder / 'clip.mp4'}@{TIME}")
    done = run(import_.app, *arguments, "--keep-video", "--clock-error-ms", "40")
    assert done.exit_code == 0, done.output
    recording = Recording.open(rec)
    events, decided = list(recording.events()), list(recording.decisions())
    looks = [event for event in events if isinstance(event, SceneSeen)]
    return SimpleNamespace(
        folder=folder, rec=rec, said=done.output, events=events, looks=looks, decided=decided
    )


def test_goods_in_a_film_are_one_case_by_the_configured_detector_and_rule(street):
    [confirmed] = [d for d in street.decided if isinstance(d, SealStreet)]

    assert (confirmed.report.zone, confirmed.report.phase) == (ZONES[0], Phase.CONFIRMED)
    assert {item.label for item in confirmed.report.items} & {"goods_pile", "display_rack"}
    assert confirmed.clock.utc_minus_mono == UTC - S
    assert confirmed.model_sha256 == street.looks[0].model_sha256 != ""
    assert Recording.open(street.rec).models == {"street": confirmed.model_sha256}
    assert f"{len(street.looks)} looks at the street" in street.said


def test_every_look_is_of_the_films_own_time_and_as_sure_of_it_as_was_said(street):
    taken = [look.captured_at for look in street.looks]

    assert taken == sorted(set(taken))
    assert taken[0] == S  # a recording begins a second before its first picture
    assert all((at - S) % (S // FPS) == 0 for at in taken)
    assert {look.captured_sd for look in street.looks} == {40 * MS}
    assert [e.at for e in street.events] == sorted(e.at for e in street.events)


def test_half_of_the_film_makes_no_case_that_the_whole_does_not(street):
    """A download that broke off: as a stream's dump, which can be read as far as it goes."""
    dump, half = street.folder / "clip.ts", street.folder / "half.ts"
    with av.open(str(street.folder / "clip.mp4")) as source, av.open(str(dump), "w") as target:
        out = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = out
                target.mux(packet)
    data = dump.read_bytes()
    [confirmed] = [d for d in street.decided if isinstance(d, SealStreet)]
    taken_until = (confirmed.report.judged_at - S) / (LENGTH_S * S)
    cases = {}
    for share in (taken_until - 0.1, taken_until + 0.2):
        half.write_bytes(data[: int(len(data) * share)])
        rec = street.folder / f"half-{len(cases)}.mcap"
        write_recording(rec, load(street.folder / "site.yaml"), [], {CAMERA: Video(half, UTC)}, Ns(40 * MS))
        found = [d for d in Recording.open(rec).decisions() if isinstance(d, SealStreet)]
        cases[share] = [(d.report.zone, d.report.phase, d.report.judged_at) for d in found]

    before, after = cases.values()
    assert before == []
    report = confirmed.report
    assert after == [(report.zone, report.phase, report.judged_at)]


def test_a_report_of_it_has_the_pictures_that_lie_beside_it(street):
    page = street.folder / "page.html"
    done = run(report.app, street.rec, "--out", page)

    assert done.exit_code == 0, done.output
    assert page.read_text("utf-8").count("data:image/jpeg;base64,") >= 4


def test_the_film_is_looked_at_as_often_as_the_core_asks(street):
    slow, fast = (d for d in street.decided if isinstance(d, Watch))
    taken = [look.captured_at for look in street.looks]
    steps = {before: after - before for before, after in pairwise(taken)}

    assert (slow.period_ms, fast.period_ms) == (2_000, 1_000)
    assert {step for at, step in steps.items() if at < fast.at} == {2 * S}
    assert {step for at, step in steps.items() if at >= fast.at} == {S}


def test_pictures_of_the_case_are_taken_from_the_film_and_lie_beside_the_recording(street):
    [confirmed] = [d for d in street.decided if isinstance(d, SealStreet)]

    roles = {picture.role for picture in confirmed.pictures}
    assert {"reference", "first_seen", "middle", "confirmed", "confirmed_shared", "clip"} <= roles
    kept = {path.stem for path in Path(f"{street.rec}.pictures").iterdir()}
    assert kept == {picture.sha256 for picture in confirmed.pictures}


def test_a_stay_that_came_to_nothing_leaves_no_picture_on_the_disk(street, tmp_path):
    def patient(chosen):
        chosen["references_dir"] = str(street.folder / "references")
        for rule in chosen["rules"].values():
            rule["stay_s"] = 100

    site, film = load(a_site(tmp_path, patient)), Video(street.folder / "clip.mp4", UTC)

    done = write_recording(tmp_path / "rec.mcap", site, [], {CAMERA: film}, None)

    answers = [e for e in Recording.open(tmp_path / "rec.mcap").events() if isinstance(e, Captured)]
    assert any(answer.pictures for answer in answers)
    assert done.pictures == 0
    assert not (tmp_path / "rec.mcap.pictures").exists()


def test_a_film_that_ends_is_no_camera_that_failed(street):
    assert FaultKind.CAMERA not in {d.kind for d in street.decided if isinstance(d, Fault)}


def test_its_replay_decides_the_same_byte_for_byte(street, tmp_path):
    assert "byte for byte" in run(replay.app, street.rec, "--out", tmp_path / "again").output


def test_its_kept_video_looked_at_again_gives_the_same_boxes(street):
    done = run(redetect.app, street.rec, "--json")

    assert done.exit_code == 0
    [said] = json.loads(done.stdout)["cameras"]
    assert said["agrees"]
    assert (said["pictures"], said["not_recorded"]) == (len(street.looks), 0)


# -- films of nothing ------------------------------------------------------------------------------


def blind(street):
    """Nobody to name things: nothing is loaded."""
    street["detector"] = None


def two_cameras(street):
    blind(street)
    other = json.loads(json.dumps(street["cameras"][CAMERA]))
    other["zones"] = {f"west_{name}": zone for name, zone in other["zones"].items()}
    street["cameras"]["west"] = other


@pytest.fixture
def film(tmp_path):
    """Four seconds of grey, a keyframe every 12 pictures."""
    a_video(tmp_path / "grey.mp4", [np.full((90, 160, 3), 60 + n, np.uint8) for n in range(40)], fps=10)
    return tmp_path / "grey.mp4"


def test_cameras_are_looked_at_in_one_order_of_time(tmp_path, film):
    site = load(a_site(tmp_path, two_cameras))
    videos = {CAMERA: Video(film, UTC), "west": Video(film, UTC + 700 * MS)}

    done = write_recording(tmp_path / "rec.mcap", site, [], videos, None)

    looks = [e for e in Recording.open(tmp_path / "rec.mcap").events() if isinstance(e, SceneSeen)]
    assert done.looks == len(looks)
    assert [look.at for look in looks] == sorted(look.captured_at for look in looks)
    assert [look.camera for look in looks[:2]] == [CAMERA, "west"]
    assert looks[1].captured_at - looks[0].captured_at == 700 * MS


def test_what_nobody_will_see_is_said_and_a_clock_that_was_ahead_put_back(tmp_path, film):
    site, rec = a_site(tmp_path, blind), tmp_path / "rec.mcap"
    arguments = ("--config", site, "--out", rec, "--video", f"{CAMERA}={film}@{TIME}")

    done = run(import_.app, *arguments, "--clock-offset", f"{CAMERA}=1.5s")

    assert done.exit_code == 0
    assert "no detector" in done.stderr
    assert "no picture of its clear pavement is accepted" in done.stderr
    recording = Recording.open(rec)
    first = next(e for e in recording.events() if isinstance(e, SceneSeen))
    clock = next(e for e in recording.events() if type(e).__name__ == "ClockStatus")
    assert first.captured_at + clock.utc_minus_mono == UTC - 1_500 * MS
    assert first.model_sha256 == ""


def test_a_film_of_a_camera_that_is_not_there_names_those_that_are(tmp_path, film):
    arguments = ("--config", a_site(tmp_path, blind), "--out", tmp_path / "r.mcap")

    with pytest.raises(UsageError, match=r"no camera 'north'.*\['east'\]"):
        run(import_.app, *arguments, "--video", f"north={film}@{TIME}")
    assert not (tmp_path / "r.mcap").exists()


def test_a_film_that_is_broken_off_is_said_and_leaves_nothing(tmp_path, film):
    film.write_bytes(film.read_bytes()[:300])
    arguments = ("--config", a_site(tmp_path, blind), "--out", tmp_path / "r.mcap")

    with pytest.raises(UsageError, match=r"--video east=\.\.\."):
        run(import_.app, *arguments, "--video", f"{CAMERA}={film}@{TIME}")
    assert not (tmp_path / "r.mcap").exists()
