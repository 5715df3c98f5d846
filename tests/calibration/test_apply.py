import pytest
import yaml

from edge_agent.calibration.apply import changed
from edge_agent.calibration.proposal import read_proposal, scale_sha256
from edge_agent.config.loader import load
from edge_agent.config.saving import difference, read
from edge_agent.errors import ConfigError, UsageError

PROPOSAL = """lane: "1"
calibration:
  id: cal-2
  date: "2026-11-30"
  factor_ppm: -21603
  speed_bins:
  - {up_to_mm_s: 3000, correction_ppm: 10}
  residual_permille: 10
"""
FORMS = {
    "in one line": "      calibration: {id: old, residual_permille: 5}  # a remark\n",
    "as a block": "      calibration:\n        id: old\n        residual_permille: 5\n\n      # below\n",
    "not there": "",
    "empty lines after it": "      calibration:\n        id: old\n\n\n",
}


@pytest.fixture
def site(tmp_path, shipped_bridge):
    text = shipped_bridge.read_text("utf-8")
    lines = [line for line in text.splitlines(keepends=True) if "calibration:" not in line]
    at = next(k for k, line in enumerate(lines) if line.startswith("    limits:"))

    def make(form):
        path = shipped_bridge.with_name("site.yaml")
        path.write_text("".join([*lines[:at], FORMS[form], *lines[at:]]), "utf-8")
        proposal = tmp_path / "proposal.yaml"
        proposal.write_text(PROPOSAL)
        return path, proposal

    return make


@pytest.mark.parametrize("form", FORMS)
def test_the_block_is_put_in_and_nothing_else_changes(site, form):
    path, proposal = site(form)
    before = path.read_text("utf-8")
    after = changed(read(path), read_proposal(proposal))
    old, new = (yaml.safe_load(text) for text in (before, after))
    put = new["lanes"]["1"]["scale"].pop("calibration")
    old["lanes"]["1"]["scale"].pop("calibration", None)
    assert old == new
    assert put["id"] == "cal-2"
    assert put["speed_bins"] == [{"up_to_mm_s": 3000, "correction_ppm": 10}]
    kept = [line for line in before.splitlines() if line.strip() and "calibration" not in line]
    lost = [line for line in kept if line not in after.splitlines()]
    assert [line for line in lost if "id: old" not in line and "residual" not in line] == []
    assert "+" in difference(before, after, "site.yaml")


def test_a_file_that_is_no_proposal_is_refused(site, tmp_path):
    path, _ = site("as a block")
    other = tmp_path / "other.yaml"
    other.write_text("lanes: 3\n")
    with pytest.raises(ConfigError, match="lane: "):
        changed(read(path), read_proposal(other))


def test_a_lane_that_is_not_there_is_refused(site):
    path, proposal = site("as a block")
    proposal.write_text(PROPOSAL.replace('"1"', '"7"'))
    with pytest.raises(UsageError, match=r"lanes\.7\.scale"):
        changed(read(path), read_proposal(proposal))


def test_two_calibrations_never_share_an_id(site):
    path, proposal = site("as a block")
    proposal.write_text(PROPOSAL.replace("cal-2", "old"))
    with pytest.raises(UsageError, match="'old' is in use and says something else"):
        changed(read(path), read_proposal(proposal))


def test_sensors_that_were_changed_since_it_was_measured_ask_for_another_measurement(site):
    path, proposal = site("as a block")
    then = scale_sha256(load(path).lanes["1"].scale)
    proposal.write_text(f"{PROPOSAL}measured_with: old\nmeasured_scale: {then}\n")
    assert "cal-2" in changed(read(path), read_proposal(proposal))
    path.write_text(path.read_text("utf-8").replace("length_mm: 800", "length_mm: 700"), "utf-8")
    with pytest.raises(UsageError, match="changed since the proposal was measured"):
        changed(read(path), read_proposal(proposal))


CERTIFICATE = """    certificate: {number: "1", issuer: "a", valid_until: "2027-03-31"}
"""


def test_a_verification_stays_with_the_calibration_that_was_verified(site):
    path, proposal = site("as a block")
    text = path.read_text("utf-8")
    path.write_text(text.replace("    limits:\n", f"{CERTIFICATE}    limits:\n", 1), "utf-8")
    after = yaml.safe_load(changed(read(path), read_proposal(proposal)))["lanes"]["1"]
    assert after["certificate"]["calibration_id"] == "old"
    assert after["scale"]["calibration"]["id"] == "cal-2"
