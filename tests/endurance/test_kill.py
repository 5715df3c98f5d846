import shutil
import sqlite3

import pytest

from edge_agent.bench import kill
from edge_agent.bench.broker import find_mosquitto
from edge_agent.bench.kill_box import BoxPlan, open_store
from edge_agent.evidence.examples import KEY, a_case
from edge_agent.evidence.uplink.settings import UplinkSettings
from edge_agent.ingest.store import NewStatement, Place, PlatformStore


@pytest.mark.slow
@pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed (Debian package mosquitto)")
def test_killing_box_broker_and_platform_at_random_loses_nothing_that_was_sealed():
    found = kill.run(kills=10, seed=3, picture_bytes=20_000)

    assert found["good"], found
    assert found["claimed"] >= 10
    assert found["arrived"] == found["chain_length"]


@pytest.fixture
def aftermath(tmp_path):
    """A folder as a run leaves it: ten statements, all at the platform."""
    plan = BoxPlan(tmp_path, UplinkSettings(), 1, 10.0, 100)
    with open_store(tmp_path) as store, plan.claims.open("w") as claims:
        for number in range(1, 10):
            sealed = store.seal(*a_case(number, 100))
            claims.write(f"{sealed.epoch} {sealed.seq} {sealed.payload_sha256}\n")
        platform = PlatformStore(tmp_path / "platform" / "ingest.db")
        with platform.commit():
            prev = None
            for seq in store.seqs():
                packet = store.packet(seq)
                place = Place("ea-test-0001", store.head().epoch, seq)
                new = NewStatement(
                    place,
                    packet.packet_id,
                    packet.payload_sha256,
                    prev,
                    "wim",
                    "test",
                    KEY.keyid,
                    packet.envelope,
                )
                platform.add(new, (), 0)
                prev = packet.payload_sha256
        platform.close()
    (tmp_path / "platform" / "attachments").mkdir()
    return tmp_path


def change(folder, sql) -> dict:
    with sqlite3.connect(folder / "platform" / "ingest.db") as db:
        db.execute(sql)
    db.close()
    return kill.compare(folder)


def test_the_comparison_finds_nothing_where_nothing_is_wrong(aftermath):
    found = kill.compare(aftermath)

    assert (found["claimed"], found["arrived"], found["lost"]) == (9, 10, 0)
    assert found["bad"] == found["without_a_receipt"] == 10  # nobody signed receipts here


def test_a_statement_that_did_not_arrive_is_a_loss_and_a_gap(aftermath):
    found = change(aftermath, "DELETE FROM statement WHERE seq=5")

    assert (found["lost"], found["gaps_at_the_platform"], found["broken_links"]) == (1, 1, 1)


def test_a_statement_that_arrived_otherwise_is_a_loss(aftermath):
    found = change(aftermath, "UPDATE statement SET payload_sha256='00' WHERE seq=9")

    assert found["lost"] == 1


def test_a_statement_without_its_attachments_has_not_arrived(aftermath):
    assert change(aftermath, "UPDATE statement SET complete=0 WHERE seq=3")["lost"] == 1


def test_two_claims_for_one_place_are_seen(aftermath):
    claims = aftermath / "claims"
    line = claims.read_text().splitlines()[0]
    claims.write_text(claims.read_text() + line[:-4] + "0000\n" + "torn li")

    assert kill.compare(aftermath)["claims_for_one_place_that_differ"] == 1


def test_a_file_that_is_not_its_digest_is_seen(aftermath):
    (aftermath / "platform" / "attachments" / ("0" * 64)).write_bytes(b"x")

    assert kill.compare(aftermath)["attachments_with_another_digest"] == 1


def test_a_box_that_lost_its_store_is_seen(aftermath):
    shutil.rmtree(aftermath / "box")

    assert kill.compare(aftermath)["bad"] > 0
