"""What a line says when it is read as configured, or as somebody guesses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_agent.core.units import Ns, S
from edge_agent.core.weigh.protocols import make_decoder
from edge_agent.core.weigh.protocols.settings import ProtocolSettings
from edge_agent.core.weigh.samples import BAD_FAULT, Counters, Samples, VehicleRecord
from edge_agent.doctor.observed import SerialSeen

# Fewer frames are chance.
FEWEST_FRAMES = 3
# A second with fewer samples than this share of the usual had a pause in it.
WHOLE_SECOND = 0.8


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
    fed = [(chunk.at_ns, decoder.feed(Ns(chunk.at_ns), chunk.data)) for chunk in seen.chunks]
    fed += [(poll.at, decoder.feed_registers(poll)) for poll in seen.registers]
    arrivals: list[tuple[int, int]] = []  # when samples came, and how many
    for at, output in fed:
        came = [one for one in output if isinstance(one, Samples)]
        blocks += came
        arrivals.append((at, sum(one.at.size for one in came)))
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
        rate_hz=_rate_hz(arrivals),
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


def _rate_hz(arrivals: list[tuple[int, int]]) -> float:
    """Samples a second, pauses left out; by the reads' own times, which nobody has put on a grid."""
    if len(arrivals) < 2:
        return 0.0
    began = arrivals[0][0]
    counts = np.zeros((arrivals[-1][0] - began) // S + 1, dtype=np.int64)
    for at, count in arrivals:
        counts[(at - began) // S] += count
    if counts.size < 3:  # a short trial: what came with the first read had gathered before it
        took = arrivals[-1][0] - began
        return sum(count for _, count in arrivals[1:]) * S / took if took else 0.0
    whole = counts[:-1]
    whole = whole[whole >= WHOLE_SECOND * np.median(whole)]
    return float(whole.mean())
