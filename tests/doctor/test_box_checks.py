"""What the doctor says of clock, disk, heat, store and pushes, each seen as a fault would show it."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.events import ClockSource
from edge_agent.core.units import MS, Ns
from edge_agent.doctor import broker_checks, clock_checks, disk_checks, temperature_checks
from edge_agent.doctor.box import DaemonSeen, PushSeen, StoreSeen
from edge_agent.doctor.broker_seen import BrokerSeen
from edge_agent.doctor.clock_checks import ClockSeen
from edge_agent.doctor.disk_seen import DiskSeen, Mount, Wear, look, mount_of, parse_mounts, ssd_of
from edge_agent.doctor.finding import State
from edge_agent.doctor.push_checks import check_pushes, check_secret
from edge_agent.doctor.software_checks import check_daemon, check_modules, check_python
from edge_agent.doctor.store_checks import check_receipts, check_store
from edge_agent.doctor.temperature_checks import HeatSeen
from edge_agent.evidence.peek import Peek
from edge_agent.evidence.uplink.port import Connected, Refused
from edge_agent.evidence.uplink.settings import UplinkSettings
from tests.doctor.box import a_clock_status

GIB = 1024**3
NOW = 1_800_000_000_000_000
MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US


def keys(findings):
    return [(finding.key, finding.state) for finding in findings]


def a_clock(**changed):
    fields = {
        "status": a_clock_status(),
        "now_utc_us": NOW,
        "past_utc_us": {"software": NOW - HOUR_US},
        "rtc": True,
        "error_max_ms": 1000,
        "binding": False,
    }
    return ClockSeen(**fields | changed)


def a_disk(**changed):
    fields = {
        "path": "/var/lib/edge-agent/evidence",
        "filesystem": "ext4",
        "own": True,
        "read_only": False,
        "free_bytes": 50 * GIB,
        "total_bytes": 64 * GIB,
        "free_inodes": 4_000_000,
        "total_inodes": 4_100_000,
    }
    return DiskSeen(**fields | changed)


def a_peek(**changed):
    fields = {
        "seq": 41,
        "newest_utc_us": NOW - MINUTE_US,
        "pending": 2,
        "oldest_pending_utc_us": NOW - MINUTE_US,
        "held_bytes": GIB,
        "lost": 0,
        "rejected": 0,
        "quarantined": 0,
        "receipted": (NOW - 2 * MINUTE_US, NOW - 2 * MINUTE_US + 700_000),
    }
    return Peek(**fields | changed)


def test_a_clock_that_is_set_over_the_network_is_well():
    assert keys(clock_checks.check(a_clock())) == [("clock.ok", State.OK)]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"past_utc_us": {"statement": NOW + HOUR_US}}, ("clock.behind", State.FAULT)),
        ({"rtc": False}, ("clock.no_rtc", State.WARNING)),
        (
            {"status": a_clock_status(source=ClockSource.NONE, synced=False, est_error=None)},
            ("clock.unsynced", State.WARNING),
        ),
        ({"status": a_clock_status(est_error=Ns(1100 * MS))}, ("clock.error_large", State.WARNING)),
        ({"status": a_clock_status(offset=Ns(-990 * MS))}, ("clock.error_large", State.WARNING)),
        ({"status": a_clock_status(offset=Ns(300 * MS))}, ("clock.offset", State.WARNING)),
    ],
)
def test_what_is_wrong_with_a_clock_is_named(changed, named):
    assert keys(clock_checks.check(a_clock(**changed)))[0] == named


def test_an_unsure_clock_is_a_fault_where_records_are_meant_for_enforcement():
    seen = a_clock(status=a_clock_status(synced=False), binding=True)

    assert keys(clock_checks.check(seen)) == [("clock.unsynced", State.FAULT)]


def test_a_clock_behind_by_less_than_a_minute_is_two_right_clocks():
    assert (
        keys(clock_checks.check(a_clock(past_utc_us={"certificate": NOW + 30_000_000})))[0][0] == "clock.ok"
    )


def test_of_a_solid_state_disk_only_smart_knows_the_wear(tmp_path):
    def a_device(name, turns):
        (tmp_path / name / "queue").mkdir(parents=True)
        (tmp_path / name / "queue" / "rotational").write_text(f"{turns}\n")
        return tmp_path / name

    assert ssd_of(a_device("nvme0n1", 0)) == "/dev/nvme0n1"
    assert ssd_of(a_device("sda", 0)) == "/dev/sda"
    assert [ssd_of(a_device("sdb", 1)), ssd_of(a_device("mmcblk0", 0)), ssd_of(a_device("vda", 0))] == [
        ""
    ] * 3
    assert keys(disk_checks.check(a_disk(ssd="/dev/sda"), GIB, 8 * GIB)) == [
        ("disk.ok", State.OK),
        ("disk.wear_unknown", State.UNKNOWN),
    ]


def test_a_disk_of_its_own_with_room_is_well():
    assert keys(disk_checks.check(a_disk(), GIB, 8 * GIB)) == [("disk.ok", State.OK)]


@pytest.mark.parametrize(
    ("changed", "held", "named"),
    [
        ({"free_bytes": 0}, GIB, ("disk.full", State.FAULT)),
        ({}, 7.7 * GIB, ("disk.full", State.FAULT)),
        ({}, 6 * GIB, ("disk.filling", State.WARNING)),
        ({"free_bytes": 5 * GIB}, GIB, ("disk.quota_too_large", State.WARNING)),
        ({"read_only": True}, GIB, ("disk.read_only", State.FAULT)),
        ({"filesystem": "tmpfs"}, GIB, ("disk.in_memory", State.WARNING)),
        ({"filesystem": "vfat"}, GIB, ("disk.filesystem", State.WARNING)),
        ({"filesystem": "overlay"}, GIB, ("disk.filesystem", State.WARNING)),
        ({"own": False}, GIB, ("disk.shared", State.WARNING)),
        ({"free_inodes": 12}, GIB, ("disk.inodes", State.FAULT)),
        ({"wear": Wear(11, 1)}, GIB, ("disk.worn_out", State.FAULT)),
        ({"wear": Wear(3, 3)}, GIB, ("disk.worn_out", State.FAULT)),
        ({"wear": Wear(9, 1)}, GIB, ("disk.wearing", State.WARNING)),
    ],
)
def test_what_is_wrong_with_a_disk_is_named(changed, held, named):
    found = [
        one
        for one in keys(disk_checks.check(a_disk(**changed), int(held), 8 * GIB))
        if one[1] is not State.OK
    ]

    assert found == [named]


def test_wear_and_writes_of_a_good_disk_are_told():
    seen = a_disk(wear=Wear(2, 1), written_bytes_a_day=3 * GIB)

    assert keys(disk_checks.check(seen, 0, 8 * GIB))[1:] == [
        ("disk.writes", State.OK),
        ("disk.wear", State.OK),
    ]


def test_the_deepest_mount_above_a_folder_counts_and_of_two_there_the_later_one():
    mounts = parse_mounts(
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "30 22 8:2 / /var/lib rw - xfs /dev/sda2 rw\n"
        "31 30 8:3 / /var/lib/edge\\040agent rw,noatime shared:2 - ext4 /dev/sda3 rw\n"
        "32 31 0:40 / /var/lib/edge\\040agent ro - tmpfs tmpfs ro\n"
    )

    assert mount_of(Path("/var/lib/edge agent/evidence"), mounts) == Mount(
        "0:40", "/var/lib/edge agent", "tmpfs", read_only=True
    )
    assert mount_of(Path("/var/libexec"), mounts).filesystem == "ext4"


@given(st.text())
def test_no_text_of_the_kernel_breaks_the_list_of_mounts(text):
    parse_mounts(text)


def test_this_machines_own_disk_can_be_looked_at(tmp_path):
    seen = look(tmp_path / "not" / "there" / "yet")

    assert seen.filesystem
    assert 0 < seen.free_bytes <= seen.total_bytes


def test_heat_is_a_warning_and_more_of_it_a_fault():
    def of(*sensors, **changed):
        return keys(temperature_checks.check(HeatSeen(sensors, **changed)))

    assert of(("cpu", 48.0), ("unplugged", -273.2)) == [("temperature.ok", State.OK)]
    assert of(("cpu", 84.0)) == [("temperature.hot", State.WARNING)]
    assert of(("cpu", 84.0), ("board", 97.5)) == [("temperature.too_hot", State.FAULT)]
    assert of() == [("temperature.unknown", State.UNKNOWN)]
    assert of(("cpu", 60.0), throttled=3)[1] == ("temperature.throttled", State.WARNING)
    assert of(("cpu", 60.0), throttled=0, rate_permille=500)[1] == ("temperature.throttled", State.WARNING)


def test_the_kernels_sensors_are_read(tmp_path):
    zone = tmp_path / "class" / "thermal" / "thermal_zone0"
    cpu = tmp_path / "devices" / "system" / "cpu" / "cpu0"
    for folder in (zone, cpu / "cpufreq", cpu / "thermal_throttle"):
        folder.mkdir(parents=True)
    (zone / "type").write_text("x86_pkg_temp\n")
    (zone / "temp").write_text("61500\n")
    (cpu / "cpufreq" / "scaling_max_freq").write_text("1200000\n")
    (cpu / "cpufreq" / "cpuinfo_max_freq").write_text("2400000\n")
    (cpu / "thermal_throttle" / "package_throttle_count").write_text("7\n")

    assert temperature_checks.look(tmp_path) == HeatSeen((("x86_pkg_temp", 61.5),), 7, 500)


def test_a_store_tells_what_waits_and_for_how_long():
    def of(**changed):
        return keys(check_store(StoreSeen(a_peek(**changed)), NOW))

    assert of() == [("store.ok", State.OK)]
    assert of(oldest_pending_utc_us=NOW - 3 * HOUR_US) == [("store.waiting", State.WARNING)]
    assert of(oldest_pending_utc_us=NOW - 30 * HOUR_US) == [("store.waiting", State.FAULT)]
    assert of(lost=2)[1] == ("store.lost", State.WARNING)
    assert of(rejected=1)[1] == ("store.set_aside", State.WARNING)
    assert keys(check_store(StoreSeen(None, "damaged"), NOW)) == [("store.unreadable", State.UNKNOWN)]
    assert keys(check_store(StoreSeen(None), NOW)) == [("store.new", State.OK)]


def test_receipts_that_never_came_or_stopped_are_told():
    running = DaemonSeen(answers=True, uptime_s=7200.0)

    def of(receipted, daemon):
        return keys(check_receipts(a_peek(receipted=receipted), daemon, NOW, head_interval_s=600.0))

    came = NOW - MINUTE_US
    assert of((came - 900_000, came), running) == [("receipt.ok", State.OK)]
    assert of(None, running) == [("receipt.never", State.FAULT)]
    assert of(None, replace(running, uptime_s=20.0)) == [("receipt.never", State.WARNING)]
    old = (NOW - 2 * HOUR_US, NOW - 2 * HOUR_US)
    assert of(old, running) == [("receipt.stopped", State.FAULT)]
    assert of(old, None) == [("receipt.ok", State.OK)]  # the box was off


def test_who_pushes_is_told_and_silence_is_no_alarm_before_an_hour():
    def of(uptime_s, **pushes):
        daemon = DaemonSeen(answers=True, uptime_s=uptime_s, pushes=pushes)
        return keys(check_pushes(("cam1",), daemon))

    assert of(9_000.0, cam1=PushSeen(12, 30.0)) == [("push.ok", State.OK)]
    assert of(600.0) == [("push.waiting", State.OK)]
    assert of(9_000.0) == [("push.silent", State.WARNING)]
    assert of(9_000.0, cam1=PushSeen(12, 5_000.0)) == [("push.silent", State.WARNING)]


def test_a_password_that_others_can_read_or_that_is_not_there_is_named(tmp_path):
    secret = tmp_path / "password"
    assert keys(check_secret(secret, "broker")) == [("secret.missing", State.FAULT)]
    secret.write_text("x")
    secret.chmod(0o640)
    assert keys(check_secret(secret, "broker")) == [("secret.open", State.WARNING)]
    secret.chmod(0o600)
    assert keys(check_secret(secret, "broker")) == []


def test_a_library_that_is_missing_is_named_with_its_package(tmp_path, monkeypatch):
    (tmp_path / "needs_gl.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    monkeypatch.syspath_prepend(tmp_path)

    [library] = check_modules({"needs_gl": "pictures"})
    [module] = check_modules({"not_installed_anywhere": "video"})

    assert (library.key, library.values["package"]) == ("software.library", "libgl1")
    assert module.key == "software.module"
    assert list(check_modules({"json": "nothing"})) == []


def test_another_python_than_the_package_is_made_for_is_told():
    assert keys(check_python((3, 13), ">=3.11,<3.13")) == [("software.python", State.WARNING)]
    assert keys(check_python((3, 12), "<3.13,>=3.11")) == []


def test_the_daemons_unwell_parts_are_told_but_not_those_with_lines_of_their_own():
    told = (("clock", "degraded", "x"), ("camera/cam1", "blind", "away"), ("sealer", "stuck", "3 min"))

    found = keys(check_daemon(DaemonSeen(answers=True, uptime_s=60, unwell=told)))

    assert found == [("daemon.unwell", State.WARNING), ("daemon.unwell", State.FAULT)]
    assert keys(check_daemon(DaemonSeen(answers=True, uptime_s=60, unwell=told[:1]))) == [
        ("daemon.ok", State.OK)
    ]


@pytest.mark.parametrize(
    ("seen", "named"),
    [
        (BrokerSeen(refused=Refused(0x87, "Not authorized")), ("broker.login", State.FAULT)),
        (BrokerSeen(refused=Refused(5, "Not authorized")), ("broker.login", State.FAULT)),
        (BrokerSeen(refused=Refused(0x88, "Server unavailable")), ("broker.refused", State.FAULT)),
        (
            BrokerSeen(connected=Connected(mqtt5=True, receive_maximum=1, maximum_packet_size=2**20)),
            ("broker.few_in_flight", State.WARNING),
        ),
        (
            BrokerSeen(connected=Connected(mqtt5=True, receive_maximum=20, maximum_packet_size=64 * 1024)),
            ("broker.packets_small", State.WARNING),
        ),
        (
            BrokerSeen(
                connected=Connected(mqtt5=True, receive_maximum=20, maximum_packet_size=2**20, retains=False)
            ),
            ("broker.retains_nothing", State.WARNING),
        ),
        (
            BrokerSeen(connected=Connected(mqtt5=False, receive_maximum=20, maximum_packet_size=2**20)),
            ("broker.allows_unknown", State.UNKNOWN),
        ),
    ],
)
def test_what_a_broker_answers_is_named(seen, named):
    assert keys(broker_checks.check(seen, UplinkSettings(), NOW))[0] == named


def test_a_daemon_that_is_kept_from_sending_is_a_fault():
    stopped = DaemonSeen(answers=True, uplink_trouble="stopped: not authorised")

    assert keys(broker_checks.check_daemon(stopped)) == [("broker.daemon_stopped", State.FAULT)]
    assert keys(broker_checks.check_daemon(DaemonSeen(answers=True))) == [("broker.daemon_away", State.FAULT)]
    assert keys(broker_checks.check_daemon(DaemonSeen())) == [("broker.not_tried", State.UNKNOWN)]
