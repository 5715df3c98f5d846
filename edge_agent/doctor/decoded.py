"""What a line says when it is read as configured, or as somebody guesses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_agent.core.units import S
from edge_agent.core.weigh.protocols import make_decoder
from edge_agent.core.weigh.protocols.settings import ProtocolSettings
from edge_agent.core.weigh.samples import BAD_FAULT, Counters, Samples, VehicleRecord
from edge_agent.doctor.observed import SerialSeen

# Fewer frames are chance.
FEWEST_FRAMES = 3


@dataclass(frozen=True, slots=True)
class Decoded:
    """A stretch of a line, read by one protocol."""

    samples: Samples | None  # all of the stretch; None where there are none
    records: tuple[VehicleRecord, ...]
    counters: Counters
    framed: float  # share of the bytes that belong to a frame, 0 to 1
    usable: int  # frames or records whose value may be used
    rate_hz: float  # samples a second; 0 where that cannot be said

    @property
    def speaks(self) -> bool:
        """The line speaks this protocol: most of it is frames, and most frames have a value."""
        enough = self.usable >= FEWEST_FRAMES or bool(self.records)
        return enough and self.framed > 0.5

    @property
    def refused(self) -> float:
        """Share of frames that came damaged, 0 to 1."""
        bad = self.counters.bad_checksum + self.counters.bad_frame
        return bad / max(1, bad + self.counters.frames)


def decode(protocol: ProtocolSettings, seen: SerialSeen, char_ns: int = 0) -> Decoded:
    """Read a stretch by a protocol; never raises, whatever the bytes are."""
    decoder = make_decoder(protocol, char_ns=char_ns)
    blocks: list[Samples] = []
    records: list[VehicleRecord] = []
    events = [decoder.feed(chunk.at_ns, chunk.data) for chunk in seen.chunks]  # type: ignore[arg-type]
    events += [decoder.feed_registers(poll) for poll in seen.registers]
    for output in events:
        blocks += [one for one in output if isinstance(one, Samples)]
        records += [one for one in output if isinstance(one, VehicleRecord)]
    samples = _joined(blocks)
    size = sum(len(chunk.data) for chunk in seen.chunks)
    answered = sum(not poll.problem for poll in seen.registers) / max(1, len(seen.registers))
    return Decoded(
        samples=samples,
        records=tuple(records),
        counters=decoder.counters,
        framed=1 - decoder.counters.resync_bytes / size if size else answered,
        usable=_usable(samples),
        rate_hz=_rate_hz(samples, seen),
    )


def _joined(blocks: list[Samples]) -> Samples | None:
    if not blocks:
        return None
    return Samples(
        np.concatenate([b.at for b in blocks]),
        np.concatenate([b.values for b in blocks]),
        np.concatenate([b.status for b in blocks]),
        np.concatenate([b.inputs for b in blocks]),
        blocks[0].unit,
    )


def _usable(samples: Samples | None) -> int:
    return 0 if samples is None else int(((samples.status & BAD_FAULT) == 0).any(axis=1).sum())


def _rate_hz(samples: Samples | None, seen: SerialSeen) -> float:
    """By the reads' own times: what the decoder gives out is put on the configured rate's grid."""
    times = [chunk.at_ns for chunk in seen.chunks] or [poll.at for poll in seen.registers]
    if samples is None or len(times) < 2 or times[-1] == times[0]:
        return 0.0
    # What came with the first read had gathered before it.
    share = 1 - 1 / len(times)
    return float(samples.at.size) * share * S / (times[-1] - times[0])
