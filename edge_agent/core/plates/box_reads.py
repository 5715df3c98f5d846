"""Reads of the box's own: all pictures of one vehicle together say what its plate is, or that none is sure.

    ReadPlates ──> PlateSeen a picture, PlateSeen, ... ──> PlatesDone ──> one PlateRead a vehicle

Nothing is concluded before all of them are there, so that an answer never rests on the first picture
alone. Confidences are summed by whole string (measured to be no worse than voting by character). A plate
is named when enough pictures agree, are sure enough, and no other string comes near; otherwise the read
has candidates and no text. A vehicle that was seen and not read on purpose, because another one was meant,
is a read without text: nobody's plate, and still somebody who was there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from edge_agent.core.events import PlatesDone, PlateSeen
from edge_agent.core.plates.grammar import normalise, parse
from edge_agent.core.plates.settings import PlatesSettings
from edge_agent.core.records import PlateCandidate, PlateRead, ReadingMeans
from edge_agent.core.units import MS, Ns, Permille

MAX_REQUESTS = 64  # open at once; more overweight vehicles than any bridge holds
MAX_READS = 64  # of one request
MAX_CANDIDATES = 8
RECENT = 64  # vehicles remembered, to know one again that two requests saw
# Two vehicles of a lane are never at the line within this of each other; one vehicle is, seen twice.
SAME_NS = 300 * MS


class BoxReads:
    """Collects what comes for each request, and concludes when it is done."""

    def __init__(self, settings: PlatesSettings) -> None:
        self._settings = settings
        self._open: dict[str, list[PlateSeen]] = {}  # by request, oldest first
        self._recent: dict[str, PlateRead] = {}  # by id, oldest first
        self._count: Counter[str] = Counter()

    def add(self, event: PlateSeen) -> None:
        """Keep a read until its request is done."""
        reads = self._open.setdefault(event.request, [])
        if len(reads) < MAX_READS:
            reads.append(event)
        if len(self._open) > MAX_REQUESTS:
            del self._open[next(iter(self._open))]

    def done(self, event: PlatesDone) -> tuple[PlateRead, ...]:
        """What the request's reads come to: one read a vehicle, in order of time."""
        reads = self._open.pop(event.request, [])
        vehicles: dict[tuple[str, str], list[PlateSeen]] = {}
        for read in reads:
            vehicles.setdefault((read.camera, read.event_id), []).append(read)
        fused = sorted((self._fused(of_one, event.means) for of_one in vehicles.values()), key=lambda r: r.at)
        return tuple(self._known(fused))

    def _fused(self, reads: Sequence[PlateSeen], means: ReadingMeans | None) -> PlateRead:
        """One vehicle's pictures."""
        sums, votes, legible = _tallied(reads)
        ranked = sorted(sums, key=lambda text: (-sums[text], -votes[text], text))[:MAX_CANDIDATES]
        candidates = tuple(PlateCandidate(text, Permille(sums[text] // legible)) for text in ranked)
        said = self._sure(candidates, votes)
        best = max(
            reads, key=lambda r: (r.text != "" and normalise(r.text) == said, bool(r.pictures), r.confidence)
        )
        return PlateRead(
            id="",
            camera=best.camera,
            lane=best.lane,
            at=best.at if best.captured_at is None else best.captured_at,
            at_sd=best.captured_sd or Ns(0),
            seen_until=best.at if best.captured_at is None else best.captured_at,
            text=said,
            colour=best.colour,
            vehicle=best.vehicle,
            confidence=candidates[0].score if said else Permille(0),
            reads=legible,
            agreeing=votes[said] if said else 0,
            candidates=candidates,
            pictures=best.pictures,
            direction=best.direction,
            side=best.side,
            means=self._with_own_thresholds(means) if means and best.pictures else None,
        )

    def _with_own_thresholds(self, means: ReadingMeans) -> ReadingMeans:
        chosen = self._settings
        own = (
            ("box_agreeing", chosen.box_agreeing),
            ("box_decide_permille", chosen.box_decide_permille),
            ("box_margin_permille", chosen.box_margin_permille),
        )
        return replace(means, thresholds=(*means.thresholds, *own))

    def _sure(self, candidates: Sequence[PlateCandidate], votes: Counter[str]) -> str:
        """The plate; empty when too few pictures agree on it, or another one is too near."""
        if not candidates:
            return ""
        best, next_score = candidates[0], candidates[1].score if len(candidates) > 1 else 0
        chosen = self._settings
        sure = (
            votes[best.text] >= chosen.box_agreeing
            and best.score >= chosen.box_decide_permille
            and best.score - next_score >= chosen.box_margin_permille
        )
        return best.text if sure else ""

    def _known(self, reads: Sequence[PlateRead]) -> Iterator[PlateRead]:
        """Each under an id of its own, or under that of the same vehicle as another request saw it."""
        before = tuple(self._recent.values())  # two vehicles of one request are two, however near
        for read in reads:
            same = next((known for known in before if _one_vehicle(known, read)), None)
            if same is not None and (same.text or not read.means):
                continue  # nothing new is said of it
            if same is None:
                self._count[read.camera] += 1
            own = same.id if same else f"{read.camera}-box-{self._count[read.camera]}"
            self._recent[own] = replace(read, id=own)
            if len(self._recent) > RECENT:
                del self._recent[next(iter(self._recent))]
            yield self._recent[own]


def _tallied(reads: Sequence[PlateSeen]) -> tuple[Counter[str], Counter[str], int]:
    """By plate its summed confidences and the pictures that said it first; and how many said any."""
    sums: Counter[str] = Counter()
    votes: Counter[str] = Counter()
    legible = 0
    for read in reads:
        scores: dict[str, int] = {}
        for text, said in ((read.text, read.confidence), *read.alternatives[:MAX_CANDIDATES]):
            plate = parse(text)
            if plate is not None:
                scores[plate.text] = max(scores.get(plate.text, 0), min(1000, max(0, said)))
        sums.update(scores)
        legible += bool(scores)
        first = parse(read.text)
        if first is not None:
            votes[first.text] += 1
    return sums, votes, legible


def _one_vehicle(one: PlateRead, other: PlateRead) -> bool:
    """Seen by two requests. Two different plates are two vehicles, or a doubt that must stay one."""
    same = one.camera == other.camera and one.lane == other.lane and abs(one.at - other.at) <= SAME_NS
    return same and (not one.text or not other.text or one.text == other.text)
