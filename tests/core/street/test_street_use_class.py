"""Nothing of the street becomes `enforcement` unless everything is in order."""

from dataclasses import replace

import pytest

from edge_agent.core.events import ClockSource
from edge_agent.core.records import Picture, UseClass
from edge_agent.core.scene import Finding, Phase
from edge_agent.core.street.use_class import use_class
from edge_agent.core.units import S
from edge_agent.core.use_class_settings import LegalSettings
from tests.storefront import a_clock, a_report, a_rule

LEGAL = LegalSettings(
    use_class=UseClass.ENFORCEMENT,
    approval_number="A-1",
    published_location="P-1",
    sign_id="S-1",
    enforcement_from="2026-01-01",
)
RULE = a_rule(legal_basis="as the authority confirmed it")
REPORT = a_report(reference=f"{'reference':0<64}")


def a_picture(role, at_s, **changes):
    return replace(
        Picture(role, f"{role:0<64}", 1_000, "image/jpeg", 1920, 1080, at_s * S, "cam1"), **changes
    )


PICTURES = tuple(
    a_picture(role, at)
    for role, at in (("reference", 300), ("first_seen", 0), ("middle", 150), ("confirmed", 300))
)
GOOD = {"report": REPORT, "pictures": PICTURES, "model_sha256": "m" * 64, "clock": a_clock(300)}


def judge(legal=LEGAL, rule=RULE, **changes):
    return use_class(legal, rule, **{**GOOD, **changes})


def test_everything_in_order_is_enforcement_without_a_reason():
    assert judge() == (UseClass.ENFORCEMENT, ())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"legal": LEGAL.model_copy(update={"use_class": UseClass.REFERENCE})}, "site_reference"),
        ({"legal": LEGAL.model_copy(update={"sign_id": ""})}, "sign_id_missing"),
        ({"legal": LEGAL.model_copy(update={"enforcement_from": "2026-07-01"})}, "before_enforcement"),
        ({"clock": None}, "clock_unknown"),
        ({"clock": replace(a_clock(300), source=ClockSource.NONE)}, "clock_unknown"),
        ({"clock": replace(a_clock(300), synced=False)}, "clock_unsynced"),
        ({"clock": replace(a_clock(300), est_error=None)}, "clock_error_unknown"),
        ({"clock": replace(a_clock(300), est_error=1_001_000_000)}, "clock_error"),
        ({"clock": a_clock(-700)}, "clock_stale"),
        ({"rule": a_rule()}, "legal_basis_missing"),
        ({"report": replace(REPORT, shop="")}, "shop_missing"),
        ({"report": replace(REPORT, in_force=(("low_light", "true"),))}, "low_light"),
        ({"model_sha256": ""}, "detector_missing"),
        *(
            ({"pictures": PICTURES[:gone] + PICTURES[gone + 1 :]}, "pictures_missing")
            for gone in range(len(PICTURES))
        ),
        ({"pictures": (*PICTURES[:3], a_picture("confirmed", 300, parent="x"))}, "pictures_missing"),
        ({"pictures": (*PICTURES[:3], a_picture("confirmed", 300, width=1279))}, "pictures_small"),
        (
            {"pictures": (*PICTURES[:3], a_picture("confirmed", 300, sha256=PICTURES[1].sha256))},
            "pictures_identical",
        ),
        ({"pictures": (*PICTURES[:3], a_picture("confirmed", 205))}, "picture_spacing"),
        ({"report": replace(REPORT, reference="d" * 64)}, "reference_differs"),
    ],
)
def test_one_thing_out_of_order_makes_it_reference_and_is_named(change, reason):
    assert judge(**change) == (UseClass.REFERENCE, (reason,))


@pytest.mark.parametrize(
    ("phase", "finding", "role"),
    [
        (Phase.CLEARED, Finding.ABSENT, "cleared"),
        (Phase.ONGOING, Finding.PRESENT, "ongoing"),
        (Phase.RECHECK, Finding.ABSENT, "recheck"),
    ],
)
def test_every_other_record_needs_its_own_picture(phase, finding, role):
    report = replace(REPORT, phase=phase, finding=finding)

    assert judge(report=report, pictures=(a_picture(role, 300),)) == (UseClass.ENFORCEMENT, ())
    assert judge(report=report)[1] == ("pictures_missing",)


@pytest.mark.parametrize(("finding", "reason"), [(Finding.UNSEEN, "not_seen"), (Finding.SUSPECT, "suspect")])
def test_what_could_not_be_determined_supports_nothing(finding, reason):
    report = replace(REPORT, phase=Phase.RECHECK, finding=finding)

    assert judge(report=report, pictures=(a_picture("recheck", 300),))[1] == (reason,)


def test_a_short_stay_asks_for_pictures_no_further_apart_than_it_allows():
    report = replace(REPORT, stay_ms=60_000)
    close = tuple(replace(p, captured_at=p.captured_at // 5) for p in PICTURES)

    assert judge(report=report, pictures=close)[1] == ()


def test_a_test_site_gives_test_whatever_is_missing():
    legal = LEGAL.model_copy(update={"use_class": UseClass.TEST})

    assert judge(legal, pictures=())[0] is UseClass.TEST
