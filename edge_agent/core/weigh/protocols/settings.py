"""Which instrument speaks on a line and how: one settings model for each protocol.

What a frame does not say (unit, direction, word order, length) is configured here and never
guessed: a wrong guess is a weight that is silently ten or a thousand times off.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, model_validator

from edge_agent.core.settings import Settings
from edge_agent.core.units import S

MassUnit = Literal["kg", "t", "g", "lb"]


class TimedSettings(Settings):
    """What every protocol needs to put its samples in time."""

    frame_rate_mhz: Annotated[int, Field(ge=0, le=20_000_000)] = 0
    """Nominal frames per second, in millihertz (80 Hz = 80000). 0: unknown, frames are not regularised."""
    gap_ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    """Silence that counts as a gap. 0: four frame periods, at least 150 ms; 500 ms if the rate is unknown."""

    @property
    def period_ns(self) -> int:
        """Nominal frame period, 0 when unknown."""
        return 1_000 * S // self.frame_rate_mhz if self.frame_rate_mhz else 0


class IndicatorSettings(TimedSettings):
    """An indicator that sends one calibrated weight a frame."""

    max_abs_kg: Annotated[int, Field(gt=0, le=1_000_000)] = 300_000
    """A reading beyond this is a fault: weak checksums do not see swapped digits or words."""


class YaohuaA9Settings(IndicatorSettings):
    """Yaohua XK3190 A9 family, continuous output, 12 bytes with XOR."""

    kind: Literal["yaohua_a9"] = "yaohua_a9"
    unit: MassUnit = "kg"
    """The frame carries no unit. `lb` is rounded to the nearest gram."""


class YaohuaA12Settings(IndicatorSettings):
    """Yaohua XK3190 A12/A12E, 15 bytes with XOR, or its text form without a checksum."""

    kind: Literal["yaohua_a12"] = "yaohua_a12"
    form: Literal["frame", "text"] = "frame"
    """frame: `WG...kg` + XOR + CR LF; text: `ww000.000kg`."""
    accept_net: bool = False
    """Take net weights too. A road scale must show gross."""


class YaohuaEqSettings(IndicatorSettings):
    """Yaohua "=" form, 9 characters, no checksum."""

    kind: Literal["yaohua_eq"] = "yaohua_eq"
    direction: Literal["forward", "reversed"]
    """Order of the digits. Many values read well both ways, 1000 times apart: look at the indicator."""
    allow_no_point: bool = False
    """Accept seven digits without a decimal point."""
    unit: MassUnit = "kg"
    """The frame carries no unit."""


class YaohuaCmdSettings(IndicatorSettings):
    """Yaohua command mode: the box asks for gross (command B) and for nothing else."""

    kind: Literal["yaohua_cmd"] = "yaohua_cmd"
    address: Annotated[str, Field(pattern=r"^[A-Z]$")] = "A"
    """Address of the indicator."""
    poll_ms: Annotated[int, Field(ge=20, le=10_000)] = 100
    """Time between two requests."""
    unit: MassUnit = "kg"
    """The frame carries no unit."""


class ToledoContSettings(IndicatorSettings):
    """Mettler-Toledo continuous output and its clones."""

    kind: Literal["toledo_cont"] = "toledo_cont"
    length: Literal[17, 18, 11, 12] = 18
    """Bytes of a frame: 17 or 11 without, 18 or 12 with checksum; 11 and 12 without tare."""
    strip_bit7: bool = False
    """The instrument sends 7E1 and the port reads 8N1: drop the parity bit of every byte."""
    allow_lb: bool = False
    """Take pounds, rounded to the nearest gram. Otherwise a frame in pounds is a fault."""
    accept_net: bool = False
    """Take net weights too. A road scale must show gross."""
    fixed_zeros: Literal["refuse", "included", "append"] = "refuse"
    """Where the indicator shows fixed zeros at the right: are they in the six characters or to be added?"""
    expanded: Literal["refuse", "tenth"] = "refuse"
    """Expanded ×10 display. tenth: the last digit is a tenth of the division."""


class AsciiStGsSettings(IndicatorSettings):
    """The `ST,GS,+0020000kg` family: A&D, General Measure, Dini Argeo and most clones. No checksum."""

    kind: Literal["ascii_stgs"] = "ascii_stgs"
    address: Annotated[str, Field(pattern=r"^([0-9]{2})?$")] = ""
    """Two-digit address before the first header; empty: none."""
    second_header: bool = True
    """`GS`, `NT` or `TR` follows the first header. Without it the weight is taken for gross."""
    number_chars: Annotated[int, Field(ge=6, le=12)] = 8
    """Characters of the number with its sign: 8 as a rule, 9 where there is no second header."""
    unit_comma: bool = False
    """A comma stands before the unit."""
    unit_chars: Literal[2, 3] = 2
    """Characters of the unit, filled with blanks."""
    allow_lb: bool = False
    """Take pounds, rounded to the nearest gram. Otherwise a frame in pounds is a fault."""
    accept_net: bool = False
    """Take net weights too. A road scale must show gross."""


class Cas22Settings(IndicatorSettings):
    """CAS CI series, 22 bytes. No checksum."""

    kind: Literal["cas22"] = "cas22"
    device_id: Annotated[int, Field(ge=0, le=255)] | None = None
    """Only this device; None: whichever speaks."""
    allow_lb: bool = False
    """Take pounds, rounded to the nearest gram. Otherwise a frame in pounds is a fault."""
    accept_net: bool = False
    """Take net weights too. A road scale must show gross."""


class RinstrumSettings(IndicatorSettings):
    """Rinstrum automatic output, `STX sign 7-characters status ETX`. No checksum."""

    kind: Literal["rinstrum"] = "rinstrum"
    unit: MassUnit = "kg"
    """The short frame carries no unit."""
    accept_net: bool = False
    """Take net weights too. A road scale must show gross."""


class LaumasFastSettings(IndicatorSettings):
    """Laumas fast ASCII, six digits and CR LF. No checksum, no point, no unit."""

    kind: Literal["laumas_fast"] = "laumas_fast"
    decimals: Annotated[int, Field(ge=0, le=5)] = 0
    """Digits behind the point on the display."""
    unit: MassUnit = "kg"
    """The frame carries no unit."""


class HbmAedSettings(TimedSettings):
    """HBM/HBK AED, AD10x, FIT: binary measured values, each followed by CR LF.

    Output without CR LF (format + 32) is refused: a lost byte would shift a small value by a factor
    of 256 and nothing in the stream could tell.
    """

    kind: Literal["hbm_aed"] = "hbm_aed"
    format: Literal[0, 2, 4, 6, 8, 12] = 8
    """COF of the device without its +16, +32, +64, +128 options."""
    status_fault_mask: Annotated[int, Field(ge=0, le=255)] = 0
    """COF 8 and 12: bits of the status byte that make the value unusable (see the device's manual)."""
    status_overload_mask: Annotated[int, Field(ge=0, le=255)] = 0
    """COF 8 and 12: bits of the status byte that mean overflow."""
    start_command: Literal["", "MSV?0;"] = ""
    """Sent once after opening. `MSV?0;` asks for a stream of values: a query, it changes nothing."""


class RegisterStatus(Settings):
    """Bits of a Modbus status register; 0 = there is no such bit."""

    address: Annotated[int, Field(ge=0, le=65_535)]
    """Address of the status register, counted as `address_base` says."""
    overload_mask: Annotated[int, Field(ge=0, le=65_535)] = 0
    underload_mask: Annotated[int, Field(ge=0, le=65_535)] = 0
    fault_mask: Annotated[int, Field(ge=0, le=65_535)] = 0
    """Any of these set: no value."""
    required_mask: Annotated[int, Field(ge=0, le=65_535)] = 0
    """Any of these clear: no value."""
    motion_mask: Annotated[int, Field(ge=0, le=65_535)] = 0
    stable_mask: Annotated[int, Field(ge=0, le=65_535)] = 0
    net_mask: Annotated[int, Field(ge=0, le=65_535)] = 0
    negative_mask: Annotated[int, Field(ge=0, le=65_535)] = 0
    """The sign bit, for `sign: status_bit`."""


# Wire addresses: "4xxxx" in a manual minus 40001. Sources: Laumas TLU/TLB manuals (40007 status, 40008/9
# gross, high word first), Baykon MX08 manual (40001 weight, 40003 status), Eagle EI-1000 manual.
# The Laumas status bits differ between its models, so the preset names none: state them for your model.
PRESETS: dict[str, dict[str, Any]] = {
    "generic": {},
    "laumas": {"address": 7, "type": "i32", "function": 3},
    "baykon": {
        "address": 0,
        "type": "i32",
        "function": 3,
        "status": {"address": 2, "fault_mask": 1, "required_mask": 2, "motion_mask": 4, "net_mask": 8},
    },
    "eagle": {"address": 0x1000, "type": "f32", "function": 3},
}

MODBUS_MOST_REGISTERS = 32  # in one query; Laumas answers no more (source: Laumas TLU manual)


class ModbusRtuSettings(IndicatorSettings):
    """A Modbus RTU transmitter: one weight out of a register map. Registers are only ever read."""

    kind: Literal["modbus_rtu"] = "modbus_rtu"
    preset: Literal["generic", "laumas", "baykon", "eagle"] = "generic"
    """Fills in what is not stated here. `generic` fills in nothing."""
    unit_id: Annotated[int, Field(ge=1, le=247)] = 1
    """Modbus address (slave) of the transmitter."""
    function: Literal[3, 4] = 3
    """3: holding registers, 4: input registers."""
    address_base: Literal[0, 1] = 0
    """1: addresses below are counted from 1, as many manuals do."""
    address: Annotated[int, Field(ge=0, le=65_535)]
    """Address of the (first) register of the weight."""
    type: Literal["i16", "u16", "i32", "u32", "f32"] = "i32"
    """How the weight is written."""
    word_order: Literal["high_first", "low_first"] = "high_first"
    """Order of two words."""
    sign: Literal["as_type", "status_bit"] = "as_type"
    """status_bit: the registers hold the magnitude, the sign is `status.negative_mask`."""
    decimals: Annotated[int, Field(ge=0, le=6)] = 0
    """Digits behind the point of an integer weight."""
    decimals_address: Annotated[int, Field(ge=0, le=65_535)] | None = None
    """A register that holds the digits behind the point, instead of `decimals`."""
    multiplier: Annotated[int, Field(gt=0, le=100_000)] = 1
    """What one count of an integer weight stands for, before `decimals`."""
    unit: MassUnit = "kg"
    """The registers carry no unit."""
    status: RegisterStatus | None = None
    """Status register; None: there is none, overload must show in the signal."""
    accept_net: bool = False
    """Take net weights too. A road scale must show gross."""
    poll_ms: Annotated[int, Field(ge=5, le=10_000)] = 50
    """Time between two polls."""

    @model_validator(mode="before")
    @classmethod
    def _fill_in_preset(cls, data: Any) -> Any:
        """Keys that are not stated come from the preset."""
        if not isinstance(data, dict):
            return data
        preset = data.get("preset", "generic")
        return {**PRESETS.get(preset, {}), **data} if isinstance(preset, str) else data

    @model_validator(mode="after")
    def _registers_fit_one_query(self) -> Self:
        """All registers are read in one query: two polls could show two different weights."""
        if min(self._addresses()) < self.address_base:
            raise ValueError("address 0 with address_base 1: addresses are counted from 1")
        if self.register_count > MODBUS_MOST_REGISTERS:
            raise ValueError(
                f"weight, decimals and status lie {self.register_count} registers apart, "
                f"at most {MODBUS_MOST_REGISTERS} can be read at once"
            )
        if self.sign == "status_bit" and not (self.status and self.status.negative_mask):
            raise ValueError("sign is status_bit: state status.address and status.negative_mask")
        if self.type == "f32" and (self.sign == "status_bit" or self.multiplier != 1):
            raise ValueError("a f32 weight has its own sign and scale: leave out sign and multiplier")
        return self

    def _addresses(self) -> list[int]:
        last = self.address + (1 if self.type in ("i32", "u32", "f32") else 0)
        found = [self.address, last]
        if self.decimals_address is not None:
            found.append(self.decimals_address)
        if self.status is not None:
            found.append(self.status.address)
        return found

    @property
    def first_register(self) -> int:
        """Wire address of the first register to read."""
        return min(self._addresses()) - self.address_base

    @property
    def register_count(self) -> int:
        """Registers to read in one query."""
        return max(self._addresses()) - min(self._addresses()) + 1


class AdcSettings(Settings):
    """Our own binary stream of a multi-channel converter; see docs/protocols/adc-stream.md."""

    kind: Literal["adc"] = "adc"
    channels: Annotated[int, Field(ge=1, le=16)]
    """Channels in a frame. A frame that says otherwise is a fault."""
    samples_per_frame: Annotated[int, Field(ge=1, le=1024)] = 20
    """Samples of each channel in a frame. A frame that says otherwise is a fault."""
    period_ns: Annotated[int, Field(ge=50_000, le=1_000_000_000)] = 1_000_000
    """Sample period: 1000000 = 1 kHz, 50000 = 20 kHz. A frame that says otherwise is a fault."""
    unit: Literal["counts", "grams"] = "counts"
    """What the numbers count."""
    gap_ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    """Delay after which the clock starts afresh. 0: four frame periods, at least 150 ms."""


class WimJsonSettings(Settings):
    """Vehicle records of a third party's controller, a JSON object a line; see docs/protocols/wim-json.md."""

    kind: Literal["wim_json"] = "wim_json"
    lanes: Annotated[dict[str, str], Field(min_length=1, max_length=32)]
    """The controller's lane → the lane's id here. Records of other lanes are faults."""
    max_abs_kg: Annotated[int, Field(gt=0, le=1_000_000)] = 300_000
    """A load beyond this is a fault."""
    max_age_ms: Annotated[int, Field(gt=0, le=600_000)] = 60_000
    """A record older than this when it arrives is a fault."""
    gross_tolerance_permille: Annotated[int, Field(ge=0, le=1000)] = 20
    """The gross weight may differ so much from the sum of the axles; beyond, the record is flagged."""


ProtocolSettings = Annotated[
    YaohuaA9Settings
    | YaohuaA12Settings
    | YaohuaEqSettings
    | YaohuaCmdSettings
    | ToledoContSettings
    | AsciiStGsSettings
    | Cas22Settings
    | RinstrumSettings
    | LaumasFastSettings
    | HbmAedSettings
    | ModbusRtuSettings
    | AdcSettings
    | WimJsonSettings,
    Discriminator("kind"),
]
