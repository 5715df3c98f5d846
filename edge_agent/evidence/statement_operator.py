"""What people did at the box: one model a kind of record."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge_agent.evidence.statement_parts import Count, Int, Model, Sha256, Text

MAX_BINS = 32
MAX_CALIBRATIONS = 64


class SpeedFactor(Model):
    """What a scale's calibration says up to a speed."""

    up_to_mm_s: Count
    factor_ppm: Int
    """To be added to what is weighed, in millionths of it."""
    interval_ppm: Count | None
    """Half of the 95 % interval; null with fewer than two runs."""
    runs: Count


class Calibration(Model):
    """A scale was calibrated or checked by somebody. It is no verification: that is the institute's."""

    type: Literal["calibration"] = "calibration"
    lane: Text
    method: Literal["test_truck", "span", "zero"]
    outcome: Literal["applied", "measured"]
    """`applied`: the configuration was changed by it; a `config_change` follows at the next start."""
    by: Text
    """Who did it, as they said."""
    reference: Text
    """The known mass: which truck or weight, how it was weighed, when."""
    old_calibration_id: Text
    new_calibration_id: Text
    """Empty where nothing new is proposed."""
    factor_ppm: Int | None
    """Over all speeds, to be added to what is weighed; null where it was not the question."""
    interval_ppm: Count | None
    factors: Annotated[list[SpeedFactor], Field(max_length=MAX_BINS)]
    runs: Count
    runs_left_out: Count
    cost323_class: Text
    r134_class: Text
    detail: Text
    """For people."""
    report_sha256: Sha256 | None
    """Of the figures that it rests on; attached where there was room."""


class Commissioning(Model):
    """Somebody looked at the box as a whole and signed it off, or did not."""

    type: Literal["commissioning"] = "commissioning"
    outcome: Literal["accepted", "accepted_with_remarks", "refused"]
    by: Text
    organisation: Text
    remarks: Text
    config_sha256: Sha256
    """Of the configuration that was looked at."""
    calibration_ids: Annotated[list[Text], Field(max_length=MAX_CALIBRATIONS)]
    checks_ok: Count
    checks_warning: Count
    checks_fault: Count
    checks_unknown: Count
    test_crossings: Count
    """Vehicles that were weighed for it; on a street, cases that were made for it."""
    test_receipted: Count
    """Those of which the platform receipted a statement."""
    report_sha256: Sha256
    """Of the report, attached."""

    @model_validator(mode="after")
    def _outcome_is_founded(self) -> Self:
        if self.test_receipted > self.test_crossings:
            raise ValueError("more tests receipted than were made")
        if self.outcome == "accepted" and (self.checks_fault or not self.test_receipted):
            raise ValueError("accepted without remarks, with a fault or without one receipted test")
        if self.outcome == "accepted_with_remarks" and not self.remarks.strip():
            raise ValueError("accepted with remarks, and none are given")
        return self


class OperatorAction(Model):
    """Somebody did something at the box that changes what it does, or tried to."""

    type: Literal["operator_action"] = "operator_action"
    by: Text
    """The user's name; empty where nobody was logged in."""
    role: Text
    via: Literal["console", "command_line"]
    address: Text
    """Where they came from; empty for the box itself."""
    action: Text
    """A word of the program: login, config_saved, reference_accepted, ..."""
    subject: Text
    """What it was done to."""
    outcome: Literal["done", "refused", "failed"]
    detail: Text
