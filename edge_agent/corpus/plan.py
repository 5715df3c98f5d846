"""What is asked of every recording, and what came of one. Plain values: they travel between processes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import edge_agent
from edge_agent.redetecting import Things, Tolerance

DONE, FAILED, DIED, TOO_LONG = "done", "failed", "died", "too_long"


@dataclass(frozen=True, slots=True)
class Redetection:
    """The detector over recorded video again, its boxes in the place of those of then."""

    model: str = ""  # path, as whoever works sees it; empty: the one that the configuration names
    classes: str = ""  # its class map, where that lies elsewhere
    model_sha256: str = ""  # of the file at `model`
    tolerance: Tolerance = field(default_factory=Tolerance)
    classes_sha256: str = ""  # of the class map's file


@dataclass(frozen=True, slots=True)
class Plan:
    """How recordings are replayed; the same for all of a run."""

    program: str  # digest of the program that must do it
    config_text: str = ""  # `config.recorded`; empty: each recording's own
    settings: tuple[str, ...] = ()  # KEY=VALUE, put on top of it
    redetection: Redetection | None = None
    timeout_s: float = 600  # for one recording

    @property
    def digest(self) -> str:
        """Of everything that decides what comes of a recording, the recording apart."""
        asked = asdict(self)
        del asked["timeout_s"]
        if self.redetection is not None:  # the same model elsewhere is the same model
            del asked["redetection"]["model"], asked["redetection"]["classes"]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Job:
    """One recording to be replayed."""

    recording: str  # its name in the corpus
    files: tuple[str, ...]  # absolute paths, as whoever works sees them
    sha256: str  # of the recording; empty where it cannot be read
    key: str  # names what is asked: recording, plan and program by their digests
    size: int  # bytes
    shipped: tuple[bytes, ...] = ()  # the files' bytes, where whoever works does not see them


@dataclass(frozen=True, slots=True)
class Boxes:
    """What another look of the detector gave for one camera; see `redetecting.Comparison`."""

    camera: str
    pictures: int
    not_recorded: int
    other_reference: int
    same: int
    moved: int
    added: int
    removed: int
    site: str = ""
    things: tuple[Things, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one recording: a row of the table."""

    recording: str
    sha256: str  # of the recording
    key: str  # of what was asked
    state: str  # done | failed | died | too_long
    problem: str = ""  # why it is not done
    size: int = 0  # bytes of the recording
    events: int = 0
    recorded_s: float = 0
    decisions: int = 0
    decisions_sha256: str = ""
    statements: int = 0
    refused: int = 0  # cases of which no statement could be made
    outcomes: dict[str, Any] = field(default_factory=dict)  # how many of what, as `comparing.outcomes.counts`
    torn: tuple[str, ...] = ()  # what of the recording is missing
    boxes: tuple[Boxes, ...] = ()
    not_looked: str = ""  # why the detector did not look again, where it was to
    cpu_s: float = 0  # of the replay alone
    took_s: float = 0  # from the job's arrival to its answer
    tries: int = 1
    worker: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A result, and what `edge-agent diff` needs to say why it differs from another one."""

    result: Result
    decisions: bytes = b""  # decisions.jsonl
    config: str = ""  # config.yaml


def key_of(recording_sha256: str, plan_digest: str) -> str:
    """Names what is asked: the same key, the same decisions."""
    return hashlib.sha256(f"{recording_sha256} {plan_digest}".encode()).hexdigest()


@cache
def program() -> str:
    """Version and digest of this program's source: whoever changes a rule need not change the version."""
    root = Path(edge_agent.__file__).parent
    whole = hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        whole.update(f"{file.relative_to(root).as_posix()} {file.stat().st_size}\n".encode())
        whole.update(file.read_bytes())
    return f"{edge_agent.__version__}+{whole.hexdigest()[:16]}"
