"""Statements of the street: what is said, what must not be, what fits, and the same in a replay."""

import json
import re
import uuid
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.records import Detection, UseClass
from edge_agent.core.scene import EvidenceItem, Finding, Phase, StreetReport, Watched
from edge_agent.core.street.settings import RuleSettings
from edge_agent.core.units import MS, S
from edge_agent.errors import SealRefused, VerificationError
from edge_agent.evidence import strict_json
from edge_agent.evidence.attachments import case_files
from edge_agent.evidence.build import Earlier, build, packet_id
from edge_agent.evidence.examples import BASE_UTC, a_case, a_jpeg, a_picture, a_standing
from edge_agent.evidence.examples_street import (
    HOUR,
    a_coverage,
    a_report,
    a_street_clock,
    a_street_identity,
    a_zone_case,
    an_item,
    street_pictures,
)
from edge_agent.evidence.identity import ChainLink
from edge_agent.evidence.statement import KIND_OF_PHASE, Kind, parse
from edge_agent.evidence.statement_street import FINDINGS, MAX_PICTURES
from edge_agent.evidence.unsigned import UnsignedChain

LINK = ChainLink("ab" * 16, 7, "11" * 32, "22" * 32)
SEALED_US = 1_795_010_000_000_000
STILLS = ("first_seen", "middle", "confirmed")
STANDS = {Phase.CONFIRMED, Phase.REOPENED, Phase.ONGOING}


def built(seal=None, identity=None, held=None, **other):
    seal = seal or a_zone_case()[0]
    return build(seal, identity or a_street_identity(), LINK, SEALED_US, case_files(seal, held), **other)


def says(payload):
    return strict_json.loads(payload)


def with_report(**changes):
    return a_zone_case(report=a_report(**changes))[0]


def test_a_confirmed_case_states_zone_shop_times_rule_goods_and_pictures():
    fields = says(built().payload)
    said = fields["storefront"]
    assert (fields["kind"], fields["measurement"], fields["recognition"]) == ("storefront", None, None)
    assert (said["zone"], said["shop"], said["phase"], said["finding"]) == (
        "door_s1",
        "s1",
        "confirmed",
        "present",
    )
    assert fields["time"]["event_monotonic_us"] == said["judged_monotonic_us"] == 3_900_000_000
    assert said["first_seen_monotonic_us"] == 3_600_000_000
    assert said["first_seen_utc_us"] == BASE_UTC // 1000 + 3_600_000_000
    assert (said["dwell_ms"], said["stay_ms"], said["paused_ms"]) == (300_000, 300_000, 0)
    assert said["items"][0]["label"] == "goods_pile"
    assert {"name": "hours", "value": "07:00-22:00"} in said["in_force"]
    assert said["text"]["zh"].startswith("疑似")
    assert [a["role"] for a in fields["attachments"]] == [
        "reference",
        *(f"{role}{copy}" for role in STILLS for copy in ("", "_marked", "_shared")),
        "clip",
    ]
    assert said["reference_sha256"] == fields["attachments"][0]["sha256"]


def test_a_copy_names_its_original_and_only_the_shop_owners_is_masked():
    by_role = {a["role"]: a for a in says(built().payload)["attachments"]}
    for role in STILLS:
        assert by_role[role]["parent"] is None
        assert by_role[f"{role}_marked"]["parent"] == by_role[role]["sha256"]
        assert by_role[f"{role}_shared"]["parent"] == by_role[role]["sha256"]
        assert by_role[f"{role}_shared"]["privacy_mask"]
        assert not by_role[role]["privacy_mask"]


def test_boxes_are_told_by_the_picture_that_they_were_seen_in():
    fields = says(built().payload)
    first_seen = next(a for a in fields["attachments"] if a["role"] == "first_seen")
    looked_at = {seen["sha256"]: seen["boxes"] for seen in fields["storefront"]["detections"]}
    assert [box["label"] for box in looked_at[first_seen["sha256"]]] == ["goods_pile", "person"]


@pytest.mark.parametrize("phase", list(Phase))
def test_every_phase_has_its_kind_and_reads_back_as_the_same_statement(phase):
    made = built(a_zone_case(phase=phase)[0])
    assert made.statement.kind is KIND_OF_PHASE[phase]
    assert parse(made.payload) == made.statement
    assert strict_json.dumps(made.statement.model_dump(mode="json", by_alias=True)) == made.payload


FORBIDDEN = re.compile(r"violat|offender|\bfines?\b|yuan|违法|违章|违规|罚款", re.IGNORECASE)


@pytest.mark.parametrize("phase", list(Phase))
def test_no_word_of_a_statement_says_more_than_may_be_said(phase):
    assert not FORBIDDEN.search(built(a_zone_case(phase=phase)[0]).payload.decode())


# --- what must not be sealed ---------------------------------------------------------------------


@pytest.mark.parametrize("finding", [Finding.SUSPECT, Finding.UNSEEN, Finding.ABSENT])
@pytest.mark.parametrize("phase", sorted(STANDS))
def test_what_is_not_seen_to_be_there_is_never_a_case(phase, finding):
    with pytest.raises(SealRefused, match=f"phase {phase} with finding {finding}"):
        built(with_report(phase=phase, finding=finding))


def test_a_case_without_any_goods_is_refused():
    with pytest.raises(SealRefused, match="without an item"):
        built(with_report(items=()))


@pytest.mark.parametrize("finding", [Finding.PRESENT, Finding.UNSEEN, Finding.SUSPECT])
def test_an_absence_that_was_not_observed_clears_nothing(finding):
    items = (an_item(),) if finding is Finding.PRESENT else ()
    with pytest.raises(SealRefused, match="phase cleared"):
        built(with_report(phase=Phase.CLEARED, finding=finding, items=items))


@pytest.mark.parametrize("phase", [Phase.CONFIRMED, Phase.REOPENED])
def test_a_stay_that_is_shorter_than_the_rule_asks_for_is_refused(phase):
    with pytest.raises(SealRefused, match="the rule asks for 300000 ms"):
        built(with_report(phase=phase, dwell=300 * S - MS))


@pytest.mark.parametrize("lacking", ["first_seen_at", "confirmed_at"])
def test_a_confirmed_case_says_since_when(lacking):
    with pytest.raises(SealRefused, match="without the times"):
        built(with_report(**{lacking: None}))


@pytest.mark.parametrize("finding", list(Finding))
@pytest.mark.parametrize("phase", [Phase.RECHECK, Phase.INSPECTION])
def test_an_ordered_look_may_find_anything(phase, finding):
    items = (an_item(),) if finding is Finding.PRESENT else ()
    fields = says(built(with_report(phase=phase, finding=finding, items=items)).payload)
    assert (fields["kind"], fields["storefront"]["finding"]) == (phase.value, finding.value)


@pytest.mark.parametrize(
    "change", [{"tier": "purple"}, {"share": 1001}, {"zone": "z" * 1001}, {"reference": "x"}]
)
def test_what_does_not_fit_the_contract_is_refused_with_the_field_named(change):
    with pytest.raises(SealRefused, match=r"case door_s1-1 revision 0: "):
        built(with_report(**change))


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("kind",), "recheck"),
        (("kind",), "composite"),
        (("kind",), "heartbeat"),
        (("storefront",), None),
        (("storefront", "phase"), "recheck"),
        (("storefront", "finding"), "suspect"),
        (("storefront", "surprise"), 1),
        (("storefront", "items", 0, "strength"), "medium"),
        (("storefront", "detections", 0, "sha256"), "00" * 32),
        (("attachments", 1, "role"), "confirmed_painted"),
        (("attachments", 1, "parent"), "11" * 32),
        (("attachments", 2, "parent"), None),
        (("attachments", 2, "parent"), "00" * 32),
        (("attachments", 3, "privacy_mask"), False),
        (("record",), {"type": "heartbeat", "uptime_s": 1}),
        (("legal",), None),
    ],
)
def test_a_payload_that_says_what_a_statement_may_not_is_refused_by_every_reader(where, value):
    fields = json.loads(built().payload)
    inner = fields
    for step in where[:-1]:
        inner = inner[step]
    inner[where[-1]] = value
    with pytest.raises(VerificationError, match="statement"):
        parse(strict_json.dumps(fields))


def test_a_storefront_has_no_place_in_a_bridges_statement():
    storefront = json.loads(built().payload)["storefront"]
    bridge = json.loads(built(a_case()[0]).payload)
    assert parse(strict_json.dumps(bridge))
    with pytest.raises(VerificationError, match="with a storefront"):
        parse(strict_json.dumps({**bridge, "storefront": storefront}))


# --- pictures ------------------------------------------------------------------------------------


def test_a_lost_original_is_named_its_copies_stay_and_the_use_class_is_no_more_than_reference():
    seal, blobs = a_zone_case()
    lost = next(p.sha256 for p in seal.pictures if p.role == "confirmed")
    fields = says(built(seal, held=blobs.keys() - {lost}).payload)
    assert fields["missing"] == [lost]
    assert {"confirmed_marked", "confirmed_shared"} <= {a["role"] for a in fields["attachments"]}
    assert fields["legal"]["use_class"] == "reference"
    assert "pictures_lost" in fields["legal"]["reasons"]


def test_a_lost_copy_is_named_and_costs_nothing_more():
    seal, blobs = a_zone_case()
    lost = next(p.sha256 for p in seal.pictures if p.role == "middle_shared")
    fields = says(built(seal, held=blobs.keys() - {lost}).payload)
    assert fields["missing"] == [lost]
    assert "pictures_lost" not in fields["legal"]["reasons"]


@pytest.mark.parametrize(
    "faulty",
    [
        {"parent": "33" * 32},  # of an original that nobody has
        {"parent": ""},  # of nothing
        {"masked": False},  # others can be recognised in it
    ],
)
def test_a_copy_that_is_not_what_its_role_says_is_left_out_and_counted_and_the_case_stands(faulty):
    seal, _ = a_zone_case()
    pictures = tuple(replace(p, **faulty) if p.role == "confirmed_shared" else p for p in seal.pictures)
    fields = says(built(replace(seal, pictures=pictures)).payload)
    assert "confirmed_shared" not in {a["role"] for a in fields["attachments"]}
    assert fields["storefront"]["pictures_left_out"] == 1


def test_of_too_many_pictures_originals_stay_before_copies_and_the_rest_is_counted():
    originals = [a_picture("ongoing", a_jpeg(n), HOUR + n * S) for n in range(40)]
    copies = [
        a_picture("ongoing_marked", a_jpeg((n, "m")), HOUR, parent=originals[n].sha256) for n in range(40)
    ]
    pictures = tuple(picture for pair in zip(copies, originals, strict=True) for picture in pair)
    made = built(a_zone_case(phase=Phase.ONGOING, pictures=pictures)[0])
    assert [a.role for a in made.statement.attachments] == ["ongoing"] * MAX_PICTURES
    assert made.statement.storefront.pictures_left_out == 80 - MAX_PICTURES


# --- use class -----------------------------------------------------------------------------------


def test_a_test_record_is_never_anything_else():
    fields = says(built(a_zone_case(use_class=UseClass.TEST, reasons=("site_test",))[0]).payload)
    assert fields["legal"]["use_class"] == "test"
    fields = says(built(identity=a_street_identity(legal=a_standing(use_class=UseClass.TEST))).payload)
    assert fields["legal"]["use_class"] == "test"


def test_a_case_with_everything_in_order_is_candidate_evidence():
    legal = says(built().payload)["legal"]
    assert (legal["use_class"], legal["reasons"]) == ("enforcement", [])


@pytest.mark.parametrize(
    ("change", "identity", "reason"),
    [
        ({}, {"rules": {}}, "rule_unknown"),
        ({}, {"rules": {"overflow": RuleSettings()}}, "legal_basis_missing"),
        ({}, {"legal": a_standing(sign_id="")}, "sign_id_missing"),
        ({"clock": None}, {}, "clock_unknown"),
        ({"model_sha256": ""}, {}, "detector_missing"),
        ({"pictures": ()}, {}, "pictures_missing"),
    ],
)
def test_whatever_the_core_said_a_case_with_a_reason_against_it_is_no_more_than_reference(
    change, identity, reason
):
    legal = says(built(a_zone_case(**change)[0], a_street_identity(**identity)).payload)["legal"]
    assert legal["use_class"] == "reference"
    assert reason in legal["reasons"]


def test_a_case_from_which_a_picture_that_it_needs_was_lost_says_so_twice():
    seal, blobs = a_zone_case()
    lost = next(p.sha256 for p in seal.pictures if p.role == "middle")
    legal = says(built(seal, held=blobs.keys() - {lost}).payload)["legal"]
    assert {"pictures_missing", "pictures_lost"} <= set(legal["reasons"])


def test_no_reason_of_the_core_is_dropped():
    seal, _ = a_zone_case(use_class=UseClass.REFERENCE, reasons=("clock_unknown",))
    legal = says(built(seal).payload)["legal"]
    assert legal["use_class"] == "reference"
    assert "clock_unknown" in legal["reasons"]


def test_the_bridges_codes_are_not_put_on_a_shop():
    settings = a_street_identity().settings.model_copy(
        update={"codes": a_street_identity().settings.codes.model_copy(update={"offence_code": "1344"})}
    )
    legal = says(built(identity=a_street_identity(settings=settings)).payload)["legal"]
    assert (legal["offence_code"], legal["law_basis_code"]) == ("", "")


# --- names and links -----------------------------------------------------------------------------


def test_the_packet_id_has_the_time_of_the_deciding_picture_and_depends_on_the_decision_alone():
    seal, _ = a_zone_case()
    name = packet_id(seal, a_street_identity())
    assert uuid.UUID(name).int >> 80 == (seal.report.judged_at + BASE_UTC) // MS
    assert name == packet_id(seal, a_street_identity(keyid="", boot_id="other", config_sha256=""))
    assert name != packet_id(replace(seal, revision=1), a_street_identity())
    assert name != packet_id(replace(seal, reasons=("low_light",)), a_street_identity())


def test_later_records_of_a_case_belong_to_its_first_and_replace_nothing():
    first, newest = (
        packet_id(a_zone_case(phase=phase)[0], a_street_identity())
        for phase in (Phase.CONFIRMED, Phase.ONGOING)
    )
    links = built(a_zone_case(phase=Phase.CLEARED)[0], earlier=Earlier(first, newest)).statement.links
    assert (links.amends, links.correlates) == (None, [first])


def test_a_replay_gives_every_record_of_the_street_the_name_and_the_words_that_it_had_on_the_road():
    chain = UnsignedChain(a_street_identity())
    phases = (Phase.INSPECTION, Phase.CONFIRMED, Phase.ONGOING, Phase.CLEARED)
    seals = [*(a_zone_case(phase=phase)[0] for phase in phases), a_coverage()]
    for seal in seals:
        live, replayed = built(seal), chain.statement(seal)
        assert live.statement.packet_id == replayed.statement.packet_id
        for part in ("kind", "storefront", "record", "legal", "attachments"):
            assert getattr(live.statement, part) == getattr(replayed.statement, part), part


def test_in_a_replay_too_later_records_name_the_first_of_their_case():
    chain = UnsignedChain(a_street_identity())
    first = chain.statement(a_zone_case()[0]).statement.packet_id
    chain.statement(a_zone_case(phase=Phase.INSPECTION)[0])
    for phase in (Phase.ONGOING, Phase.CLEARED):
        assert chain.statement(a_zone_case(phase=phase)[0]).statement.links.correlates == [first]
    assert chain.statement(a_zone_case(2)[0]).statement.links.correlates == []


# --- what fits -----------------------------------------------------------------------------------


def test_the_fullest_case_fits_a_statement_and_what_is_left_out_is_counted():
    boxes = tuple(
        Detection("goods_pile" * 9, "evidence", n % 1000, n, n, 1000, 1000, in_lane=True) for n in range(200)
    )
    pictures = tuple(
        picture for n in range(20) for picture in street_pictures(n, Phase.CONFIRMED, size=10)[0]
    )
    seal, _ = a_zone_case(
        report=a_report(
            items=tuple(an_item(label="g" * 100, x_min=n) for n in range(60)),
            in_force=tuple((f"{n:03d}" + "名" * 97, "值" * 2_000) for n in range(60)),
            routes=tuple("r" * 40 for _ in range(30)),
            text_en="x" * 1000,
            text_zh="字" * 1000,
            shop="s" * 100,
        ),
        pictures=pictures,
        detections=(boxes,) * len(pictures),
        reasons=tuple(f"reason_{n}" for n in range(30)),
    )
    made = built(seal)
    said = made.statement.storefront
    assert len(made.payload) <= strict_json.MAX_BYTES
    assert parse(made.payload) == made.statement
    assert (said.items_left_out, said.in_force_left_out) == (60 - 16, 60 - 24)
    assert said.in_force[0].value.endswith("…")
    assert said.detections_left_out == 200 * len(pictures) - 6 * 12
    unique = len({p.sha256 for p in pictures})
    assert said.pictures_left_out == unique - MAX_PICTURES
    assert len(made.statement.attachments) == MAX_PICTURES


def test_boxes_of_goods_in_the_zone_are_kept_before_others():
    crowd = tuple(Detection("person", "context", 990, n, 0, 1000, 1000) for n in range(50))
    goods = Detection("table", "evidence", 310, 1, 1, 2, 2, in_lane=True)
    made = built(a_zone_case(detections=((*crowd, goods),))[0])
    assert made.statement.storefront.detections[0].boxes[0].label == "table"


# --- any report ----------------------------------------------------------------------------------

words = st.text(max_size=60)
slugs = st.from_regex(r"[a-z][a-z0-9_]{0,39}", fullmatch=True)
permille = st.integers(0, 1000)
moments = st.integers(-(10**15), 10**18)
maybe = st.none() | moments


@st.composite
def items_of_a_case(draw):
    low, high = sorted((draw(permille), draw(permille)))
    return EvidenceItem(
        draw(slugs),
        draw(st.sampled_from(["strong", "weak"])),
        draw(permille),
        draw(moments),
        draw(moments),
        draw(st.integers(1, 10**6)),
        draw(permille),
        low,
        low,
        high,
        high,
    )


@st.composite
def reports(draw):
    phase = draw(st.sampled_from(Phase))
    finding = draw(st.sampled_from(sorted(FINDINGS[phase])))
    stay = draw(st.integers(0, 10**8))
    return StreetReport(
        event_type=draw(slugs),
        phase=phase,
        finding=finding,
        camera=draw(slugs),
        zone=draw(slugs),
        shop=draw(words),
        tier=draw(st.sampled_from(["red", "yellow", "green", ""])),
        rule=draw(slugs),
        order=draw(words),
        judged_at=draw(moments),
        first_seen_at=draw(moments if phase is Phase.CONFIRMED else maybe),
        candidate_at=draw(maybe),
        confirmed_at=draw(moments if phase is Phase.CONFIRMED else maybe),
        ended_at=draw(maybe),
        dwell=stay * MS + draw(st.integers(0, 10**15)),
        paused=draw(st.integers(0, 10**15)),
        samples=draw(st.integers(0, 10**6)),
        samples_present=draw(st.integers(0, 10**6)),
        items=tuple(draw(st.lists(items_of_a_case(), min_size=finding is Finding.PRESENT, max_size=20))),
        share=draw(permille),
        area_cm2=draw(st.none() | st.integers(0, 10**9)),
        passable_mm=draw(st.none() | st.integers(0, 10**6)),
        stay_ms=stay,
        in_force=tuple(draw(st.lists(st.tuples(slugs, words), max_size=30))),
        reference=draw(st.sampled_from(["", "ab" * 32])),
        routes=tuple(draw(st.lists(slugs, max_size=20))),
        text_en=draw(words),
        text_zh=draw(words),
        protrusion_mm=draw(st.none() | st.integers(0, 10**6)),
    )


@settings(max_examples=150, deadline=None)
@given(reports(), st.integers(0, 10**6), st.booleans(), st.sampled_from(["", "cd" * 32]))
def test_any_report_that_the_core_may_make_becomes_a_statement_that_reads_back_as_it_was(
    report, revision, knows_the_time, model
):
    clock = a_street_clock(report.judged_at) if knows_the_time else None
    seal = a_zone_case(report=report, revision=revision, model_sha256=model, clock=clock)[0]
    made = built(seal)
    assert parse(made.payload) == made.statement
    assert strict_json.dumps(made.statement.model_dump(mode="json", by_alias=True)) == made.payload
    said = made.statement.storefront
    assert len(said.items) + said.items_left_out == len(report.items)
    assert len(said.in_force) + said.in_force_left_out == len(report.in_force)
    assert (said.confirmed_utc_us is None) == (report.confirmed_at is None or not knows_the_time)
    assert made.statement.packet_id == UnsignedChain(a_street_identity()).statement(seal).statement.packet_id


# --- coverage ------------------------------------------------------------------------------------


def test_what_was_watched_is_a_record_of_the_box_and_no_case():
    fields = says(built(a_coverage()).payload)
    assert (fields["kind"], fields["legal"], fields["attachments"]) == ("coverage", None, [])
    record = fields["record"]
    assert record["end_utc_us"] - record["start_utc_us"] == 3_600_000_000
    assert record["parts"][0] == {
        "part": "zone/door_s1",
        "watched_ms": 3_360_000,
        "blind": [
            {"reason": "camera_down", "blind_ms": 180_000},
            {"reason": "unfit:shifted", "blind_ms": 60_000},
        ],
    }
    assert fields["retention"] == {"retention_class": "chain", "delete_after_utc_us": None}


def test_a_coverage_record_has_the_same_name_wherever_it_is_made_again():
    name = packet_id(a_coverage(), a_street_identity())
    assert name == packet_id(a_coverage(), a_street_identity(boot_id="other", keyid=""))
    assert uuid.UUID(name).int >> 80 == (2 * HOUR + BASE_UTC) // MS


def test_nothing_is_watched_for_longer_than_the_period():
    made = built(a_coverage(parts=(Watched("zone/z", 3_600_007, ()),)))
    assert made.statement.record.parts[0].watched_ms == 3_600_000
    fields = says(made.payload)
    fields["record"]["parts"][0]["watched_ms"] += 1
    with pytest.raises(VerificationError, match="more watched"):
        parse(strict_json.dumps(fields))


def test_what_the_core_calls_other_is_told_once():
    blind = (*((f"reason_{n}", 5) for n in range(6)), ("other", 1000))
    made = built(a_coverage(parts=(Watched("zone/z", 0, blind),)))
    told = [(one.reason, one.blind_ms) for one in made.statement.record.parts[0].blind]
    assert told == [*((f"reason_{n}", 5) for n in range(5)), ("other", 1005)]


def test_no_blind_time_is_lost_when_there_are_many_reasons():
    blind = tuple((f"reason_{n:02d}", n * 1000) for n in range(1, 21))
    made = built(a_coverage(parts=(Watched("zone/z", 0, blind),)))
    [part] = made.statement.record.parts
    assert sum(one.blind_ms for one in part.blind) == sum(ms for _, ms in blind)
    assert [one.reason for one in part.blind] == [
        "reason_16",
        "reason_17",
        "reason_18",
        "reason_19",
        "reason_20",
        "other",
    ]


def test_the_fullest_coverage_record_fits_and_says_how_many_parts_it_does_not_list():
    reasons = tuple((f"{n}" + "r" * 30, 10**6) for n in range(6))
    parts = tuple(Watched(f"zone/{n:04d}" + "z" * 40, 10**6, reasons) for n in range(500))
    made = built(a_coverage(parts=parts))
    assert len(made.payload) <= strict_json.MAX_BYTES
    record = made.statement.record
    assert len(record.parts) + record.parts_left_out == 500
    assert made.statement.kind is Kind.COVERAGE


@pytest.mark.parametrize(
    "change",
    [
        {"end": HOUR},
        {"parts": (Watched("zone/z", -1, ()),)},
    ],
)
def test_a_coverage_record_that_cannot_be_true_is_refused(change):
    with pytest.raises(SealRefused, match="coverage"):
        built(a_coverage(**change))
