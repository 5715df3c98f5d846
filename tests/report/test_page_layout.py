"""The report's page is read on phones too: what is wide scrolls in its own box, never the page."""

import re
from pathlib import Path

import edge_agent.report
import edge_agent.web

FOLDER = Path(edge_agent.report.__file__).parent
PAGE = (FOLDER / "page.html").read_text("utf-8")
SHEET = (Path(edge_agent.web.__file__).parent / "templates" / "sheet.html").read_text("utf-8")
PARTS = "".join(path.read_text("utf-8") for path in sorted(FOLDER.glob("*.html")))


def test_every_table_and_every_drawing_stands_in_a_box_that_scrolls():
    assert len(re.findall(r"<table", PARTS)) == len(re.findall(r'<div class="scroll"[^>]*><table', PARTS)) > 3
    for drawing in (
        "case.weighing.trace",
        "case.weighing.vehicle",
        "case.match.drawing",
        "case.line",
        "zones",
        "gross",
    ):
        in_box = PARTS.count(f'<div class="trace-scroll">{{{{ {drawing} }}}}</div>')
        assert PARTS.count(f"{{{{ {drawing} }}}}") == in_box == 1


def test_a_phone_takes_its_own_width_for_the_page():
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in SHEET
    assert PAGE.startswith('{% include "sheet.html" %}')
    assert "@media (max-width: 600px)" in PAGE
