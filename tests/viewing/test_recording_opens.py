"""A recording as it is, opened with MCAP's own reader: what any tool that knows MCAP sees."""

from __future__ import annotations

import json

import jsonschema
from mcap.reader import make_reader

from edge_agent.core.units import S
from edge_agent.journal import video

# What https://github.com/foxglove/foxglove-sdk/blob/main/schemas/jsonschema/CompressedVideo.json asks for.
PUBLISHED = {
    "title": "foxglove.CompressedVideo",
    "type": "object",
    "properties": {
        "timestamp": {
            "type": "object",
            "title": "time",
            "properties": {
                "sec": {"type": "integer", "minimum": 0},
                "nsec": {"type": "integer", "minimum": 0, "maximum": 999_999_999},
            },
        },
        "frame_id": {"type": "string"},
        "data": {"type": "string", "contentEncoding": "base64"},
        "format": {"type": "string", "enum": ["h264", "h265", "vp9", "av1"]},
    },
    "required": ["timestamp", "frame_id", "data", "format"],
}


def test_every_message_fits_the_schema_that_lies_beside_it(made):
    checked = {}
    with made.path.open("rb") as stream:
        reader = make_reader(stream, validate_crcs=True)
        for schema, channel, message in reader.iter_messages():
            if channel.message_encoding == "json":
                form = json.loads(schema.data)
                jsonschema.Draft202012Validator.check_schema(form)
                jsonschema.validate(json.loads(message.data), form)
            else:
                assert channel.topic.startswith("/serial/")
                assert schema is None
            checked[channel.topic] = checked.get(channel.topic, 0) + 1
        statistics = reader.get_summary().statistics

    assert statistics.message_count == sum(checked.values())
    assert statistics.message_count == len(made.events) + len(made.decisions) + len(made.video)
    assert {"/serial/wim", "/event/SceneSeen", "/decision/CrossingSeen", "/video/east 1"} <= set(checked)


def test_its_video_is_as_foxglove_has_published_it(made):
    with made.path.open("rb") as stream:
        shown = list(make_reader(stream).iter_messages(topics=["/video/east 1"]))

    assert {schema.name for schema, _, _ in shown} == {"foxglove.CompressedVideo"}
    for _, _, message in shown:
        jsonschema.validate(json.loads(message.data), PUBLISHED)
    stamps = [json.loads(message.data)["timestamp"] for _, _, message in shown]
    assert [one["sec"] * S + one["nsec"] for one in stamps] == [one.captured_at for one in made.video]
    assert video.decode(shown[0][2].data) == made.video[0]


def test_the_configuration_lies_in_it(made):
    with made.path.open("rb") as stream:
        [attached] = list(make_reader(stream).iter_attachments())
    assert attached.name == "config.yaml"
    assert b"site:" in attached.data
