"""The report of a box: what was sealed of its tests, what it sees, who signs; and its record in the chain."""

import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from edge_agent.commissioning.chain import Chain
from edge_agent.commissioning.examining import examine_box
from edge_agent.commissioning.leaving import leave, wait
from edge_agent.commissioning.outcome import Outcome, against
from edge_agent.commissioning.report import Signed, html
from edge_agent.commissioning.texts import NAMES, TEXTS
from edge_agent.commissioning.views import views
from edge_agent.core.records import Detection, MatchCandidate, UseClass
from edge_agent.devices.camera.stills import decoded
from edge_agent.doctor.finding import Finding, State
from edge_agent.doctor.observed import CameraSeen
from edge_agent.evidence.contract_vectors_operator import OF_PEOPLE
from edge_agent.evidence.examples import a_case, a_match, a_read, a_store
from edge_agent.evidence.intray import Note, tray_of
from edge_agent.evidence.noting import Noter
from edge_agent.evidence.receipts import Receipt, ReceiptItem, ReceiptStatus
from edge_agent.evidence.verify import verify
from edge_agent.evidence.verify_sources import open_material
from tests.evidence.test_intray import NOW
from tests.inbox.city import a_weighing
from tests.report.street_day import a_config, the_case

HOSTILE = "王\"'><script>alert(1)</script>{{ 7*7 }}"
FINDINGS = [
    Finding("doctor.late", "clock", State.OK, {"seconds": 3, "part": "clock"}),
    Finding("doctor.broke", "serial", State.FAULT, {"why": "no such device"}),
]
ROAD = np.full((900, 1600, 3), 120, np.uint8)
CALIBRATION = OF_PEOPLE[0]


class Eyes:
    """Every camera sees the empty road, but for those that are away."""

    def __init__(self, *away, picture=ROAD):
        self._away, self._picture = away, picture

    def camera(self, camera, _seconds):
        if camera in self._away:
            return CameraSeen("connection refused")
        return CameraSeen("", "h264", 1600, 900, 25.0, 2.0, 4.0, (self._picture,))


def site(folder):
    chosen = a_config()
    store = chosen.evidence.store.model_copy(update={"directory": folder / "box"})
    evidence = chosen.evidence.model_copy(update={"store": store})
    return chosen.model_copy(update={"evidence": evidence, "detector": None})


def a_test(record):
    seal, *rest = record
    return replace(seal, use_class=UseClass.TEST, reasons=("site_test",)), *rest


def receipt(store, seq):
    packet = store.packet(seq)
    item = ReceiptItem(
        packet_id=packet.packet_id, payload_sha256=packet.payload_sha256, status=ReceiptStatus.ACCEPTED
    )
    return Receipt(tenant="t", device_id="d", epoch=store.head().epoch, received_utc_us=1, items=(item,))


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    """A site whose truck was weighed and receipted, whose shop was reported; a calibration; real traffic."""
    folder = tmp_path_factory.mktemp("commissioned")
    with a_store(folder / "box") as store:
        store.record_note(Note(id="ab" * 16, record=CALIBRATION), NOW)
        store.seal(*a_case(7))  # traffic of the day
        weighed = store.seal(*a_test(a_weighing()))
        store.seal(*a_test(the_case()[0]))
        store.apply_receipt(receipt(store, weighed.seq), b"raw")
    return site(folder)


def examined(config, eyes=None, findings=FINDINGS, since=0):
    with Chain.of(config.evidence.store.directory) as chain:
        found = examine_box(config, chain, eyes or Eyes(), findings, since, lambda _: None)
        return found, chain


def page(config, language="both", *, eyes=None, findings=FINDINGS, by="王工", remarks="补光灯待装"):
    with Chain.of(config.evidence.store.directory) as chain:
        found = examine_box(config, chain, eyes or Eyes(), findings, 0, lambda _: None)
        signed = Signed(Outcome.ACCEPTED_WITH_REMARKS, by, "养护公司", remarks, 1_796_000_000_000_000)
        return html(found, signed, against(findings, found.proofs), chain, language)


class Reader(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.words = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in {"src", "href"}]

    def handle_data(self, data):
        self.words += data


def test_the_tests_are_counted_and_the_day_s_traffic_is_none_of_them(box):
    found, _ = examined(box)
    assert [(p.on_bridge, p.is_test, p.receipted) for p in found.proofs] == [
        (True, True, True),
        (False, True, False),
    ]
    assert found.proofs[0].to_receipt_ms >= found.proofs[0].to_seal_ms


def test_traffic_that_did_not_come_for_the_test_is_shown_without_its_plate(tmp_path):
    named = a_match(candidates=(MatchCandidate(a_read("沪A12345"), 999_000),))
    with a_store(tmp_path / "box") as store:
        store.seal(*a_case(1, match=named))
    text = Reader(page(site(tmp_path))).words
    assert "沪A•••••" in text
    assert "12345" not in text
    assert "并非专门的测试车" in text


def test_a_crossing_decided_anew_is_one_test(tmp_path):
    seal, blobs = a_case(1, use_class=UseClass.TEST)
    with a_store(tmp_path / "box") as store:
        store.seal(seal, blobs)
        newer = store.seal(replace(seal, revision=1, match=replace(seal.match, late=True)), blobs)
    found, _ = examined(site(tmp_path))
    assert [proof.read.seq for proof in found.proofs] == [newer.seq]


def test_what_was_sealed_before_since_is_not_looked_at(box):
    found, _ = examined(box, since=2**52)
    assert found.proofs == []


@pytest.mark.parametrize(
    ("language", "there", "absent"),
    [
        (
            "zh",
            ["设备现场验收报告", "检查未能完成：no such device", "再试一次"],
            ["Commissioning report", "Try again"],
        ),
        (
            "en",
            ["Commissioning report", "not come to its end: no such device", "Try again"],
            ["验收报告", "再试一次"],
        ),
        ("both", ["设备现场验收报告", "Commissioning report", "not come to its end: no such device"], []),
    ],
)
def test_it_speaks_the_languages_that_were_asked_for(box, language, there, absent):
    words = Reader(page(box, language)).words
    assert [text for text in there if text not in words] == []
    assert [text for text in absent if text in words] == []


def test_a_page_shows_instrument_calibration_trace_limits_and_receipt(box):
    text = page(box)
    words = Reader(text).words
    for said in (
        "无检定证书",
        "example-uncalibrated",
        "lane-1-2026-11-30",
        "B+(7)",
        "-2.40 ± 0.12 %",
        "20,000 kg",
    ):
        assert said in words, said
    assert 'class="trace"' in text
    assert "doctor.broke serial" in words
    assert box.sha256() in words


def test_it_stands_alone_and_nothing_in_it_runs(box):
    read = Reader(page(box, by=HOSTILE, remarks=HOSTILE))
    assert "script" not in read.tags
    assert HOSTILE in read.words
    assert read.links
    assert all(link.startswith("data:image/jpeg;base64,") for link in read.links)


def test_a_camera_that_is_away_is_said_and_costs_nothing_else(box):
    words = Reader(page(box, eyes=Eyes("cam1"))).words
    assert "没有得到画面：connection refused" in words
    assert "street1" in words


class Sees:
    """A model that finds one person."""

    def __init__(self, *found):
        self._found = found

    def detect(self, images, _lane=()):
        return tuple(self._found for _ in images)


def test_heads_are_masked_and_without_a_model_the_picture_is_too_coarse(tmp_path):
    config, noise = site(tmp_path), np.random.default_rng(1).integers(0, 255, ROAD.shape, np.uint8)
    person = Detection("person", "person", 300, 400, 200, 500, 800, in_lane=False)
    with_model, coarse = views(config, Eyes(picture=noise), Sees(person), None)
    assert with_model.masked
    assert with_model.width == 960
    shown = decoded(with_model.jpeg).astype(int)
    head, feet = shown[130:180, 400:460], shown[400:450, 400:460]
    assert head.std() < feet.std() / 2
    assert not coarse.masked
    assert coarse.width == 240
    assert {shape.kind for shape in with_model.shapes} == {"lane"}
    assert {shape.kind for shape in coarse.shapes} == {"zone", "door_line"}


def test_the_record_goes_into_the_chain_with_the_report_and_verifies(box, tmp_path):
    with a_store(tmp_path / "box") as store:
        config = site(tmp_path)
        weighed = store.seal(*a_test(a_weighing()))
        store.apply_receipt(receipt(store, weighed.seq), b"raw")
    found, _ = examined(config, findings=FINDINGS[:1])
    signed = Signed(Outcome.ACCEPTED, "王工", "养护公司", "", 1_796_000_000_000_000)
    made = page(config).encode()
    left = leave(found, signed, made)
    assert (left.record.test_crossings, left.record.test_receipted, left.record.checks_ok) == (1, 1, 1)
    assert wait(left, 0, for_receipt=False, told=lambda _: None) is None
    with a_store(tmp_path / "box") as store:
        noter = Noter(tray_of(tmp_path / "box"), store, lambda: NOW, lambda _: None, lambda _: None)
        noter.start()
        noter.stop()
    told = []
    sealed = wait(left, 0, for_receipt=False, told=told.append)
    assert told == [sealed]
    assert sealed.statement.record == left.record
    [file] = sealed.statement.attachments
    assert (file.media_type, file.sha256) == ("text/html", hashlib.sha256(made).hexdigest())
    assert not wait(left, 0, for_receipt=True, told=told.append).receipted
    material = open_material(tmp_path / "box")
    assert verify(material, material.evidence_keys).good


ASKED = re.compile(r"""\bt\(["']([a-z_0-9]+)["']""")


def test_every_text_that_the_page_asks_for_is_there_in_both_languages():
    folder = Path(examine_box.__code__.co_filename).parent
    asked = {key for path in folder.glob("report.*") for key in ASKED.findall(path.read_text("utf-8"))}
    assert len(asked) > 60
    assert asked - set(TEXTS) == set()
    for chinese, english in (*TEXTS.values(), *NAMES.values()):
        assert not re.search(r"[\u4e00-\u9fff]", english)
        assert set(re.findall(r"\{\w+\}", chinese)) == set(re.findall(r"\{\w+\}", english))
