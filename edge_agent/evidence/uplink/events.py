"""What the uplink tells whoever runs it, and what it counts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class UplinkEventKind(StrEnum):
    """What happened."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    STATEMENT_ACKED = "statement_acked"  # PUBACK of the envelope: with the broker, not yet with the platform
    RECEIPTED = "receipted"
    REJECTED = "rejected"  # alarm: the platform will never accept it
    QUARANTINED = "quarantined"  # alarm: it cannot be sent
    ASIDE = "aside"
    HELD = "held"  # the platform is not listening
    STOPPED = "stopped"  # alarm: the broker does not authorise us
    TLS_CERTIFICATE = "tls_certificate"  # alarm: no connection, and our own certificate is why
    RECEIPT_IGNORED = "receipt_ignored"  # forged, damaged, or meant for another
    PLATFORM_AHEAD = "platform_ahead"  # alarm: this disk is older than what it once sent
    FAULT = "fault"  # a bug or a failed disk


@dataclass(frozen=True, slots=True)
class UplinkEvent:
    """One thing that happened, at a moment of the uplink's monotonic clock."""

    kind: UplinkEventKind
    at_s: float
    seq: int | None = None
    detail: str = ""


@dataclass(slots=True)
class Counters:
    """Counted since the start."""

    connects: int = 0
    connect_failures: int = 0
    disconnects: int = 0
    watchdog: int = 0  # connections that we ended because they had gone silent
    faults: int = 0  # exceptions that ended a connection and should not have come up
    messages: int = 0
    bytes: int = 0
    statements: int = 0  # envelopes published, repeats included
    held: int = 0
    refused: int = 0
    asked: int = 0  # statements that the platform asked more of
    receipts: int = 0
    receipts_ignored: int = 0
    receipted: int = 0
    rejected: int = 0
    quarantined: int = 0

    def as_dict(self) -> dict[str, int]:
        """By name."""
        return asdict(self)
