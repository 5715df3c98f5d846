"""What instruments and cameras send."""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from edge_agent.bench.fuzz.target import MIB, Target
from edge_agent.core.events import PlateSeen, RegistersRead
from edge_agent.core.plates import grammar
from edge_agent.core.units import MS, Grams, Mm, MmPerS, Ns, S
from edge_agent.core.weigh.protocols import ProtocolSettings, make_decoder
from edge_agent.core.weigh.samples import BAD_OVERLOAD, ProtocolFault, VehicleRecord
from edge_agent.devices.anpr_push.isapi import parse_isapi
from edge_agent.devices.anpr_push.jpeg import jpeg_size
from edge_agent.devices.anpr_push.json_form import parse_json
from edge_agent.devices.anpr_push.multipart import parse_multipart
from edge_agent.devices.anpr_push.push import Push, Refused
from edge_agent.devices.anpr_push.settings import AnprCameraSettings
from edge_agent.journal import codec
from edge_agent.sim.encoders import make_encoder
from edge_agent.sim.encoders.modbus import crc16
from edge_agent.sim.encoders.wim_json import vehicle_line

JPEG = b"\xff\xd8\xff\xc0\x00\x11\x08\x00\x40\x00\xc8\x03" + bytes(9) + b"\xff\xd9"
ALERT = (
    '<?xml version="1.0" encoding="UTF-8"?><EventNotificationAlert version="2.0" '
    'xmlns="http://www.isapi.org/ver20/XMLSchema"><dateTime>2026-11-23T10:00:00+08:00</dateTime>'
    "<eventType>ANPR</eventType><ANPR><licensePlate>沪B23456</licensePlate><line>1</line>"
    "<confidenceLevel>97</confidenceLevel><plateColor>blue</plateColor><vehicleType>truck</vehicleType>"
    "<direction>forward</direction><pictureInfoList><pictureInfo><fileName>a.jpg</fileName>"
    "<type>licensePlatePicture</type><absTime>20261123100000250</absTime></pictureInfo></pictureInfoList>"
    "</ANPR><UUID>u-1</UUID></EventNotificationAlert>"
).encode()
XML_WORDS = (b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"<ANPR>", b"]]>", b"<![CDATA[", b"&#0;", b"xmlns:")
BOUNDARY = b"--sep"
ISAPI = AnprCameraSettings(protocol="isapi", auth="none")
JSON = AnprCameraSettings(protocol="json", auth="none")
MULTIPART = "multipart/form-data; boundary=sep"
MOST_PARTS = 16
MOST_SERIAL = 8 * 1024

SETTINGS: TypeAdapter[Any] = TypeAdapter(ProtocolSettings)
# One of each family, and the forms that are read by other code.
PROTOCOLS: dict[str, dict[str, Any]] = {
    "yaohua-a9": {"kind": "yaohua_a9"},
    "yaohua-a12": {"kind": "yaohua_a12"},
    "yaohua-a12-text": {"kind": "yaohua_a12", "form": "text"},
    "yaohua-eq": {"kind": "yaohua_eq", "direction": "reversed"},
    "yaohua-cmd": {"kind": "yaohua_cmd"},
    "toledo": {"kind": "toledo_cont"},
    "toledo-11": {"kind": "toledo_cont", "length": 11},
    "stgs": {"kind": "ascii_stgs"},
    "cas22": {"kind": "cas22"},
    "rinstrum": {"kind": "rinstrum"},
    "laumas": {"kind": "laumas_fast"},
    "hbm-2": {"kind": "hbm_aed", "format": 2},
    "hbm-8": {"kind": "hbm_aed", "status_overload_mask": 4},
    "adc": {"kind": "adc", "channels": 4, "samples_per_frame": 8},
}
REGISTERS: tuple[dict[str, Any], ...] = (
    {"kind": "modbus_rtu", "preset": "laumas"},
    {"kind": "modbus_rtu", "preset": "baykon"},
    {"kind": "modbus_rtu", "address": 5, "type": "f32", "word_order": "low_first"},
)
RECORD = VehicleRecord(
    at=Ns(10 * S),
    lane="north",
    first_axle_at=Ns(8_500 * MS),
    last_axle_at=Ns(9_600 * MS),
    axle_loads=(Grams(6_000_000), Grams(11_000_000)),
    axle_offsets=(Mm(0), Mm(4_800)),
    gross=Grams(17_000_000),
    speed=MmPerS(5_500),
    flags=(),
    record_id="a-17",
)


def frames(settings: Any) -> list[bytes]:
    """What the instrument of the simulator sends."""
    channels = getattr(settings, "channels", 1)
    rows = getattr(settings, "samples_per_frame", 1)
    encoder = make_encoder(settings)
    blocks = []
    for grams, status in ((1_000, 0), (25_000, 0), (32_000, BAD_OVERLOAD), (0, 0), (7_000, 0)):
        values = np.full((rows, channels), grams)
        blocks.append(
            encoder.encode(
                0, values, np.full((rows, channels), status, np.uint8), np.zeros(rows, dtype=np.int64)
            )
        )
    return [b"".join(blocks), blocks[0]]


def on_a_line(settings: Any, data: bytes) -> str:
    """Fed as reads of a port are: in pieces, with a line that drops in the middle. What was found wrong."""
    decoder = make_decoder(settings, char_ns=86_806)
    piece = 1 + len(data) % 97
    found: set[str] = set()
    for number, start in enumerate(range(0, len(data), piece)):
        made = decoder.feed(Ns(S + number * 20 * MS), data[start : start + piece])
        found.update(fault.detail for fault in made if isinstance(fault, ProtocolFault))
        if number % 50 == 49:
            decoder.reset()
    return " ".join(sorted(found))


def registers(data: bytes) -> None:
    """Words as a transmitter answers them, more or fewer than were asked for."""
    words = tuple(int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2))
    for chosen in REGISTERS:
        settings = SETTINGS.validate_python(chosen)
        decoder = make_decoder(settings)
        for number in range(0, max(1, len(words)), 5):
            event = RegistersRead(
                Ns(S + number * MS), "port", settings.first_register, words[number : number + 5]
            )
            decoder.feed_registers(event)


def modbus_answer(data: bytes) -> object:
    """The bytes of an answer, through the library that reads them for us."""
    from pymodbus.framer import FramerRTU  # noqa: PLC0415 - heavy
    from pymodbus.pdu import DecodePDU  # noqa: PLC0415

    return FramerRTU(DecodePDU(False)).handleFrame(data + crc16(data), 1, 0)


def modbus_refusals() -> tuple[type[Exception], ...]:
    """What `devices/modbus.py` takes for "no answer"."""
    from pymodbus.exceptions import ModbusException  # noqa: PLC0415 - heavy

    return (ModbusException,)


def seen(push: Push | None) -> None:
    """What became of a push must fit a recording."""
    if push is None:
        return
    event = PlateSeen(
        Ns(S), "cam", push.camera_lane or None, push.captured_utc, push.text, push.confidence,
        push.colour, push.vehicle, push.direction, push.alternatives, event_id=push.event_id,
    )  # fmt: skip
    body = codec.encode_event(event)
    assert codec.decode_event(codec.topic_of(event), event.at, body) == event


def isapi(data: bytes) -> None:
    """XML alone, or a multipart body where it begins with our boundary."""
    seen(parse_isapi(data, MULTIPART if data.startswith(BOUNDARY) else "application/xml", ISAPI, MOST_PARTS))


def multipart_body() -> bytes:
    """An alert and a picture."""
    return (
        b'--sep\r\nContent-Disposition: form-data; name="anpr.xml"; filename="anpr.xml"\r\n'
        b"Content-Type: application/xml\r\n\r\n" + ALERT + b"\r\n--sep\r\nContent-Disposition: form-data; "
        b'name="a.jpg"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n' + JPEG + b"\r\n--sep--\r\n"
    )


def json_push() -> bytes:
    """Every field."""
    return json.dumps(
        {
            "schema": "anpr.v1", "plate": "沪A12345", "confidence_permille": 970, "lane": "1",
            "captured": "2026-11-23T10:00:00.5+08:00", "event_id": "e-1", "direction": "approaching",
            "colour": "blue", "vehicle": "truck",
            "alternatives": [{"plate": "沪A12346", "confidence_permille": 10}],
            "pictures": [
                {"role": "plate", "media_type": "image/jpeg", "data_base64": base64.b64encode(JPEG).decode()}
            ],
        }
    ).encode()  # fmt: skip


def wim_line() -> bytes:
    """Of a controller."""
    return vehicle_line(RECORD, lane="1")


def _serial() -> list[Target]:
    found = []
    for name, chosen in PROTOCOLS.items():
        settings = SETTINGS.validate_python(chosen)
        run: Callable[[bytes], object] = functools.partial(on_a_line, settings)
        words = (b"\x02", b"\x03", b"\r\n", b"\xa5\x5a", b"ST,GS,", b"OL", b"+0012345")
        found.append(
            Target(
                f"serial-{name}", run, (), functools.partial(frames, settings), words, most_bytes=MOST_SERIAL
            )
        )
    wim = SETTINGS.validate_python({"kind": "wim_json", "lanes": {"1": "north"}})
    run = functools.partial(on_a_line, wim)
    found.append(Target("serial-wim-json", run, (), lambda: [wim_line()], (b"\n",), json=True))
    return found


TARGETS: Sequence[Target] = (
    *_serial(),
    Target("modbus-registers", registers, (), lambda: [bytes.fromhex("000061a8000200000001")]),
    Target(
        "modbus-answer",
        modbus_answer,
        modbus_refusals(),
        lambda: [bytes.fromhex("0103040000 61a8"), bytes.fromhex("018302"), bytes.fromhex("0104020001")],
        most_bytes=512,
    ),
    Target(
        "anpr-isapi",
        isapi,
        (Refused,),
        lambda: [ALERT, multipart_body()],
        XML_WORDS,
        most_bytes=MIB,
    ),
    Target(
        "anpr-multipart",
        lambda data: parse_multipart(data, MULTIPART, MOST_PARTS),
        (Refused,),
        lambda: [multipart_body()],
        (b"--sep", b"--sep--", b"\r\n\r\n", b"Content-Type: "),
        most_bytes=MIB,
    ),
    Target(
        "anpr-json",
        lambda data: seen(parse_json(data, JSON)),
        (Refused,),
        lambda: [json_push()],
        json=True,
        most_bytes=MIB,
    ),
    Target("jpeg-header", jpeg_size, (), lambda: [JPEG], (b"\xff\xd8", b"\xff\xc0", b"\xff")),
    Target(
        "plate",
        lambda data: grammar.parse(data.decode("utf-8", "replace")),
        (),
        lambda: [text.encode() for text in ("沪A12345", "粤B·1234挂", "使123456", "沪AD12345")],
        tuple(c.encode() for c in "挂学警港澳·ａ①\u0130\u200d\ufb03"),
    ),
)
