"""A truck over the limit, as the core decides it, and a box that seals it.

Example values for the published contract, the benches and the tests. Every builder takes the fields
that the reader cares about and fills in the rest. The key is public: it signs nothing real.
"""

# Plain numbers read better here than forty unit constructors.
# mypy: disable-error-code="arg-type"

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from edge_agent.core.decisions import RawWindow, Seal
from edge_agent.core.events import ClockSource, ClockStatus
from edge_agent.core.records import (
    Axle,
    AxleGroup,
    Crossing,
    Detection,
    Match,
    MatchCandidate,
    MatchStatus,
    Outcome,
    Picture,
    PlateCandidate,
    PlateRead,
    SpeedSource,
    UseClass,
    Verdict,
)
from edge_agent.core.units import MS, S
from edge_agent.core.use_class_settings import CertificateSettings, LegalSettings
from edge_agent.evidence.identity import Identity
from edge_agent.evidence.keys import FileKey
from edge_agent.evidence.settings import EvidenceSettings, StoreSettings
from edge_agent.evidence.store import EvidenceStore

# The key of the golden vector.
KEY = FileKey.from_seed(bytes(range(32)))
BASE_UTC = 1_795_000_000 * S  # 2026-11-18, a Wednesday


def a_jpeg(tag: object, size: int = 1000) -> bytes:
    """Bytes that stand for a picture; different for every tag."""
    return (f"jpeg {tag} ".encode() * size)[:size]


def a_picture(role: str, data: bytes, at: int | None, **other: Any) -> Picture:
    """The record of a picture with these bytes."""
    fields = {"media_type": "image/jpeg", "width": 1920, "height": 1080, "camera": "cam1", **other}
    return Picture(
        role=role, sha256=hashlib.sha256(data).hexdigest(), size=len(data), captured_at=at, **fields
    )


def a_verdict(**other: Any) -> Verdict:
    """The posted limit says: over, 25 t where 20 t are allowed."""
    return Verdict(
        **{
            "evaluator": "posted",
            "subject": "gross",
            "outcome": Outcome.OVER,
            "raw": 25_000_000,
            "deduction": 0,
            "deducted": 25_000_000,
            "limit": 20_000_000,
            "excess": 5_000_000,
            "legal_basis": "posted limit sign",
            "rule_version": "1",
            "assumptions": ("permit",),
            "text_en": "Suspected over-limit: 25 000 kg exceeds the posted limit of 20 000 kg by 5 000 kg.",
            "text_zh": "疑似超限：25 000 kg，超过限载标志 20 000 kg，超出 5 000 kg。",
            **other,
        }
    )


def a_national_verdict() -> Verdict:
    """The national table says: over, 25 t on two axles where 18 t are allowed."""
    return a_verdict(
        evaluator="gvw_art3",
        limit=18_000_000,
        excess=7_000_000,
        legal_basis="62号令 Art. 3",
        text_en="Suspected over-limit: 25 000 kg exceeds the limit of 18 000 kg for two axles by 7 000 kg.",
        text_zh="疑似超限：25 000 kg，超过二轴车 18 000 kg 限值，超出 7 000 kg。",
    )


def a_crossing(number: int = 1, **other: Any) -> Crossing:
    """Two axles, 25 t, 50 km/h; the n-th crossing is at minute n."""
    start = number * 60 * S
    axles = tuple(
        Axle(start + n * 300 * MS, load, 250_000, load // 2, load // 2, n * 4_000, 40)
        for n, load in enumerate((7_000_000, 18_000_000))
    )
    return Crossing(
        **{
            "lane": "1",
            "number": number,
            "first_axle_at": start,
            "last_axle_at": start + 600 * MS,
            "closed_at": start + 1 * S,
            "axles": axles,
            "groups": tuple(AxleGroup(n, 1, a.load, a.interval, ()) for n, a in enumerate(axles)),
            "gross": 25_000_000,
            "gross_interval": 500_000,
            "speed": 13_900,
            "speed_sd": 100,
            "speed_source": SpeedSource.MEASURED,
            "acceleration": 20,
            "flags": (),
            "rate_mhz": 1_000_000,
            "zero": 120,
            "temperature": 18_500,
            "calibration": "cal-2026-10",
            **other,
        }
    )


def a_read(text: str = "沪A12345", at: int = 62 * S, **other: Any) -> PlateRead:
    """A plate as a camera read it."""
    return PlateRead(
        **{
            "id": f"cam1-{text}",
            "camera": "cam1",
            "lane": "1",
            "at": at,
            "at_sd": 50 * MS,
            "seen_until": at + 100 * MS,
            "text": text,
            "colour": "yellow",
            "vehicle": "truck",
            "confidence": 960,
            "reads": 3,
            "agreeing": 3,
            "candidates": (PlateCandidate(text, 960),),
            "pictures": (),
            **other,
        }
    )


def a_match(number: int = 1, **other: Any) -> Match:
    """The crossing belongs to the plate, beyond doubt."""
    return Match(
        **{
            "lane": "1",
            "crossing": number,
            "status": MatchStatus.MATCHED,
            "decided_at": number * 60 * S + 3 * S,
            "predicted_at": number * 60 * S + 2 * S,
            "predicted_sd": 80 * MS,
            "candidates": (MatchCandidate(a_read(), 999_000),),
            "none_posterior": 900,
            "margin": 998_100,
            **other,
        }
    )


def a_case(
    number: int = 1, size: int = 1000, pictures_of: Sequence[bytes] = (), **other: Any
) -> tuple[Seal, dict[str, bytes]]:
    """A truck of 25 t under a sign of 20 t, its three pictures (or these three), and their bytes."""
    start = number * 60 * S
    blobs = list(pictures_of) or [
        a_jpeg((number, role), size) for role in ("full_view_1", "full_view_2", "plate")
    ]
    pictures = (
        a_picture("full_view_1", blobs[0], start + 1_700 * MS),
        a_picture("full_view_2", blobs[1], start + 2_300 * MS),
        a_picture("plate", blobs[2], None, width=220, height=70),
    )
    box = Detection("truck", "evidence", 910, 100, 200, 700, 900, in_lane=True)
    clock = ClockStatus(
        start, BASE_UTC, ClockSource.NTP, synced=True, offset=2 * MS, est_error=8 * MS, stratum=2
    )
    seal = Seal(
        at=start + 4 * S,
        case=f"1-{number}",
        revision=0,
        use_class=UseClass.ENFORCEMENT,
        reasons=(),
        crossing=a_crossing(number),
        verdicts=(a_verdict(), a_national_verdict()),
        match=a_match(number),
        pictures=pictures,
        detections=((box,), (box,)),
        vehicle_confirmed=True,
        model_sha256="ab" * 32,
        clock=clock,
        raw=RawWindow("wim", start - S, start + 2 * S),
    )
    return replace(seal, **other), {hashlib.sha256(b).hexdigest(): b for b in blobs}


def a_standing(**other: Any) -> LegalSettings:
    """A site with its papers in order."""
    return LegalSettings(
        **{
            "use_class": UseClass.ENFORCEMENT,
            "operator": "Test bureau",
            "approval_number": "AP-1",
            "published_location": "PL-1",
            "sign_id": "S-1",
            "enforcement_from": "2026-01-01",
            **other,
        }
    )


def a_certificate(**other: Any) -> CertificateSettings:
    """A scale with its papers in order."""
    fields = {"number": "C-1", "issuer": "Institute", "valid_until": "2027-03-31", "accuracy_class": "5"}
    return CertificateSettings(**{**fields, **other})


def an_identity(**other: Any) -> Identity:
    """A box on a bridge."""
    settings = EvidenceSettings.model_validate(
        {
            "device": {"tenant": "city", "device_id": "ea-test-0001", "site_id": "bridge-1"},
            "place": {"lat_e7": 312_304_000, "lon_e7": 1_214_737_000},
            "instruments": {"1": {"make": "Maker", "model": "M1", "serial": "0001"}},
        }
    )
    return Identity(
        **{
            "settings": settings,
            "legal": a_standing(),
            "certificates": {"1": a_certificate()},
            "keyid": KEY.keyid,
            "boot_id": "boot-1",
            "config_sha256": "cd" * 32,
            **other,
        }
    )


def store_settings(directory: Path, **other: Any) -> StoreSettings:
    """A store without ballast."""
    return StoreSettings(**{"directory": directory, "ballast_bytes": 0, **other})


class Clock:
    """UTC that moves a second at each look."""

    def __init__(self) -> None:
        self._ticks = itertools.count(BASE_UTC // 1000, 1_000_000)
        self.ahead_us = 0

    def __call__(self) -> int:
        """Now, in microseconds."""
        return next(self._ticks) + self.ahead_us


def a_store(directory: Path, **other: Any) -> EvidenceStore:
    """An open store in the directory."""
    settings = other.pop("settings", None) or store_settings(directory)
    return EvidenceStore.open(settings, KEY, an_identity(), **{"utc_us": Clock(), **other})
