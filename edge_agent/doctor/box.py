"""What the doctor asks of the box itself, whoever answers: the running daemon, or files of a stopped one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from edge_agent.config.settings import SiteConfig
from edge_agent.devices.clock import Clock
from edge_agent.doctor.observed import Eyes
from edge_agent.errors import UsageError
from edge_agent.evidence.peek import Peek, peek
from edge_agent.evidence.reading import has_store, is_open, open_reading


@dataclass(frozen=True, slots=True)
class StoreSeen:
    """The evidence store. `holds` is None where there is none yet, or `problem` says why not."""

    holds: Peek | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class PushSeen:
    """What a camera has pushed since the daemon's start."""

    count: int
    ago_s: float  # since the last one


@dataclass(frozen=True, slots=True)
class DaemonSeen:
    """A daemon that runs on this configuration's store.

    `answers` is False where all that is known is that it holds the store.
    """

    answers: bool = False
    uptime_s: float = 0.0
    connected: bool = False  # a broker has us
    uplink_trouble: str = ""  # why a person must act, in its own words
    pushes: Mapping[str, PushSeen] = field(default_factory=dict)
    unwell: tuple[tuple[str, str, str], ...] = ()  # part, state, detail


@runtime_checkable
class Box(Protocol):
    """Who can say how the box is."""

    def store(self) -> StoreSeen:
        """Look at the evidence store."""

    def daemon(self) -> DaemonSeen | None:
        """The daemon; None where none runs."""


class OwnBox:
    """A box whose daemon does not run, or does not answer."""

    def __init__(self, config: SiteConfig) -> None:
        self._config = config

    def store(self) -> StoreSeen:
        """Read it, or ask whoever has it open."""
        directory = self._config.evidence.store.directory
        try:
            if not has_store(directory):
                return StoreSeen(None)
            with open_reading(directory) as reading:
                return StoreSeen(peek(reading))
        except (UsageError, OSError) as error:
            return StoreSeen(None, str(error))

    def daemon(self) -> DaemonSeen | None:
        """Whether somebody has the store open."""
        return DaemonSeen() if is_open(self._config.evidence.store.directory) else None


def box_of(config: SiteConfig, eyes: Eyes) -> Box:
    """The daemon's own word where its eyes look, else what can be seen from outside."""
    return eyes if isinstance(eyes, Box) else OwnBox(config)


def utc_us(config: SiteConfig) -> int:
    """Now, as the box believes."""
    return Clock(config.clock).utc_us()
