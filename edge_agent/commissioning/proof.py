"""Tests end to end: what the box sealed of them, and when the platform's receipt came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edge_agent.commissioning.chain import Chain, Read
from edge_agent.core.records import MatchStatus, UseClass
from edge_agent.core.scene import Phase
from edge_agent.core.units import MS
from edge_agent.evidence.statement import Kind, Statement

BRIDGE = (Kind.WIM.value, Kind.COMPOSITE.value)
STREET = (Kind.STOREFRONT.value,)
SHOWN_OF_A_PLATE = 2  # characters at its beginning, where it is of somebody who did not come for the test
HIDDEN = "•"


@dataclass(frozen=True, slots=True)
class Proof:
    """One vehicle that was weighed, or one case of a zone, as it was last sealed."""

    read: Read

    @property
    def statement(self) -> Statement:
        """What was sealed."""
        return self.read.statement

    @property
    def on_bridge(self) -> bool:
        """Else on the street."""
        return self.statement.measurement is not None

    @property
    def receipted(self) -> bool:
        """The platform has it."""
        return self.read.receipted

    @property
    def is_test(self) -> bool:
        """Sealed as a test: it concerns nobody."""
        return self.statement.legal is not None and self.statement.legal.use_class is UseClass.TEST

    @property
    def plate(self) -> str:
        """The matched plate; of traffic that did not come for the test, its beginning only."""
        recognised = self.statement.recognition
        if recognised is None or recognised.plate is None:
            return ""
        text = recognised.plate.text
        return text if self.is_test else text[:SHOWN_OF_A_PLATE] + HIDDEN * (len(text) - SHOWN_OF_A_PLATE)

    @property
    def matched(self) -> MatchStatus | None:
        """What the matcher said; None on the street."""
        return self.statement.recognition.status if self.statement.recognition else None

    @property
    def to_seal_ms(self) -> int | None:
        """From the last axle, or the confirmed picture, to the chain; None where the time is not known."""
        ended = _ended_utc_us(self.statement)
        return None if ended is None else (self.read.listed.sealed_utc_us - ended) // (MS // 1000)

    @property
    def to_receipt_ms(self) -> int | None:
        """From the same to the receipt; None where there is none."""
        ended, receipted = _ended_utc_us(self.statement), self.read.listed.receipted_utc_us
        return None if ended is None or receipted is None else (receipted - ended) // (MS // 1000)


def proofs(chain: Chain, since_utc_us: int) -> list[Proof]:
    """Vehicles and confirmed street cases sealed since, in the order of the chain.

    Where some were sealed as tests, those alone: the rest is the road's own traffic.
    """
    found = [*_newest(chain.since(since_utc_us, *BRIDGE)), *_confirmed(chain.since(since_utc_us, *STREET))]
    tests = [proof for proof in found if proof.is_test]
    return sorted(tests or found, key=lambda proof: proof.read.seq)


def counted(proofs_of: Sequence[Proof]) -> Mapping[str, int]:
    """How many, and how many of them the platform receipted."""
    return {"made": len(proofs_of), "receipted": sum(proof.receipted for proof in proofs_of)}


def _newest(reads: Iterable[Read]) -> list[Proof]:
    """Each crossing once, as it was decided last."""
    last: dict[tuple[str, int], Read] = {}
    for read in reads:
        measured = read.statement.measurement
        assert measured is not None
        last[read.statement.chain.boot_id + measured.lane, measured.crossing] = read
    return [Proof(read) for read in last.values()]


def _confirmed(reads: Iterable[Read]) -> list[Proof]:
    return [
        Proof(read)
        for read in reads
        if read.statement.storefront is not None and read.statement.storefront.phase is Phase.CONFIRMED
    ]


def _ended_utc_us(statement: Statement) -> int | None:
    """When what was judged was over, by UTC."""
    if statement.storefront is not None:
        return statement.storefront.confirmed_utc_us
    measured, time = statement.measurement, statement.time
    if measured is None or time.event_utc_us is None or time.event_monotonic_us is None:
        return None
    return time.event_utc_us + measured.last_axle_monotonic_us - time.event_monotonic_us
