"""How a plate was found: who competed for it, where each was expected, how probable each pair is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from edge_agent.core.match.rivals import RivalCrossing, RivalReads, Rivals
from edge_agent.core.units import TONNE, US
from edge_agent.evidence.statement_bridge import Measurement, Plate, Recognition
from edge_agent.report.match_plot import Bell, Link, Tick, draw_match
from edge_agent.report.plates import masked
from edge_agent.report.saying import percent
from edge_agent.report.sealed import Sealed

UNREADABLE = "（读不出 unreadable）"
OWN = "本车 this vehicle"
MOST_CROSSINGS, MOST_READS = 8, 12  # drawn; those nearest to the vehicle
LEAST_LINK = 0.0005  # a line below this share says nothing
FROM_SEAL = (
    "只画记录所载的候选；同时竞争的其他过车不在记录中，重放录制可得 · only the candidates that the statement "
    "carries; other crossings that competed are not in it: a recording tells of them"
)
FROM_RECORDING = (
    "由录制重算：封存时的全部竞争过车与识读；记录所载后验是作答时最不利的值 · computed anew from the "
    "recording: "
    "all crossings and reads that competed when it was sealed; the statement's own posterior is the least "
    "that "
    "it could be, whatever still came"
)


@dataclass(frozen=True, slots=True)
class Matching:
    """What the page shows of it."""

    drawing: Markup
    note: str
    rows: tuple[dict[str, str], ...]  # reads, best first
    left_out: int  # crossings and reads that are not drawn


def matching(sealed: Sealed, *, plates: bool) -> Matching:
    """Of a statement that has a recognition.

    Args:
        sealed: the statement, and who competed where that is known.
        plates: show other people's plates too.
    """
    statement = sealed.parsed()
    measured, recognised = statement.measurement, statement.recognition
    assert measured is not None
    assert recognised is not None
    named = recognised.plate.read if recognised.plate else ""
    zero = recognised.predicted_monotonic_us * US
    if sealed.rivals is not None:
        shown = _Shown(own_key(sealed.rivals, measured), recognised.plate, zero, plates)
        bells, ticks, links, left_out = _of_rivals(sealed.rivals, shown)
        note = FROM_RECORDING
    else:
        gross = measured.gross_g
        bells, ticks, links = _of_statement(recognised, measured.lane, gross, plates=plates)
        left_out, note = recognised.candidates_left_out, FROM_SEAL
    drawn = draw_match(bells, ticks, links, "号牌匹配：预计到达与识读 expected arrivals and reads")
    return Matching(
        Markup(drawn),  # noqa: S704 - our own drawing; its texts are escaped there
        note,
        tuple(_row(candidate.plate, candidate.posterior_ppm, zero, named, plates=plates)
              for candidate in recognised.candidates),
        left_out,
    )  # fmt: skip


def _name(text: str, *, shown: bool) -> str:
    return (text if shown else masked(text)) or UNREADABLE


def _row(plate: Plate, ppm: int, zero: int, named: str, *, plates: bool) -> dict[str, str]:
    shown = plates or plate.read == named
    return {
        "text": _name(plate.text, shown=shown),
        "tone": "good" if plate.read == named else "",
        "posterior": percent(ppm),
        "at": f"{(plate.read_monotonic_us * US - zero) / 1e9:+.2f} s",
        "colour": plate.colour,
        "vehicle": plate.vehicle,
        "confidence": f"{plate.confidence_permille / 10:.1f} %",
        "reads": f"{plate.agreeing} / {plate.reads}",
        "side": plate.side,
        "how": "相机推送 pushed by the camera" if plate.on_box is None else "本机识读 read on the box",
    }


# -- out of the statement alone -------------------------------------------------------------------


def _of_statement(
    recognised: Recognition, lane: str, gross: int | None, *, plates: bool
) -> tuple[list[Bell], list[Tick], list[Link]]:
    zero = recognised.predicted_monotonic_us
    named = recognised.plate.read if recognised.plate else ""
    bell = Bell(
        f"{OWN} · 车道 lane {lane}",
        _beside(gross, recognised.none_ppm),
        0.0,
        recognised.predicted_sd_us / 1e6,
        own=True,
    )
    ticks, links = [], []
    for number, candidate in enumerate(recognised.candidates):
        plate = candidate.plate
        chosen = plate.read == named
        ticks.append(
            Tick(_name(plate.text, shown=plates or chosen), ((plate.read_monotonic_us - zero) / 1e6,))
        )
        ppm = candidate.posterior_ppm
        links.append(Link(0, number, ppm / 1e6, percent(ppm), chosen=chosen))
    return [bell], ticks, links


def _beside(gross: int | None, none_ppm: int | None, axles: int | None = None) -> str:
    parts = [] if axles is None else [f"{axles} 轴"]
    parts.append("–" if gross is None else f"{gross / TONNE:.1f} t")
    if none_ppm is not None:
        parts.append(f"无识读 none {percent(none_ppm)}")
    return " · ".join(parts)


# -- out of a recording ---------------------------------------------------------------------------


Key = tuple[str, int]  # lane, number: of the replay, whose numbers may begin elsewhere than the box's


@dataclass(frozen=True, slots=True)
class _Shown:
    """What of the rivals is the statement's own."""

    key: Key | None
    plate: Plate | None
    zero: int  # ns, when it was expected
    plates: bool

    def is_named(self, one: RivalReads) -> bool:
        """Whether the statement's plate was read in it."""
        plate = self.plate
        return plate is not None and any(
            read.camera == plate.camera
            and read.at // US == plate.read_monotonic_us
            and read.text == plate.text
            for read in one.reads
        )


def own_key(rivals: Rivals, measured: Measurement) -> Key | None:
    """The statement's own crossing among the rivals, by its time."""
    return next(
        (
            _key(one)
            for one in rivals.crossings
            if one.crossing.lane == measured.lane
            and one.crossing.first_axle_at // US == measured.first_axle_monotonic_us
        ),
        None,
    )


def _of_rivals(rivals: Rivals, shown: _Shown) -> tuple[list[Bell], list[Tick], list[Link], int]:
    key, zero = shown.key, shown.zero
    near = sorted(rivals.crossings, key=lambda c: (_key(c) != key, abs(c.expected - zero)))[:MOST_CROSSINGS]
    crossings = [crossing for crossing in rivals.crossings if crossing in near]
    close = sorted(rivals.seen, key=lambda s: (not shown.is_named(s), abs(s.reads[0].at - zero)))[:MOST_READS]
    seen = [one for one in rivals.seen if one in close]
    places = {_key(crossing): number for number, crossing in enumerate(crossings)}
    bells = [_bell(crossing, zero, own=_key(crossing) == key) for crossing in crossings]
    ticks = [_tick(one, shown) for one in seen]
    links = [
        Link(places[of], number, ppm / 1e6, percent(ppm), chosen=of == key and shown.is_named(one))
        for number, one in enumerate(seen)
        for of, ppm in one.posteriors
        if of in places and ppm / 1e6 >= LEAST_LINK
    ]
    left_out = len(rivals.crossings) - len(crossings) + len(rivals.seen) - len(seen)
    return bells, ticks, links, left_out


def _key(rival: RivalCrossing) -> Key:
    return rival.crossing.lane, rival.crossing.number


def _bell(rival: RivalCrossing, zero: int, *, own: bool) -> Bell:
    crossing = rival.crossing
    name = f"{OWN if own else f'过车 crossing {crossing.number}'} · 车道 lane {crossing.lane}"
    beside = _beside(crossing.gross, rival.none, len(crossing.axles))
    return Bell(name, beside, (rival.expected - zero) / 1e9, rival.sd / 1e9, own)


def _tick(one: RivalReads, shown: _Shown) -> Tick:
    """Several reads of nearly one text are one vehicle: all that were said are shown."""
    clear = shown.plates or shown.is_named(one)
    texts = dict.fromkeys(_name(read.text, shown=clear) for read in one.reads)
    return Tick(" = ".join(texts), tuple((read.at - shown.zero) / 1e9 for read in one.reads))


def match_line(recognised: Mapping[str, Any], status: Sequence[str]) -> str:
    """The answer in a line."""
    vehicle = {
        True: "车道内有车 vehicle in lane",
        False: "车道内未见车 no vehicle seen in lane",
        None: "未检查车道内有无车辆 nobody looked for a vehicle in the lane",
    }
    parts = [
        " ".join(status),
        f"后验概率 posterior {percent(recognised['posterior_ppm'])}",
        f"次优 runner-up {percent(recognised['runner_up_ppm'])}",
        f"无识读 no read {percent(recognised['none_ppm'])}",
        f"预计标准差 expected within ± {recognised['predicted_sd_us'] / 1e6:.2f} s (1 sd)",
        vehicle[recognised["vehicle_confirmed"]],
    ]
    if recognised["late"]:
        parts.append("迟到识读后修订 amended after a late read")
    return " · ".join(parts)
