"""Silence, loss and doubt are said once, when they begin and when they end."""

from edge_agent.core.decisions import Fault, FaultKind, SealTimeStep, Status
from edge_agent.core.events import ClockSource, ClockStatus, DeviceChanged
from edge_agent.core.health import Health
from edge_agent.core.timekeeper import SETTLE
from edge_agent.core.units import MS, S


def watching():
    health = Health(("wim",), silence_ms=3_000, clock_step_ms=100)
    health.start(0)
    return health


def clock(at, utc_minus_mono, *, synced=True, est_error=10 * MS):
    return ClockStatus(at, utc_minus_mono, ClockSource.NTP, synced, 0, est_error)


def test_a_port_that_falls_silent_is_blind_once_and_ok_again_with_its_first_bytes():
    health = watching()

    assert health.heard("wim", 1 * S) == (Status(1 * S, "port/wim", "ok", "bytes arrive"),)
    assert health.heard("wim", 2 * S) == ()
    assert health.deadline == 5 * S
    assert health.tick(4 * S) == ()
    fault, status = health.tick(5 * S)
    assert (fault.kind, status.state) == (FaultKind.SENSOR_SILENT, "blind")
    assert health.tick(6 * S) == ()
    assert health.deadline is None
    [status] = health.heard("wim", 9 * S)
    assert status.state == "ok"
    assert health.port_doubt("wim") == ("", 9 * S)


def test_bytes_that_were_stamped_earlier_do_not_make_a_port_silent():
    health = watching()
    health.heard("wim", 5 * S)
    health.heard("wim", 4 * S)

    assert health.deadline == 8 * S


def test_a_port_that_never_spoke_is_found_too():
    assert [type(d) for d in watching().tick(3 * S)] == [Fault, Status]


def test_a_camera_that_goes_away_is_a_fault_and_coming_back_is_not():
    health = watching()

    assert [type(d) for d in health.device(DeviceChanged(1, "camera/cam1", "up"))] == [Status]
    assert [type(d) for d in health.device(DeviceChanged(2, "camera/cam1", "down", "refused"))] == [
        Fault,
        Status,
    ]
    assert health.device(DeviceChanged(3, "camera/cam1", "down")) == ()
    assert [d.state for d in health.device(DeviceChanged(4, "camera/cam1", "up"))] == ["ok"]


def test_a_clock_that_jumps_or_loses_trust_is_said_once():
    health = watching()

    assert health.clock_status(clock(1, 1000 * S)) == ()
    step, sealed, lost = health.clock_status(clock(2, 1001 * S))
    assert step.kind is FaultKind.CLOCK_STEPPED
    assert "1000 ms" in step.detail
    assert sealed == SealTimeStep(2, 1, 1 * S, 1, health.clock)
    assert lost.kind is FaultKind.CLOCK_UNTRUSTED
    assert health.clock_status(clock(3, 1001 * S, synced=False)) == ()
    later = 2 + SETTLE
    assert health.clock_status(clock(later, 1001 * S)) == ()
    [lost] = health.clock_status(clock(later + 1, 1001 * S, est_error=2 * S))
    assert lost.kind is FaultKind.CLOCK_UNTRUSTED
