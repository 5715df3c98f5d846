import random

from edge_agent.evidence.uplink.backoff import Backoff


def test_a_thousand_boxes_that_lost_their_broker_do_not_come_back_together():
    rng = random.Random(1)
    boxes = [Backoff(60.0, rng.random) for _ in range(1000)]
    for _ in range(6):  # six attempts fail
        waits = [box.next_s() for box in boxes]

    waits = [box.next_s() for box in boxes]

    busiest = max(sum(second <= wait < second + 1 for wait in waits) for second in range(60))
    assert max(waits) > 25
    assert busiest < 100  # of 1000, in any one second


def test_waits_are_bounded_and_start_small_again():
    backoff = Backoff(10.0, lambda: 1.0)

    assert [backoff.next_s() for _ in range(7)] == [2.0, 4.0, 8.0, 10.0, 10.0, 10.0, 10.0]
    backoff.reset()
    assert backoff.next_s() == 2.0
