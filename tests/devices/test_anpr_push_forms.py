"""Reading what cameras send, without a network."""

from __future__ import annotations

import base64
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.units import MS, S
from edge_agent.devices.anpr_push.isapi import parse_isapi
from edge_agent.devices.anpr_push.jpeg import jpeg_size
from edge_agent.devices.anpr_push.json_form import parse_json
from edge_agent.devices.anpr_push.multipart import parse_multipart
from edge_agent.devices.anpr_push.push import Refused, utc_ns
from edge_agent.devices.anpr_push.settings import AnprCameraSettings

ISAPI = AnprCameraSettings(protocol="isapi", auth="none")
JSON = AnprCameraSettings(protocol="json", auth="none")


def a_jpeg(width=1920, height=1080, sof=0xC0) -> bytes:
    """Headers of a JPEG: APP0, a quantisation table, the frame header, and no picture."""
    app0 = b"\xff\xe0\x00\x10JFIF\x00" + bytes(9)
    dqt = b"\xff\xdb\x00\x43" + bytes(65)
    frame = (
        b"\xff" + bytes([sof]) + b"\x00\x11\x08" + height.to_bytes(2) + width.to_bytes(2) + b"\x03" + bytes(9)
    )
    return b"\xff\xd8" + app0 + dqt + frame + b"\xff\xd9"


def an_alert(
    plate="沪A12345",
    time="2026-11-23T10:00:00.250+08:00",
    namespace="http://www.isapi.org/ver20/XMLSchema",
    **more,
) -> str:
    fields = {
        "licensePlate": plate,
        "line": "1",
        "direction": "forward",
        "confidenceLevel": "97",
        "plateColor": "blue",
        "vehicleType": "truck",
    } | more
    anpr = "".join(f"<{k}>{v}</{k}>" for k, v in fields.items() if v is not None)
    ns = f' xmlns="{namespace}"' if namespace else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<EventNotificationAlert version="2.0"{ns}>'
        f"<ipAddress>192.168.1.64</ipAddress><dateTime>{time}</dateTime>"
        "<activePostCount>1</activePostCount><eventType>ANPR</eventType><eventState>active</eventState>"
        f"<ANPR>{anpr}<pictureInfoList><pictureInfo><fileName>a.jpg</fileName>"
        "<type>licensePlatePicture</type><absTime>20261123100000250</absTime></pictureInfo></pictureInfoList>"
        "</ANPR><UUID>u-1</UUID></EventNotificationAlert>"
    )


def a_multipart(parts, subtype="form-data", boundary="boundary", end="--") -> tuple[bytes, str]:
    """(name, filename, media type, bytes) a part, as a camera sends them."""
    body = b""
    for name, filename, media_type, data in parts:
        if isinstance(data, str):
            data = data.encode()
        body += (
            (
                f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
                f"Content-Type: {media_type}\r\nContent-Length: {len(data)}\r\n\r\n"
            ).encode()
            + data
            + b"\r\n"
        )
    return body + f"--{boundary}{end}\r\n".encode(), f"multipart/{subtype}; boundary={boundary}"


def a_push(**more) -> dict:
    return {"schema": "anpr.v1", "plate": "沪A12345", "confidence_permille": 970} | more


def as_json(**more) -> bytes:
    return json.dumps(a_push(**more)).encode()


@pytest.mark.parametrize("subtype", ["form-data", "mixed", "x-mixed-replace"])
@pytest.mark.parametrize("namespace", ["http://www.isapi.org/ver20/XMLSchema", "urn:psialliance-org", ""])
def test_an_alert_with_pictures_is_read_whatever_its_namespace_and_subtype(subtype, namespace):
    body, content_type = a_multipart(
        [
            ("anpr.xml", "anpr.xml", "text/xml", an_alert(namespace=namespace)),
            ("a.jpg", "a.jpg", "image/jpeg", a_jpeg(200, 64)),
            ("detectionPicture.jpg", "detectionPicture.jpg", "image/jpeg", a_jpeg()),
        ],
        subtype,
    )

    push = parse_isapi(body, content_type, ISAPI, 16)

    assert (push.text, push.confidence, push.camera_lane) == ("沪A12345", 970, "1")
    assert (push.colour, push.vehicle, push.direction, push.event_id) == (
        "blue",
        "truck",
        "approaching",
        "u-1",
    )
    assert push.captured_utc == utc_ns("2026-11-23T02:00:00Z", 0, "") + 250 * MS
    assert [(p.role, p.width, p.height) for p in push.pictures] == [("plate", 200, 64), ("front", 1920, 1080)]


def test_an_alert_without_pictures_comes_as_plain_xml():
    push = parse_isapi(an_alert().encode(), "application/xml; charset=UTF-8", ISAPI, 16)

    assert push.text == "沪A12345"
    assert push.pictures == ()


def test_a_heartbeat_is_no_read():
    assert parse_isapi(an_alert().replace(">ANPR<", ">heartBeat<", 1).encode(), "text/xml", ISAPI, 16) is None


def test_whole_seconds_take_the_milliseconds_of_the_picture():
    push = parse_isapi(an_alert(time="2026-11-23T10:00:00+08:00").encode(), "", ISAPI, 16)
    stale = parse_isapi(an_alert(time="2026-11-23T10:00:07+08:00").encode(), "", ISAPI, 16)

    assert push.captured_utc % S == 250 * MS
    assert stale.captured_utc % S == 0


def test_a_time_without_a_zone_is_the_camera_s_local_time():
    tokyo = AnprCameraSettings(protocol="isapi", auth="none", utc_offset_minutes=540)

    here = parse_isapi(an_alert(time="2026-11-23T10:00:00.5").encode(), "", ISAPI, 16)
    there = parse_isapi(an_alert(time="2026-11-23T10:00:00.5").encode(), "", tokyo, 16)

    assert here.captured_utc - there.captured_utc == 3600 * S


@pytest.mark.parametrize("word", ["无车牌", "unknown", "", "noPlate"])
def test_a_vehicle_without_a_readable_plate_has_empty_text(word):
    assert parse_isapi(an_alert(plate=word).encode(), "", ISAPI, 16).text == ""


def test_unknown_words_of_the_camera_are_not_said():
    push = parse_isapi(
        an_alert(plateColor="pink", vehicleType="spaceship", direction="up", confidenceLevel=None).encode(),
        "",
        ISAPI,
        16,
    )

    assert (push.colour, push.vehicle, push.direction, push.confidence) == ("", "", "", 0)


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {chr(98 + i)} "{"&" + chr(97 + i) + ";"}{("&" + chr(97 + i) + ";") * 9}">'
        for i in range(9)
    )
    + "]><EventNotificationAlert><eventType>&j;</eventType></EventNotificationAlert>"
)


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (BOMB, "bad_xml"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><EventNotificationAlert/>', "bad_xml"),
        ("<EventNotificationAlert><eventType>ANPR</eventType>", "bad_xml"),
        ("<EventNotificationAlert><eventType>ANPR</eventType></EventNotificationAlert>", "bad_xml"),
        ("<html/>", "bad_xml"),
        ("<a>" * 50_000, "bad_xml"),
        ("<a>" * 30_000 + "</a>" * 30_000, "bad_xml"),
        ("<a>" + "x" * 300_000 + "</a>", "xml_too_large"),
        ('<?xml version="1.0" encoding="gb2312"?><a/>', "bad_xml"),
        ("no xml at all", "no_xml"),
        (an_alert(confidenceLevel="101"), "bad_confidence"),
        (an_alert(confidenceLevel="9.7"), "bad_confidence"),
        (an_alert(confidenceLevel="NaN"), "bad_confidence"),
        (an_alert(time="yesterday"), "bad_time"),
        (an_alert(time="2026-13-01T00:00:00Z"), "bad_time"),
        (an_alert(time="1960-01-01T00:00:00Z"), "bad_time"),
        (an_alert(time="0001-01-01T00:00:00+23:59"), "bad_time"),
    ],
)
def test_hostile_or_broken_xml_is_refused_with_its_reason(body, key):
    with pytest.raises(Refused) as refused:
        parse_isapi(body.encode(), "text/xml", ISAPI, 16)

    assert refused.value.key == key
    assert 400 <= refused.value.status < 500


XML_PART = ("anpr.xml", "anpr.xml", "text/xml", an_alert())


@pytest.mark.parametrize(
    ("body_type", "key"),
    [
        (a_multipart([XML_PART], end=""), "bad_multipart"),
        ((a_multipart([XML_PART])[0][:-60], "multipart/form-data; boundary=boundary"), "bad_multipart"),
        ((a_multipart([XML_PART])[0], "multipart/form-data"), "bad_multipart"),
        ((a_multipart([XML_PART])[0], "multipart/form-data; boundary=other"), "bad_multipart"),
        ((a_multipart([XML_PART])[0], f"multipart/form-data; boundary={'x' * 300}"), "bad_multipart"),
        (a_multipart([XML_PART] * 17), "too_many_parts"),
        (a_multipart([XML_PART] + [("p", "p", "image/jpeg", a_jpeg())] * 9), "too_many_pictures"),
        (a_multipart([("p", "p", "image/jpeg", a_jpeg())]), "no_xml"),
        (a_multipart([XML_PART, ("p", "p", "image/jpeg", b"\xff\xd8\xff\xe0\x00\x10")]), "not_jpeg"),
    ],
)
def test_a_broken_multipart_is_refused_with_its_reason(body_type, key):
    with pytest.raises(Refused) as refused:
        parse_isapi(*body_type, ISAPI, 16)

    assert refused.value.key == key


def test_a_json_push_says_everything_it_may_say():
    push = parse_json(
        as_json(
            captured="2026-11-23T10:00:00.123456789+08:00",
            event_id="e-1",
            lane="2",
            direction="leaving",
            colour="yellow",
            vehicle="truck",
            alternatives=[{"plate": "沪A12346", "confidence_permille": 100}],
            pictures=[
                {
                    "role": "plate",
                    "media_type": "image/jpeg",
                    "data_base64": base64.b64encode(a_jpeg(64, 20)).decode(),
                }
            ],
        ),
        JSON,
    )

    assert push.captured_utc % S == 123_456_789
    assert (push.text, push.confidence, push.camera_lane, push.event_id) == ("沪A12345", 970, "2", "e-1")
    assert push.alternatives == (("沪A12346", 100),)
    assert [(p.role, p.width, p.height, p.data) for p in push.pictures] == [("plate", 64, 20, a_jpeg(64, 20))]


@pytest.mark.parametrize(
    ("body", "key", "says"),
    [
        (b"", "bad_json", ""),
        (b"{", "bad_json", ""),
        (b"\xff\xfe{}", "bad_json", "UTF-8"),
        (b"[]", "bad_field", ""),
        (b"[" * 100_000, "bad_json", "deeper"),
        (b'{"a":' * 7 + b"1" + b"}" * 7, "bad_json", "deeper"),
        (as_json()[:-1] + b', "plate": "x"}', "bad_json", "twice"),
        (as_json(confidence_permille=0.5), "bad_json", "integers"),
        (as_json(confidence_permille=float("nan")), "bad_json", "integers"),
        (as_json(confidence_permille=float("inf")), "bad_json", "integers"),
        (as_json().replace(b"970", b"1e3"), "bad_json", "integers"),
        (as_json().replace(b"970", b"9" * 5000), "bad_json", ""),
        (as_json(confidence_permille=1001), "bad_field", "confidence_permille"),
        (as_json(confidence_permille=True), "bad_field", "confidence_permille"),
        (as_json(confidence_permille="970"), "bad_field", "confidence_permille"),
        (as_json(schema="anpr.v2"), "bad_field", "schema"),
        (as_json(colour="pink"), "bad_field", "colour"),
        (as_json(speed=3), "bad_field", "speed"),
        (as_json(plate="x" * 33), "bad_field", "plate"),
        (as_json().replace("沪A12345".encode("unicode_escape"), b"\\ud800"), "bad_field", "plate"),
        (as_json(captured="now"), "bad_time", "captured"),
        (
            as_json(alternatives=[{"plate": "x", "confidence_permille": 1}] * 11),
            "bad_field",
            "alternatives",
        ),
        (
            as_json(pictures=[{"role": "plate", "media_type": "image/jpeg", "data_base64": "!!!!"}]),
            "bad_field",
            "pictures.0",
        ),
        (
            as_json(pictures=[{"role": "plate", "media_type": "image/jpeg", "data_base64": "aGVsbG8="}]),
            "not_jpeg",
            "pictures.0",
        ),
    ],
)
def test_a_json_push_that_is_not_exactly_the_form_is_refused_with_the_field(body, key, says):
    with pytest.raises(Refused) as refused:
        parse_json(body, JSON)

    assert refused.value.key == key
    assert says in refused.value.detail


@given(st.binary(max_size=2_000))
def test_any_bytes_are_a_push_or_a_refusal(data):
    for parse in (
        lambda: parse_isapi(data, "text/xml", ISAPI, 16),
        lambda: parse_isapi(data, "multipart/mixed; boundary=b", ISAPI, 16),
        lambda: parse_isapi(b"--b\r\n" + data, "multipart/mixed; boundary=b", ISAPI, 16),
        lambda: parse_json(data, JSON),
    ):
        with contextlib.suppress(Refused):
            parse()
    jpeg_size(data)
    jpeg_size(b"\xff\xd8" + data)


@given(cut=st.integers(0, 3_000))
def test_a_push_cut_anywhere_is_refused(cut):
    body, content_type = a_multipart([XML_PART, ("p", "p", "image/jpeg", a_jpeg())])
    end = body.rindex(b"--boundary--") + len(b"--boundary--")
    if cut >= end:
        return
    with pytest.raises(Refused):
        parse_isapi(body[:cut], content_type, ISAPI, 16)


@pytest.mark.parametrize("sof", [0xC0, 0xC1, 0xC2, 0xCF])
def test_the_size_of_a_jpeg_is_in_its_frame_header(sof):
    assert jpeg_size(a_jpeg(4096, 2160, sof)) == (4096, 2160)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8", a_jpeg(0, 10), a_jpeg()[:95], a_jpeg(sof=0xC4), b"\x89PNG\r\n"]
)
def test_what_has_no_frame_header_has_no_size(data):
    assert jpeg_size(data) is None


def test_a_real_jpeg_of_the_vision_library_has_the_size_it_was_made_with():
    cv2 = pytest.importorskip("cv2")
    numpy = pytest.importorskip("numpy")
    ok, encoded = cv2.imencode(".jpg", numpy.zeros((72, 128, 3), numpy.uint8))

    assert ok
    assert jpeg_size(encoded.tobytes()) == (128, 72)


def test_parts_are_given_back_byte_for_byte():
    data = bytes(range(256)) * 40 + b"\r\n--boundar"
    body, content_type = a_multipart([("x", "x.bin", "application/octet-stream", data)])

    [part] = parse_multipart(body, content_type, 4)

    assert (part.name, part.filename, part.media_type, part.data) == (
        "x",
        "x.bin",
        "application/octet-stream",
        data,
    )
