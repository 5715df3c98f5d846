"""A platform that lost its database, of a box that has let go of what was receipted long ago. R4, later."""

import shutil
import time

import pytest

from edge_agent.bench.broker import find_mosquitto
from edge_agent.evidence.examples import a_store, an_identity, store_settings

pytestmark = pytest.mark.skipif(find_mosquitto() is None, reason="needs Debian's mosquitto")

DEVICE = an_identity().settings.device
DAY_US = 86_400_000_000
PATIENCE_S = 60.0  # as long as the uplink may hold everything while nobody listens


def here(rig):
    return {(listed.seq, listed.payload_sha256) for listed in rig.store.reading().statements()}


def there(rig):
    """What the platform has, whole or with pictures that nobody has any more."""
    known = rig.ingest._store.of_device(DEVICE.device_id, 10_000)
    return {(stored.place.seq, stored.payload_sha256) for stored in known}


def test_the_platform_gets_what_is_still_here_is_told_what_is_gone_and_the_box_goes_on(rig, eventually):
    later_us = [0]
    rig.store.close()
    settings = store_settings(rig.folder / "box", check_links_at_start=1, keep_receipted_hours=0)
    rig.store = a_store(
        settings.directory, settings=settings, utc_us=lambda: time.time_ns() // 1000 + later_us[0]
    )
    rig.start_platform()
    rig.start_uplink()
    rig.seal(6)
    assert rig.uplink.wait_idle(15)
    assert there(rig) == here(rig)
    later_us[0] = 200 * DAY_US
    rig.store.keep_house()
    mark = rig.store.reading().let_go()
    assert mark.statements >= 5

    rig.stop_platform()
    shutil.rmtree(rig.folder / "platform")
    rig.start_platform()
    rig.seal(1)

    def told():
        return list(rig.store.reading().statements(kind="incident"))

    eventually(told, "the incident", PATIENCE_S)
    eventually(lambda: there(rig) >= here(rig), "all that is here at the platform", PATIENCE_S)
    eventually(lambda: rig.store.unreceipted == 0, "the last receipts", PATIENCE_S)
    assert len(told()) == 1
    assert rig.uplink.fault is None
    assert rig.ingest._store.alarms() == []
