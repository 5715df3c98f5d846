"""A statement in words: its own numbers, nobody else's plate, something honest of every kind."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import edge_agent.core
from edge_agent.core.decisions import SealTimeStep
from edge_agent.core.records import Flag, MatchCandidate, MatchStatus, UseClass
from edge_agent.core.scene import Finding, Phase
from edge_agent.evidence.attachments import case_files
from edge_agent.evidence.build import build, build_record
from edge_agent.evidence.contract_vectors import vectors
from edge_agent.evidence.dsse import decode
from edge_agent.evidence.examples import a_case, a_crossing, a_match, a_read
from edge_agent.evidence.examples_street import HOUR, a_report, a_street_clock, a_street_identity, a_zone_case
from edge_agent.evidence.identity import ChainLink
from edge_agent.evidence.statement import Kind, Statement, parse
from edge_agent.evidence.statement_records import CommandResult, ConfigChange, Incident, Loss
from edge_agent.report.explain import Asked, explain
from edge_agent.report.reasons import FLAG_PREFIX, reason_in_words
from edge_agent.report.words import FLAG

CHINESE = re.compile(r"[\u4e00-\u9fff]")
LINK = ChainLink("ab" * 16, 7, "12" * 32, "34" * 32)
CORE = Path(edge_agent.core.__file__).parent


def sealed(seal, blobs=(), **other):
    identity = a_street_identity(**other)
    return build(seal, identity, LINK, 1_795_000_000_000_000, case_files(seal, blobs, None)).statement


def recorded(record):
    return build_record(record, a_street_identity(), LINK, 1_795_000_000_000_000).statement


def a_weighing(**other):
    seal, blobs = a_case(**other)
    return sealed(seal, blobs)


def a_look(phase, **other):
    seal, blobs = a_zone_case(phase=phase, **other)
    return sealed(seal, blobs)


def golden():
    """The contract's own vectors."""
    files = {name: data for name, data in vectors().items() if name.startswith("good/")}
    return [parse(decode(data)[1]) for name, data in sorted(files.items()) if "receipt" not in name]


def an_anpr():
    """A record that no part of the program makes yet, and the contract allows."""
    fields = a_weighing().model_dump(mode="json", by_alias=True)
    return Statement.model_validate({**fields, "kind": "anpr", "measurement": None})


def of_every_kind():
    return [
        *golden(),
        an_anpr(),
        a_weighing(match=a_match(status=MatchStatus.UNMATCHED, candidates=())),
        *(a_look(phase) for phase in Phase),
        sealed(SealTimeStep(9 * HOUR, 8 * HOUR, -2_500_000_000, 1, a_street_clock(9 * HOUR))),
        recorded(
            Loss(
                lost_class="case",
                count=3,
                first_utc_us=1_795_000_000_000_000,
                last_utc_us=1_795_000_100_000_000,
                reason="disk full",
            )
        ),
        recorded(Incident(what="attachment damaged", subject="seq 4", detail="one bit")),
        recorded(ConfigChange(old_sha256="ab" * 32, new_sha256="cd" * 32, detail="dwell 300 -> 240")),
        recorded(
            CommandResult(
                command_id="c-1",
                payload_sha256="ef" * 32,
                issuer="bureau",
                counter=4,
                name="set_tier",
                outcome="refused",
                reason="expired",
                detail="",
            )
        ),
    ]


def words(statement, language="en", **asked):
    sections = explain(statement, Asked(language, **asked))
    told = [text for section in sections for text in (section.heading, *section.sentences)]
    return "\n".join(
        [*told, *(f"{name}: {value}" for section in sections for name, value in section.figures)]
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_kind_of_statement_has_a_sentence_of_its_own(language):
    firsts = {}
    for statement in of_every_kind():
        first = explain(statement, Asked(language))[0]
        assert first.sentences
        assert all(sentence.strip() for sentence in first.sentences)
        firsts.setdefault(statement.kind, first.sentences[0])

    assert set(firsts) == set(Kind)
    assert len(set(firsts.values())) == len(Kind) - 1  # composite and wim are both weighings
    assert all(bool(CHINESE.search(first)) for first in firsts.values()) or language == "en"


def test_the_numbers_of_a_weighing_are_the_statements_own():
    told = words(a_weighing())

    for said in (
        "25.00 t, with a 95 % interval of ± 0.50 t",
        "by the posted limit, 20.00 t are allowed; it is over by 5.00 t",
        "axle 2: 18,000 kg ± 250 kg, 4.00 m behind the first",
        "after a deduction of 0 kg",
        "50.0 km/h",
        "沪A12345",
        "99.90 %",
        "0.0900 %",
    ):
        assert said in told


def test_a_vehicle_without_a_weight_is_not_given_one():
    crossing = a_crossing(gross=None, gross_interval=None, flags=(Flag.OVERLOAD,))
    told = words(a_weighing(crossing=crossing))

    assert "There is no gross weight" in told
    assert "Its gross weight is" not in told


@pytest.mark.parametrize("status", [MatchStatus.AMBIGUOUS, MatchStatus.UNMATCHED])
def test_where_no_plate_was_matched_none_is_named(status):
    match = a_match(status=status, candidates=(MatchCandidate(a_read("沪A12345"), 500_000),))
    statement = a_weighing(match=match)

    assert "沪A12345" not in words(statement)
    assert "沪A•••45" in words(statement)
    assert "沪A12345" in words(statement, plates=True)


def test_another_vehicles_plate_is_masked_and_the_vehicles_own_is_not():
    rivals = (MatchCandidate(a_read("沪A12345"), 990_000), MatchCandidate(a_read("粤B98711"), 9_000))
    told = words(a_weighing(match=a_match(candidates=rivals)), "zh")

    assert "沪A12345" in told
    assert "粤B98711" not in told
    assert "粤B•••11" in told


def test_why_it_is_not_enforcement_is_told_with_what_it_would_take():
    told = words(a_weighing(crossing=a_crossing(flags=(Flag.TAILGATING,))))

    assert "Its use class is reference" in told
    assert "it may have been two vehicles close together. It would take: a crossing without this flag" in told


def test_what_enforces_says_that_a_person_still_reviews_it():
    statement = next(s for s in golden() if s.legal and s.legal.use_class is UseClass.ENFORCEMENT)
    assert "It is still for a person to review" in words(statement)


def test_every_reason_that_the_program_has_is_in_words_in_both_languages():
    keys = {f"{FLAG_PREFIX}{flag.value}" for flag in Flag}
    sources = [CORE / "use_class.py", CORE / "street" / "use_class.py", CORE / "standing.py"]
    sources += sorted((CORE.parent / "evidence").glob("build_*.py"))
    for source in sources:
        text = source.read_text("utf-8")
        keys |= set(re.findall(r'(?:yield|else|return|\(\() ?"([a-z_]+)"', text))
        keys |= set(re.findall(r'\("([a-z_]+)",\)', text))
    keys |= {f"{name}_missing" for name in ("approval_number", "published_location", "sign_id")}
    keys |= {"site_test", "site_reference", "match_ambiguous", "match_unmatched"}

    assert {"rule_unknown", "pictures_lost", "gross_missing", "low_light"} <= keys
    for key in keys:
        reason = reason_in_words(key)
        assert CHINESE.search(reason.why_zh), key
        assert CHINESE.search(reason.takes_zh), key
        assert reason.why_en not in {key, key.replace("_", " ")}, key
        assert reason.takes_en, key
    assert set(FLAG) == {flag.value for flag in Flag}


def test_a_stay_is_told_with_what_stopped_its_clock():
    report = a_report(dwell=300 * 10**9, paused=180 * 10**9, samples=480, samples_present=451)
    report = replace(report, in_force=(*report.in_force, ("unloading_s", "170")))
    told = words(a_look(Phase.CONFIRMED, report=report))

    assert "A stay of 5 min was observed while the rule held; the rule asks for 5 min" in told
    assert "3 min more did not count" in told
    assert "170 s were unloading" in told
    assert "480 looks, goods in 451 of them (94 %)" in told


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        (Finding.ABSENT, "corrected, nothing that the rule counts is there"),
        (Finding.UNSEEN, "counts neither as corrected nor as not corrected"),
    ],
)
def test_a_recheck_says_what_it_found_and_no_more(finding, said):
    assert said in words(a_look(Phase.RECHECK, report=a_report(Phase.RECHECK, finding=finding)))


def test_a_replays_statement_says_that_it_is_no_evidence():
    assert "is no evidence" in words(a_weighing(), signed=False)


# -- whatever a valid statement says ---------------------------------------------------------------

LEAVES = st.one_of(
    st.none(),
    st.sampled_from([0, 1, -1, 2**53 - 1, -(2**53) + 1, 10**6, 999_999]),
    st.sampled_from(["", "x", "沪A12345", "{zone}", "%s", "•", "a\nb", "<b>"]),
    st.booleans(),
)
PLAIN = [json.loads(s.model_dump_json(by_alias=True)) for s in of_every_kind()]


def leaves(tree, path=()):
    """Places of everything that holds nothing else, and of lists."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, (*path, key))
    elif isinstance(tree, list):
        yield path
        for number, value in enumerate(tree):
            yield from leaves(value, (*path, number))
    else:
        yield path


def changed(tree, path, value):
    """The tree with another value at a place; an emptied list where a list was."""
    if not path:
        return [] if isinstance(tree, list) else value
    if isinstance(tree, list):
        return [changed(one, path[1:], value) if n == path[0] else one for n, one in enumerate(tree)]
    return {key: changed(one, path[1:], value) if key == path[0] else one for key, one in tree.items()}


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_a_valid_statement_says_it_is_explained(data):
    tree = data.draw(st.sampled_from(PLAIN))
    for _ in range(data.draw(st.integers(0, 8))):
        path = data.draw(st.sampled_from(list(leaves(tree))))
        other = changed(tree, path, data.draw(LEAVES))
        try:
            Statement.model_validate(other)
        except ValidationError:
            continue
        tree = other
    statement = Statement.model_validate(tree)
    for language in ("zh", "en"):
        sections = explain(statement, Asked(language))
        assert sections[0].sentences
