"""The boxes of another look over a whole corpus: of each recording, of each class, in each zone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from edge_agent.comparing.wording import Both
from edge_agent.corpus.plan import Boxes
from edge_agent.redetecting import Things

Counts = Counter[str]
TOLD = 4  # classes that are named
LOOKED = ("pictures", "not_recorded", "other_reference")  # pictures
ROW = ("then", "now", "same", "moved", "added", "removed")  # boxes


def by_recording(boxes: Mapping[str, Sequence[Boxes]]) -> dict[str, Counts]:
    """All cameras of a recording together."""
    return _ranked({name: total(_numbers(one, LOOKED) for one in cameras) for name, cameras in boxes.items()})


def by_class(boxes: Mapping[str, Sequence[Boxes]]) -> dict[str, Counts]:
    """In whole pictures, wherever the thing stands."""
    return _things(boxes, zones=False)


def by_zone(boxes: Mapping[str, Sequence[Boxes]]) -> dict[str, Counts]:
    """What stands on zones' ground: `site/camera/zone: class`. A thing can stand in two of them."""
    return _things(boxes, zones=True)


def by_zone_in_words(boxes: Sequence[Boxes]) -> dict[str, Both]:
    """What the model of now sees otherwise in each zone of a recording: why it may be decided otherwise."""
    seen = [things for one in boxes for things in one.things if things.zone and things.otherwise]
    told: dict[str, list[str]] = {}
    for things in sorted(seen, key=lambda one: (-one.otherwise, one.label)):
        told.setdefault(things.zone, []).append(f"{things.label} {things.then} -> {things.now}")
    return {
        zone: (f"区域内的检测框：{'，'.join(said[:TOLD])}", f"boxes in the zone: {', '.join(said[:TOLD])}")
        for zone, said in told.items()
    }


def total(counts: Iterable[Mapping[str, int]]) -> Counts:
    """Of several."""
    out = Counter[str]()
    for one in counts:
        out.update(one)
    return out


def _things(boxes: Mapping[str, Sequence[Boxes]], *, zones: bool) -> dict[str, Counts]:
    out: dict[str, Counts] = {}
    for one in (one for cameras in boxes.values() for one in cameras):
        for things in one.things:
            if bool(things.zone) == zones:
                name = f"{one.site}/{one.camera}/{things.zone}: {things.label}" if zones else things.label
                out.setdefault(name, Counter()).update(_numbers(things))
    return _ranked(out)


def _numbers(one: Boxes | Things, more: Sequence[str] = ()) -> Counts:
    """Its numbers by name, and how many boxes there were and are."""
    told = Counter({name: getattr(one, name) for name in (*more, "same", "moved", "added", "removed")})
    told["then"] = told["same"] + told["moved"] + told["removed"]
    told["now"] = told["same"] + told["moved"] + told["added"]
    return told


def _ranked(counts: Mapping[str, Counts]) -> dict[str, Counts]:
    """Where most is otherwise first, those alike by name."""
    return dict(sorted(counts.items(), key=lambda one: (-_otherwise(one[1]), one[0])))


def _otherwise(counts: Counts) -> int:
    return counts["moved"] + counts["added"] + counts["removed"]
