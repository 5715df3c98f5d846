"""Older forms of a site's file. There is none yet: the steps here are the tests' own."""

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.cli.config import older_form
from edge_agent.cli.main import main
from edge_agent.config import migrating
from edge_agent.config.document import read_document
from edge_agent.config.migrating import difference, migrated_text
from edge_agent.config.migrations import STEPS, Drop, Put, Rename, edits_to_today, migrate
from edge_agent.config.settings import SiteConfig
from edge_agent.errors import ConfigError

SITE = Path("site.yaml")
BRIDGE = Path(__file__).parents[2] / "configs" / "bridge.yaml"

OLD = """\
schema: 1        # of this file
# the scale
lanes:
  "1":
    scale: {zero_s: 300, gain: 2}   # from its sheet
    name: north  # towards the town
  "2":
    scale: {zero_s: 60}
    name: south
"""

NEW = """\
schema: 3        # of this file
# the scale
lanes:
  "1":
    scale: {warm_up_s: 300}   # from its sheet
    title: north  # towards the town
  "2":
    scale: {warm_up_s: 60}
    title: south
"""


def renamed_scales(data):
    for name in data["lanes"]:
        yield Rename(("lanes", name, "name"), "title")
        yield Rename(("lanes", name, "scale", "zero_s"), "warm_up_s")


def dropped_gains(data):
    for name, lane in data["lanes"].items():
        if "gain" in lane["scale"]:
            yield Drop(("lanes", name, "scale", "gain"))


STEPS_HERE = (lambda data: list(renamed_scales(data)), lambda data: list(dropped_gains(data)))


def test_a_file_of_each_older_form_is_read_as_todays():
    for text, made in ((OLD, 7), (OLD.replace("schema: 1", "schema: 2"), None), (NEW, 0)):
        data = yaml.safe_load(text)
        if made is None:  # of the form between: only the last step is for it
            data = yaml.safe_load(NEW.replace("schema: 3", "schema: 2"))
            data["lanes"]["1"]["scale"]["gain"] = 2
            assert [str(e) for e in edits_to_today(data, STEPS_HERE)] == [
                "lanes.1.scale.gain is no longer used",
                "schema is 3",
            ]
        else:
            assert len(edits_to_today(data, STEPS_HERE)) == made


def test_the_text_of_todays_form_keeps_every_remark():
    after, edits = migrated_text(SITE, OLD, STEPS_HERE)
    assert after == NEW
    assert migrated_text(SITE, after, STEPS_HERE) == (NEW, [])
    assert "lanes.1.name is called title" in map(str, edits)
    shown = difference(SITE, OLD, after)
    assert shown.startswith("--- site.yaml\n+++ site.yaml (today's form)\n")
    assert "-    name: south\n" in shown


def test_a_mistake_in_an_older_file_is_said_with_the_line_of_that_file():
    document = read_document(SITE, OLD)
    migrate(document, STEPS_HERE)
    assert document.line(("lanes", "1", "title")) == 6
    assert document.line(("lanes", "2", "scale", "warm_up_s")) == 8
    assert document.texts["lanes", "2", "scale", "warm_up_s"] == "60"


def test_a_file_of_a_newer_program_is_refused_with_what_to_do():
    with pytest.raises(ConfigError) as refused:
        migrate(read_document(SITE, "# new\nschema: 4\n"), STEPS_HERE)
    assert str(refused.value) == (
        "site.yaml:2: schema: form 4; this program knows up to 3 "
        "(upgrade edge-agent, or put the file back that this release ran)"
    )


@pytest.mark.parametrize("form", ["one", "0", "-1", "1.0", "true", "[1]"])
def test_what_is_no_form_at_all_is_left_to_whoever_checks_the_settings(form):
    document = read_document(SITE, f"schema: {form}\n")
    assert migrate(document, STEPS_HERE) == []


def test_the_settings_are_of_the_form_that_the_steps_lead_to():
    assert get_args(SiteConfig.model_fields["schema_"].annotation) == (len(STEPS) + 1,)


NAMES = st.sampled_from(["old", "other", "also", "last"])


@given(
    st.dictionaries(NAMES, st.integers() | st.text("ab: #'\"", max_size=5) | st.booleans(), min_size=2),
    st.booleans(),
    st.data(),
)
def test_data_and_text_are_changed_alike(values, flow, data):
    """However the file is laid out, its text in today's form says what the daemon made of it in memory."""
    text = "schema: 1\n" + (
        f"part: {yaml.safe_dump(values, default_flow_style=True, width=10_000)}"
        if flow
        else yaml.safe_dump({"part": values}, default_flow_style=False, width=10_000)
    )
    loc = ("part", data.draw(st.sampled_from(sorted(values))))
    edit = data.draw(st.sampled_from([Rename(loc, "new"), Put(loc, "no: 1"), Drop(loc)]))
    document = read_document(SITE, text)
    steps = (lambda _: [edit],)
    migrate(document, steps)
    assert read_document(SITE, migrated_text(SITE, text, steps)[0]).data == document.data


def test_today_s_file_needs_nothing(capsys):
    assert main(["config", "migrate", str(BRIDGE)]) == 0
    assert "in today's form" in capsys.readouterr().out


def test_an_older_file_is_noted_shown_and_written_when_asked(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(migrating, "migrated_text", partial(migrated_text, steps=STEPS_HERE))
    site = tmp_path / "site.yaml"
    site.write_text(OLD, "utf-8")
    site.chmod(0o660)

    [note] = older_form(site)
    assert "read as today's: lanes.1.name is called title" in note
    assert main(["config", "migrate", str(site)]) == 1
    assert "+    title: south\n" in capsys.readouterr().out
    assert site.read_text("utf-8") == OLD
    assert main(["config", "migrate", "--write", str(site)]) == 0
    assert site.read_text("utf-8") == NEW
    assert site.stat().st_mode & 0o777 == 0o660
    assert older_form(site) == []


def test_a_file_that_is_not_there_is_a_mistake_of_whoever_called():
    ran = subprocess.run(
        [sys.executable, "-m", "edge_agent", "config", "migrate", "/no/such.yaml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, "Traceback" in ran.stderr) == (2, False)
