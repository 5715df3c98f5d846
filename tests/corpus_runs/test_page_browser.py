"""The page of `edge-agent corpus compare` in a browser: no wider than a phone, nothing asked for, legible."""

import pytest

from edge_agent.corpus.goldens import Rules
from edge_agent.corpus.page import page
from edge_agent.corpus.plan import Boxes
from edge_agent.corpus.regression import regression
from edge_agent.corpus.run_folder import RunFolder
from edge_agent.redetecting import Things
from tests.corpus_runs.recordings import LIMIT, Here, a_corpus, a_recording, a_run
from tests.inbox.browser import CONTRASTS, PHONE, SIDEWAYS, WIDE, Person, chromium
from tests.report.self_contained import Page, assert_self_contained

HOSTILE = """"'><script>alert(1)<|img src=x onerror=alert(1)>{{ 7*7 }}"""  # a name may have no `/`
LONG = "a-camera-with-a-name-without-any-end" * 6


@pytest.fixture
def page_file(tmp_path):
    corpus = a_corpus(tmp_path / "corpus")
    a_recording(corpus / f"{HOSTILE}.mcap", 24_000)
    a_recording(corpus / f"{LONG}.mcap", 24_000)
    a_run(corpus, tmp_path / "then")
    a_run(corpus, tmp_path / "now", f"{LIMIT}=25500", engine=Here(interrupted_after=5))
    found = regression(RunFolder(tmp_path / "then"), RunFolder(tmp_path / "now"), Rules())
    seen = tuple(Things(zone, HOSTILE, 1, 2, 3, 4) for zone in ("", LONG))
    found.boxes = {HOSTILE: [Boxes(LONG, 9, 1, 1, 1, 2, 3, 4, "site", seen)]}
    file = tmp_path / "page.html"
    file.write_text(page(found, f"runs/{LONG}", HOSTILE), "utf-8")
    return file


def test_the_page_is_one_file_is_no_wider_than_a_phone_and_can_be_read(page_file):
    told = Page(page_file.read_text("utf-8"))
    assert_self_contained(told)
    assert told.words.count(HOSTILE) >= 5

    with chromium() as browser:
        for size in (WIDE, PHONE):
            person = Person(browser, page_file.as_uri(), size=size)
            shown = person.page
            shown.goto(page_file.as_uri())
            assert shown.evaluate(SIDEWAYS) <= 0
            assert [(text, ratio) for text, ratio in shown.evaluate(CONTRASTS) if ratio < 4.5] == []
            assert (person.asked, person.said) == ([page_file.as_uri()], [])
            person.context.close()
