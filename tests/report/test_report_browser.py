"""The page of `edge-agent report` in a browser: no wider than a phone, nothing asked for, legible."""

import pytest

from edge_agent.cli.main import main
from edge_agent.config import recorded
from edge_agent.evidence.bundle import export_bundle
from edge_agent.evidence.examples import KEY, a_case, a_store
from tests.inbox.browser import CONTRASTS, CONTROLS, PHONE, SIDEWAYS, UNNAMED, WIDE, Person, chromium
from tests.report.street_day import a_config, the_case


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    with a_store(folder / "store") as store:
        seqs = [store.seal(seal, blobs).seq for seal, blobs in [*the_case(), a_case()]]
        bundle = export_bundle(store, folder / "bundle", seqs, [KEY.public])
    site = folder / "site.yaml"
    site.write_text(recorded.to_text(a_config()), encoding="utf-8")
    assert main(["report", str(bundle), "--config", str(site), "--out", str(folder / "page.html")]) == 0
    return folder / "page.html"


def test_the_page_asks_for_nothing_is_no_wider_than_a_phone_and_can_be_read(page_file):
    with chromium() as browser:
        for size in (WIDE, PHONE):
            person = Person(browser, page_file.as_uri(), size=size)
            page = person.page
            page.goto(page_file.as_uri())
            assert page.evaluate(SIDEWAYS) <= 0
            assert page.evaluate(UNNAMED, CONTROLS) == []
            dim = [(text, ratio) for text, ratio in page.evaluate(CONTRASTS) if ratio < 4.5]
            assert dim == []
            assert page.evaluate(
                "[...document.images].every((image) => image.naturalWidth > 0 || !image.alt)"
            )
            assert {url for url in person.asked if not url.startswith("data:")} == {page_file.as_uri()}
            assert person.said == []
            person.context.close()
