import pytest

from edge_agent.bench import kill_daemon
from edge_agent.bench.broker import find_mosquitto

LINE = "2026-05-12 08:00:00,123 INFO sealed seq {} epoch e1 packet_id p sha256 {}\n"


@pytest.mark.slow
@pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed (Debian package mosquitto)")
def test_killing_the_real_daemon_and_the_broker_during_traffic_loses_nothing_that_was_sealed():
    found = kill_daemon.run(kills=4, seed=2)

    assert found["good"], found
    assert found["killed"] == {"broker": 1, "daemon": 3}
    assert found["claimed"] >= 1
    assert found["arrived"] == found["chain_length"] == found["verified"]


def test_a_line_that_the_daemon_died_in_is_no_claim_and_does_not_hide_the_next(tmp_path):
    log = tmp_path / "log"
    log.write_text(LINE.format(7, "a" * 64) + LINE.format(8, "b" * 64)[:-20] + LINE.format(9, "c" * 64))

    claims = kill_daemon.Daemon(tmp_path / "site.yaml", log).claims()

    assert {(claim.seq, claim.payload_sha256) for claim in claims} == {(7, "a" * 64), (9, "c" * 64)}


def test_a_daemon_is_not_up_because_it_was_in_an_earlier_life(tmp_path):
    log = tmp_path / "log"
    log.write_text("edge-agent: city/ea-1 at bridge\n")
    daemon = kill_daemon.Daemon(tmp_path / "no-site.yaml", log)

    daemon.start()

    assert not daemon.finish()
    assert not daemon.up
    log.write_text(log.read_text() + "edge-agent: city/ea-1 at bridge\n")
    assert daemon.up
