"""What each route is told; of the owner's, above all what it is not told."""

import base64
import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.records import Detection
from edge_agent.core.scene import Finding, Phase
from edge_agent.evidence import dsse
from edge_agent.evidence.examples import KEY, a_case, a_jpeg, a_picture
from edge_agent.evidence.examples_street import a_report, a_street_identity, a_zone_case, an_item
from edge_agent.evidence.keys import KeyRing
from edge_agent.evidence.statement import SHARED
from edge_agent.evidence.unsigned import UnsignedChain
from edge_agent.ingest.fanout import WAITING, Delivery, delivery_id
from edge_agent.ingest.place import Place
from edge_agent.ingest.webhook_body import MAX_OWNER_PICTURES, body
from tests.ingest.hooked import START_US, a_setting

# In every place that an owner is not told of, so that it can be looked for.
STRANGE = "strange"
PUBLIC = "https://evidence.bureau.example/inbox/"


def statement_of(record, **identity):
    return UnsignedChain(a_street_identity(**identity)).statement(record[0]).statement


def told(route, record, blobs=None, public_url=PUBLIC, statement=None):
    """The body, as the receiver parses it."""
    said = statement or statement_of(record)
    payload = said.to_bytes()
    sha256 = hashlib.sha256(payload).hexdigest()
    place = Place(said.device_id, said.chain.epoch, said.chain.seq)
    attempt = Delivery(delivery_id(route, sha256), route, place, START_US, START_US, 1, WAITING, None, "")
    made = body(
        a_setting(route),
        attempt,
        said,
        payload_sha256=sha256,
        envelope=dsse.sign(dsse.EVIDENCE_TYPE, payload, [KEY]),
        public_url=public_url,
        read=(record[1] if blobs is None else blobs).get,
    )
    return json.loads(json.dumps(made))


@pytest.mark.parametrize("route", ["officer", "platform"])
@pytest.mark.parametrize("record", [a_zone_case(), a_case()], ids=["street", "bridge"])
def test_the_bureau_s_own_are_told_all_of_it_and_can_verify_it(route, record):
    said = statement_of(record)
    found = told(route, record)

    ring = KeyRing({dsse.EVIDENCE_TYPE: [KEY.public]})
    envelope = json.dumps(found["envelope"], indent=2).encode()  # its spacing is nobody's word
    opened = dsse.open_envelope(envelope, ring, {dsse.EVIDENCE_TYPE})
    assert opened.payload == said.to_bytes()
    assert found["payload_sha256"] == hashlib.sha256(opened.payload).hexdigest()
    assert (found["packet_id"], found["kind"], found["use_class"]) == (
        said.packet_id,
        said.kind,
        "enforcement",
    )
    assert found["route"] == route
    assert [file["sha256"] for file in found["attachments"]] == [file.sha256 for file in said.attachments]
    page = f"https://evidence.bureau.example/inbox/statement/{said.device_id}/{said.chain.epoch}/{said.chain.seq}"
    assert found["page"] == page
    assert {file["url"] for file in found["attachments"]} == {
        f"{page}/file/{file.sha256}" for file in said.attachments
    }
    assert found["plate"] == ("沪A12345" if said.recognition else None)


def test_without_an_inbox_that_people_can_reach_there_are_no_links():
    found = told("officer", a_zone_case(), public_url="")

    assert found["page"] is None
    assert {file["url"] for file in found["attachments"]} == {None}


def test_an_owner_gets_the_masked_pictures_inside_of_the_message():
    record = a_zone_case()
    found = told("owner", record)

    shared = [picture for picture in record[0].pictures if picture.role.endswith(SHARED)]
    assert [file["role"] for file in found["attachments"]] == [picture.role for picture in shared]
    for file in found["attachments"]:
        data = base64.b64decode(file["data"])
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (file["sha256"], file["size"])
        assert data == record[1][file["sha256"]]
    assert found["about"]["site"] == "bridge-1"  # a shop's id means nothing without it
    assert found["about"]["shop"] == "s1"
    assert found["about"]["goods"] == ["goods_pile"]
    assert set(found) == {
        "schema", "delivery_id", "route", "packet_id", "payload_sha256", "kind", "use_class", "wording",
        "event_utc_us", "about", "attachments",
    }  # fmt: skip


def test_a_copy_with_the_original_s_bytes_is_no_masked_copy():
    seal, blobs = a_zone_case()
    original = next(picture for picture in seal.pictures if picture.role == "confirmed")
    pictures = tuple(
        replace(picture, sha256=original.sha256) if picture.role == "confirmed_shared" else picture
        for picture in seal.pictures
    )

    found = told("owner", (replace(seal, pictures=pictures), blobs))

    assert [file["role"] for file in found["attachments"]] == ["first_seen_shared", "middle_shared"]


def test_a_message_to_an_owner_is_bounded_by_what_the_files_are_not_by_what_the_box_says_of_them():
    record = a_zone_case()
    shared = [picture.sha256 for picture in record[0].pictures if picture.role.endswith(SHARED)]
    blobs = {**record[1], shared[0]: b"x" * 7_000_000, shared[1]: None}

    found = told("owner", record, blobs)

    assert [file["sha256"] for file in found["attachments"]] == [shared[2]]


def test_so_many_pictures_and_no_more():
    seal, blobs = a_zone_case()
    said = statement_of((seal, blobs))
    copy = next(file for file in said.attachments if file.role.endswith(SHARED))
    many = said.model_copy(update={"attachments": [*said.attachments, *[copy] * 20]})

    found = told("owner", (seal, blobs), statement=many)

    assert len(found["attachments"]) == MAX_OWNER_PICTURES


def with_pictures(seal, blobs, roles):
    """More stills, each with its marked and its masked copy."""
    pictures, blobs = list(seal.pictures), dict(blobs)
    for number, role in enumerate(roles):
        data = {kind: a_jpeg((STRANGE, number, role, kind)) for kind in ("", "_marked", SHARED)}
        original = a_picture(role, data[""], number, camera=seal.report.camera)
        pictures.append(original)
        fields = {"camera": seal.report.camera, "parent": original.sha256}
        pictures += [
            a_picture(role + kind, data[kind], number, masked=kind == SHARED, **fields)
            for kind in ("_marked", SHARED)
        ]
        blobs |= {hashlib.sha256(one).hexdigest(): one for one in data.values()}
    return replace(seal, pictures=tuple(pictures)), blobs


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@st.composite
def records(draw):
    """A case of shop s1; whatever is of somebody else, or of the box, has STRANGE in it."""

    def strange():
        return f"{STRANGE} {draw(WORDS)}"

    phase = draw(
        st.sampled_from([Phase.CONFIRMED, Phase.ONGOING, Phase.CLEARED, Phase.RECHECK, Phase.INSPECTION])
    )
    base = a_report(phase)
    items = (an_item(label=draw(st.sampled_from(["stall", "goods_pile"]))),)
    report = a_report(
        phase, camera=strange(), order=strange(), rule=strange(),
        in_force=(("legal_basis", strange()), ("neighbour", strange())),
        items=items if base.finding is Finding.PRESENT else (),
        shop="s1", zone="door_s1", text_en=draw(WORDS), text_zh=draw(WORDS),
    )  # fmt: skip
    seal, blobs = a_zone_case(draw(st.integers(1, 9)), phase, report=report)
    seal = replace(seal, pictures=tuple(replace(p, camera=report.camera) for p in seal.pictures))
    roles = draw(st.lists(st.sampled_from(["ongoing", "middle"]), max_size=4))
    seal, blobs = with_pictures(seal, blobs, roles)
    box = Detection(strange(), "context", 900, 1, 2, 3, 4)
    return replace(seal, detections=((), (box,))), blobs


@settings(deadline=None, max_examples=100)
@given(records(), st.data())
def test_nothing_that_is_not_the_shop_s_is_in_an_owner_s_message(record, data):
    blobs = record[1]
    said = statement_of(record, boot_id=f"{STRANGE}-boot")
    missing = data.draw(st.sets(st.sampled_from(sorted(blobs))))
    kept = {sha256: one for sha256, one in blobs.items() if sha256 not in missing}

    found = told("owner", record, kept, statement=said)

    shared = {file.sha256 for file in said.attachments if file.role.endswith(SHARED)}
    told_of = {file["sha256"]: file.pop("data") for file in found["attachments"]}
    assert set(told_of) == shared & set(kept)  # never more than fit a statement of 20 pictures
    for sha256, inside in told_of.items():
        assert base64.b64decode(inside) == blobs[sha256]
    text = json.dumps(found, ensure_ascii=False)
    assert STRANGE not in text
    of_the_box = (said.device_id, KEY.keyid, said.chain.boot_id, said.software.config_sha256)
    not_shared = {file.sha256 for file in said.attachments} - shared
    for secret in {*of_the_box, *not_shared}:
        assert secret not in text


@pytest.mark.parametrize("number", range(1, 4))
def test_a_weighing_never_becomes_an_owner_s_message(number):
    with pytest.raises(AssertionError):
        told("owner", a_case(number))
