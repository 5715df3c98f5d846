"""What a line speaks where it is not what is configured: another instrument, other options, seven bits."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pydantic import ValidationError

from edge_agent.core.weigh.protocols.adc import HEADER, SYNC, VERSION
from edge_agent.core.weigh.protocols.settings import (
    AdcSettings,
    AsciiStGsSettings,
    Cas22Settings,
    HbmAedSettings,
    LaumasFastSettings,
    ProtocolSettings,
    RinstrumSettings,
    ToledoContSettings,
    WimJsonSettings,
    YaohuaA9Settings,
    YaohuaA12Settings,
    YaohuaCmdSettings,
    YaohuaEqSettings,
)
from edge_agent.doctor.decoded import decode
from edge_agent.doctor.observed import SerialSeen

# Every form that bytes can be told by, those with the strictest frames first: a looser one may read them too.
FORMS: tuple[ProtocolSettings, ...] = (
    YaohuaA9Settings(),
    YaohuaA12Settings(),
    YaohuaCmdSettings(),
    *(ToledoContSettings(length=length, allow_lb=True, accept_net=True) for length in (18, 12, 17, 11)),
    Cas22Settings(allow_lb=True, accept_net=True),
    *(
        AsciiStGsSettings(
            second_header=headers,
            number_chars=8 if headers else 9,
            unit_comma=comma,
            allow_lb=True,
            accept_net=True,
        )
        for headers in (True, False)
        for comma in (False, True)
    ),
    YaohuaA12Settings(form="text"),
    RinstrumSettings(accept_net=True),
    # Many "=" frames read both ways: which of the two it is, only the indicator's display says.
    YaohuaEqSettings(direction="reversed"),
    YaohuaEqSettings(direction="forward"),
    LaumasFastSettings(),
    *(HbmAedSettings(format=form) for form in (8, 2)),
)
# A form is named only where nearly all bytes are its frames: short ones are met in other text by chance.
FRAMED = 0.9
# What a technician must set for frames of the same kind to be read; units and limits are not seen in bytes.
TELLING = (
    "length", "form", "direction", "second_header", "number_chars", "unit_comma", "format", "channels",
    "samples_per_frame", "period_ns", "address",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spoken:
    """What reads the bytes."""

    protocol: ProtocolSettings
    options: str  # those that differ from the configured ones, as in the file: "length: 17"

    @property
    def kind(self) -> str:
        """Of instrument, as in the file."""
        return self.protocol.kind


def spoken(seen: SerialSeen, configured: ProtocolSettings) -> Spoken | None:
    """The form that the bytes are frames of; None where they are nobody's."""
    data = b"".join(chunk.data for chunk in seen.chunks)
    for form in (*_adc_forms(data), *_json_forms(data), *FORMS):
        if isinstance(form, WimJsonSettings):
            return Spoken(form, "")
        read = decode(form, seen)
        if read.speaks and read.framed >= FRAMED:
            return Spoken(form, _options(form, configured))
    return None


def seven_bit_framing(seen: SerialSeen, configured: ProtocolSettings) -> str:
    """`7E1` or `7O1` where the bytes are frames once their eighth bit, a parity, is taken off; else empty."""
    data = b"".join(chunk.data for chunk in seen.chunks)
    if not any(byte & 0x80 for byte in data):
        return ""
    chunks = tuple(replace(c, data=bytes(b & 0x7F for b in c.data)) for c in seen.chunks)
    if not decode(configured, replace(seen, chunks=chunks)).speaks:
        return ""
    odd = sum(byte.bit_count() & 1 for byte in data)
    return "7O1" if 2 * odd > len(data) else "7E1"


def _adc_forms(data: bytes) -> Iterator[ProtocolSettings]:
    """Our own stream says itself how many channels and samples a frame has."""
    at = data.find(SYNC + bytes([VERSION]))
    if at < 0 or at + HEADER.size > len(data):
        return
    _, _, channels, samples, _, _, period, _, _ = HEADER.unpack_from(data, at)
    try:
        yield AdcSettings(channels=channels, samples_per_frame=samples, period_ns=period)
    except (ValidationError, struct.error):
        return


def _json_forms(data: bytes) -> Iterator[ProtocolSettings]:
    """A controller that reports whole vehicles: a JSON object a line."""
    for line in data.split(b"\n"):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict) and "axles" in record:
            yield WimJsonSettings(lanes={"1": "1"})
            return


def _options(form: ProtocolSettings, configured: ProtocolSettings) -> str:
    if form.kind != configured.kind:
        return ""
    differing = (
        (name, getattr(form, name))
        for name in TELLING
        if name in type(form).model_fields and getattr(form, name) != getattr(configured, name)
    )
    return ", ".join(f"{name}: {str(value).lower()}" for name, value in differing)
