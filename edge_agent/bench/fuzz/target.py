"""One reader of foreign bytes: how to call it, how it may refuse, how much it may cost."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import re
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

KIB = 1024
# In a message: what is quoted from the input, and numbers.
_OF_THIS_INPUT = re.compile(r"""'[^']*'?|"[^"]*"?|[0-9a-f]{4,}|\d+|[^\x20-\x7e]+""")
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Target:
    """`run` may return, or raise one of `refusals`. Anything else is a finding."""

    name: str
    run: Callable[[bytes], object]  # a text that it returns says how it was read
    refusals: tuple[type[Exception], ...]
    seeds: Callable[[], Sequence[bytes]]  # good inputs, made from the code: they follow its forms
    words: tuple[bytes, ...] = ()  # that mean something to the reader
    json: bool = False  # seeds are JSON texts: damage their structure too
    most_bytes: int = 64 * KIB
    seconds: float = 1.0  # of processor time, one input
    grows: int = 128 * MIB  # resident memory, one input


class TooSlow(BaseException):
    """An input took longer than it may. No reader catches it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a reader must not do."""

    key: str  # the same for the same fault
    text: str


def check(target: Target, data: bytes) -> tuple[str, Finding | None]:
    """Feed one input.

    Returns:
        how it ended, the same for inputs that ended the same way, and what is wrong with that.
    """
    before = _peak_from_here()
    began_s = time.process_time()
    try:
        with _limited(target.seconds):
            said = target.run(data)
        outcome = f"read {said}" if isinstance(said, str) else "read"
    except target.refusals as error:
        outcome = f"{type(error).__name__}: {_form(str(error))}"
    except TooSlow:
        took_s = time.process_time() - began_s
        return "slow", Finding("slow", f"{len(data)} bytes took more than {took_s:.1f} s")
    except Exception as error:  # noqa: BLE001 - that it is any is the finding
        place = _place(error)
        return place, Finding(f"{type(error).__name__} {place}", "".join(traceback.format_exception(error)))
    grown = _resident("VmHWM") - before
    if grown > target.grows:
        return "memory", Finding("memory", f"{len(data)} bytes made the process {grown // MIB} MiB larger")
    return outcome, None


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """`TooSlow` in the main thread after so much processor time."""

    def stop(_signal: int, _frame: object) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _peak_from_here() -> int:
    """Forget how large the process once was; how large it is, bytes."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # proc(5): resets VmHWM
    return _resident("VmRSS")


def _resident(name: str) -> int:
    with Path("/proc/self/status").open("rb") as file:
        line = next(line for line in file if line.startswith(name.encode()))
    return int(line.split()[1]) * KIB


def _place(error: BaseException) -> str:
    """The innermost line of ours that it passed."""
    ours = [f for f in traceback.extract_tb(error.__traceback__) if "edge_agent" in f.filename]
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"


def _form(text: str) -> str:
    """A message without its numbers and quotations."""
    return _OF_THIS_INPUT.sub("", text)[:60]


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="edge-agent-fuzz-")


def scratch(name: str) -> Path:
    """A path of this process, for readers that take a file."""
    return Path(_folder().name) / name


def written(name: str, data: bytes) -> Path:
    """The bytes as a file."""
    path = scratch(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def corpus_name(finding: Finding, data: bytes) -> str:
    """A file's name for an input that found something."""
    kind = finding.key.split()[0].lower()
    return f"crash-{kind}-{hashlib.sha256(data).hexdigest()[:12]}"
