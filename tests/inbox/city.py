"""A platform that has really taken in what a box sealed: weighings, a street's case, its own records."""

from __future__ import annotations

import functools
import hashlib
from contextlib import contextmanager
from dataclasses import replace

from edge_agent.config.recorded import to_text
from edge_agent.core.decisions import Seal
from edge_agent.core.events import SerialBytes
from edge_agent.core.records import Detection, MatchCandidate, MatchStatus, UseClass
from edge_agent.core.site import Site
from edge_agent.evidence.contract_vectors_operator import OF_PEOPLE, REPORT
from edge_agent.evidence.examples import (
    KEY,
    Clock,
    a_case,
    a_match,
    a_picture,
    a_read,
    store_settings,
)
from edge_agent.evidence.examples_street import a_coverage, a_street_identity
from edge_agent.evidence.intray import Note, NoteFile
from edge_agent.evidence.keys import FileKey
from edge_agent.evidence.statement_operator import Commissioning
from edge_agent.evidence.store import EvidenceStore
from edge_agent.evidence.uplink.chunks import Chunk, encode_chunk
from edge_agent.evidence.uplink.topics import Topics
from edge_agent.inbox.accounts import InboxAccounts
from edge_agent.inbox.service import Inbox, utc_us
from edge_agent.ingest.intake import Intake
from edge_agent.ingest.keepers import attachment_keeper
from edge_agent.ingest.settings import IngestSettings
from edge_agent.ingest.store import PlatformStore
from edge_agent.journal.raw_ring import RawRing
from edge_agent.sim.events import events
from edge_agent.sim.render.pictures import plate_picture, vehicle_picture
from edge_agent.sim.render.scene import Scene
from edge_agent.sim.traffic import generate
from tests.report.street_day import a_config, an_inspection, the_case
from tests.road import a_scenario, decide, site_settings

IDENTITY = a_street_identity()
DEVICE = IDENTITY.settings.device
TOPICS = Topics("ea/v1", DEVICE.tenant, DEVICE.device_id)
PASSWORD = "correct horse battery"
REVIEWER, VIEWER = "王芳", "li.wei"
CHUNK = 64 * 1024
CLOCK = a_case()[0].clock


@functools.cache
def a_weighing():
    """A simulated lorry of 25.8 t over a bridge posted 20 t: what the core sealed, pictures, raw bytes."""
    scenario = a_scenario({"at_s": 4, "kind": "truck3", "gross_kg": 25_800, "speed_kmh": 20})
    stream = list(events(scenario, 7))
    cameras = {"cam1": {**site_settings(scenario).cameras["cam1"].model_dump(), "pictures": False}}
    site = Site(site_settings(scenario, cameras=cameras))
    seal = next(d for d in decide(site, stream) if isinstance(d, Seal))
    ring = RawRing()
    for event in stream:
        if isinstance(event, SerialBytes):
            ring.add(event)
    [passage] = generate(scenario, 7)
    scene = Scene(width=1920, height=1080)
    start = seal.crossing.first_axle_at
    shots = [
        ("full_view_1", vehicle_picture(scene, passage), start),
        (
            "full_view_2",
            vehicle_picture(replace(scene, x_cam_mm=scene.x_cam_mm - 2500), passage),
            start + 300_000_000,
        ),
        ("plate", plate_picture(passage), None),
    ]
    pictures = tuple(
        a_picture(role, data, at, width=scene.width, height=scene.height) for role, data, at in shots
    )
    truck = Detection("truck", "evidence", 930, 300, 200, 700, 900, in_lane=True)
    seal = replace(
        seal, use_class=UseClass.ENFORCEMENT, reasons=(), pictures=pictures, detections=((truck,), (truck,)),
        vehicle_confirmed=True, model_sha256="ab" * 32,
    )  # fmt: skip
    return seal, {hashlib.sha256(data).hexdigest(): data for _, data, _ in shots}, ring.window(seal.raw)


def ambiguous(number):
    """Two plates might be it: none is named."""
    reads = [
        MatchCandidate(a_read(text), share) for text, share in (("沪A12345", 520_000), ("沪B67890", 440_000))
    ]
    match = a_match(number, status=MatchStatus.AMBIGUOUS, candidates=tuple(reads))
    return a_case(number, match=match)


class City:
    """The platform's side over a folder; `take` takes in everything of a box that it has not yet."""

    def __init__(self, folder, **settings) -> None:
        self.folder = folder
        (folder / "devices").mkdir()
        (folder / "sites").mkdir()
        (folder / "devices" / f"{DEVICE.device_id}.pem").write_bytes(KEY.public.pem)
        (folder / "sites" / f"{DEVICE.device_id}.yaml").write_text(to_text(a_config()), "utf-8")
        FileKey.generate(folder / "receipt.key")
        inbox = {"port": 0, "sites_dir": folder / "sites", **settings.pop("inbox", {})}
        self.settings = IngestSettings.model_validate(
            {
                "tenant": DEVICE.tenant,
                "data_dir": folder / "platform",
                "devices_dir": folder / "devices",
                "receipt_key_file": folder / "receipt.key",
                "inbox": inbox,
                **settings,
            }
        )
        self.store = PlatformStore.of(self.settings)
        self._intake = Intake(
            self.settings,
            self.store,
            attachment_keeper(self.settings, self.store),
            FileKey.load(self.settings.receipt_key_file),
            utc_us,
        )
        self._taken = 0

    def take(self, box, *, without=()) -> None:
        """Everything sealed since, files first; `without` files of these digests."""
        while (packet := box.packet(self._taken)) is not None:
            for file in packet.attachments:
                data = box.attachment(file.sha256)
                for at in range(0, 0 if file.sha256 in without else len(data), CHUNK):
                    chunk = encode_chunk(Chunk(at, len(data), data[at : at + CHUNK]))
                    self._intake.take([(TOPICS.attachment(file.sha256), chunk)], 0.0)
            self._intake.take([(TOPICS.statement, packet.envelope)], 0.0)
            self._taken += 1

    def users(self) -> None:
        """One who may review, one who may look."""
        accounts = InboxAccounts(self.store.database)
        accounts.add(REVIEWER, "reviewer", PASSWORD, utc_us())
        accounts.add(VIEWER, "viewer", PASSWORD, utc_us())

    def close(self) -> None:
        self.store.close()


def large(record):
    """The record says that its drawn pictures are as large as evidence needs."""
    seal, blobs = record
    pictures = tuple(replace(picture, width=1920, height=1080) for picture in seal.pictures)
    reference = next(picture.sha256 for picture in pictures if picture.role == "reference")
    report = replace(seal.report, reference=reference)
    return replace(seal, pictures=pictures, report=report), blobs


def seal_all(box):
    """One of everything; returns the sealed ones by name."""
    seal, blobs, raw = a_weighing()
    street = [large(record) for record in the_case()]
    return {
        "weighing": box.seal(seal, blobs, raw),
        "example": box.seal(*a_case(3)),
        "ambiguous": box.seal(*ambiguous(4)),
        "confirmed": box.seal(*street[0]),
        "cleared": box.seal(*street[1]),
        "recheck": box.seal(*street[2]),
        "inspection": box.seal(*an_inspection()),
        "coverage": box.seal(a_coverage(), {}),
        **{record.type: box.record_note(a_note(record), CLOCK) for record in OF_PEOPLE},
    }


def a_note(record):
    """What somebody left in the box's tray; a commissioning with its report."""
    files = (NoteFile.of("text/html", REPORT),) if isinstance(record, Commissioning) else ()
    return Note(id=hashlib.sha256(record.type.encode()).hexdigest()[:32], record=record, files=files)


def a_box(folder):
    """An open store of a box."""
    return EvidenceStore.open(store_settings(folder / "box"), KEY, IDENTITY, utc_us=Clock())


@contextmanager
def a_city(folder, **settings):
    """A platform with users and evidence, and the page served: (city, inbox, sealed by name)."""
    folder.mkdir(exist_ok=True)
    city = City(folder, **settings)
    city.users()
    with a_box(folder) as box:
        sealed = seal_all(box)
        city.take(box)
    inbox = Inbox(city.settings)
    inbox.start()
    try:
        yield city, inbox, sealed
    finally:
        inbox.stop()
        city.close()
