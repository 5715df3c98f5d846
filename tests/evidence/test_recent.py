from edge_agent.evidence.examples import a_case, a_store
from edge_agent.evidence.opening import RECENT_BYTES
from edge_agent.evidence.recent import RecentBlobs


def test_the_oldest_go_first_and_the_bound_holds():
    recent = RecentBlobs(10)
    for name in "abcdef":
        recent.add({name: name.encode() * 4})
    assert [recent.get(name) for name in "abcd"] == [None] * 4
    assert (recent.get("e"), recent.get("f")) == (b"eeee", b"ffff")


def test_a_blob_larger_than_the_bound_is_not_kept_and_the_same_blob_counts_once():
    recent = RecentBlobs(10)
    recent.add({"small": b"1234"})
    recent.add({"small": b"1234"})
    recent.add({"small": b"1234", "other": b"123456"})
    assert recent.get("small") == b"1234"
    recent.add({"huge": bytes(11)})
    assert recent.get("huge") is None


def test_pictures_are_at_hand_after_their_seal_and_only_then(tmp_path):
    seal, blobs = a_case(1)
    with a_store(tmp_path) as store:
        assert all(store.just_sealed(sha256) is None for sha256 in blobs)
        store.seal(seal, blobs)
        assert {sha256: store.just_sealed(sha256) for sha256 in blobs} == blobs
    with a_store(tmp_path) as store:
        assert all(store.just_sealed(sha256) is None for sha256 in blobs)
        assert {sha256: store.attachment(sha256) for sha256 in blobs} == blobs


def test_the_memory_for_them_is_bounded(tmp_path):
    first, blobs = a_case(1, size=500_000)
    with a_store(tmp_path) as store:
        store.seal(first, blobs)
        for number in range(2, 3 + RECENT_BYTES // 1_500_000):
            store.seal(*a_case(number, size=500_000))
        assert all(store.just_sealed(sha256) is None for sha256 in blobs)
