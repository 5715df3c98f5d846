"""The documents as a site: built strictly, whole, and loading nothing from anywhere else."""

import functools
import http.server
import json
import os
import re
import subprocess
import sys
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from tests.inbox.browser import chromium

ROOT = Path(__file__).parents[2]
CONTRACT = ROOT / "contract"
sys.path.append(str(ROOT / "scripts" / "docs_site"))

from contract_pages import schema_page, topics_page  # noqa: E402 - a script's modules
from links import Place, rewritten  # noqa: E402

WAIT_MS = 120_000  # the browser makes the index when it is first asked, and may have to wait for a core
EXTERNAL = re.compile(r"(?:https?:)?//")
# What makes a browser fetch; a link that a person clicks does not.
FETCHED = {("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src"), ("source", "src")}


class Page(HTMLParser):
    """What a page leads to, what it fetches, and where one can jump to in it."""

    def __init__(self, text):
        super().__init__()
        self.links, self.fetched, self.anchors = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id":
                self.anchors.add(value)
            elif value and (tag, name) in FETCHED:
                self.fetched.append(value)
            elif value and (tag, name) == ("a", "href"):
                self.links.append(value)


def pages_of(site):
    return {path: Page(path.read_text("utf-8")) for path in sorted(site.rglob("*.html"))}


def fetched_from_elsewhere(site, pages):
    for path, page in pages.items():
        yield from ((path.name, url) for url in page.fetched if EXTERNAL.match(url))
    for path in site.rglob("*.css"):
        urls = re.findall(r"url\((.*?)\)|@import\s+(\S+)", path.read_text("utf-8"))
        yield from ((path.name, url) for pair in urls for url in pair if EXTERNAL.match(url.strip("'\"")))


def dead_links(pages):
    for path, page in pages.items():
        if path.name == "404.html":
            continue  # its links are absolute: nobody knows where it is shown
        for url in [*page.links, *page.fetched]:
            parts = urlsplit(url)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            if not target.exists():
                yield path.name, url
            elif parts.fragment and target in pages:
                anchor = unquote(parts.fragment)
                if anchor not in pages[target].anchors and not anchor.startswith("__"):
                    yield path.name, url


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def looked_up(site, *words):
    """The first page that the site's own search names for each word, and every other host that was asked."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    asked, found = [], []
    box, hit = "input.md-search__input", ".md-search-result__link[href*='h=']"
    try:
        with chromium() as browser:
            page = browser.new_page()
            page.set_default_timeout(WAIT_MS)
            page.on("request", lambda request: asked.append(request.url))
            page.goto(f"http://127.0.0.1:{server.server_port}/index.html")
            for word in words:
                page.fill(box, word)
                page.press(box, "End")  # what wakes the search up
                page.wait_for_selector(hit)
                found.append(urlsplit(page.locator(hit).first.get_attribute("href")).path.lstrip("/"))
                page.fill(box, "")
                page.press(box, "End")
                page.wait_for_selector(hit, state="detached")
    finally:
        server.shutdown()
        server.server_close()
    return found, [url for url in asked if urlsplit(url).hostname != "127.0.0.1"]


@pytest.mark.slow
def test_the_site_is_built_whole_loads_nothing_from_elsewhere_and_finds_chinese(tmp_path):
    """One test, for one build: `mkdocs build --strict` fails by itself on a link or page that is missing."""
    site = tmp_path / "site"

    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", site],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert built.returncode == 0, built.stderr
    pages = pages_of(site)
    names = {path.relative_to(site).as_posix() for path in pages}
    documents = {path.relative_to(ROOT / "docs").with_suffix(".html").as_posix() for path in DOCUMENTS}
    assert documents <= names
    assert {"readme.html", "readme.zh-CN.html", "contract/topics.html", "decisions/index.html"} <= names
    assert list(fetched_from_elsewhere(site, pages)) == []
    assert list(dead_links(pages)) == []
    for schema in (CONTRACT / "schemas").glob("*.json"):
        assert (site / "contract" / "schemas" / schema.name).read_bytes() == schema.read_bytes()
    for method in ("crossings", "weights", "replay"):
        anchor = f"edge_agent.notebook.recording.OpenRecording.{method}"
        assert anchor in pages[site / "reference" / "notebook.html"].anchors
    records = (site / "reference" / "records.html").read_text("utf-8")
    assert "half width of the stated 95 % interval" in records  # the comment behind a field
    found, elsewhere = looked_up(site, "现场指南", "receipt")
    assert found[0] in {"field-guide.zh-CN.html", "index.zh-CN.html"}
    assert "receipt" in found[1]
    assert elsewhere == []


DOCUMENTS = sorted((ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize(
    ("link", "becomes", "brought"),
    [
        ("[a](wire.md#x)", "[a](../wire.md#x)", []),
        ("[a](../../README.md)", "[a](../readme.md)", []),
        ("[a](../../contract/README.md)", "[a](../contract/index.md)", []),
        ("[a](../../contract/schemas/state.schema.json)", "[a](../contract/state.md)", []),
        (
            "[a](../../configs/bridge.yaml)",
            "[a](../files/configs/bridge.yaml.md)",
            ["configs/bridge.yaml"],
        ),
        ("[a](https://example.org/)", "[a](https://example.org/)", []),
        ("```\n[a](../../README.md)\n```", "```\n[a](../../README.md)\n```", []),
    ],
)
def test_a_link_out_of_the_documents_leads_to_its_page_on_the_site(link, becomes, brought):
    link = link.replace("(wire", "(../wire")
    came = []

    assert rewritten(link, Place("docs/protocols/x.md", "protocols/x.md"), ROOT, came.append) == becomes
    assert came == brought


@pytest.mark.parametrize("name", ["statement", "receipt", "command", "envelope", "state"])
def test_a_schema_s_page_has_every_field_and_every_part(name):
    schema = json.loads((CONTRACT / "schemas" / f"{name}.schema.json").read_text("utf-8"))

    page = schema_page(name, schema)

    for part in [schema, *schema.get("$defs", {}).values()]:
        for field in part.get("properties", {}):
            assert f"| `{field}` |" in page
    headings = set(re.findall(r"^## (\w+)$", page, re.MULTILINE))
    assert headings == set(schema.get("$defs", {}))
    assert {link.lower() for link in re.findall(r"\]\(#(\w+)\)", page)} <= {h.lower() for h in headings}


def test_the_topics_page_has_every_topic_and_message():
    api = yaml.safe_load((CONTRACT / "asyncapi.yaml").read_text("utf-8"))

    page = topics_page(api)

    for channel in api["channels"].values():
        assert f"`{channel['address']}`" in page
    for message in api["components"]["messages"]:
        assert f"**{message}**" in page
