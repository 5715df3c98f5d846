"""The demo's street: what is played, what is true of it, what is counted of it."""

from __future__ import annotations

import contextlib
import threading
import urllib.request
from dataclasses import replace
from itertools import pairwise

import av
import pytest
import yaml

from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import SealStreet, ZoneChanged
from edge_agent.core.records import UseClass
from edge_agent.core.scene import Finding, Phase, ZoneState
from edge_agent.core.units import MS, Ns, S
from edge_agent.demo.stream import StreamServer
from edge_agent.demo.street import CAMERA, FPS, SCALED, ZONES, TrueStay, street_config, street_play
from edge_agent.demo.street_board import Record, StreetBoard, street_summary
from edge_agent.devices import clock
from edge_agent.devices.scene import ReferenceBank
from edge_agent.sim.street import StreetDay, StreetScene, write_clip
from tests.drawn import ROOT, Drawn
from tests.storefront import a_report, seals

EXAMPLE = ROOT / "configs" / "storefront.yaml"
FRUIT, NOODLES, CORNER = ZONES

# -- the stream ------------------------------------------------------------------------------------

CLIP_FPS, CLIP_S, GOP = 25, 1, 5


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A second of video with a keyframe every fifth."""
    path = tmp_path_factory.mktemp("stream") / "clip.mp4"
    day = StreetDay(StreetScene().sized(160, 96), (), CLIP_S * S)
    write_clip(path, day.scene, day, 0, CLIP_S * S, CLIP_FPS, size=(160, 96), gop=GOP)
    return path


@pytest.fixture
def server(clip):
    running = StreamServer(clip, clock.monotonic)
    yield running
    running.stop()


def watched(server):
    """(time on the stream's own line, when it came) of every picture until the stream ends."""
    seen = []
    with av.open(server.url, timeout=10) as container:
        stream = container.streams.video[0]
        with contextlib.suppress(OSError):  # what FFmpeg calls the end of a stream without a length
            for packet in container.demux(stream):
                if packet.size:
                    came = clock.monotonic()
                    seen.append((float(packet.pts * stream.time_base), came))
    return seen


def test_the_clip_is_played_at_its_own_speed_and_ends(server):
    origin = clock.monotonic() + 200 * MS
    server.begin(Ns(origin))
    pictures = watched(server)

    assert len(pictures) == CLIP_FPS * CLIP_S
    assert all(b - a == pytest.approx(1 / CLIP_FPS, abs=0.001) for (a, _), (b, _) in pairwise(pictures))
    first = pictures[0][0]
    for shown, came_at in pictures:
        assert came_at - origin >= (shown - first) * S - 5 * MS


def test_who_comes_late_joins_where_the_clip_is_now_at_the_keyframe_before(server):
    server.begin(Ns(clock.monotonic() - CLIP_S * S // 2))
    shown = [at for at, _ in watched(server)]

    assert CLIP_FPS // 2 - GOP <= CLIP_FPS - len(shown) <= CLIP_FPS * 4 // 5
    assert (CLIP_FPS - len(shown)) % GOP == 0


def test_a_clip_that_is_over_is_not_played_again(server):
    server.begin(Ns(clock.monotonic() - CLIP_S * S))
    with urllib.request.urlopen(server.url, timeout=10) as answer:
        assert answer.read() == b""


def test_who_waits_for_the_beginning_is_let_go_at_the_end(server):
    got = []

    def wait():
        with contextlib.suppress(OSError), urllib.request.urlopen(server.url, timeout=10) as answer:
            got.append(answer.read())

    viewer = threading.Thread(target=wait)
    viewer.start()
    server.stop()
    viewer.join(10)
    assert not viewer.is_alive()
    assert got in ([b""], [])


# -- the play --------------------------------------------------------------------------------------


def test_what_is_said_to_be_true_is_what_stands_there():
    play = street_play(72, 60)
    fruit, noodles, corner = play.day.zones

    assert play.truth == (
        TrueStay(FRUIT, Ns(4 * S), Ns(30 * S), case=True),
        TrueStay(CORNER, Ns(6 * S), Ns(72 * S), case=True),
    )
    assert play.day.true_occupancy(fruit) == ((4 * S, 30 * S),)
    assert play.day.true_occupancy(corner) == ((6 * S, 72 * S),)
    [(start, end)] = play.day.true_occupancy(noodles)
    [(van, gone)] = play.day.deliveries(noodles)
    assert van <= start < end <= gone
    assert end - start > SCALED["stay_s"] * S, "a delivery that no rule would ask about shows nothing"


@pytest.mark.parametrize(
    ("seconds", "watched_s", "truth"),
    [
        (3, 3, []),
        (20, 20, [(FRUIT, 20, False), (CORNER, 20, False)]),
        (40, 27, [(FRUIT, 30, True), (CORNER, 40, False)]),
        (52, 40, [(FRUIT, 30, True), (CORNER, 52, True)]),
    ],
)
def test_only_a_stay_that_is_sure_to_be_watched_must_be_found(seconds, watched_s, truth):
    said = street_play(seconds, watched_s).truth
    assert [(stay.zone, stay.end // S, stay.case) for stay in said] == truth


def test_the_play_is_written_as_long_as_it_lasts_and_its_empty_street_accepted(tmp_path):
    play, told = street_play(2, 2), []
    play.write(tmp_path / "street.mp4", lambda *said: told.append(said))
    play.accept_reference(tmp_path / "references", "2026-06-15T00:00:00Z")

    with av.open(str(tmp_path / "street.mp4")) as container:
        assert container.streams.video[0].frames == 2 * FPS
    assert told[-1][1:] == (2 * FPS, 2 * FPS)
    assert [r.condition for r in ReferenceBank(tmp_path / "references", CAMERA).active] == ["day-dry"]


def demo_site(scene):
    tree = yaml.safe_load(EXAMPLE.read_text("utf-8"))
    street = street_config(EXAMPLE, scene).model_dump(mode="json")
    del street["utc_offsets"]
    return SiteConfig.model_validate(tree | {"street": street})


def test_the_scaled_rule_makes_of_the_play_what_is_true_of_it(tmp_path):
    play = street_play(72, 60)
    decided = Drawn(demo_site(play.day.scene), CAMERA, play.day, tmp_path).decided(12, 1)
    said = [(seal.report.zone, seal.report.phase) for seal in seals(decided)]

    assert said.count((FRUIT, Phase.CONFIRMED)) == said.count((CORNER, Phase.CONFIRMED)) == 1
    assert (FRUIT, Phase.CLEARED) in said
    assert not [one for one in said if one[0] == NOODLES]
    summary = street_summary([Record(seal) for seal in seals(decided)], play.truth, Ns(0))
    assert summary["cases"] == {"true": 2, "confirmed": 2, "falsely": 0, "missed": 0}
    assert summary["cleared"] == 1
    assert summary["rechecks"] == {"corrected": 1, "not_corrected": 1, "undetermined": 0}
    assert summary["records"] == len(said)


# -- the counting ----------------------------------------------------------------------------------

TRUTH = (
    TrueStay(FRUIT, Ns(10 * S), Ns(40 * S), case=True),
    TrueStay(CORNER, Ns(50 * S), Ns(60 * S), case=False),
)
ORIGIN = Ns(1_000 * S)


def a_seal(case="a", revision=0, **report):
    report.setdefault("judged_at", Ns(ORIGIN + 30 * S))
    said = replace(a_report(), **{"zone": FRUIT, **report})
    return SealStreet(said.judged_at, case, revision, UseClass.TEST, (), said, (), (), "", None)


@pytest.mark.parametrize(
    ("made", "counted"),
    [
        ([], {"true": 1, "confirmed": 0, "falsely": 0, "missed": 1}),
        ([(FRUIT, 30)], {"true": 1, "confirmed": 1, "falsely": 0, "missed": 0}),
        ([(FRUIT, 45)], {"true": 1, "confirmed": 1, "falsely": 1, "missed": 1}),
        ([(NOODLES, 30)], {"true": 1, "confirmed": 1, "falsely": 1, "missed": 1}),
        ([(FRUIT, 20), (FRUIT, 35)], {"true": 1, "confirmed": 2, "falsely": 1, "missed": 0}),
        # Nobody can be sure to find it, and it is no mistake to.
        ([(FRUIT, 30), (CORNER, 58)], {"true": 1, "confirmed": 2, "falsely": 0, "missed": 0}),
        ([(CORNER, 58)], {"true": 1, "confirmed": 1, "falsely": 0, "missed": 1}),
    ],
)
def test_cases_are_counted_against_what_was_true(made, counted):
    records = [
        Record(a_seal(str(n), zone=zone, judged_at=Ns(ORIGIN + at * S))) for n, (zone, at) in enumerate(made)
    ]
    assert street_summary(records, TRUTH, ORIGIN)["cases"] == counted


def test_re_checks_are_counted_by_their_answer():
    answers = (Finding.ABSENT, Finding.ABSENT, Finding.PRESENT, Finding.UNSEEN, Finding.SUSPECT)
    records = [
        Record(a_seal(revision=n, phase=Phase.RECHECK, finding=finding)) for n, finding in enumerate(answers)
    ]
    summary = street_summary(records, (), ORIGIN)

    assert summary["rechecks"] == {"corrected": 2, "not_corrected": 1, "undetermined": 2}
    assert summary["cases"] == {"true": 0, "confirmed": 0, "falsely": 0, "missed": 0}
    assert summary["records"] == 5


def test_a_record_is_followed_to_its_receipt():
    board, seal = StreetBoard(), a_seal()
    board.decided(seal)
    assert [r.sealed_at for r in board.records()] == [None]
    board.sealed(seal, 7, Ns(seal.report.judged_at + S))
    board.receipted(8, Ns(0))  # another statement's
    assert board.records()[0].latency_ms is None
    board.receipted(7, Ns(seal.report.judged_at + 1_500 * MS))
    board.receipted(7, Ns(seal.report.judged_at + 9 * S))  # said again

    assert board.records()[0].latency_ms == 1_500


def test_a_receipt_that_comes_before_the_sealers_own_word_counts():
    board, seal = StreetBoard(), a_seal()
    board.decided(seal)
    board.receipted(7, Ns(seal.report.judged_at + 200 * MS))
    board.sealed(seal, 7, Ns(seal.report.judged_at + 300 * MS))

    assert board.records()[0].latency_ms == 200


def test_records_are_in_the_order_of_their_deciding_and_a_refused_one_says_why():
    board = StreetBoard()
    later, sooner = a_seal("b", judged_at=Ns(ORIGIN + 40 * S)), a_seal("a")
    for seal in (later, sooner):
        board.decided(seal)
    board.refused(later, "no room")

    assert [(r.seal.case, r.problem) for r in board.records()] == [("a", ""), ("b", "no room")]


def test_of_each_zone_the_last_change_is_kept():
    board = StreetBoard()
    for state in (ZoneState.CANDIDATE, ZoneState.CONFIRMED):
        board.decided(ZoneChanged(Ns(1), CAMERA, FRUIT, state, Finding.PRESENT, 0, ""))

    assert board.zones[FRUIT].state is ZoneState.CONFIRMED
