"""The daemon with a street: a drawn clip as its camera, a small stub for the detector, everything else real.

Time runs faster than it does; nothing waits for it but the camera, which plays its file by the box's clock.
"""

from __future__ import annotations

import queue
import threading
import time
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import yaml

from edge_agent import street_parts
from edge_agent.compose import Agent, Hooks
from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import SealCoverage, SealStreet
from edge_agent.core.events import CaseRecalled, OrderAnswered, SceneSeen, Stopped
from edge_agent.core.records import Detection
from edge_agent.core.scene import Finding, Phase
from edge_agent.core.street.hours import LocalTime
from edge_agent.core.units import S
from edge_agent.demo.street import CAMERA, SCALED, ZONES, street_config
from edge_agent.devices import clock
from edge_agent.devices.camera.stills import to_jpeg
from edge_agent.devices.scene import ReferenceBank
from edge_agent.devices.staging import Staging
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_sources import open_material
from edge_agent.journal.opening import open_all
from edge_agent.journal.reader import Recording, recorded_lines
from edge_agent.redetecting import Tolerance, redetect
from edge_agent.replaying.replay import replay
from edge_agent.sim.street import Shop, StreetDay, StreetScene, make, stays, write_clip
from tests.drawn import ROOT

pytestmark = pytest.mark.slow

WAIT_S = 30
FASTER = 5
PUT_OUT_S = 5
LENGTH_S = 24
SIZE = (640, 360)
SHOPS = (Shop(-6_000, -2_000, 1), Shop(-2_000, 2_500, 2), Shop(2_500, 6_000, 3))
TIMES = {**SCALED, "candidate_s": 2, "stay_s": 10, "clear_s": 3, "picture_spacing_s": 2}
THREADS = ("camera-", "sampler-", "tap-", "scene", "pictures")


def a_day():
    """Crates are put out before the first shop and stay there."""
    scene = StreetScene(shops=SHOPS).sized(*SIZE)
    x0, y0, x1, _ = StreetDay(scene, (), 1).zones[0].rect_mm
    crates = make("goods_pile", (x0 + x1) // 2, y0 + 800, 11)
    return StreetDay(scene, (stays("crates", "goods", crates, PUT_OUT_S * S, LENGTH_S * S),), LENGTH_S * S)


class Eyes:
    """Instead of a detector: crates are where the street is not as it was in the empty picture."""

    model_sha256 = "e" * 64
    labels = frozenset({"goods_pile", "person"})
    input_width = 0

    def __init__(self, empty, box):
        self._box = box
        self._empty = self._of(empty)

    def _of(self, image):
        small = cv2.resize(image, (480, 270), interpolation=cv2.INTER_AREA)
        x0, y0, x1, y1 = (v * n // 1000 for v, n in zip(self._box, (480, 270, 480, 270), strict=True))
        return small[y0:y1, x0:x1].astype(np.int16)

    def surer(self, _score):
        return self

    def detect(self, images):
        return tuple(self._look(image) for image in images)

    def _look(self, image):
        if np.abs(self._of(image) - self._empty).mean() < 12:
            return ()
        return (Detection("goods_pile", "evidence", 900, *self._box),)


class Box:
    """Folders of one box, its configuration, and what its eyes know."""

    def __init__(self, folder):
        self.folder, self.day = folder, a_day()
        write_clip(folder / "street.mp4", self.day.scene, self.day, 0, LENGTH_S * S, 5, size=SIZE)
        [(_, empty)] = self.day.references()
        bank = ReferenceBank(folder / "references", CAMERA)
        bank.accept(to_jpeg(empty, 95), "day-dry", by="test", at_utc="2026-06-15T00:00:00Z")
        [(_, box)] = self.day.true_boxes(10 * S)
        wide, tall = SIZE
        edges = (
            box.x_min * 1000 / wide, box.y_min * 1000 / tall, box.x_max * 1000 / wide, box.y_max * 1000 / tall
        )  # fmt: skip
        self.eyes = Eyes(empty, tuple(map(round, edges)))
        self.config = self._config()

    def _config(self):
        example = ROOT / "configs" / "storefront.yaml"
        tree = yaml.safe_load(example.read_text("utf-8"))
        street = street_config(example, self.day.scene).model_dump(mode="json")
        del street["utc_offsets"]
        now = datetime.now(timezone(timedelta(hours=8)))
        drawn = {"order": "draw-1", "zone": ZONES[1], "date": f"{now:%Y-%m-%d}", "time": f"{now:%H:%M}"}
        street |= {"inspections": [drawn | {"window_s": 86_400}]}
        street |= {"references_dir": str(self.folder / "references"), "coverage_s": 60, "clip_s": 3}
        for rule in street["rules"].values():
            rule |= TIMES
        camera = street["cameras"][CAMERA]
        camera["video"]["url"] = str(self.folder / "street.mp4")
        camera["scene"]["layer"]["settle_ms"] = 1_000
        del tree["uplink"]
        tree |= {
            "street": street,
            "evidence": {
                "key_file": str(self.folder / "key.pem"),
                "store": {"directory": str(self.folder / "evidence")},
            },
            "journal": {"dir": str(self.folder / "journal"), "flush_ms": 10, "video": True},
        }
        return SiteConfig.model_validate(tree)

    def run(self, until):
        """A daemon until `until(everything sealed so far)`; the kinds and payloads of what it sealed."""
        said, sealed, stopped = queue.Queue(), [], {}
        hooks = Hooks(
            sealed=lambda order, done: said.put((order.seal, done)),
            refused=lambda order, reason: said.put((order.seal, AssertionError(reason))),
        )
        agent = Agent(self.config, hooks)
        thread = threading.Thread(target=agent.run)
        thread.start()
        try:
            while not until([seal for seal, _ in sealed]):
                sealed.append(said.get(timeout=WAIT_S))
                assert not isinstance(sealed[-1][1], Exception), sealed[-1][1]
            stopped["alive"] = street_threads()
        finally:
            agent.stop()
            thread.join(WAIT_S)
        assert not thread.is_alive()
        return sealed, stopped["alive"]


def street_threads():
    return sorted(t.name for t in threading.enumerate() if t.name.startswith(THREADS))


def seals(sealed, kind):
    return [seal for seal, _ in sealed if isinstance(seal, kind)]


def phases(made):
    return [seal.report.phase for seal in made if isinstance(seal, SealStreet)]


def faster_clock(patch):
    """The box's clocks run `FASTER` times as fast, synchronised, a coverage period ends after 18 s."""
    began = time.monotonic_ns()
    utc = time.time_ns() // (60 * S) * 60 * S + 42 * S

    def passed():
        return (time.monotonic_ns() - began) * FASTER

    fast = SimpleNamespace(monotonic_ns=lambda: began + passed(), time_ns=lambda: utc + passed())
    patch.setattr(clock, "time", fast)
    patch.setattr(clock, "kernel_clock", lambda: clock.KernelClock(True, 0, 1_000_000))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """(box, first run, second run): the first ends with a case open, the second finds the street empty.

    An inspection is drawn for both.
    """
    box = Box(tmp_path_factory.mktemp("street"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(street_parts, "Detector", lambda _settings: box.eyes)
        faster_clock(patch)
        first = box.run(
            lambda made: (
                {Phase.CONFIRMED, Phase.INSPECTION} <= set(phases(made))
                and any(isinstance(m, SealCoverage) for m in made)
            )
        )
        left = street_threads()
        second = box.run(lambda made: Phase.CLEARED in phases(made))
    return SimpleNamespace(box=box, first=first[0], alive=first[1], left=left, second=second[0])


def the_confirmed(runs):
    [confirmed] = [s for s in seals(runs.first, SealStreet) if s.report.phase is Phase.CONFIRMED]
    return confirmed


def recordings(runs):
    return open_all(runs.box.folder / "journal")


def events(recording: Recording, kind):
    return [event for event in recording.events() if isinstance(event, kind)]


def test_goods_that_are_put_out_become_one_case_with_its_pictures(runs):
    confirmed = the_confirmed(runs)

    report = confirmed.report
    assert (report.zone, report.phase, report.finding) == (ZONES[0], Phase.CONFIRMED, Finding.PRESENT)
    assert [item.label for item in report.items] == ["goods_pile"]
    roles = {picture.role for picture in confirmed.pictures}
    assert {"reference", "first_seen", "middle", "confirmed", "confirmed_shared"} <= roles
    assert all(len(p.sha256) == 64 for p in confirmed.pictures)


def test_what_was_watched_is_sealed(runs):
    [coverage] = seals(runs.first, SealCoverage)

    assert [part.part for part in coverage.parts] == sorted(f"zone/{zone}" for zone in ZONES)
    for part in coverage.parts:
        assert part.watched_ms > 10_000
        assert part.watched_ms + sum(ms for _, ms in part.blind) == pytest.approx(
            (coverage.end - coverage.start) / 1e6, abs=20
        )


def test_every_picture_looked_at_is_in_the_journal_with_the_model_that_looked(runs):
    first, second = recordings(runs)
    for recording, least in ((first, 10), (second, 3)):
        looks = events(recording, SceneSeen)
        assert len(looks) >= least
        assert {look.model_sha256 for look in looks} == {Eyes.model_sha256}
        assert len({look.captured_at for look in looks}) == len(looks)
    assert any(look.detections and look.still for look in events(first, SceneSeen))


def test_the_last_thing_in_a_recording_is_that_the_daemon_was_told_to_end(runs):
    for recording in recordings(runs):
        assert [type(event) for event in recording.events()].index(Stopped) == len([*recording.events()]) - 1


def test_a_replay_decides_the_same_again(runs, tmp_path):
    done = replay(recordings(runs), runs.box.config, tmp_path)

    assert done.decisions == recorded_lines(recordings(runs))
    assert done.statements == len(runs.first) + len(runs.second)


def test_the_recorded_video_looked_at_again_gives_the_same_boxes(runs):
    street = runs.box.config.street
    [compared] = redetect(recordings(runs), street, runs.box.eyes, Tolerance())

    assert compared.agrees
    assert compared.same > 0
    assert compared.other_reference == 0
    # The last pictures may be looked at when the recording has their video no more.
    assert compared.not_recorded <= 2


def test_all_of_the_streets_threads_run_and_all_end(runs):
    assert {name.split("-")[0] for name in runs.alive} == {"camera", "sampler", "tap", "scene", "pictures"}
    assert runs.left == []


def test_a_case_that_was_open_when_the_daemon_ended_is_taken_up_and_cleared(runs):
    confirmed = the_confirmed(runs)
    _, second = recordings(runs)
    [recalled] = events(second, CaseRecalled)
    cleared = seals(runs.second, SealStreet)[-1]

    assert (recalled.case, recalled.revision, recalled.zone) == (confirmed.case, 0, ZONES[0])
    assert recalled.recorded_at <= recalled.at
    assert recalled.first_seen_at < recalled.confirmed_at <= recalled.recorded_at
    assert (cleared.case, cleared.report.phase) == (confirmed.case, Phase.CLEARED)
    assert cleared.revision > confirmed.revision


def test_an_inspection_that_the_first_run_recorded_is_not_made_again_by_the_second(runs):
    def inspections(sealed):
        return [s.report for s in seals(sealed, SealStreet) if s.report.phase is Phase.INSPECTION]

    [made] = inspections(runs.first)
    assert (made.order, made.zone) == ("draw-1", ZONES[1])
    first, second = recordings(runs)
    assert events(first, OrderAnswered) == []
    [answered] = events(second, OrderAnswered)
    assert (answered.order, answered.zone) == ("draw-1", ZONES[1])
    assert type([*second.events()][1]) is OrderAnswered  # before anything could be due
    assert inspections(runs.second) == []


def test_the_evidence_of_both_runs_is_one_chain_that_verifies(runs):
    report = verify(open_material(runs.box.folder / "evidence"))

    assert report.good, report.problems
    assert report.statements >= len(runs.first) + len(runs.second)
    assert report.attachments >= 8


def test_copies_are_given_a_time_only_while_somebody_sets_the_clock(monkeypatch):
    local = LocalTime((), 480)
    faster_clock(monkeypatch)
    for synced, century in ((True, "20"), (False, "")):
        kernel = clock.KernelClock(synced, 0, 16_000_000_000)
        status = clock.Clock(clock.ClockSettings(chrony_port=0), kernel=lambda kernel=kernel: kernel).status()
        assert street_parts.said_time(clock.monotonic(), local, status)[:2] == century


def test_without_a_model_and_a_recording_there_are_fewer_parts_and_nothing_is_named(runs):
    street = runs.box.config.street.model_copy(update={"detector": None})
    parts = street_parts.StreetParts(street, lambda _event: None, Staging(clock.monotonic), {}, 480)

    assert parts.detector is None
    begins = [type(begin.__self__).__name__ for begin, _ in parts.parts()]
    assert begins == ["PictureWorker", "SceneWorker", "Sampler", "Camera"]  # who uses before who is used
