"""Events keep their order of arrival, and the core is woken when it asked to be."""

import signal
import threading
import time

from edge_agent.core.events import SerialBytes, Stopped, Tick
from edge_agent.core.units import S
from edge_agent.devices.clock import Clock, ClockSettings, monotonic
from edge_agent.devices.intake import Intake


def test_events_come_out_in_the_order_they_came_in_and_the_last_says_that_it_is_the_end():
    intake = Intake(lambda: 7)
    events = [SerialBytes(at, "wim", b"") for at in (3, 1, 2)]
    for event in events:
        intake.emit(event)
    intake.end()

    assert list(intake.events(lambda: None)) == [*events, Stopped(7)]


def test_an_end_that_is_told_twice_is_one():
    intake = Intake(lambda: 7)
    intake.end()
    intake.end()

    assert list(intake.events(lambda: None)) == [Stopped(7)]


def test_a_passed_deadline_gives_a_tick_after_what_had_arrived():
    intake = Intake(lambda: 100)
    intake.emit(SerialBytes(50, "wim", b""))
    deadlines = iter([90, None])
    intake.emit(SerialBytes(60, "wim", b""))
    stream = intake.events(lambda: next(deadlines, None))

    assert [next(stream) for _ in range(3)] == [
        SerialBytes(50, "wim", b""),
        SerialBytes(60, "wim", b""),
        Tick(100),
    ]


def test_a_deadline_in_the_future_wakes_the_core_without_any_event():
    intake = Intake(monotonic)
    wanted = monotonic() + S // 50
    stream = intake.events(lambda: wanted)

    tick = next(stream)

    assert isinstance(tick, Tick)
    assert tick.at >= wanted


def test_a_waiting_core_is_woken_by_an_event_of_another_thread():
    intake = Intake(monotonic)
    event = SerialBytes(1, "wim", b"x")
    thread = threading.Timer(0.01, intake.emit, [event])
    thread.start()

    assert next(intake.events(lambda: None)) == event
    thread.join()


def test_a_signal_may_end_it_while_the_core_waits_for_an_event():
    """The handler runs in the thread that waits: nothing it takes may be held by that thread."""
    intake = Intake(monotonic)
    before = signal.signal(signal.SIGALRM, lambda *_: intake.end())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        before_it = monotonic()
        [stopped] = intake.events(lambda: None)
        assert isinstance(stopped, Stopped)
        assert stopped.at > before_it
    finally:
        signal.signal(signal.SIGALRM, before)


def test_the_end_does_not_wait_for_room_and_frees_who_does():
    intake = Intake(lambda: 0, capacity=2)
    event = SerialBytes(1, "wim", b"x")
    producer = threading.Thread(target=lambda: [intake.emit(event) for _ in range(100)])
    producer.start()
    while intake.depth < 2:
        time.sleep(0.001)

    intake.end()
    taken = list(intake.events(lambda: None))
    producer.join(10)

    assert not producer.is_alive()
    assert taken[-1] == Stopped(0)
    assert 3 <= len(taken) <= 101


def test_a_producer_waits_for_room_and_nothing_is_dropped():
    intake = Intake(lambda: 0, capacity=3)
    events = [SerialBytes(at, "wim", b"") for at in range(200)]

    def produce():
        for event in events:
            intake.emit(event)
        intake.end()

    producer = threading.Thread(target=produce)
    producer.start()
    taken = list(intake.events(lambda: None))
    producer.join(10)

    assert taken == [*events, Stopped(0)]


def test_the_clock_says_what_it_knows_and_an_undisciplined_one_is_never_synced():
    status = Clock(ClockSettings(source="none")).status()

    assert not status.synced
    assert status.est_error is None
    assert abs(status.at + status.utc_minus_mono - time.time_ns()) < S
