"""The bench itself, small: every phase runs, and what it compares would show a loss."""

from contextlib import closing

import pytest
from sqlalchemy import text

from edge_agent.bench import platform
from edge_agent.bench.platform_check import compare
from edge_agent.bench.torture.run import missing
from edge_agent.evidence.keys import FileKey
from edge_agent.ingest.intake import Intake
from edge_agent.ingest.keepers import attachment_keeper
from edge_agent.ingest.settings import IngestSettings
from edge_agent.ingest.store import PlatformStore
from tests.ingest.conftest import postgres, postgres_url

__all__ = ["postgres", "postgres_url"]

lacking = missing(["mosquitto", "postgres"])
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(lacking), reason=f"needs {', '.join(lacking)}"),
]


def test_every_phase_runs_and_nothing_is_lost():
    result = platform.run(platform.Plan(devices=20, seconds=3.0, picture_bytes=2000))

    assert result["good"], platform.text(result)
    assert result["sent"] > 20
    assert result["killed_p99_ms"] >= result["killed_p50_ms"] > 0
    assert "ingest processes" in platform.text(result)


AGAIN = """
INSERT INTO statement SELECT device, 'e2', seq, packet_id, payload_sha256, prev, kind, use_class, keyid,
envelope, received_utc_us, complete FROM statement WHERE seq = 1
"""


@pytest.mark.parametrize(
    ("harm", "count"),
    [
        ("DELETE FROM statement WHERE seq = 1", "lost"),
        ("UPDATE statement SET envelope = 'x' WHERE seq = 1", "differing"),
        (AGAIN, "twice"),
        ("UPDATE attachment SET body = 'x'", "pictures_bad"),
        ("DELETE FROM attachment", "pictures_bad"),
        ("UPDATE watermark SET seq = 0", "watermarks_behind"),
    ],
)
def test_a_platform_that_lost_something_is_not_good(tmp_path, postgres_url, harm, count):
    plan = platform.Plan(devices=1, with_picture_permille=1000)
    box = plan.box(0)
    settings = IngestSettings(
        tenant="city",
        database=postgres_url,
        data_dir=tmp_path,
        devices_dir=tmp_path,
        receipt_key_file=tmp_path / "key",
    )
    (tmp_path / f"{box.device}.pem").write_bytes(box.key.public.pem)
    with closing(PlatformStore.of(settings)) as store:
        keeper = attachment_keeper(settings, store)
        intake = Intake(settings, store, keeper, FileKey.from_seed(b"p" * 32), lambda: 1)
        intake.take([m for _ in range(3) for m in box.messages(box.sign_next())], 0.0)
        assert compare(store, [plan.box(0)], {box.device: 3})["bad"] == 0
        store.write(text(harm))

        assert compare(store, [plan.box(0)], {box.device: 3})[count] > 0
