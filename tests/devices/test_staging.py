"""Pictures wait in memory, for a bounded time and in a bounded amount."""

import hashlib

from edge_agent.devices.staging import Staging


def test_bytes_are_had_back_by_their_digest_until_their_time_is_over():
    now = [0]
    staging = Staging(lambda: now[0], keep=10)
    digest = staging.put(b"picture")

    assert digest == hashlib.sha256(b"picture").hexdigest()
    now[0] = 10
    assert staging.get(digest) == b"picture"
    now[0] = 11
    assert staging.get(digest) is None


def test_the_oldest_go_first_when_there_is_too_much():
    staging = Staging(lambda: 0, max_bytes=10)
    first, second = staging.put(b"aaaaaa"), staging.put(b"bbbbbb")

    assert staging.get(first) is None
    assert staging.get(second) == b"bbbbbb"


def test_the_same_picture_twice_is_held_once():
    staging = Staging(lambda: 0, max_bytes=10)
    digest = staging.put(b"aaaaaa")

    assert staging.put(b"aaaaaa") == digest
    assert staging.get(digest) == b"aaaaaa"
