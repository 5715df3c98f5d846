"""What the box says of itself: one model a kind of record."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge_agent.core.events import ClockSource
from edge_agent.evidence.statement_operator import Calibration, Commissioning, OperatorAction
from edge_agent.evidence.statement_parts import Count, Epoch, Int, Model, Sha256, Text

# So much fits a statement of 64 KiB.
MAX_PARTS = 128
MAX_REASONS = 6


class Genesis(Model):
    """Seq 0 of an epoch: why there is a new one and where the last ended."""

    type: Literal["genesis"] = "genesis"
    reason: Literal["new_store", "store_corrupt", "store_missing", "store_restored"]
    last_epoch: Epoch | None
    last_seq: Count | None
    last_payload_sha256: Sha256 | None
    public_key_spki: Annotated[str, Field(pattern=r"^[0-9a-f]+$")]
    """The key that signs this epoch, SPKI DER in hex."""


class Heartbeat(Model):
    """Nothing happened, and this is still the head of the chain."""

    type: Literal["heartbeat"] = "heartbeat"
    uptime_s: Count


class Loss(Model):
    """Events that could not be sealed, counted."""

    type: Literal["loss"] = "loss"
    lost_class: Text
    count: Count
    first_utc_us: Int
    last_utc_us: Int
    reason: Text


class Incident(Model):
    """Something that happened to the evidence itself."""

    type: Literal["incident"] = "incident"
    what: Text
    subject: Text
    """What it happened to: a seq, a digest, a device."""
    detail: Text


class TimeStep(Model):
    """UTC jumped against the monotonic clock, between `since_monotonic_us` and the event's time."""

    type: Literal["time_step"] = "time_step"
    step_us: Int
    """All steps together. Positive: it was put forward."""
    steps: Annotated[Count, Field(ge=1)]
    since_monotonic_us: Int
    source: ClockSource
    detail: Text


class KeyRotation(Model):
    """A new key takes over, and both have signed this. The old one signs nothing after it."""

    type: Literal["key_rotation"] = "key_rotation"
    old_keyid: Sha256
    new_keyid: Sha256
    new_public_key_spki: Annotated[str, Field(pattern=r"^[0-9a-f]+$")]


class Certificate(Model):
    """The certificate of the evidence key, told once when it comes into use."""

    type: Literal["certificate"] = "certificate"
    cert_sha256: Sha256
    """Of the DER of the first of `chain`, as statements name it from here on."""
    chain: Annotated[list[Annotated[str, Field(max_length=8192)]], Field(min_length=1, max_length=4)]
    """DER in base64: the key's certificate, then those that lead to the authority's."""


class ConfigChange(Model):
    """From here on another configuration holds."""

    type: Literal["config_change"] = "config_change"
    old_sha256: Text
    new_sha256: Text
    detail: Text


class CommandResult(Model):
    """A command of the platform was carried out or refused."""

    type: Literal["command_result"] = "command_result"
    command_id: Text
    """Empty where the message had none that could be read."""
    payload_sha256: Sha256
    """Of the command's payload: of two messages with one id it says which is meant."""
    issuer: Text
    """Whose key signed it, as the box's configuration names it."""
    counter: Count | None
    name: Text
    """Of the action; empty where the message had none that could be read."""
    outcome: Literal["done", "failed", "refused"]
    reason: Text
    """Why it was refused, in a word of the contract; empty otherwise."""
    detail: Text
    """What came of it, for people."""


class BlindTime(Model):
    """For how long a part could not watch, and why."""

    reason: Annotated[str, Field(max_length=100)]
    blind_ms: Count


class WatchedPart(Model):
    """One zone or lane."""

    part: Text
    """zone/<name> or lane/<name>."""
    watched_ms: Count
    """Camera up, view fit, detector running, clock good."""
    blind: Annotated[list[BlindTime], Field(max_length=MAX_REASONS)]


class Coverage(Model):
    """What was truly watched in a stretch of time: that no case came does not say that nothing was there."""

    type: Literal["coverage"] = "coverage"
    start_utc_us: Int | None
    """Null when the offset to UTC was not known."""
    start_monotonic_us: Int
    end_utc_us: Int | None
    end_monotonic_us: Int
    parts: Annotated[list[WatchedPart], Field(max_length=MAX_PARTS)]
    parts_left_out: Count
    """Parts that are not listed: nothing is said of them."""

    @model_validator(mode="after")
    def _within_the_period(self) -> Self:
        if self.end_monotonic_us <= self.start_monotonic_us:
            raise ValueError("a period that does not end after its start")
        period_ms = -(-(self.end_monotonic_us - self.start_monotonic_us) // 1000)
        if any(part.watched_ms > period_ms for part in self.parts):
            raise ValueError(f"more watched than the period's {period_ms} ms")
        return self


Record = Annotated[
    Genesis
    | Heartbeat
    | Loss
    | Incident
    | TimeStep
    | KeyRotation
    | Certificate
    | ConfigChange
    | CommandResult
    | Coverage
    | Calibration
    | Commissioning
    | OperatorAction,
    Field(discriminator="type"),
]
