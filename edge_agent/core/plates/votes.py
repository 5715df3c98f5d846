"""Repeated reads of one plate become one `PlateRead`.

    first sight ──> emitted at once ──> read again ──> emitted again under the same id ──> closed

The matcher needs a read early, so nothing waits for the window to pass: a `PlateRead` with an id
seen before replaces the earlier one. Strings are voted on whole: the scores of each candidate are
summed over the reads and divided by their number, so that a string only half of the reads saw has
half its score. Per-character voting was measured to be no better than this.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_agent.core.decisions import Fault, FaultKind
from edge_agent.core.events import PlateSeen
from edge_agent.core.plates.confusions import one_misread_apart
from edge_agent.core.plates.grammar import normalise, parse
from edge_agent.core.plates.settings import PlatesSettings
from edge_agent.core.records import Picture, PlateCandidate, PlateRead
from edge_agent.core.units import MS, Ns, Permille, div_round

MAX_CANDIDATES = 8  # of one merged read, and of the alternatives looked at in one push
MAX_PICTURES = 8
MAX_EVENT_IDS = 32


@dataclass(slots=True)
class _Open:
    """One passage of one plate while more reads of it may come."""

    id: str
    lanes: set[str]  # more than one: in which it drove is not known
    at: Ns
    at_sd: Ns
    seen_until: Ns
    arrived: Ns  # of the last read
    texts: list[str] = field(default_factory=list)  # normalised as read, distinct, may be no plate
    event_ids: list[str] = field(default_factory=list)
    scores: dict[str, int] = field(default_factory=dict)  # plate -> permille summed
    votes: dict[str, int] = field(default_factory=dict)  # plate -> reads that said it first
    reads: int = 0
    colour: str = ""
    vehicle: str = ""
    direction: str = ""
    best: int = -1  # confidence of the read that gave colour, vehicle and direction
    pictures: list[Picture] = field(default_factory=list)

    @property
    def lane(self) -> str | None:
        """The lane that all reads agree on."""
        return next(iter(self.lanes)) if len(self.lanes) == 1 else None

    def distance(self, at: Ns) -> int:
        """How far outside of the passage an instant lies; 0 inside."""
        return max(0, self.at - at, at - self.seen_until)


class PlateMerger:
    """The plate reads of one camera, merged."""

    def __init__(self, camera: str, settings: PlatesSettings) -> None:
        self._camera = camera
        self._settings = settings
        self._open: list[_Open] = []  # oldest first
        self._count = 0

    @property
    def deadline(self) -> Ns | None:
        """When the next passage is over."""
        return min((self._expiry(o) for o in self._open), default=None)

    def tick(self, now: Ns) -> tuple[PlateRead | Fault, ...]:
        """Forget passages that are over. They were emitted when they were seen."""
        self._open = [o for o in self._open if self._expiry(o) > now]
        return ()

    def add(self, event: PlateSeen, at: Ns, at_sd: Ns) -> tuple[PlateRead | Fault, ...]:
        """Take one read.

        Args:
            event: as the camera sent it.
            at: when the picture was taken, on the box's monotonic clock.
            at_sd: one standard deviation of `at`.

        Returns:
            The read, new or merged into an earlier one of the same id; nothing for a push that
            was already taken; a fault beside it when its text is no plate.
        """
        self.tick(event.at)
        text = normalise(event.text)
        passage = self._same_passage(event, text, at)
        if passage is None:
            passage = self._begin(event, at, at_sd)
        elif event.event_id and event.event_id in passage.event_ids:
            return ()
        _merge(passage, event, text, at, at_sd)
        read = _read(self._camera, passage)
        if text and parse(text) is None:
            return (read, self._outside_grammar(event.at, text))
        return (read,)

    def _outside_grammar(self, at: Ns, text: str) -> Fault:
        return Fault(at, f"camera/{self._camera}", FaultKind.PLATE_OUTSIDE_GRAMMAR, f"no plate: {text!r}")

    def _expiry(self, passage: _Open) -> Ns:
        return Ns(passage.arrived + self._settings.same_window_ms * MS)

    def _same_passage(self, event: PlateSeen, text: str, at: Ns) -> _Open | None:
        """The same event, else the nearest passage of the same text, else of a similar one.

        On a tie the one that began later.
        """
        ranked = [
            (rank, passage.distance(at), -index)
            for index, passage in enumerate(self._open)
            if (rank := self._rank(passage, event, text, at)) is not None
        ]
        return self._open[-min(ranked)[2]] if ranked else None

    def _rank(self, passage: _Open, event: PlateSeen, text: str, at: Ns) -> int | None:
        distance = passage.distance(at)
        if event.event_id and event.event_id in passage.event_ids:
            return 0
        if not text:
            return None  # two vehicles without a readable plate must not become one
        if text in passage.texts:
            return 1 if distance <= self._settings.same_window_ms * MS else None
        other_lane = event.lane is not None and bool(passage.lanes) and event.lane not in passage.lanes
        if other_lane or distance > self._settings.similar_window_ms * MS:
            return None
        return 2 if any(one_misread_apart(text, known) for known in passage.texts) else None

    def _begin(self, event: PlateSeen, at: Ns, at_sd: Ns) -> _Open:
        self._count += 1
        passage = _Open(f"{self._camera}-{self._count}", set(), at, at_sd, at, event.at)
        self._open.append(passage)
        del self._open[: -self._settings.max_open]
        return passage


def _merge(passage: _Open, event: PlateSeen, text: str, at: Ns, at_sd: Ns) -> None:
    """Add one read to a passage.

    The time stays that of the earliest read: a camera triggers on its line first and repeats later.
    """
    if at < passage.at:
        passage.at, passage.at_sd = at, at_sd
    passage.seen_until = max(passage.seen_until, at)
    passage.arrived = max(passage.arrived, event.at)
    if event.lane is not None and len(passage.lanes) < 2:
        passage.lanes.add(event.lane)
    if event.event_id and len(passage.event_ids) < MAX_EVENT_IDS:
        passage.event_ids.append(event.event_id)
    if text and text not in passage.texts and len(passage.texts) < MAX_CANDIDATES:
        passage.texts.append(text)
    _vote(passage, event, text)
    if event.confidence > passage.best:
        passage.best = event.confidence
        passage.colour = event.colour or passage.colour
        passage.vehicle = event.vehicle or passage.vehicle
        passage.direction = event.direction or passage.direction
    known = {picture.sha256 for picture in passage.pictures}
    fresh = [picture for picture in event.pictures if picture.sha256 not in known]
    passage.pictures.extend(fresh[: MAX_PICTURES - len(passage.pictures)])


def _vote(passage: _Open, event: PlateSeen, text: str) -> None:
    """Sum the scores of the read's candidates; a string named twice counts with its higher score."""
    passage.reads += 1
    scores: dict[str, int] = {}
    for candidate, said in ((text, event.confidence), *event.alternatives[:MAX_CANDIDATES]):
        plate = parse(candidate)
        if plate is not None:
            scores[plate.text] = max(scores.get(plate.text, 0), min(1000, max(0, said)))
    for plate_text, score in scores.items():
        passage.scores[plate_text] = passage.scores.get(plate_text, 0) + score
    if parse(text) is not None:
        passage.votes[text] = passage.votes.get(text, 0) + 1
    if len(passage.scores) > 4 * MAX_CANDIDATES:
        kept = _ranked(passage)[: 2 * MAX_CANDIDATES]
        passage.scores = {plate_text: passage.scores[plate_text] for plate_text in kept}
        passage.votes = {plate_text: n for plate_text, n in passage.votes.items() if plate_text in kept}


def _ranked(passage: _Open) -> list[str]:
    """Plates by summed score, then by reads that said them, then by text."""
    return sorted(passage.scores, key=lambda t: (-passage.scores[t], -passage.votes.get(t, 0), t))


def _read(camera: str, passage: _Open) -> PlateRead:
    candidates = tuple(
        PlateCandidate(text, Permille(div_round(passage.scores[text], passage.reads)))
        for text in _ranked(passage)[:MAX_CANDIDATES]
    )
    # A string that no read put first is an alternative only: never the plate.
    said = next((c for c in candidates if passage.votes.get(c.text)), None)
    return PlateRead(
        id=passage.id,
        camera=camera,
        lane=passage.lane,
        at=passage.at,
        at_sd=passage.at_sd,
        seen_until=passage.seen_until,
        text=said.text if said else "",
        colour=passage.colour,
        vehicle=passage.vehicle,
        confidence=said.score if said else Permille(0),
        reads=passage.reads,
        agreeing=passage.votes.get(said.text, 0) if said else 0,
        candidates=candidates,
        pictures=tuple(passage.pictures),
        direction=passage.direction,
    )
