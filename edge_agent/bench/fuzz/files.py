"""Files that somebody gives us: configurations, models, references, recordings, imports."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import edge_agent.devices.plate_reader
from edge_agent.bench.fuzz.target import MIB, Target, scratch, written
from edge_agent.config.loader import load
from edge_agent.config.recorded import from_text
from edge_agent.core.events import DeviceChanged, Event, PlateSeen, SerialBytes, Started, Tick
from edge_agent.core.units import Ns, Permille, S
from edge_agent.core.weigh.protocols.settings import WimJsonSettings
from edge_agent.devices.anpr_push.settings import AnprSettings
from edge_agent.devices.detector.class_map import read_class_map
from edge_agent.devices.detector.contract import Port, read_contract
from edge_agent.devices.detector.onnx_metadata import read_metadata
from edge_agent.devices.plate_reader.calibration import read_calibration
from edge_agent.devices.scene.bank import MANIFEST, Reference, ReferenceBank
from edge_agent.devices.settings_ports import SerialPortSettings
from edge_agent.errors import ConfigError, EdgeAgentError, UsageError
from edge_agent.evidence.keys import read_public_keys
from edge_agent.importing.plates_json import read_plates_jsonl
from edge_agent.importing.vehicles import read_vehicles
from edge_agent.journal import codec, video
from edge_agent.journal.importer import read_plates_csv, read_serial_capture
from edge_agent.journal.reader import Recording
from edge_agent.journal.writer import RecordingHeader, RecordingWriter

HEADER = RecordingHeader(software="0.1.0", config_sha256="ab", config_text="schema: 1\n")
BOMB = b"".join(
    [
        b"a0: &a0 [x,x,x,x,x,x,x,x,x]\n",
        *(b"a%d: &a%d [%s]\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 9)),
    ]
)
YAML_WORDS = (
    BOMB,
    *(b"&a ", b"*a", b"!!python/object:os.system ", b"{a: ", b"- ", b"? ", b"|\n", b"<<: *a", b"---\n"),
    *(b"${HOME}", b"${file:/dev/zero}", b"$${", b"\t", b"1:1:1", b"2026-13-45", b"0o17", b"%TAG ! x"),
)
CALIBRATION = Path(edge_agent.devices.plate_reader.__file__).parent / "ppocrv4.yaml"
PICTURE = b"\xff\xd8\xff not a picture"


def recording() -> bytes:
    """A good one, with a picture in it."""
    stream = io.BytesIO()
    writer = RecordingWriter(stream, HEADER)
    for event in (
        Started(Ns(0), "boot", "0.1.0", "ab"),
        SerialBytes(Ns(2), "wim", b"\x00\xff\r\n" * 100),
        PlateSeen(Ns(9), "cam1", None, Ns(7), "沪A12345", Permille(987)),
        DeviceChanged(Ns(11), "port/wim", "down", "unplugged"),
        Tick(Ns(12)),
    ):
        writer.event(event)
    writer.close()
    return stream.getvalue()


def read_recording(data: bytes) -> None:
    """All that is in it, as replay, report and view do."""
    path = written("a.mcap", data)
    found = Recording.open(path)
    for what in (found.events, found.decisions, found.video):
        for _ in what():
            pass


def event(data: bytes) -> object:
    """A message of a recording: its topic, a newline, its body."""
    topic, _, body = data.partition(b"\n")
    name = topic.decode("utf-8", "replace")
    if name.startswith(video.VIDEO_TOPIC):
        return video.decode(body)
    return codec.decode_event(name, Ns(5), body) or codec.decode_decision(name, body)


def events() -> list[bytes]:
    """A few that are made of everything."""
    plate: Event = PlateSeen(Ns(9), "cam1", None, Ns(7), "沪A12345", Permille(987))
    made: list[Event] = [
        plate,
        DeviceChanged(Ns(11), "port/wim", "down", "x"),
        SerialBytes(Ns(1), "wim", b"\r\n"),
    ]
    picture = video.encode(video.VideoPacket("cam", Ns(7 * S), "h264", b"\x00\x01"))
    return [
        *(codec.topic_of(e).encode() + b"\n" + codec.encode_event(e) for e in made),
        video.VIDEO_TOPIC.encode() + b"cam\n" + picture,
    ]


def decision_line(data: bytes) -> object:
    """A line of `decisions.jsonl`."""
    return codec.parse_decision_line(data.decode("utf-8", "replace"))


def config(data: bytes) -> object:
    """A site's configuration."""
    return load(written("site.yaml", data))


def configs() -> list[bytes]:
    """Those that are shipped, where the sources are at hand."""
    folder = Path(__file__).parents[3] / "configs"
    return [path.read_bytes() for path in sorted(folder.glob("*.yaml"))] or [b"schema: 1\n"]


def class_map(data: bytes) -> object:
    """What a model's classes mean."""
    return read_class_map(written("classes.yaml", data))


def onnx(data: bytes) -> object:
    """A model's metadata, then what it says of itself."""
    path = scratch("model.onnx")
    said = read_metadata(path, data)
    shapes = (Port("images", (1, 3, 640, 640), "tensor(float)"), Port("out", (1, 300, 6), "tensor(float)"))
    return read_contract(path, said, shapes[:1], shapes[1:])


def onnx_file() -> bytes:
    """Nothing but metadata."""

    def field(number: int, value: bytes) -> bytes:
        assert len(value) < 128
        return bytes([number << 3 | 2, len(value)]) + value

    pairs = {"names": "{0: 'person', 1: 'cart'}", "imgsz": "[640, 640]", "stride": "32", "task": "detect"}
    return b"".join(field(14, field(1, k.encode()) + field(2, v.encode())) for k, v in pairs.items())


def references(data: bytes) -> object:
    """A camera's list of accepted pictures."""
    written("bank/cam/clear.jpg", PICTURE)
    written(f"bank/cam/{MANIFEST}", data)
    bank = ReferenceBank(scratch("bank"), "cam")
    return bank.active


def reference_list() -> bytes:
    """One accepted picture."""
    sha256 = hashlib.sha256(PICTURE).hexdigest()
    one = Reference("day-dry-1", "day-dry", "clear.jpg", sha256, 8, 8, "me", "2026", "picture", "")
    return json.dumps({"schema": 1, "camera": "cam", "references": [asdict(one)]}).encode()


CSV = (
    "time,camera,plate,confidence,lane,colour,received\n"
    "2026-05-01T08:00:00.123+08:00,cam1,沪A12345,970,1,blue,1777593600.5\n1777593601.25,cam1,,0,,,\n"
).encode()

JSON_READS = (
    '{"time": 1777593600.5, "camera": "cam1", "plate": "沪A12345", "confidence": 970, "lane": "1"}\n'
    '{"schema": "anpr.v1", "camera": "cam1", "plate": "沪A12345", "confidence_permille": 970, '
    '"captured": "2026-05-01T08:00:00+08:00", "received": "1777593600.5"}\n'
).encode()
VEHICLES = b"""time,lane,speed_kmh,gross_kg,axle_loads_kg,axle_spacings_m,id,flags
1777593600.5,1,36,17000,6000;11000.5,4.8,a-1,accel
"""
CONTROLLER = SerialPortSettings(
    id="wim", device="socket://192.0.2.1:9000", protocol=WimJsonSettings(lanes={"1": "1"})
)

TARGETS: Sequence[Target] = (
    Target(
        "recording", read_recording, (EdgeAgentError,), lambda: [recording()], (b"zstd", b"lz4", b"\xff" * 8)
    ),
    Target("event", event, (EdgeAgentError,), events, json=True),
    Target(
        "decision-line",
        decision_line,
        (EdgeAgentError,),
        lambda: [b'{"type":"Status","at":1,"subject":"port/wim","state":"down","detail":"x"}'],
        json=True,
    ),
    Target("config", config, (ConfigError,), configs, YAML_WORDS, seconds=4),
    Target(
        "class-map",
        class_map,
        (ConfigError,),
        lambda: [b"sha256: ''\nclasses:\n  cart: {label: cart, role: evidence}\ncalibration: []\n"],
        YAML_WORDS,
        seconds=4,
    ),
    Target(
        "recorded-config",
        lambda data: from_text(data.decode("utf-8", "replace")),
        (ConfigError,),
        configs,
        YAML_WORDS,
        seconds=4,
    ),
    Target(
        "plate-calibration",
        lambda data: read_calibration(written("calibration.yaml", data)),
        (ConfigError,),
        lambda: [CALIBRATION.read_bytes()],
        YAML_WORDS,
    ),
    Target("onnx", onnx, (ConfigError,), lambda: [onnx_file()], (b"{0: 'a'}", b"(" * 500, b"-" * 500, b"1j")),
    Target("references", references, (ConfigError, UsageError), lambda: [reference_list()], json=True),
    Target(
        "plates-csv",
        lambda data: read_plates_csv(written("plates.csv", data)),
        (ConfigError,),
        lambda: [CSV],
        (b'"', b",", b"\n", b"0001-01-01T00:00:00+23:59", b"9999-12-31T23:59:59-23:59"),
        most_bytes=MIB,
    ),
    Target(
        "plates-jsonl",
        lambda data: read_plates_jsonl(
            written("plates.jsonl", data), AnprSettings(), lambda _picture: "0" * 64
        ),
        (ConfigError,),
        lambda: [JSON_READS],
        (b"\\ud800", b"1e999", b"[" * 500, b"\n"),
        json=True,
        most_bytes=MIB,
    ),
    Target(
        "vehicles-csv",
        lambda data: read_vehicles(written("vehicles.csv", data), CONTROLLER),
        (ConfigError,),
        lambda: [VEHICLES],
        (b";", b",", b"\n", b"9999999.999999999", b"9999-12-31T23:59:59-23:59"),
        most_bytes=MIB,
    ),
    Target(
        "serial-capture",
        lambda data: read_serial_capture(written("capture.txt", data), "wim"),
        (ConfigError,),
        lambda: [b"# capture\n1777593600.5 02 2b 30\n2026-05-01T08:00:01+08:00 ff00\n"],
        most_bytes=MIB // 2,
    ),
    Target(
        "public-keys",
        lambda data: read_public_keys(written("key.pem", data)),
        (UsageError,),
        lambda: [_pem()],
        (b"-----BEGIN PUBLIC KEY-----", b"-----END PUBLIC KEY-----"),
    ),
)


def _pem() -> bytes:
    from edge_agent.evidence.examples import KEY  # noqa: PLC0415 - only seeds need it

    return KEY.public.pem
