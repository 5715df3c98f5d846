"""What the live page is made of: traces, vehicles, pictures, words."""

import threading

import numpy as np
import pytest

from edge_agent.config.loader import load
from edge_agent.console.accounts import TECHNICIAN, VIEW
from edge_agent.console.live_state import live_state
from edge_agent.console.pictures import MOST_WAITING, LivePictures, NoPicture
from edge_agent.console.recent import MAX_CROSSINGS, Recent
from edge_agent.console.service import WORKERS
from edge_agent.console.texts import TEXTS
from edge_agent.console.traces import LEFT_ALONE_NS, Traces
from edge_agent.core.decisions import CrossingSeen
from edge_agent.core.events import SerialBytes, Tick
from edge_agent.core.records import MatchStatus
from edge_agent.core.site import Site
from edge_agent.core.units import MS, Ns, S
from edge_agent.devices.camera.frame import Frame
from edge_agent.evidence.examples import a_case, a_crossing, a_match, a_verdict
from edge_agent.report.trace_data import lines_of
from edge_agent.sim.events import events
from edge_agent.taps import Taps
from edge_agent.web.gate import Visit
from edge_agent.web.sessions import Session
from edge_agent.web.words import Words
from tests.console.site import two_pads
from tests.road import a_scenario, site_settings

TRUCK = {"at_s": 4, "kind": "truck3", "gross_kg": 25_800, "speed_kmh": 30}


@pytest.fixture(scope="module")
def road(tmp_path_factory):
    """A lorry over two pads: the site's configuration, every event, what the core was given and said."""
    config = load(two_pads(tmp_path_factory.mktemp("road"), "/dev/null"))
    scenario = a_scenario(TRUCK, duration_s=8)
    taps = Taps(Ns(0))
    recent = Recent(taps.serial, {name: lane.port for name, lane in config.lanes.items()})
    site = Site(site_settings(scenario, cameras={}, lanes=_without_camera(scenario)))
    for event in events(scenario, 1):
        if isinstance(event, SerialBytes):
            decisions = site.step(event)
            taps.stepped(event, decisions)
            recent.stepped(event, decisions)
    return config, taps, recent


def _without_camera(scenario):
    lanes = site_settings(scenario).lanes
    return {name: lane.model_dump() | {"camera": ""} for name, lane in lanes.items()}


def test_a_lorrys_axles_are_on_the_trace_at_their_weight(road):
    config, taps, recent = road
    [seen] = [one.seen.crossing for one in recent.weighed()]
    last = taps.serial("wim")[-1].at
    [lane] = Traces(config, taps.serial, lambda: last).after(Ns(0)).values()
    at = np.array([point[0] for point in lane["points"]])
    first_pad = np.array([point[1] for point in lane["points"]]) - lane["zero"][0]
    assert lane["sensors"] == ["pad-1", "pad-2"]
    for axle in seen.axles:
        near = first_pad[abs(at - axle.at // MS) <= 20].max()
        assert near == pytest.approx(axle.load / 1000, rel=0.05)


def test_asking_often_gives_the_same_as_asking_once(road):
    config, taps, _ = road
    reads = taps.serial("wim")
    shown = []
    held = {"until": Ns(0)}
    often = Traces(
        config, lambda port: [r for r in taps.serial(port) if r.at <= held["until"]], lambda: held["until"]
    )
    for read in reads[::7] + reads[-1:]:
        held["until"] = read.at
        [lane] = often.after(Ns(shown[-1][0] * MS if shown else 0)).values()
        new = lane["points"]
        shown = [point for point in shown if not new or point[0] < new[0][0]] + new
    [once] = Traces(config, taps.serial, lambda: reads[-1].at).after(Ns(0)).values()
    assert shown[-len(once["points"]) :] == once["points"]


def test_who_comes_back_after_a_while_begins_anew(road):
    config, taps, _ = road
    now = [taps.serial("wim")[-1].at]
    traces = Traces(config, taps.serial, lambda: now[0])
    first = traces.after(Ns(0))
    now[0] = Ns(now[0] + LEFT_ALONE_NS + 1)
    assert traces.after(Ns(0)) == first


def test_the_last_vehicles_raw_bytes_draw_its_whole_passage(road):
    config, _, recent = road
    passage = recent.passage("1")
    crossing = passage.weighed.seen.crossing
    lines = lines_of(
        passage.reads, config.ports["wim"].protocol, config.lanes["1"].scale, crossing.first_axle_at
    )
    assert [line.name for line in lines] == ["pad-1", "pad-2"]
    for line in lines:
        assert line.seconds[0] < 0 < (crossing.last_axle_at - crossing.first_axle_at) / S < line.seconds[-1]


def test_only_the_last_vehicles_are_held():
    recent = Recent(lambda _port: (), {"1": "wim"})
    for number in range(1, MAX_CROSSINGS + 50):
        recent.stepped(Tick(Ns(number)), (CrossingSeen(Ns(number), a_crossing(number), ()),))
    assert [one.seen.crossing.number for one in recent.weighed()][:2] == [
        MAX_CROSSINGS + 49,
        MAX_CROSSINGS + 48,
    ]
    assert len(recent.weighed()) == MAX_CROSSINGS


# -- words ----------------------------------------------------------------------------------------


def a_visit(role, language="zh"):
    return Visit(None, language, Session("token", "x", role), "")


@pytest.mark.parametrize(
    ("role", "match", "shown"),
    [
        (TECHNICIAN, a_match(), "沪A12345"),
        (VIEW, a_match(), "已匹配"),
        (TECHNICIAN, a_match(status=MatchStatus.AMBIGUOUS), "多个候选，未指认"),
        (TECHNICIAN, a_match(status=MatchStatus.UNMATCHED, candidates=()), "未匹配到号牌"),
    ],
)
def test_a_plate_is_shown_to_technicians_and_only_where_it_is_named(box_of, role, match, shown):
    seal, _ = a_case(match=match)
    over = CrossingSeen(Ns(1), seal.crossing, seal.verdicts)
    box = box_of(over, seal)
    [row] = live_state(box, a_visit(role), Words(TEXTS, "zh"))["crossings"]
    assert (row["verdict"], row["plate"]) == ("疑似超限", shown)


def test_a_rule_whose_text_nobody_has_read_says_nothing(box_of):
    unread = CrossingSeen(Ns(1), a_crossing(), (a_verdict(reference_only=True),))
    [row] = live_state(box_of(unread), a_visit(TECHNICIAN), Words(TEXTS, "zh"))["crossings"]
    assert (row["verdict"], row["plate"]) == ("–", "未判为超限，不保留")


# -- pictures -------------------------------------------------------------------------------------


class Source:
    """A camera that counts how often it is decoded."""

    def __init__(self):
        self.decoded = 0
        self.frame = Frame(np.zeros((90, 160, 3), np.uint8), Ns(5), Ns(0))

    def newest(self, max_width=0):
        self.decoded += 1
        return self.frame


def test_however_many_look_a_picture_is_decoded_once_a_second():
    camera, now = Source(), [0.0]
    pictures = LivePictures({"east": camera}, lambda: now[0])
    shots = [pictures.shot("east", 960) for _ in range(20)]
    assert camera.decoded == 1
    assert {shot.jpeg[:2] for shot in shots} == {b"\xff\xd8"}
    now[0] += 1.1
    pictures.shot("east", 960)
    assert camera.decoded == 2


def test_no_camera_and_no_picture_are_said_and_decode_nothing():
    camera = Source()
    camera.frame = None
    pictures = LivePictures({"east": camera})
    for name in ("east", "../east", ""):
        with pytest.raises(NoPicture):
            pictures.shot(name, 960)


def test_viewers_of_a_slow_camera_leave_room_for_other_pages():
    inside, done = threading.Semaphore(0), threading.Event()

    class Slow(Source):
        def newest(self, max_width=0):
            inside.release()
            done.wait(5)
            return self.frame

    pictures, shown = LivePictures({"east": Slow()}), []
    threads = [
        threading.Thread(target=lambda: shown.append(pictures.shot("east", 0))) for _ in range(MOST_WAITING)
    ]
    for thread in threads:
        thread.start()
    assert inside.acquire(timeout=5)
    while pictures._waiting._value:
        threads[-1].join(0.001)
    with pytest.raises(NoPicture, match="busy"):
        pictures.shot("east", 0)
    done.set()
    for thread in threads:
        thread.join()
    assert len(shown) == MOST_WAITING
    assert MOST_WAITING < WORKERS


def test_one_picture_is_decoded_at_a_time():
    inside, most, lock = [0], [0], threading.Lock()

    class Slow(Source):
        def newest(self, max_width=0):
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            started.wait(5)
            with lock:
                inside[0] -= 1
            return self.frame

    started = threading.Event()
    pictures = LivePictures({name: Slow() for name in "abc"})
    threads = [threading.Thread(target=pictures.shot, args=(name, 0)) for name in "abc"]
    for thread in threads:
        thread.start()
    started.set()
    for thread in threads:
        thread.join()
    assert most == [1]
