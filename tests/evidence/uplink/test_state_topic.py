"""What the box says of itself: at once when it matters, seldom when it only counts."""

import json
from pathlib import Path

import jsonschema
import pytest

from edge_agent.evidence.uplink.state import LEAST_S, QUIET_S, BoxState, PartState, StateTopic, only

SCHEMA = json.loads((Path(__file__).parents[3] / "contract/schemas/state.schema.json").read_text("utf-8"))
WELL = BoxState(state="online", health="ok", sealing=True, parts=(), parts_left_out=0, pending=3)
ILL = WELL.model_copy(
    update={"health": "degraded", "parts": (PartState(part="camera/cam1", state="blind", detail="gone"),)}
)


class Box:
    def __init__(self):
        self.state = WELL
        self.topic = StateTopic(lambda word: self.state.model_copy(update={"state": word}))
        self.topic.now("online", 0)

    def changes(self, **fields):
        self.state = self.state.model_copy(update=fields)


@pytest.fixture
def box():
    return Box()


def test_what_stays_as_it_was_is_not_told_again(box):
    assert all(box.topic.news(s) is None for s in range(0, 1000, 7))


def test_a_part_that_falls_ill_is_told_at_the_next_look(box):
    box.state = ILL
    assert box.topic.news(LEAST_S - 1) is None
    told = json.loads(box.topic.news(LEAST_S))
    assert (told["health"], told["parts"][0]["part"]) == ("degraded", "camera/cam1")


def test_a_number_that_moves_is_told_once_a_minute(box):
    told = 0
    for second in range(1, 601):
        box.changes(pending=second)
        told += box.topic.news(second) is not None
    assert 8 <= told <= 600 / QUIET_S


def test_a_part_that_flickers_cannot_flood_the_topic(box):
    told = 0
    for second in range(1, 601):
        box.state = ILL if second % 2 else WELL
        told += box.topic.news(second) is not None
    assert told <= 600 / LEAST_S


@pytest.mark.parametrize("state", [WELL, ILL, only("offline"), only("stopped")])
def test_every_form_fits_the_published_schema(state):
    jsonschema.validate(json.loads(state.to_bytes()), SCHEMA)


def test_the_will_says_one_word():
    assert only("offline").to_bytes() == b'{"state":"offline"}'
