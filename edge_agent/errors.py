"""Every exception that this program raises on purpose, grouped by who must act.

    EdgeAgentError
    ├── UserError               the person at the keyboard
    │   ├── ConfigError         ... by editing the file named in each problem
    │   └── UsageError          ... by calling the command differently
    ├── DeviceError             the retry loop: something outside the box is away
    ├── JournalError            the archivist: a recording cannot be read or written
    └── EvidenceError           the evidence keeper
        ├── SealRefused         ... a statement that must not exist was asked for
        ├── StoreFull           ... no room was left for a case; that it was lost is sealed
        ├── StoreFault          ... the disk failed a durable write: stop the process
        │   ├── KeyFault        ... the evidence key is away: nothing can be sealed, stop as well
        │   └── DatabaseAway    ... the platform's PostgreSQL is away: nothing counts, try again later
        └── VerificationError   ... something checked is not what it claims to be

The core raises none of these: bad input there is a `Fault`, a fact about the road.
"""

from __future__ import annotations

from dataclasses import dataclass


class EdgeAgentError(Exception):
    """Root of the tree. The command line prints its text and never a traceback."""


class UserError(EdgeAgentError):
    """The person at the keyboard can mend this."""


class UsageError(UserError):
    """A command was called in a way that makes no sense."""


def both(chinese: str, english: str) -> str:
    """A mistake that technicians make often, said in both languages: the shell's is not always theirs."""
    return f"{chinese}\n{english}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file, said so that it can be mended."""

    file: str
    line: int  # 1-based; 0 where the file as a whole is meant
    key: str  # dotted path, "lanes.1.scale.port"; empty where the file as a whole is meant
    reason: str
    suggestion: str = ""

    def __str__(self) -> str:
        """`file:line: key: reason (suggestion)`, the form editors can jump to."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        what = f"{self.key}: {self.reason}" if self.key else self.reason
        return f"{where}: {what}" + (f" ({self.suggestion})" if self.suggestion else "")


class ConfigError(UserError):
    """A configuration file has problems; all of them are listed at once."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(p) for p in problems))


class DeviceError(EdgeAgentError):
    """A device or a peer is away or talks nonsense; trying again later may help."""


class JournalError(EdgeAgentError):
    """A recording cannot be read or written."""


class EvidenceError(EdgeAgentError):
    """Something about evidence is not as it must be."""


class SealRefused(EvidenceError):
    """A statement that must not exist was asked for, for example without assumptions."""


class StoreFull(EvidenceError):
    """There was no room for a case. The store goes on, and the loss is part of its chain."""


class StoreFault(EvidenceError):
    """A durable write failed. What the disk now holds is unknown: the process must stop."""


class KeyFault(StoreFault):
    """The evidence key does not sign: its token was pulled or locked. Nothing is ever sealed unsigned."""


class DatabaseAway(StoreFault):
    """The platform's database server did not take a transaction. It may do so later; nothing of it counts."""


class VerificationError(EvidenceError):
    """Something that was checked is not what it claims to be."""
