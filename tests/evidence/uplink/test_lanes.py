from edge_agent.evidence.outbox import Lane
from edge_agent.evidence.uplink.lanes import LaneShare

CHUNK = 100_000


def spent(share: LaneShare, rounds: int) -> dict[Lane, int]:
    """Both lanes always have something to send."""
    bytes_of = dict.fromkeys(Lane, 0)
    for _ in range(rounds):
        lane = share.choose(live=True, backlog=True)
        share.spent(lane, CHUNK, contended=True)
        bytes_of[lane] += CHUNK
    return bytes_of


def test_a_fresh_alarm_goes_before_days_of_backlog():
    share = LaneShare(300, burst_bytes=1_000_000)

    assert [share.choose(live=True, backlog=True) for _ in range(3)] == [Lane.LIVE] * 3


def test_in_the_long_run_alarms_take_their_share_and_no_more():
    share = LaneShare(300, burst_bytes=1_000_000)

    bytes_of = spent(share, 10_000)

    assert bytes_of[Lane.LIVE] <= 0.3 * sum(bytes_of.values()) + 1_000_000 + CHUNK
    assert bytes_of[Lane.LIVE] >= 0.28 * sum(bytes_of.values())


def test_a_lane_alone_has_the_whole_line():
    share = LaneShare(300, burst_bytes=CHUNK)
    for _ in range(100):
        assert share.choose(live=True, backlog=False) is Lane.LIVE
        share.spent(Lane.LIVE, CHUNK, contended=False)

    assert share.choose(live=True, backlog=True) is Lane.LIVE  # nothing is owed for that
    assert share.choose(live=False, backlog=True) is Lane.BACKLOG
    assert share.choose(live=False, backlog=False) is None
