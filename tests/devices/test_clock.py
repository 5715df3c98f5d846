"""Who vouches for the clock, for how long, and that nobody does just after it was stepped."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.bench.chronyd import Chronyd, find_chronyd
from edge_agent.core.events import ClockSource
from edge_agent.core.units import MS, S
from edge_agent.devices import chrony, clock
from edge_agent.devices.chrony import Tracking

GOOD = clock.KernelClock(synced=True, offset=0, max_error=20 * MS)
BAD = clock.KernelClock(synced=False, offset=0, max_error=16 * S)


class Box:
    """A clock whose UTC, kernel and chronyd are ours."""

    def __init__(self, **settings):
        self.ahead = 0
        self.kernel = GOOD
        self.chrony = None
        self.clock = clock.Clock(
            clock.ClockSettings(**settings), self.utc, lambda: self.kernel, lambda: self.chrony
        )

    def utc(self):
        return time.time_ns() + self.ahead

    def vouched(self, *, age_s=5, reference="", synced=True, offset=0):
        self.chrony = Tracking(synced, reference, 3, self.utc() - age_s * S, offset, 30 * MS, 2 * MS)
        return self.clock.status()


def test_where_no_chronyd_ever_answered_the_kernel_counts():
    box = Box(source="gnss")
    status = box.clock.status()
    assert (status.source, status.synced, status.est_error) == (ClockSource.GNSS, True, 20 * MS)
    box.kernel = BAD
    status = box.clock.status()
    assert (status.source, status.synced, status.est_error) == (ClockSource.NONE, False, None)


def test_chronyd_says_how_far_off_it_may_be():
    box = Box()
    box.kernel = BAD  # without `rtcsync` chronyd leaves the kernel saying so
    status = box.vouched(offset=-7)
    assert (status.source, status.synced, status.stratum) == (ClockSource.NTP, True, 3)
    assert (status.est_error, status.offset) == (17 * MS, -7)


@pytest.mark.parametrize(
    ("setting", "reference", "source"),
    [
        ("ntp", "", "ntp"),
        ("nts", "", "nts"),
        ("gnss", "", "ntp"),  # the antenna is off: chronyd goes by the network
        ("ntp", "GPS", "gnss"),
        ("ntp", "PHC0", "ptp"),
        ("ptp", "SHM0", "ptp"),
    ],
)
def test_a_reference_clock_is_named_by_chronyd_the_rest_by_the_settings(setting, reference, source):
    assert Box(source=setting).vouched(reference=reference).source == source


def test_nobody_vouches_when_the_settings_say_that_nobody_does():
    assert not Box(source="none").vouched().synced


@pytest.mark.parametrize(("age_s", "synced"), [(0, True), (3_500, True), (3_700, False), (-60, False)])
def test_a_comparison_of_long_ago_or_of_the_future_is_worth_nothing(age_s, synced):
    assert Box().vouched(age_s=age_s).synced is synced


def test_a_chronyd_that_died_vouches_until_its_last_comparison_is_old(monkeypatch):
    box = Box()
    box.kernel = GOOD  # which goes on saying so for hours
    now = time.monotonic_ns()
    monkeypatch.setattr(clock, "monotonic", lambda: now)
    monkeypatch.setattr(clock, "utc_minus_mono", lambda _utc: 0)
    box.chrony = Tracking(True, "", 3, now, 0, 0, 0)
    assert box.clock.status().synced
    box.chrony = None
    now += 1000 * S
    status = box.clock.status()
    assert (status.synced, status.est_error) == (True, 500 * MS)
    now += 2601 * S
    assert not box.clock.status().synced


@pytest.mark.parametrize("step", [86_400 * S, -86_400 * S, 20 * S, -20 * S, S // 2])
def test_after_a_step_chronyd_must_have_looked_again(step):
    box = Box()
    assert box.vouched(age_s=30).synced
    before = box.chrony
    box.ahead = step
    box.chrony = Tracking(True, "", 3, before.set_at_utc, 0, 0, 0)  # it has not noticed
    assert not box.clock.status().synced
    assert not box.clock.status().synced
    assert box.vouched(age_s=0).synced


@given(st.binary(max_size=300), st.integers(0, 2**32 - 1))
def test_nothing_that_comes_over_the_wire_raises(reply, number):
    chrony.parse(reply, number)


def eventually(true, seconds=10):
    until = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.05)
    return found


@pytest.mark.skipif(find_chronyd() is None, reason="needs the Debian package chrony")
def test_a_real_chronyd_as_server_and_as_client(tmp_path):
    server = Chronyd(tmp_path).start()
    client = Chronyd(tmp_path, server.port).start()
    try:
        own = eventually(lambda: chrony.ask(server.command_port))
        assert (own.synced, own.reference) == (False, "")  # its own clock is nobody's word
        seen = clock.Clock(clock.ClockSettings(chrony_port=client.command_port))
        status = eventually(lambda: (s := seen.status()).synced and s)
        assert (status.source, status.stratum) == (ClockSource.NTP, 3)
        assert status.est_error < 100 * MS
        client.kill()
        assert chrony.ask(client.command_port) is None
        assert seen.status().synced  # for the hour that `max_sync_age_s` gives it
    finally:
        client.kill()
        server.kill()
