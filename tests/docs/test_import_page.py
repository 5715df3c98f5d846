"""What docs/import.md shows is taken in: its commands, its capture, its columns."""

import csv
import re

import numpy as np
import yaml

import edge_agent
from edge_agent.cli.main import main
from edge_agent.config.settings import SiteConfig
from edge_agent.core.events import SceneSeen, SerialBytes
from edge_agent.importing import vehicles
from edge_agent.journal import importer
from tests.docs.pages import ROOT, checkout, walk
from tests.films import a_video

PAGE = (ROOT / "docs" / "import.md").read_text("utf-8")


def columns_of(section):
    """The names in the first column of the table of a section."""
    table = PAGE.split(f"## {section}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    return set(re.findall(r"`(\w+)`", " ".join(rows)))


def test_the_page_s_commands_import_a_dump_its_plates_and_a_street_s_film(tmp_path, monkeypatch):
    checkout(tmp_path)
    monkeypatch.chdir(tmp_path)
    scenario = ["configs/scenarios/demo.yaml", "--seed", "1", "--seconds", "20"]
    assert main(["simulate", *scenario, "--out", "bridge.mcap"]) == 0
    rec = edge_agent.open_recording("bridge.mcap")
    dump = [seen.record.data for seen in rec.events() if isinstance(seen.record, SerialBytes)]
    (tmp_path / "wim.bin").write_bytes(b"".join(dump))
    with (tmp_path / "plates.csv").open("w") as file:
        rows = csv.writer(file)
        rows.writerow(["time", "camera", "plate"])
        rows.writerows([f"{seen.utc_ns / 1e9 + 1.2:.6f}", "cam1", seen.record.text] for seen in rec.reads())
    a_video(tmp_path / "clip.mp4", [np.full((90, 160, 3), 60 + n, np.uint8) for n in range(40)], fps=10)

    walk("import.md")

    looks = edge_agent.open_recording("street.mcap").events()
    assert {seen.record.camera for seen in looks if isinstance(seen.record, SceneSeen)} == {"east"}
    mine = edge_agent.open_recording("mine")
    assert mine.cases_frame().match.tolist() == rec.cases_frame().match.tolist() == ["matched"]
    difference = mine.crossings_frame().gross_kg - rec.crossings_frame().gross_kg
    assert difference.abs().max() < 5


def test_the_page_names_every_column():
    assert columns_of("Plate reads") == set(importer.PLATE_COLUMNS)
    assert columns_of("Vehicles that others weighed") == set(vehicles.COLUMNS)


def test_the_page_s_capture_and_port_are_read(tmp_path):
    capture = re.search(r"```hex\n(# a logger.*?)```", PAGE, re.DOTALL)[1]
    (tmp_path / "capture.txt").write_text(capture)
    site = yaml.safe_load((ROOT / "configs" / "bridge-a9.yaml").read_text("utf-8"))
    site |= yaml.safe_load(re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1])
    site["lanes"]["1"]["scale"] = {}

    assert len(importer.read_serial_capture(tmp_path / "capture.txt", "wim")) == 2
    assert SiteConfig.model_validate(site).ports["wim"].protocol.lanes == {"L1": "1"}
