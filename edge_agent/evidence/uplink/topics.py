"""The topic tree, in one place. At most 7 levels of slashes (AWS IoT's limit).

`{root}/{tenant}/{device}/` then: `stmt`, `att/{sha256}`, `head`, `state` up; `rcpt`, `cmd` down.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
DIGEST = re.compile(r"[0-9a-f]{64}")
KINDS = frozenset({"stmt", "head", "state", "rcpt", "cmd"})


@dataclass(frozen=True, slots=True)
class Topics:
    """Of one device."""

    root: str
    tenant: str
    device: str

    def __post_init__(self) -> None:
        for name in (self.tenant, self.device):
            if not NAME.fullmatch(name):
                raise ValueError(f"{name!r} cannot be a topic level: use letters, digits, '_', '.', '-'")

    @property
    def base(self) -> str:
        """What all topics of the device start with."""
        return f"{self.root}/{self.tenant}/{self.device}"

    @property
    def statement(self) -> str:
        """Statements, up."""
        return f"{self.base}/stmt"

    def attachment(self, sha256: str) -> str:
        """Chunks of one attachment, up."""
        return f"{self.base}/att/{sha256}"

    @property
    def head(self) -> str:
        """The signed head, up, retained."""
        return f"{self.base}/head"

    @property
    def state(self) -> str:
        """Online or not, up, retained; an unsigned hint."""
        return f"{self.base}/state"

    @property
    def receipts(self) -> str:
        """Signed receipts, down."""
        return f"{self.base}/rcpt"

    @property
    def commands(self) -> str:
        """Signed commands, down."""
        return f"{self.base}/cmd"


@dataclass(frozen=True, slots=True)
class Address:
    """A topic that came in, taken apart."""

    tenant: str
    device: str
    kind: str  # stmt | att | head | state | rcpt | cmd
    digest: str = ""  # of an attachment


def parse_topic(root: str, topic: str) -> Address | None:
    """Take a topic apart; None for anything that is not in the tree."""
    if not topic.startswith(root + "/"):
        return None
    levels = topic[len(root) + 1 :].split("/")
    if len(levels) < 3 or not all(NAME.fullmatch(level) for level in levels):
        return None
    tenant, device, kind, *rest = levels
    if kind == "att":
        return (
            Address(tenant, device, kind, rest[0]) if len(rest) == 1 and DIGEST.fullmatch(rest[0]) else None
        )
    return Address(tenant, device, kind) if not rest and kind in KINDS else None
