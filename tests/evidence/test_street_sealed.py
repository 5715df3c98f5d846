"""The core's own street into the chain: nothing it concludes is refused, a replay names it the same,
and after a restart the same goods are not confirmed a second time.
"""

import hashlib
from dataclasses import replace

import pytest

from edge_agent.core.decisions import SealCoverage, SealStreet
from edge_agent.core.events import CaseRecalled, InspectionOrdered
from edge_agent.core.records import Picture
from edge_agent.core.scene import Phase
from edge_agent.core.site import Site
from edge_agent.core.units import US, S
from edge_agent.evidence.examples import KEY, an_identity, store_settings
from edge_agent.evidence.statement import Kind, parse
from edge_agent.evidence.store import EvidenceStore
from edge_agent.evidence.unsigned import UnsignedChain
from tests.storefront import NOON_UTC, live, scenes, start, street_settings

MORNING = scenes(
    ("", 120), ("stall", 600), ("?", 60), ("stall", 2400), ("", 400), ("stall", 500), ("", 4000), start_s=1
)


def sealable(decided):
    """What is to be sealed, with digests where the tests' camera has names."""
    return [with_digests(d) for d in decided if isinstance(d, SealStreet | SealCoverage)]


def with_digests(seal):
    if isinstance(seal, SealCoverage):
        return seal
    report = replace(seal.report, reference="ab" * 32)
    pictures = tuple(digested(picture) for picture in seal.pictures)
    return replace(seal, report=report, pictures=pictures, model_sha256="cd" * 32)


def digested(picture: Picture) -> Picture:
    return replace(picture, sha256=hashlib.sha256(picture.sha256.encode()).hexdigest())


def blobs_of(seal):
    """The bytes of the tests' pictures are their names."""
    names = (p.sha256 for p in getattr(seal, "pictures", ()))
    return {hashlib.sha256(name.encode()).hexdigest(): name.encode() for name in names}


@pytest.fixture(scope="module")
def decided():
    orders = [InspectionOrdered(at * S, f"o{at}", "front", at * S, (at + 600) * S) for at in (3000, 8000)]
    return live(Site(street_settings()), [*start(), *MORNING, *orders])


@pytest.fixture
def store(tmp_path):
    utc = [NOON_UTC // US]

    def tick():
        utc[0] += 1_000_000
        return utc[0]

    with EvidenceStore.open(store_settings(tmp_path), KEY, an_identity(), utc_us=tick) as opened:
        yield opened


def test_everything_that_the_core_concludes_of_a_morning_is_sealed(decided, store):
    raw = [d for d in decided if isinstance(d, SealStreet | SealCoverage)]
    sealed = [store.seal(with_digests(seal), blobs_of(seal)) for seal in raw]
    statements = [parse(s.payload) for s in sealed]
    phases = [s.storefront.phase for s in statements if s.storefront]
    assert {Phase.CONFIRMED, Phase.RECHECK, Phase.ONGOING, Phase.CLEARED, Phase.REOPENED} <= set(phases)
    assert sum(s.kind is Kind.INSPECTION for s in statements) == 2
    assert sum(s.kind is Kind.COVERAGE for s in statements) == 2
    assert all(s.attachments for s in statements if s.kind is Kind.STOREFRONT)
    assert store.stats().lost == 0


def test_a_replay_gives_every_statement_the_name_that_it_had(decided, store):
    chain = UnsignedChain(an_identity())
    for seal in sealable(decided):
        assert store.seal(seal, {}).packet_id == chain.statement(seal).statement.packet_id


def test_after_a_restart_goods_that_still_stand_there_are_not_confirmed_again(store):
    first = cases(live(Site(street_settings()), [*start(), *scenes(("", 60), ("stall", 500), start_s=1)]))
    for seal in first:
        store.seal(seal, {})
    again = [*start(boot="next"), *scenes(("stall", 900), start_s=1)]
    remembering = cases(live(Site(street_settings()), [*again, *recalled(store, 900)]))
    forgetful = cases(live(Site(street_settings()), again))

    assert [seal.report.phase for seal in first] == [Phase.CONFIRMED]
    assert Phase.CONFIRMED in {seal.report.phase for seal in forgetful}
    assert Phase.CONFIRMED not in {seal.report.phase for seal in remembering}
    for seal in remembering:  # what becomes of it goes on from where it stood
        statement = parse(store.seal(seal, {}).payload)
        assert statement.storefront.case == first[0].case
        assert statement.links.correlates


def cases(decided):
    return [seal for seal in sealable(decided) if isinstance(seal, SealStreet)]


def recalled(store, ran_s):
    """As the daemon tells its core at the start, so many seconds after the last one started."""
    now_us = NOON_UTC // US + ran_s * 1_000_000
    return [
        CaseRecalled(
            at=0,
            case=case.case,
            revision=case.revision,
            zone=case.zone,
            event_type=case.event_type,
            phase=case.phase,
            recorded_at=(case.recorded_utc_us - now_us) * US,
            confirmed_at=case.confirmed_utc_us and (case.confirmed_utc_us - now_us) * US,
            first_seen_at=case.first_seen_utc_us and (case.first_seen_utc_us - now_us) * US,
        )
        for case in store.open_cases(now_us, 1_800_000_000)
    ]
