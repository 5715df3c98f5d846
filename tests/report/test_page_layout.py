"""The report's page is read on phones too: what is wide scrolls in its own box, never the page."""

import re
from pathlib import Path

import edge_agent.report

PAGE = (Path(edge_agent.report.__file__).parent / "page.html").read_text("utf-8")


def test_every_table_and_every_trace_stands_in_a_box_that_scrolls():
    assert len(re.findall(r"<table", PAGE)) == len(re.findall(r'<div class="scroll"[^>]*><table', PAGE)) > 0
    in_box = PAGE.count('<div class="trace-scroll">{{ case.trace }}</div>')
    assert PAGE.count("{{ case.trace }}") == in_box == 1


def test_a_phone_takes_its_own_width_for_the_page():
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in PAGE
    assert "@media (max-width: 600px)" in PAGE
