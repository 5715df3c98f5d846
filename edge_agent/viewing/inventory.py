"""What there is to be seen in a recording, noted while it is written: what a layout is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_agent.viewing.things import Areas, Boxes, Image, Load, Numbers, Place, Shown, State, Video


@dataclass(slots=True)
class Inventory:
    """Places of each kind, in the order of their appearance."""

    loads: dict[Place, None] = field(default_factory=dict)
    numbers: dict[Place, dict[str, None]] = field(default_factory=dict)  # place -> names of values
    states: dict[Place, dict[str, None]] = field(default_factory=dict)  # place -> states
    videos: dict[Place, None] = field(default_factory=dict)
    images: dict[Place, None] = field(default_factory=dict)
    layers: dict[Place, dict[str, None]] = field(default_factory=dict)  # screen -> layers of boxes, areas
    sizes: dict[Place, tuple[int, int]] = field(
        default_factory=dict
    )  # screen -> pixels, where areas are drawn
    things: int = 0
    samples: int = 0
    utc_span: tuple[int, int] | None = None  # first and last, ns, of what the time on the wall is known of
    box_span: tuple[int, int] | None = None  # first and last, monotonic ns

    def note(self, shown: Shown) -> None:
        """One more thing."""
        thing = shown.thing
        self.things += 1
        match thing:
            case Load():
                self.loads[thing.path] = None
                self.samples += len(thing.at)
                self._at(shown, int(thing.at[0]), int(thing.at[-1]))
                return
            case Numbers():
                self.numbers.setdefault(thing.path, {}).update(dict.fromkeys(thing.values))
            case State():
                self.states.setdefault(thing.path, {})[thing.state] = None
            case Video():
                self.videos[thing.screen] = None
            case Image():
                self.images[thing.screen] = None
            case Boxes():
                self.layers.setdefault(thing.screen, {})[thing.layer] = None
            case Areas():
                self.layers.setdefault(thing.screen, {})["areas"] = None
                self.sizes[thing.screen] = (thing.width, thing.height)
        self._at(shown, thing.at, thing.at)

    @property
    def screens(self) -> list[Place]:
        """Every screen that something was drawn on, by name."""
        return sorted({*self.videos, *self.images, *self.layers})

    @property
    def lanes(self) -> list[str]:
        """Lanes that something is known of."""
        return sorted(
            {place[1] for place in (*self.loads, *self.numbers, *self.states) if place[0] == "lanes"}
        )

    @property
    def utc(self) -> bool:
        """The time on the wall is known of something."""
        return self.utc_span is not None

    @property
    def span(self) -> tuple[int, int]:
        """First and last, ns: UTC where it is known, else monotonic."""
        return self.utc_span or self.box_span or (0, 0)

    def _at(self, shown: Shown, first: int, last: int) -> None:
        self.box_span = _wider(self.box_span, first, last)
        if shown.utc_minus_mono is not None:
            offset = shown.utc_minus_mono
            self.utc_span = _wider(self.utc_span, first + offset, last + offset)


def _wider(span: tuple[int, int] | None, first: int, last: int) -> tuple[int, int]:
    return (first, last) if span is None else (min(span[0], first), max(span[1], last))
