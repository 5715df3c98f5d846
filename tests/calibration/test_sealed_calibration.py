"""From a truck's runs to the chain: who calibrated, with what, and when the scale began to weigh by it."""

import json
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from edge_agent.box_store import open_store
from edge_agent.calibration.apply import changed
from edge_agent.calibration.proposal import Figures, Proposal, ReadingLine
from edge_agent.calibration.record import leave_record, record_of
from edge_agent.cli.main import run_command
from edge_agent.compose import Agent
from edge_agent.config import saving
from edge_agent.config.loader import load
from edge_agent.core.weigh.settings import CalibrationSettings
from edge_agent.evidence import dsse
from edge_agent.evidence.dsse import EVIDENCE_TYPE
from edge_agent.evidence.intray import tray_of
from edge_agent.evidence.keys import KeyRing, read_public_keys
from edge_agent.evidence.statement import Kind, parse
from edge_agent.evidence.statement_operator import Calibration, OperatorAction

ROOT = Path(__file__).parents[2]
TRUCK = str(ROOT / "configs" / "test-truck.yaml")
PROPOSAL = Proposal(
    lane="1",
    measured_with="example-uncalibrated",
    calibration=CalibrationSettings(id="cal-2", factor_ppm=-23_000),
    record=Figures(reference="truck A", factor_ppm=-23_000, interval_ppm=900, runs=15),
)

LINE = Proposal(
    lane="1",
    method="reading_line",
    reading_line=ReadingLine(camera="cam1", distance_mm=8_120, offset_ms=82),
    record=Figures(detail="camera cam1: distance 5000 -> 8120 ± 655 mm"),
)


@pytest.fixture
def site(shipped_bridge):
    """Nothing outside of the box: no broker, no camera."""
    text = shipped_bridge.read_text("utf-8")
    for part in ("uplink:", "anpr:", "detector:", "cameras:"):
        begin = text.index(f"\n{part}") + 1
        text = text[:begin] + text[text.index("\n\n", begin) + 2 :]
    shipped_bridge.write_text(text.replace("    camera: cam1\n", ""), "utf-8")
    return shipped_bridge


@pytest.fixture
def proposal(tmp_path):
    path = tmp_path / "proposal.yaml"
    path.write_text(PROPOSAL.text(), "utf-8")
    return path


class Killed(BaseException):
    """The process ends here; nothing catches it."""


def run_daemon(config):
    """Up, and down again: it seals what lies in the tray."""
    agent = Agent(load(config))
    ending = threading.Timer(0, agent.stop)
    ending.start()
    agent.run()


def chain(config):
    """Every statement of the box, checked against its own key."""
    site = load(config)
    with open_store(site, "reader") as store:
        ring = KeyRing({EVIDENCE_TYPE: read_public_keys(public_key(config))})
        envelopes = [store.packet(seq).envelope for seq in store.seqs()]
        return [parse(dsse.open_envelope(one, ring, {EVIDENCE_TYPE}).payload) for one in envelopes]


def public_key(config):
    private = load_pem_private_key(load(config).evidence.key_file.read_bytes(), None)
    path = config.with_name("trusted.pem")
    path.write_bytes(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return path


def apply(config, proposal, *more):
    return run_command(
        "calibrate", ["apply", str(proposal), "--config", str(config), "--by", "王工", "--yes", *more]
    )


def test_a_truck_s_calibration_is_measured_applied_sealed_and_named_by_what_is_weighed_after(
    site, short_runs, tmp_path, capsys
):
    site.write_text(site.read_text("utf-8").replace("warm_up_s: 300", "warm_up_s: 0"), "utf-8")
    run_daemon(site)
    out = tmp_path / "out.yaml"
    truck = ["truck", str(short_runs), "--config", str(site), "--truck", TRUCK, "--lane", "1"]
    named = ["--name", "cal-2026-11-30", "--date", "2026-11-30", "--by", "王工"]
    assert run_command("calibrate", [*truck, *named, "--out", str(out), "--record"]) == 0
    assert apply(site, out) == 0
    leave_record(tray_of(load(site).evidence.store.directory), LINE, LINE.text().encode(), "measured", "王工")
    run_daemon(site)

    said = chain(site)
    measured, applied = [one.record for one in said if one.kind is Kind.CALIBRATION]
    assert (measured.outcome, applied.outcome) == ("measured", "applied")
    assert (applied.by, applied.old_calibration_id, applied.new_calibration_id) == (
        "王工",
        "example-uncalibrated",
        "cal-2026-11-30",
    )
    assert (applied.runs, applied.runs_left_out, len(applied.factors)) == (8, 0, 3)
    assert abs(applied.factor_ppm - (1e6 / 1.024 - 1e6)) <= applied.interval_ppm
    [change] = [one.record for one in said if one.kind is Kind.CONFIG_CHANGE]
    assert change.new_sha256 == load(site).sha256()
    [report] = [one for one in said if one.kind is Kind.CALIBRATION and one.record.outcome == "applied"]
    assert [file.sha256 for file in report.attachments] == [applied.report_sha256]
    [action] = [one.record for one in said if one.kind is Kind.OPERATOR_ACTION]
    assert (action.action, action.subject) == ("reading_line_measured", "lane/1")
    capsys.readouterr()
    store, key = str(load(site).evidence.store.directory), str(public_key(site))
    assert run_command("verify", [store, "--keys", key, "--json"]) == 0

    replayed = tmp_path / "replayed"
    assert run_command("replay", [str(short_runs), "--config", str(site), "--out", str(replayed)]) == 0
    lines = (replayed / "decisions.jsonl").read_text("utf-8").splitlines()
    used = {json.loads(line)["crossing"]["calibration"] for line in lines if "CrossingSeen" in line}
    assert used == {"cal-2026-11-30"}


@pytest.mark.parametrize("write", [0, 1])
def test_killed_at_any_write_the_configuration_is_the_old_one_or_the_new_one_with_its_record(
    site, proposal, monkeypatch, write
):
    """The writes are: the copy of before, then the configuration."""
    before, after = site.read_text("utf-8"), changed(saving.read(site), PROPOSAL)
    really, number = saving._write, iter(range(9))

    def killed(*arguments, **named):
        if next(number) == write:
            raise Killed
        really(*arguments, **named)

    monkeypatch.setattr(saving, "_write", killed)
    with pytest.raises(Killed):
        apply(site, proposal)
    monkeypatch.setattr(saving, "_write", really)
    tray = tray_of(load(site).evidence.store.directory)
    assert site.read_text("utf-8") == before
    assert len(list(tray.waiting())) == write  # a record without its change is possible, the other way is not
    assert apply(site, proposal) == 0
    assert site.read_text("utf-8") == after
    assert {note.record.outcome for _, note in tray.waiting()} == {"applied"}


def test_without_its_record_nothing_is_applied(site, proposal, capsys):
    before = site.read_text("utf-8")
    tray = load(site).evidence.store.directory.parent / "intray"
    tray.parent.mkdir(parents=True)
    tray.write_text("a file where the folder should be")
    assert apply(site, proposal) == 2
    assert site.read_text("utf-8") == before


def test_a_configuration_that_cannot_be_written_after_its_record_is_told_as_failed(
    site, proposal, monkeypatch, capsys
):
    really, number = saving._write, iter(range(9))

    def full(*arguments, **named):
        if next(number) == 1:
            raise OSError(28, "No space left on device")
        really(*arguments, **named)

    monkeypatch.setattr(saving, "_write", full)
    assert apply(site, proposal) == 2
    assert "No space left" in capsys.readouterr().err
    notes = [note.record for _, note in tray_of(load(site).evidence.store.directory).waiting()]
    assert [type(one) for one in notes] == [Calibration, OperatorAction]
    assert (notes[1].outcome, notes[1].subject) == ("failed", "lane/1")


def test_what_was_measured_with_another_calibration_is_refused_and_a_second_time_changes_nothing(
    site, proposal, capsys
):
    assert apply(site, proposal) == 0
    assert apply(site, proposal, "--lang", "en") == 0
    assert "in it already" in capsys.readouterr().out
    assert len(list(tray_of(load(site).evidence.store.directory).waiting())) == 1
    other = PROPOSAL.model_copy(update={"calibration": CalibrationSettings(id="cal-3")})
    proposal.write_text(other.text(), "utf-8")
    assert apply(site, proposal) == 2
    assert "measure again" in capsys.readouterr().err


def test_a_record_names_the_figures_and_the_report_that_they_rest_on():
    record = record_of(PROPOSAL, b"report", "applied", "王工")
    assert (record.method, record.factor_ppm, record.interval_ppm) == ("test_truck", -23_000, 900)
    assert record.new_calibration_id == "cal-2"
    assert record_of(LINE, b"", "applied", "王工").action == "reading_line_applied"
