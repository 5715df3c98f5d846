"""What the scripted hour in a bare root finds around the box."""

import json
from itertools import pairwise

import pytest

from edge_agent.config.loader import load
from edge_agent.demo.proving_ground import edits, filled_in, stage_of, truck_passes
from edge_agent.demo.rendered import repository

LOAN = {"port": 8883, "client_id": "ea-bridge-0001", "tls_ca_certs": "/srv/ground/broker/ca.pem"} | {
    f"tls_client_{part}": f"/srv/ground/broker/ea-bridge-0001.{part}" for part in ("cert", "key")
}


@pytest.fixture
def ground(tmp_path):
    (tmp_path / "broker.json").write_text(json.dumps(LOAN), "utf-8")
    return tmp_path


def test_the_template_filled_in_is_a_site_with_a_bridge_and_a_street(ground):
    template = (repository() / "configs" / "bridge.yaml").read_text("utf-8")
    path = ground / "site.yaml"
    path.write_text(filled_in(ground, template), "utf-8")
    site = load(path)
    stage = stage_of()
    assert site.street.model_dump(exclude={"references_dir", "detector", "cameras"}) == (
        stage.site.street.model_dump(exclude={"references_dir", "detector", "cameras"})
    )
    assert site.street.cameras["east"].zones == stage.site.street.cameras["east"].zones
    assert site.cameras["cam1"].video.views == stage.site.cameras["cam1"].video.views
    assert site.uplink.mqtt.tls_client_key.as_posix() == "/etc/edge-agent/broker/ea-bridge-0001.key"
    assert site.console is not None
    kept = [line for line in template.splitlines() if line.lstrip().startswith("# ")]
    assert set(kept) - set(path.read_text("utf-8").splitlines()) == set()  # the template's remarks


def test_each_decision_changes_the_template(ground):
    template = (repository() / "configs" / "bridge.yaml").read_text("utf-8")
    filled = filled_in(ground, template)
    before, after = template.splitlines(), set(filled.splitlines())
    changed = [line for line in before if line not in after]
    assert len(edits(ground)) >= len(changed) > 5


def test_the_test_truck_is_within_the_limit_even_where_the_scale_reads_too_much():
    stage = stage_of()
    [instrument] = stage.scenario.instruments.values()
    [lane] = stage.site.lanes.values()
    passes = truck_passes()
    heaviest = max(one.gross_kg for one in passes) * (1000 + instrument.errors.gain_error_permille) / 1000
    assert heaviest < lane.limits.posted.limit_kg
    assert len(passes) >= 10
    gaps = [later.at_s - one.at_s for one, later in pairwise(passes)]
    assert min(gaps) > 10  # one truck is off the scale before it comes again
