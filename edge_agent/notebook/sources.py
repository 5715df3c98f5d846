"""Where an open recording's contents come from: files as made, the core run again, a replay's folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, cast, get_args

from edge_agent import runner
from edge_agent.config import recorded
from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import Decision, Seal, SealCoverage, SealStreet
from edge_agent.core.events import ClockStatus, Event, Started
from edge_agent.core.units import Ns
from edge_agent.errors import UsageError
from edge_agent.journal import codec
from edge_agent.journal.reader import Recording
from edge_agent.journal.recorder import NoRecorder
from edge_agent.journal.video import VideoPacket
from edge_agent.notebook.timed import Clock, Timed, happened_at
from edge_agent.replaying.configurations import CoreOfRuns, configurations

IMPORT = " import"  # ends the name of the software of a recording that `edge-agent import` made


class Source(Protocol):
    """What an open recording can be asked for."""

    @property
    def config(self) -> SiteConfig:
        """The site, as it was configured at first."""

    @property
    def configs(self) -> tuple[SiteConfig, ...]:
        """The same of each recording."""

    @property
    def files(self) -> tuple[Recording, ...]:
        """The recordings themselves; none where there is only what was made of them."""

    @property
    def recorded(self) -> Recorded:
        """The recordings as a source.

        Raises:
            UsageError: there is only what was made of them.
        """

    @property
    def decided_by(self) -> str:
        """Who decided: the box, or this program now."""

    def events(self, *kinds: type[Any]) -> Iterator[Timed[Event]]:
        """Events of these kinds, in order."""

    def decisions(self, *kinds: type[Any]) -> Iterator[Timed[Decision]]:
        """Decisions of these kinds, in order."""

    def video(self) -> Iterator[Timed[VideoPacket]]:
        """Compressed pictures, in order."""


@dataclass(frozen=True)
class Recorded:
    """Recordings, with the decisions made live; where they hold none, the core decides now."""

    files: tuple[Recording, ...]

    @property
    def recorded(self) -> Recorded:
        """Itself."""
        return self

    def raw(self, *kinds: type[Any]) -> Iterator[Event]:
        """Events of these kinds, in order."""
        for file in self.files:
            yield from cast("Iterator[Event]", file.items(*kinds))

    def heard(self, clock: Clock, *kinds: type[Any]) -> Iterator[Event]:
        """The same, and what tells the time; the clock hears each first."""
        for file in self.files:
            clock.begin(file.boot_id)
            events = cast("Iterator[Event]", file.items(Started, ClockStatus, *kinds))
            yield from clock.hearing(events)

    @cached_property
    def config(self) -> SiteConfig:
        """That of the first recording.

        Raises:
            UsageError: it holds none.
        """
        if not self.files[0].config_text:
            raise UsageError(f"{self.files[0].path} holds no configuration")
        return self.configs[0]

    @cached_property
    def configs(self) -> tuple[SiteConfig, ...]:
        """Each recording's own: a box is restarted to take another into use, and its journal goes on."""
        return configurations(self.files, None, ())

    @cached_property
    def _live(self) -> bool:
        return any(file.has_decisions for file in self.files)

    @property
    def decided_by(self) -> str:
        """The box, where it wrote down what it decided."""
        if not self._live:
            return "this program, just now: the recording holds no decisions"
        software = self.files[0].metadata.get("software", "")
        return f"{software}, of others' files: no box" if software.endswith(IMPORT) else "the box, live"

    def events(self, *kinds: type[Any]) -> Iterator[Timed[Event]]:
        """Events of these kinds, in order."""
        for item in self._items(*kinds):
            yield cast("Timed[Event]", item)

    def decisions(self, *kinds: type[Any]) -> Iterator[Timed[Decision]]:
        """Those made live, or those that the core makes now."""
        found = self._items(*kinds) if self._live else self._now.decisions(*kinds)
        yield from cast("Iterator[Timed[Decision]]", found)

    def video(self) -> Iterator[Timed[VideoPacket]]:
        """Compressed pictures; UTC is what the recording's last clock report before them says."""
        clock = Clock(self.config.health.clock_step_ms)
        for file in self.files:
            clock.begin(file.boot_id)
            reports = list(file.items(ClockStatus))
            for packet in file.video():
                while reports and reports[0].at <= packet.captured_at:
                    clock.take(cast("Event", reports.pop(0)))
                yield Timed(clock.utc(packet.captured_at), packet)

    @cached_property
    def _now(self) -> Decided:
        return Decided(self, self.configs)

    def _items(self, *kinds: type[Any]) -> Iterator[Timed[Event | Decision]]:
        clock = Clock(self.config.health.clock_step_ms)
        for file in self.files:
            clock.begin(file.boot_id)
            for item in file.items(Started, ClockStatus, *kinds):
                if isinstance(item, Started | ClockStatus):
                    clock.take(item)
                if isinstance(item, kinds):
                    at = item.at if isinstance(item, get_args(Event)) else happened_at(cast("Decision", item))
                    yield Timed(clock.utc(at), item)


@dataclass(frozen=True)
class Decided:
    """The core run over recordings' events, with the configurations given; once, then remembered."""

    recorded: Recorded
    configs: tuple[SiteConfig, ...]  # of each recording

    @property
    def config(self) -> SiteConfig:
        """That of the first recording."""
        return self.configs[0]

    @property
    def files(self) -> tuple[Recording, ...]:
        """Those that it is run over."""
        return self.recorded.files

    @property
    def decided_by(self) -> str:
        """Not the box."""
        return "this program, just now"

    def events(self, *kinds: type[Any]) -> Iterator[Timed[Event]]:
        """Those of the recording."""
        return self.recorded.events(*kinds)

    def decisions(self, *kinds: type[Any]) -> Iterator[Timed[Decision]]:
        """What the core decides."""
        return (made for made in self._made if isinstance(made.record, kinds))

    def video(self) -> Iterator[Timed[VideoPacket]]:
        """That of the recording."""
        return self.recorded.video()

    @cached_property
    def _made(self) -> tuple[Timed[Decision], ...]:
        made: list[Timed[Decision]] = []
        clock = Clock(self.config.health.clock_step_ms)
        core = CoreOfRuns(self.config)
        source = _Heard(self, core, clock)

        def sink(decision: Decision) -> None:
            made.append(Timed(clock.utc(happened_at(decision)), decision))

        runner.run(core, source, NoRecorder(), sink)
        return tuple(made)


class _Heard:
    """Recorded events as the loop's source; the clock hears them first, the core knows whose they are."""

    def __init__(self, asked: Decided, core: CoreOfRuns, clock: Clock) -> None:
        self._asked = asked
        self._core = core
        self._clock = clock

    def events(self, _deadline: Callable[[], Ns | None]) -> Iterator[Event]:
        for file, config in zip(self._asked.files, self._asked.configs, strict=True):
            self._core.configure(config)
            self._clock.begin(file.boot_id)
            yield from self._clock.hearing(file.events())


@dataclass(frozen=True)
class ReplayFolder:
    """What `edge-agent replay --out DIR` wrote: decisions and a configuration, no events.

    UTC is told by the statements in it: before the first of them, by the first.
    """

    lines: Path
    config_file: Path

    files = ()
    decided_by = "a replay"

    @cached_property
    def config(self) -> SiteConfig:
        """That of the replay."""
        return recorded.from_text(self.config_file.read_text("utf-8"))

    @property
    def configs(self) -> tuple[SiteConfig, ...]:
        """The same."""
        return (self.config,)

    @property
    def recorded(self) -> Recorded:
        """None.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"{self.lines.parent}: a replay's folder holds decisions alone; open the recording")

    def events(self, *kinds: type[Any]) -> Iterator[Timed[Event]]:
        """None."""
        return self.recorded.events(*kinds)

    def decisions(self, *kinds: type[Any]) -> Iterator[Timed[Decision]]:
        """Those of the replay."""
        clock = next((known for made in self._all() if (known := _clock_of(made))), None)
        for made in self._all():
            clock = _clock_of(made) or clock
            if isinstance(made, kinds):
                at = happened_at(made)
                yield Timed(Ns(at + clock.utc_minus_mono) if clock else None, made)

    def video(self) -> Iterator[Timed[VideoPacket]]:
        """None."""
        return self.recorded.video()

    def _all(self) -> Iterator[Decision]:
        with self.lines.open(encoding="utf-8") as lines:
            for line in lines:
                yield codec.parse_decision_line(line)


def _clock_of(made: Decision) -> ClockStatus | None:
    return made.clock if isinstance(made, Seal | SealStreet | SealCoverage) else None
