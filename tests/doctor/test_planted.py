"""One fault is planted in a whole box; the doctor names that one and nothing else."""

import os
import subprocess
import time
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest

from edge_agent.box_store import open_store
from edge_agent.demo.broker import ACCESS_LIST
from edge_agent.demo.pki import Authority
from edge_agent.evidence.keys import FileKey
from tests.doctor.box import ADDRESS, DEVICE, days

HOUR_US = 3_600 * 1_000_000


def clock_an_hour_slow(box, _broker):
    with open_store(box.config(), "ahead", lambda: time.time_ns() // 1000 + HOUR_US) as store:
        store.heartbeat()


def pictures_not_allowed(_box, broker):
    access = ACCESS_LIST.replace("pattern write ea/v1/+/%c/att/+\n", "")
    broker.restart(access=access)


def receipts_not_to_be_read(_box, broker):
    broker.restart(access=ACCESS_LIST.replace("pattern read ea/v1/+/%c/rcpt\n", ""))


def receipts_of_another_key(box, _broker):
    other = FileKey.generate(box.folder / "other.pem")
    (box.folder / "receipt.pub.pem").write_bytes(other.public.pem)


def brokers_certificate_expired(_box, broker):
    broker.authority.server(ADDRESS, days(-400, -3))
    broker.restart()
    broker.usable = False


def own_certificate_expired(_box, broker):
    broker.authority.client(DEVICE, days(-400, -3))


def own_certificate_ends_in_a_week(_box, broker):
    broker.authority.client(DEVICE, days(-300, 7.5))


def brokers_name_is_another(box, _broker):
    box.change("uplink", "mqtt", "host", "localhost")


def broker_of_another_authority(box, _broker):
    other = Authority(box.folder / "other", days(-1, 900))
    box.change("uplink", "mqtt", "tls_ca_certs", str(other.certificate))


def broker_away(_box, broker):
    broker.stop()
    broker.usable = False


def model_of_another_digest(box, _broker):
    box.change("detector", "sha256", "0" * 64)


def no_model(box, _broker):
    box.change("detector", "model", "gone.onnx")


def no_receipt_key(box, _broker):
    del box.tree["uplink"]["receipt_keys_file"]


def receipt_key_is_rubbish(box, _broker):
    (box.folder / "receipt.pub.pem").write_text("not a key")


def evidence_key_open_to_all(box, _broker):
    (box.folder / "evidence.pem").chmod(0o644)


def key_of_another_certificate(box, broker):
    box.change("uplink", "mqtt", "tls_client_key", str(broker.folder / "broker.key"))


def scales_certificate_ran_out(box, _broker):
    yesterday = datetime.now(UTC).date() - timedelta(days=2)
    box.change("lanes", "1", "certificate", "valid_until", yesterday.isoformat())


def no_certificate_of_the_scale(box, _broker):
    del box.tree["lanes"]["1"]["certificate"]


def calibrated_after_the_verification(box, _broker):
    box.change("lanes", "1", "certificate", "calibration_id", "the-one-before")


def scale_never_calibrated(box, _broker):
    box.change("lanes", "1", "scale", "calibration", "id", "example-uncalibrated")


def pushes_to_an_address_of_nobody(box, _broker):
    box.change("anpr", "host", "192.0.2.7")  # of no machine (RFC 5737)
    box.change("anpr", "cameras", "cam1", "auth", "basic")
    (box.folder / "password").touch(0o600)
    more = {"username": "cam", "password_file": "password", "allow": ["192.0.2.0/24"]}
    box.tree["anpr"]["cameras"]["cam1"] |= more


def quota_larger_than_the_disk(box, _broker):
    box.change("evidence", "store", "quota_bytes", 2**60)


def small_messages_only(_box, broker):
    broker.restart(more="max_packet_size 20000")


def consoles_certificate_ends_in_a_week(box, _broker):
    made = Authority(box.folder / "console").client("console", days(-300, 7.5))
    made.key.chmod(0o600)
    box.tree["console"] = {"tls_cert": str(made.certificate), "tls_key": str(made.key)}


def consoles_certificate_gone(box, _broker):
    key = box.folder / "console.key"
    key.touch(0o600)
    box.tree["console"] = {"tls_cert": str(box.folder / "none.pem"), "tls_key": str(key)}


PLANTED = [
    (clock_an_hour_slow, {"clock.behind"}),
    (pictures_not_allowed, {"broker.not_allowed"}),
    (receipts_not_to_be_read, {"receipt.no_answer"}),
    (receipts_of_another_key, {"receipt.no_answer"}),
    (brokers_certificate_expired, {"broker.tls_expired"}),
    (own_certificate_expired, {"certificate.expired", "broker.silent"}),
    (own_certificate_ends_in_a_week, {"certificate.ends_soon"}),
    (consoles_certificate_ends_in_a_week, {"console_certificate.ends"}),
    (consoles_certificate_gone, {"console_certificate.unusable"}),
    (brokers_name_is_another, {"broker.tls_name"}),
    (broker_of_another_authority, {"broker.tls_chain"}),
    (broker_away, {"broker.unreachable"}),
    (model_of_another_digest, {"model.wrong_digest"}),
    (no_model, {"model.missing"}),
    (no_receipt_key, {"receipt_key.missing"}),
    (receipt_key_is_rubbish, {"receipt_key.unusable"}),
    (evidence_key_open_to_all, {"key.unusable"}),
    (key_of_another_certificate, {"certificate.unusable", "broker.own_files"}),
    (scales_certificate_ran_out, {"scale.expired"}),
    (no_certificate_of_the_scale, {"scale.no_certificate"}),
    (calibrated_after_the_verification, {"scale.not_verified"}),
    (scale_never_calibrated, {"scale.uncalibrated"}),
    (pushes_to_an_address_of_nobody, {"push.address"}),
    (quota_larger_than_the_disk, {"disk.quota_too_large"}),
    (small_messages_only, {"broker.packets_too_small"}),
]
# What the machine that runs the tests may or may not have; checks of it are tested on observations.
OF_THIS_MACHINE = {
    "clock.unsynced",
    "clock.error_large",
    "clock.offset",
    "clock.no_rtc",
    "disk.shared",
    "disk.wear_unknown",
}


def test_a_box_that_is_well_gives_no_alarm(box, platform):
    assert box.troubles() - OF_THIS_MACHINE == set()


@pytest.mark.parametrize(("plant", "named"), PLANTED, ids=[plant.__name__ for plant, _ in PLANTED])
def test_the_doctor_names_what_was_planted_and_nothing_else(box, broker, plant, named):
    plant(box, broker)

    with box.platform(broker) if broker.usable else nullcontext():
        troubles = box.troubles() - OF_THIS_MACHINE

    assert troubles == named


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 24 MB, as root only can make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], check=False
        ).returncode
    ):
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def disk_filled_by_others(box, disk):
    box.change("evidence", "store", "directory", str(disk / "evidence"))
    (disk / "logs").write_bytes(bytes(20 * 1024 * 1024))


OF_A_FULL_DISK = {"disk.full"}


def test_a_disk_that_others_have_filled_is_named(box, small_disk):
    disk_filled_by_others(box, small_disk)

    # Such a small one can be had in memory only, which is said too.
    assert box.troubles(only=["disk"]) == OF_A_FULL_DISK | {"disk.in_memory"}
