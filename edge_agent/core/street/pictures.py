"""Which pictures of a zone to ask for, and which came.

Of a stay: `first_seen` when it begins, `middle` at half of the stay that is asked for, `reference` and
`confirmed` with a clip when it is reached. Every other record has one picture of its own. The bytes wait
in memory beside the camera for so long as a case may still want them; a stay that comes to nothing
leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.core.decisions import Shot, TakePictures
from edge_agent.core.events import Captured
from edge_agent.core.records import Detection, Picture
from edge_agent.core.scene import EvidenceItem, Phase
from edge_agent.core.street.settings import RuleSettings
from edge_agent.core.street.stay import Stay
from edge_agent.core.units import MS, Ns, S

# The worker holds pictures for two hours at most; a stay that takes longer loses its first ones.
HOLD_MAX_S = 7_200
HOLD_MARGIN_S = 120  # answers, waits for others' pictures
HOLD_RECORD_S = 300  # pictures of a record that is being made

# A camera's ring reaches back so far at any rate.
RING = 10 * S

# Unanswered and unused requests that are remembered: 64 zones, one each half minute, for half an hour.
MAX_REQUESTS = 4_096

SHOTS: dict[Phase, tuple[str, ...]] = {
    Phase.CONFIRMED: ("reference", "confirmed"),
    Phase.REOPENED: ("reference", "confirmed"),
    Phase.ONGOING: ("ongoing",),
    Phase.CLEARED: ("cleared",),
    Phase.RECHECK: ("recheck",),
    Phase.INSPECTION: ("reference", "inspection"),
}

Taken = tuple[Picture, tuple[Detection, ...]]


@dataclass(slots=True, eq=False)
class Request:
    """Pictures that were asked for."""

    id: str
    due: Ns  # a record waits for them no longer
    held_until: Ns  # the bytes are at hand no longer
    answer: Captured | None = None

    def taken(self, now: Ns) -> tuple[Taken, ...]:
        """The pictures that came and are still held, each with what the detector saw in it."""
        if self.answer is None or now > self.held_until:
            return ()
        seen = self.answer.detections
        return tuple(
            (picture, seen[k] if k < len(seen) else ()) for k, picture in enumerate(self.answer.pictures)
        )


class Requests:
    """All requests of the street that may still be answered or used."""

    def __init__(self, wait_ms: int) -> None:
        self._wait = wait_ms * MS
        self._asked: dict[str, Request] = {}

    def add(self, take: TakePictures) -> Request:
        """Remember a request; the oldest are forgotten."""
        now = take.at
        self._asked = {id_: r for id_, r in self._asked.items() if r.held_until >= now}
        while len(self._asked) >= MAX_REQUESTS:
            del self._asked[next(iter(self._asked))]
        request = Request(take.request, Ns(now + self._wait), Ns(now + take.hold_s * S))
        self._asked[take.request] = request
        return request

    def answer(self, event: Captured) -> bool:
        """Pictures came; False when nobody here asked for them. The first answer counts."""
        request = self._asked.get(event.request)
        if request is None:
            return False
        if request.answer is None:
            request.answer = event
        return True


class Album:
    """The pictures of one zone."""

    def __init__(
        self, boot: str, camera: str, zone: str, rule: RuleSettings, requests: Requests, clip_s: int
    ) -> None:
        self._name = f"{boot}-{zone}-p"
        self._camera = camera
        self._zone = zone
        self._rule = rule
        self._requests = requests
        self._clip = clip_s * S
        self._count = 0
        self._first_at: Ns | None = None  # of this stay's first picture
        self._asked_at: Ns | None = None  # of any stay's first picture
        self._middle = False
        self._of: Stay | None = None
        self._held: list[Request] = []

    def follow(self, now: Ns, at: Ns, stay: Stay, asked: Ns) -> Iterator[TakePictures]:
        """A look at `at` that counts: is it time for a picture of this stay?"""
        if stay is not self._of:
            self._of, self._first_at, self._middle, self._held = stay, None, False, []
        if self._first_at is None:
            # Passers-by do not flood the camera: no two of them within a candidate's time.
            if self._asked_at is None or at - self._asked_at >= self._rule.candidate_s * S:
                self._first_at = self._asked_at = at
                # Goods are known to stand still a little after they came: the camera still has that moment.
                came = stay.first_at if at - stay.first_at <= RING else at
                yield self._of_stay(now, "first_seen", came, asked)
        elif not self._middle and 2 * stay.dwell >= asked:
            spacing = min(self._rule.picture_spacing_s * S, asked // 2)
            if at - self._first_at >= spacing:
                self._middle = True
                yield self._of_stay(now, "middle", at, asked)

    def record(
        self, now: Ns, at: Ns, phase: Phase, items: tuple[EvidenceItem, ...], stay: Stay | None
    ) -> tuple[TakePictures, tuple[Request, ...]]:
        """Ask for the pictures of a record; with all that belong to it, earlier ones of its stay first."""
        confirms = phase in (Phase.CONFIRMED, Phase.REOPENED)
        earlier = tuple(self._held) if confirms and stay is self._of else ()
        take, own = self._take(
            now,
            SHOTS[phase],
            at,
            items,
            hold_s=HOLD_RECORD_S,
            clip=confirms,
            copies=True,
            # Copies are made only now: most stays come to nothing.
            taken=tuple(picture for request in earlier for picture, _ in request.taken(now)),
        )
        return take, (*earlier, own)

    def suspect(self, now: Ns, at: Ns, items: tuple[EvidenceItem, ...]) -> TakePictures:
        """Something stands there that no class names: a picture for whoever looks, of no case."""
        return self._take(now, ("reference", "first_seen"), at, items, hold_s=HOLD_RECORD_S)[0]

    def _of_stay(self, now: Ns, role: str, at: Ns, asked: Ns) -> TakePictures:
        take, request = self._take(now, (role,), at, (), hold_s=self._hold_s(asked))
        self._held.append(request)
        return take

    def _take(
        self,
        now: Ns,
        roles: tuple[str, ...],
        at: Ns,
        items: tuple[EvidenceItem, ...],
        *,
        hold_s: int,
        clip: bool = False,
        copies: bool = False,
        taken: tuple[Picture, ...] = (),
    ) -> tuple[TakePictures, Request]:
        self._count += 1
        take = TakePictures(
            at=now,
            request=f"{self._name}{self._count}",
            camera=self._camera,
            zone=self._zone,
            shots=tuple(Shot(role, at) for role in roles),
            copies=copies,
            marks=tuple(map(_mark, items)),
            clip=(Ns(at - self._clip), at) if clip and self._clip else None,
            hold_s=hold_s,
            taken=taken,
        )
        return take, self._requests.add(take)

    def _hold_s(self, asked: Ns) -> int:
        """For as long as the stay may take to be reached, in low light, with a delivery."""
        rule = self._rule
        longest = asked // S * rule.low_light_stay // 1000
        hold = longest + rule.candidate_s + rule.unloading_grace_s + rule.gap_s + HOLD_MARGIN_S
        return min(hold, HOLD_MAX_S)


def _mark(item: EvidenceItem) -> Detection:
    return Detection(
        item.label,
        "evidence",
        item.score,
        item.x_min,
        item.y_min,
        item.x_max,
        item.y_max,
        in_lane=True,
    )
