import json
import re
import subprocess
import sys
import uuid
from dataclasses import replace

import pytest

from edge_agent.core.events import ClockSource, ClockStatus
from edge_agent.core.records import Detection, Flag, MatchCandidate, MatchStatus, UseClass
from edge_agent.core.units import MS, S
from edge_agent.errors import SealRefused, VerificationError
from edge_agent.evidence import strict_json
from edge_agent.evidence.attachments import case_files
from edge_agent.evidence.build import Earlier, build, build_record, packet_id
from edge_agent.evidence.examples import (
    BASE_UTC,
    KEY,
    a_case,
    a_certificate,
    a_crossing,
    a_match,
    a_read,
    a_standing,
    a_verdict,
    an_identity,
)
from edge_agent.evidence.identity import ChainLink
from edge_agent.evidence.statement import Kind, parse
from edge_agent.evidence.statement_records import Genesis, Heartbeat, Loss
from edge_agent.evidence.unsigned import UnsignedChain

LINK = ChainLink("ab" * 16, 7, "11" * 32, "22" * 32)
RAW = b"ww000250.00kg\r\n"


def built(seal=None, identity=None, held=None, raw=RAW, **other):
    seal = seal or a_case()[0]
    files = case_files(seal, held, raw)
    return build(seal, identity or an_identity(), LINK, 1_795_000_100_000_000, files, **other)


def says(payload: bytes) -> dict:
    return strict_json.loads(payload)


def test_a_matched_truck_becomes_a_composite_statement_with_its_four_weights_and_its_plate():
    fields = says(built().payload)
    assert fields["kind"] == "composite"
    assert fields["recognition"]["plate"]["text"] == "沪A12345"
    limit = fields["measurement"]["limits"][0]
    assert [limit[k] for k in ("measured_g", "deduction_g", "deducted_g", "limit_g", "excess_g")] == [
        25_000_000,
        0,
        25_000_000,
        20_000_000,
        5_000_000,
    ]
    assert limit["text"]["en"].startswith("Suspected over-limit")
    assert limit["text"]["zh"].startswith("疑似超限")
    assert fields["chain"] == {
        "epoch": LINK.epoch,
        "seq": 7,
        "prev": LINK.prev,
        "boot_id": "boot-1",
        "store_genesis": LINK.store_genesis,
    }
    assert fields["legal"]["use_class"] == "enforcement"
    assert fields["instrument"]["certificate_number"] == "C-1"


def test_an_unmatched_or_ambiguous_truck_names_no_plate():
    for status in (MatchStatus.UNMATCHED, MatchStatus.AMBIGUOUS):
        candidates = (
            MatchCandidate(a_read("沪A11111"), 510_000),
            MatchCandidate(a_read("沪A22222"), 480_000),
        )
        match = a_match(status=status, candidates=candidates, none_posterior=10_000, margin=30_000)
        fields = says(built(a_case(match=match)[0]).payload)
        assert fields["kind"] == "wim"
        assert fields["recognition"]["plate"] is None
        assert fields["recognition"]["runner_up_ppm"] == 480_000
        assert fields["legal"]["use_class"] == "reference"


def test_the_same_decision_gives_the_same_bytes():
    assert built().payload == built().payload


def test_the_same_decision_gives_the_same_bytes_in_another_process():
    program = "import runpy, sys; print(runpy.run_path(sys.argv[1])['built']().sha256)"
    digests = {
        subprocess.run(
            [sys.executable, "-c", program, __file__],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("0", "4711")
    }
    assert digests == {built().sha256}


def test_what_is_built_reads_back_as_the_same_statement():
    made = built()
    assert parse(made.payload) == made.statement
    assert made.statement.to_bytes() == made.payload
    assert strict_json.dumps(made.statement.model_dump(mode="json", by_alias=True)) == made.payload


def test_the_packet_id_is_a_uuid_of_version_seven_with_the_time_of_the_event():
    seal, _ = a_case()
    name = uuid.UUID(packet_id(seal, an_identity()))
    assert (name.version, name.variant) == (7, uuid.RFC_4122)
    assert name.int >> 80 == (seal.crossing.first_axle_at + BASE_UTC) // MS


def test_the_packet_id_depends_on_the_decision_and_not_on_chain_key_or_disk():
    seal, _ = a_case()
    name = packet_id(seal, an_identity())
    assert name == packet_id(seal, an_identity(keyid="", boot_id="other", config_sha256=""))
    assert name != packet_id(replace(seal, revision=1), an_identity())
    assert name != packet_id(a_case(2)[0], an_identity())


def test_a_statement_without_assumptions_is_refused():
    with pytest.raises(SealRefused, match="assumptions"):
        built(a_case(verdicts=(a_verdict(assumptions=()),))[0])


def test_a_statement_without_any_limit_is_refused():
    with pytest.raises(SealRefused):
        built(a_case(verdicts=())[0])


def test_every_assumption_of_every_limit_is_listed_once():
    verdicts = (a_verdict(assumptions=("permit", "combination")), a_verdict(assumptions=("permit", "axles")))
    fields = says(built(a_case(verdicts=verdicts)[0]).payload)
    assert fields["measurement"]["assumptions"] == ["axles", "combination", "permit"]


@pytest.mark.parametrize(
    ("change", "identity", "reason"),
    [
        ({}, {"certificates": {}}, "certificate_missing"),
        ({}, {"certificates": {"1": a_certificate(valid_until="2026-11-01")}}, "certificate_expired"),
        ({}, {"legal": a_standing(approval_number="")}, "approval_number_missing"),
        ({"clock": None}, {}, "clock_unknown"),
        ({"pictures": ()}, {}, "pictures_missing"),
        ({"crossing": a_crossing(flags=(Flag.ACCEL,))}, {}, "flag:accel"),
    ],
)
def test_whatever_the_core_said_a_case_with_a_reason_against_it_is_no_more_than_reference(
    change, identity, reason
):
    fields = says(built(a_case(**change)[0], an_identity(**identity)).payload)
    assert fields["legal"]["use_class"] == "reference"
    assert reason in fields["legal"]["reasons"]
    assert "Reference (screening)" in fields["legal"]["wording"]["en"]


def test_a_test_record_is_never_anything_else():
    fields = says(built(a_case(use_class=UseClass.TEST, reasons=("site_test",))[0]).payload)
    assert fields["legal"]["use_class"] == "test"
    fields = says(built(identity=an_identity(legal=a_standing(use_class=UseClass.TEST))).payload)
    assert fields["legal"]["use_class"] == "test"


def test_a_picture_whose_bytes_are_lost_is_named_and_costs_the_use_class():
    seal, blobs = a_case()
    lost = seal.pictures[0].sha256
    fields = says(built(seal, held=blobs.keys() - {lost}).payload)
    assert fields["missing"] == [lost]
    assert [a["role"] for a in fields["attachments"]] == ["full_view_2", "plate", "raw_serial"]
    assert fields["legal"]["use_class"] == "reference"
    assert "pictures_lost" in fields["legal"]["reasons"]


def test_the_raw_bytes_are_an_attachment_that_the_measurement_names():
    fields = says(built().payload)
    raw = fields["attachments"][-1]
    assert (raw["role"], raw["size"]) == ("raw_serial", len(RAW))
    assert fields["measurement"]["raw"]["sha256"] == raw["sha256"]
    assert says(built(raw=None).payload)["measurement"]["raw"]["sha256"] is None


def test_a_picture_listed_twice_is_attached_once():
    seal, _ = a_case()
    fields = says(built(replace(seal, pictures=seal.pictures + seal.pictures)).payload)
    assert len(fields["attachments"]) == 4


def test_without_a_clock_no_utc_is_claimed():
    fields = says(built(a_case(clock=None)[0]).payload)
    assert fields["time"]["event_utc_us"] is None
    assert fields["time"]["source"] == "none"
    assert fields["attachments"][0]["capture_utc_us"] is None
    assert fields["time"]["event_monotonic_us"] == 60_000_000


def test_the_clocks_error_rounds_up_and_its_offset_is_told():
    clock = ClockStatus(60 * S, BASE_UTC, ClockSource.PTP, True, -1_500, 1, 1)
    time = says(built(a_case(clock=clock)[0]).payload)["time"]
    assert (time["est_error_us"], time["offset_us"], time["source"]) == (1, -2, "ptp")


def test_a_crowded_scene_is_cut_to_what_fits_and_the_cut_is_counted():
    boxes = tuple(Detection("car", "context", n % 1000, n % 900, 0, 1000, 1000) for n in range(3_000))
    lorry = Detection("truck", "evidence", 1, 0, 0, 1000, 1000, in_lane=True)
    candidates = tuple(MatchCandidate(a_read(f"沪A{n:05d}"), 999_000 if n == 0 else 10) for n in range(40))
    seal, _ = a_case(detections=((*boxes, lorry),) * 20, match=a_match(candidates=candidates))
    made = built(seal)
    recognition = made.statement.recognition
    assert recognition.detections_left_out == 20 * 3_001 - 16 * 16
    assert recognition.detections[0][0].label == "truck"
    assert (len(recognition.candidates), recognition.candidates_left_out) == (8, 32)
    assert len(made.payload) <= strict_json.MAX_BYTES


def test_a_statement_too_large_to_send_is_refused():
    with pytest.raises(SealRefused):
        built(a_case(verdicts=tuple(a_verdict(text_en="x" * 999, text_zh="超" * 999) for _ in range(60)))[0])


def test_an_amendment_names_what_it_replaces():
    earlier = packet_id(a_case()[0], an_identity())
    made = built(a_case(revision=1)[0], earlier=Earlier(earlier, earlier))
    assert made.statement.links.amends == earlier


FORBIDDEN = re.compile(
    r"violation|offender|overload(ed)?\b|real weight|\bfines?\b|yuan|违法|超载|罚款", re.IGNORECASE
)


@pytest.mark.parametrize("use", list(UseClass))
def test_no_word_of_a_statement_says_more_than_may_be_said(use):
    reasons = () if use is UseClass.ENFORCEMENT else ("site_reference",)
    payload = built(a_case(use_class=use, reasons=reasons)[0]).payload.decode()
    assert not FORBIDDEN.search(payload)


def test_the_box_says_of_itself_what_happened():
    record = build_record(
        Loss(lost_class="reference", count=3, first_utc_us=1, last_utc_us=2, reason="quota"),
        an_identity(),
        LINK,
        5,
    )
    fields = says(record.payload)
    assert (fields["kind"], fields["record"]["count"], fields["legal"]) == ("loss", 3, None)
    other = build_record(Heartbeat(uptime_s=60), an_identity(), replace(LINK, seq=8), 5)
    assert other.statement.packet_id != record.statement.packet_id
    assert other.statement.kind is Kind.HEARTBEAT


def test_only_the_first_statement_of_an_epoch_is_a_genesis():
    genesis = Genesis(
        reason="new_store",
        last_epoch=None,
        last_seq=None,
        last_payload_sha256=None,
        public_key_spki=KEY.public.spki.hex(),
    )
    made = build_record(genesis, an_identity(), ChainLink("ab" * 16, 0, None, None), 5)
    assert made.statement.chain.prev is None
    with pytest.raises(ValueError, match="genesis"):
        build_record(genesis, an_identity(), LINK, 5)
    with pytest.raises(ValueError, match="genesis"):
        build_record(Heartbeat(uptime_s=1), an_identity(), ChainLink("ab" * 16, 0, None, None), 5)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("surprise",), 1),
        (("measurement", "surprise"), 1),
        (("schema",), "evidence.v2"),
        (("packet_id",), "not-a-uuid"),
        (("chain", "seq"), "7"),
        (("chain", "seq"), True),
        (("chain", "seq"), -1),
        (("chain", "seq"), 2**53),
        (("chain", "epoch"), "AB" * 16),
        (("time", "synced"), 1),
        (("time", "source"), "guess"),
        (("kind",), "wim2"),
        (("kind",), "heartbeat"),
        (("measurement",), None),
        (("measurement", "assumptions"), []),
        (("legal",), None),
        (("legal", "reasons"), ["a reason against enforcement"]),
        (("recognition", "plate"), None),
        (("attachments", 0, "sha256"), "../etc/passwd"),
        (("attachments", 0, "role"), "selfie"),
        (("ext",), None),
    ],
)
def test_a_payload_that_is_not_a_statement_is_refused(where, value):
    fields = json.loads(built().payload)
    inner = fields
    for step in where[:-1]:
        inner = inner[step]
    inner[where[-1]] = value
    with pytest.raises(VerificationError, match="statement"):
        parse(strict_json.dumps(fields))


def test_every_field_is_needed():
    fields = json.loads(built().payload)
    for key in fields:
        with pytest.raises(VerificationError):
            parse(strict_json.dumps({k: v for k, v in fields.items() if k != key}))


def test_unknown_fields_may_stand_under_ext():
    fields = json.loads(built().payload)
    fields["ext"] = {"vendor": {"lamp": [1, "on", None]}}
    assert parse(strict_json.dumps(fields)).ext["vendor"]["lamp"] == [1, "on", None]


def test_too_many_attachments_are_refused():
    fields = json.loads(built().payload)
    fields["attachments"] = fields["attachments"][:1] * 65
    with pytest.raises(VerificationError, match="attachments"):
        parse(strict_json.dumps(fields))


def test_a_replay_gives_the_same_statement_but_for_chain_key_and_box():
    seal, _ = a_case()
    chain = UnsignedChain(an_identity())
    first, second = chain.statement(seal, RAW), chain.statement(replace(seal, revision=1), RAW)
    live = json.loads(built(seal).payload)
    replayed = json.loads(first.payload)
    different = {key for key in live if live[key] != replayed[key]}
    assert different == {"chain", "keyid", "time"}
    assert {k for k in live["time"] if live["time"][k] != replayed["time"][k]} == {"sealed_utc_us"}
    assert second.statement.chain.prev == first.sha256
    assert second.statement.links.amends == first.statement.packet_id
    assert UnsignedChain(an_identity()).statement(seal, RAW) == first
