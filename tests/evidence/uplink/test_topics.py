import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.evidence.uplink.topics import Address, Topics, parse_topic

SHA = "ab" * 32


def test_every_topic_of_a_box_is_read_back():
    topics = Topics("ea/v1", "city", "box-1")

    assert parse_topic("ea/v1", topics.statement) == Address("city", "box-1", "stmt")
    assert parse_topic("ea/v1", topics.attachment(SHA)) == Address("city", "box-1", "att", SHA)
    assert parse_topic("ea/v1", topics.head) == Address("city", "box-1", "head")
    assert parse_topic("ea/v1", topics.state) == Address("city", "box-1", "state")
    assert parse_topic("ea/v1", topics.receipts) == Address("city", "box-1", "rcpt")
    assert topics.attachment(SHA).count("/") <= 7


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "ea/v1",
        "ea/v1/city/box",
        "ea/v1/city/box/other",
        "ea/v1/city/box/stmt/more",
        "ea/v1/city/box/att",
        "ea/v1/city/box/att/" + "g" * 64,
        "ea/v1/city/box/att/" + "AB" * 32,
        "ea/v1//box/stmt",
        "ea/v1/city/+/stmt",
        "xx/v1/city/box/stmt",
    ],
)
def test_anything_else_is_no_topic_of_ours(topic):
    assert parse_topic("ea/v1", topic) is None


@given(st.text(max_size=80))
def test_no_topic_breaks_the_reader(topic):
    parse_topic("ea/v1", "ea/v1/" + topic)


@pytest.mark.parametrize("name", ["", "a/b", "+", "#", "a b", "机"])
def test_a_name_that_would_break_the_tree_is_refused(name):
    with pytest.raises(ValueError, match="topic level"):
        Topics("ea/v1", "city", name)
