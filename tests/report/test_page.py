"""The page of a bundle of evidence. What a camera or a stranger wrote is shown and never run."""

from html.parser import HTMLParser

import pytest

from edge_agent.config.loader import load
from edge_agent.core.decisions import CrossingSeen
from edge_agent.core.records import Flag, MatchCandidate, MatchStatus
from edge_agent.evidence.bundle import export_bundle
from edge_agent.evidence.examples import (
    KEY,
    a_case,
    a_crossing,
    a_match,
    a_read,
    a_store,
    a_verdict,
)
from edge_agent.evidence.verify import Report
from edge_agent.report.page import Tile, write_page
from tests.road import ROOT

HOSTILE = """"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}&lt;"""
CONFIG = load(ROOT / "configs" / "bridge.yaml")
REPORT = Report(checked=["signatures"], not_checked=["the law"])


class Page(HTMLParser):
    """Tags, attributes and words of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.words = [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.words += data


def a_page(folder, *seals, decisions=(), report=REPORT, raw=None, **texts):
    with a_store(folder / "store") as store:
        sealed = [store.seal(seal, blobs, raw) for seal, blobs in seals]
        bundle = export_bundle(store, folder / "bundle", [s.seq for s in sealed], [KEY.public])
    chosen = {"title": "t", "subtitle": "s", "notice": None, "tiles": (), **texts}
    out = folder / "page.html"
    write_page(out, decisions=decisions, bundle=bundle, config=CONFIG, report=report, **chosen)
    return Page(out.read_text("utf-8"))


def named(text, **read):
    return a_case(match=a_match(candidates=(MatchCandidate(a_read(text, **read), 999_000),)))


def test_a_case_is_shown_with_its_plate_its_weights_and_its_pictures(tmp_path):
    seal, blobs = named("沪A12345")
    page = a_page(tmp_path, (seal, blobs), decisions=[CrossingSeen(1, seal.crossing, seal.verdicts), seal])

    assert "沪A12345" in page.words
    assert "25,000.0" in page.words
    assert "+5,000.0 kg" in page.words
    links = [value for name, value in page.attributes if name in {"src", "href"}]
    pictures = [link for link in links if link.endswith(".jpg")]
    assert len(pictures) == 2 * 3
    assert all((tmp_path / picture).is_file() for picture in pictures)


@pytest.mark.parametrize("status", [MatchStatus.AMBIGUOUS, MatchStatus.UNMATCHED])
def test_no_plate_is_named_where_none_was_matched(tmp_path, status):
    match = a_match(status=status, candidates=(MatchCandidate(a_read("沪A12345"), 500_000),))
    seal, blobs = a_case(match=match)
    page = a_page(tmp_path, (seal, blobs), decisions=[seal])

    assert "沪A12345" not in page.words


def test_what_others_wrote_stays_text(tmp_path):
    verdict = a_verdict(
        text_en=HOSTILE, text_zh=HOSTILE, legal_basis=HOSTILE, subject=HOSTILE, assumptions=(HOSTILE,)
    )
    crossing = a_crossing(lane=HOSTILE)
    read = a_read(HOSTILE, colour=HOSTILE, vehicle=HOSTILE, direction=HOSTILE)
    match = a_match(lane=HOSTILE, candidates=(MatchCandidate(read, 999_000),))
    seal, blobs = a_case(crossing=crossing, verdicts=(verdict,), match=match, reasons=(HOSTILE,))
    page = a_page(
        tmp_path,
        (seal, blobs),
        decisions=[CrossingSeen(1, crossing, (verdict,)), seal],
        report=Report(checked=[HOSTILE], not_checked=[HOSTILE], problems=[(HOSTILE, HOSTILE)]),
        title=HOSTILE,
        subtitle=HOSTILE,
        notice=(HOSTILE, HOSTILE),
        tiles=(Tile(HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
    )

    assert "script" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert not [value for name, value in page.attributes if name == "src" and value == "x"]
    assert page.words.count(HOSTILE) >= 12


def test_a_statement_that_is_not_good_says_so(tmp_path):
    bad = Report(checked=["x"], problems=[("statements/000001.dsse.json", "the signature does not fit")])
    words = a_page(tmp_path, a_case(), report=bad).words

    assert "the signature does not fit" in words
    assert "无回执 no receipt" in words


def test_what_is_not_known_is_a_dash_and_no_zero(tmp_path):
    crossing = a_crossing(
        gross=None,
        gross_interval=None,
        speed=None,
        speed_sd=None,
        flags=(Flag.OVERLOAD,),
        axles=(),
        groups=(),
    )
    page = a_page(tmp_path, a_case(), decisions=[CrossingSeen(1, crossing, ())])

    assert "overload" in page.words
    assert "0.00" not in page.words.split("候选证据")[0]


def test_a_box_that_saw_nothing_has_a_page_that_says_so(tmp_path):
    assert "没有过车" in a_page(tmp_path).words
