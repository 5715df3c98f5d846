"""The instrument of each lane: its plate, its verification, its calibration and who made that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from edge_agent.commissioning.chain import Chain, Read
from edge_agent.config.settings import LaneConfig, SiteConfig
from edge_agent.core.use_class_settings import CertificateSettings
from edge_agent.evidence.statement import Kind
from edge_agent.evidence.statement_operator import Calibration


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A calibration record of the chain."""

    read: Read
    record: Calibration


@dataclass(frozen=True, slots=True)
class LaneFacts:
    """One lane."""

    name: str
    config: LaneConfig
    protocol: str
    last: Calibrated | None  # the newest record that says how the scale in use was calibrated

    @property
    def certificate(self) -> CertificateSettings | None:
        """Of the verification."""
        return self.config.certificate

    def expired(self, today: date) -> bool:
        """The certificate is no longer valid."""
        certificate = self.certificate
        return certificate is not None and date.fromisoformat(str(certificate.valid_until)) < today

    @property
    def in_use(self) -> str:
        """Id of the calibration that the box weighs with."""
        return self.config.scale.calibration.id

    @property
    def is_of_use(self) -> bool:
        """The record is of the calibration in use."""
        return self.last is not None and self.last.record.new_calibration_id == self.in_use


def lanes(config: SiteConfig, chain: Chain) -> list[LaneFacts]:
    """Every lane of the site, by name."""
    records = _calibrations(chain.since(0, Kind.CALIBRATION.value))
    return [
        LaneFacts(
            name,
            lane,
            config.ports[lane.port].protocol.kind,
            _best([found for found in records if found.record.lane == name], lane.scale.calibration.id),
        )
        for name, lane in sorted(config.lanes.items())
    ]


def _calibrations(reads: Iterable[Read]) -> list[Calibrated]:
    return [
        Calibrated(read, read.statement.record)
        for read in reads
        if isinstance(read.statement.record, Calibration)
    ]


def _best(found: list[Calibrated], in_use: str) -> Calibrated | None:
    """The newest of the calibration in use; else the newest of a factor; else none."""
    of_use = [one for one in found if one.record.new_calibration_id == in_use]
    with_factor = [one for one in found if one.record.factor_ppm is not None]
    return next(reversed(of_use or with_factor), None)
