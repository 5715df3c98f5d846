"""A recording for Foxglove, read back with MCAP's reader and the schemas that lie in the file."""

from __future__ import annotations

import json
import re

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from mcap.reader import make_reader

from edge_agent.core.decisions import ZoneChanged
from edge_agent.core.events import ClockStatus, SceneSeen
from edge_agent.core.units import TONNE, Ns, S
from edge_agent.viewing.signals import Choice, signals
from edge_agent.viewing.things import Line, Load, Numbers, Shown
from tests.viewing.recordings import CAMERA, FRONT, TALL, WIDE, ZONE, a_site

pytest.importorskip("foxglove", reason="an extra: pip install edge-agent[view]")

from foxglove import layouts as fl

from edge_agent.viewing.foxglove_file import topic, write
from edge_agent.viewing.foxglove_layout import exported, layout, path

EAST = ("cameras", CAMERA, "video")


@pytest.fixture(scope="module")
def written(made, tmp_path_factory):
    out = tmp_path_factory.mktemp("foxglove") / "rec.mcap"
    return out, write(signals(made.recordings, a_site(), Choice()), out)


@pytest.fixture(scope="module")
def messages(written):
    """topic -> (schema's name, [(log time, decoded message)])."""
    found = {}
    with written[0].open("rb") as stream:
        for schema, channel, message in make_reader(stream, validate_crcs=True).iter_messages():
            decoded = decode(schema, message.data)
            found.setdefault(channel.topic, (schema.name, []))[1].append((message.log_time, decoded))
    return found


def decode(schema, data):
    if schema.encoding == "jsonschema":
        return json.loads(data)
    files = descriptor_pb2.FileDescriptorSet.FromString(schema.data)
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    kind = message_factory.GetMessageClass(pool.FindMessageTypeByName(schema.name))
    return kind.FromString(data)


def values(messages, *place):
    return [message for _, message in messages[topic(*place)][1]]


def test_pictures_boxes_and_log_are_in_foxglove_s_own_schemas(messages):
    kinds = {name: kind for name, (kind, _) in messages.items() if kind.startswith("foxglove.")}

    assert kinds == {
        topic(*EAST): "foxglove.CompressedVideo",
        topic(*EAST, "detections"): "foxglove.ImageAnnotations",
        topic(*EAST, "still"): "foxglove.ImageAnnotations",
        topic(*EAST, "areas"): "foxglove.ImageAnnotations",
        topic("cameras", "cam1", "stills", "detections"): "foxglove.ImageAnnotations",
        topic("cameras", "cam1", "stills", "areas"): "foxglove.ImageAnnotations",
        topic("cameras", "cam1", "stills", "picture"): "foxglove.CompressedImage",
        "/log": "foxglove.Log",
    }


def test_the_video_is_the_recorded_one_at_its_time(messages, made):
    offset = made.of(ClockStatus)[0].utc_minus_mono
    shown = messages[topic(*EAST)][1]

    assert [(at, one.data, one.format, one.frame_id) for at, one in shown] == [
        (packet.captured_at + offset, packet.data, "h264", CAMERA) for packet in made.video
    ]
    assert [one.timestamp.seconds * S + one.timestamp.nanos for _, one in shown] == [at for at, _ in shown]


def test_boxes_and_zones_are_annotations_in_pixels(messages, made):
    drawn = values(messages, *EAST, "detections")
    seen = made.of(SceneSeen)
    [areas] = values(messages, *EAST, "areas")

    assert [[text.text for text in one.texts] for one in drawn] == [
        ["stall 90 %"] * len(one.detections) for one in seen
    ]
    first = next(one for one in drawn if one.points).points[0]
    box = next(one.detections[0] for one in seen if one.detections)
    assert (first.points[0].x, first.points[0].y) == (box.x_min * WIDE / 1000, box.y_min * TALL / 1000)
    assert [(point.x, point.y) for point in areas.points[0].points] == [(x * WIDE, y * TALL) for x, y in ZONE]
    assert areas.texts[0].text == FRONT


def test_what_is_plotted_has_the_recording_s_values(messages, made):
    truth = [
        tonnes
        for one in signals(made.recordings, a_site(), Choice())
        if isinstance(one.thing, Load) and one.thing.path[-1] == "pad-2"
        for tonnes in one.thing.tonnes.tolist()
    ]
    assert [one["tonnes"] for one in values(messages, "lanes", "1", "load", "pad-2")] == truth

    gross = [one["gross_t"] for one in values(messages, "lanes", "1", "crossing")]
    assert gross == [seen.crossing.gross / TONNE for seen in made.crossings]
    *states, at_the_end = [one["state"] for one in values(messages, "zones", FRONT, "state")]
    assert states == [one.state.value for one in made.of(ZoneChanged)]
    assert at_the_end == states[-1]


def test_the_bar_of_what_still_holds_reaches_the_end_of_the_recording(messages):
    ends = {name: shown[-1] for name, (kind, shown) in messages.items() if kind == "edge_agent.State"}
    end = max(at for _, shown in messages.values() for at, _ in shown)

    assert ends.pop(topic("lanes", "1", "limits"))[0] < end  # nothing is on the scale any more
    assert ends.pop(topic("lanes", "1", "match", "status"))[0] < end
    assert {at for at, _ in ends.values()} == {end}


def test_words_and_lines_can_be_read_whatever_the_size_of_the_picture(messages):
    [small] = values(messages, *EAST, "areas")
    [large] = values(messages, "cameras", "cam1", "stills", "areas")
    sizes = [one.texts[0].font_size / wide for one, wide in ((small, WIDE), (large, 1920))]

    assert sizes == [pytest.approx(1 / 60)] * 2
    assert small.points[0].thickness / WIDE == pytest.approx(large.points[0].thickness / 1920)


def test_the_log_has_every_line_and_no_plate(messages, made):
    lines = [one.thing for one in signals(made.recordings, a_site(), Choice()) if isinstance(one.thing, Line)]

    said = [(one.name, one.message) for one in values(messages, "log")]
    assert sorted(said) == sorted((line.source, line.text) for line in lines)
    assert not any("12345" in one.message for one in values(messages, "log"))


def test_a_value_that_is_not_known_of_the_first_vehicle_can_be_plotted_of_the_next(tmp_path):
    place = ("lanes", "1", "crossing")
    vehicles = [Numbers(Ns(1), place, {"axles": 2}), Numbers(Ns(2), place, {"axles": 2, "gross_t": 9.5})]
    write([Shown(None, vehicle) for vehicle in vehicles], tmp_path / "a.mcap")

    with (tmp_path / "a.mcap").open("rb") as stream:
        [(schema, _, _), _] = make_reader(stream).iter_messages()
    assert set(json.loads(schema.data)["properties"]) == {"axles", "gross_t", "interval_t", "speed_kmh"}


# -- the layout ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn(written):
    return json.loads(layout(written[1]))


def leaves(tree):
    if isinstance(tree, str):
        return [tree]
    assert set(tree) == {"direction", "first", "second", "splitPercentage"}
    assert 0 < tree["splitPercentage"] < 100
    return leaves(tree["first"]) + leaves(tree["second"])


def test_every_panel_of_the_layout_has_its_place_and_its_settings(drawn):
    assert set(drawn) == {"configById", "globalVariables", "userNodes", "playbackConfig", "layout"}
    assert sorted(leaves(drawn["layout"])) == sorted(drawn["configById"])
    kinds = [name.partition("!")[0] for name in leaves(drawn["layout"])]
    # The panel of the log is called so in the application's files: "Unknown panel type: Log", it says else.
    assert kinds == ["Image", "Image", "RosOut", "Plot", "Plot", "Plot", "StateTransitions"]


def test_what_the_limits_say_stands_above_how_the_box_is(drawn):
    [states] = [panel for name, panel in drawn["configById"].items() if name.startswith("StateTransitions")]
    roots = [series["value"].strip('"').split("/")[1] for series in states["paths"]]

    assert list(dict.fromkeys(roots)) == ["lanes", "zones", "parts"]


def test_every_topic_and_field_that_the_layout_names_is_in_the_file(drawn, messages):
    named = re.compile(r'(?:"(?P<quoted>[^"]+)"|(?P<plain>/[^.]+))\.(?P<field>\w+)$')
    for panel in drawn["configById"].values():
        for series in panel.get("paths", ()):
            found = named.fullmatch(series["value"])
            shown = messages[found["quoted"] or found["plain"]][1]
            assert any(found["field"] in one for _, one in shown), series["value"]
        if "imageMode" in panel:
            mode = panel["imageMode"]
            assert messages[mode["imageTopic"]][0] in {"foxglove.CompressedVideo", "foxglove.CompressedImage"}
            assert {messages[name][0] for name in mode["annotations"]} == {"foxglove.ImageAnnotations"}
        if "topicToRender" in panel:
            assert messages[panel["topicToRender"]][0] == "foxglove.Log"


def test_a_topic_with_more_than_plain_letters_is_quoted():
    assert path(("zones", "east-1", "state"), "state") == "/zones/east-1/state.state"
    assert path(("zones", FRONT, "state"), "state") == f'"/zones/{FRONT}/state".state'


def test_three_in_a_row_are_two_splits_in_two():
    panels = [fl.SplitItem(content=fl.LogPanel(title=str(n)), proportion=n) for n in (1, 1, 2)]
    written = json.loads(fl.Layout(content=fl.SplitContainer(items=panels)).to_json())

    tree = exported(written)["layout"]
    assert tree["splitPercentage"] == 25
    assert tree["second"]["splitPercentage"] == pytest.approx(33.3)
