"""What the doctor asks of a store, from inside its daemon and beside it."""

from edge_agent.evidence.examples import a_case, a_store
from edge_agent.evidence.peek import peek
from edge_agent.evidence.reading import open_reading


def test_what_is_read_from_outside_is_what_the_store_says_of_itself(tmp_path):
    with a_store(tmp_path / "box") as store:
        store.seal(*a_case(1))
        store.seal(*a_case(2))
        own = peek(store.reading())
        assert own.question == store.packet(0).envelope

    with open_reading(tmp_path / "box") as reading:
        assert peek(reading) == own
    assert (own.seq, own.pending, own.receipted) == (2, 3, None)
    assert own.held_bytes > 0
