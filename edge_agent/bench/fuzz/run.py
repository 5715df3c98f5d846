"""Feeds targets for as long as one likes, each in a process of its own that may die, hang or swell.

An input that ended in a way not seen before joins the pool that the next ones are made of. What a target
must not do is written to the corpus, which the tests feed to it ever after.
"""

from __future__ import annotations

import contextlib
import logging
import mmap
import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from edge_agent.bench.fuzz.mutate import Mutator
from edge_agent.bench.fuzz.target import MIB, Finding, Target, check, corpus_name
from edge_agent.bench.fuzz.targets import TARGETS
from edge_agent.errors import UsageError

ADDRESS_SPACE = 3 * 1024 * MIB  # of the whole process; its libraries take most of a GiB of it
HANGS_S = 30.0  # without a sign of life: beyond any target's own limit
TELL_S = 0.5
POOL = 2_000
SMALLER_S = 2.0
LENGTH = 8  # bytes before the input in the shared map


@dataclass(slots=True)
class Found:
    """Of one target."""

    inputs: int = 0
    outcomes: int = 0  # ways to end
    slowest_s: float = 0.0
    findings: dict[str, str] = field(default_factory=dict)  # what: the corpus file


def run(
    names: Sequence[str],
    minutes: float,
    seed: int,
    corpus: Path,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> dict[str, Any]:
    """Feed each target for its share of the time.

    Args:
        names: of targets; all of them when it is empty.
        minutes: altogether.
        seed: the same seed feeds the same inputs, as many of them as the time allows.
        corpus: a folder for each target; read, and findings are written there.
        progress: told what is done.

    Raises:
        UsageError: no such target.
    """
    unknown = [name for name in names if name not in TARGETS]
    if unknown:
        raise UsageError(f"no target {', '.join(unknown)}: {', '.join(TARGETS)}")
    chosen = list(names) or list(TARGETS)
    found = {}
    for number, name in enumerate(chosen):
        progress(name, number, len(chosen))
        found[name] = _feed(TARGETS[name], minutes * 60 / len(chosen), seed, corpus / name)
    return {
        "seed": seed,
        "minutes": minutes,
        "targets": {
            name: {
                "inputs": f.inputs, "outcomes": f.outcomes, "slowest_ms": round(f.slowest_s * 1000),
                "findings": f.findings,
            }
            for name, f in found.items()
        },
        "good": not any(f.findings for f in found.values()),
    }  # fmt: skip


def text(result: dict[str, Any]) -> str:
    """For a person."""
    lines = [f"{'target':<20} {'inputs':>10} {'ways to end':>12} {'slowest ms':>11} {'findings':>9}"]
    for name, f in result["targets"].items():
        lines.append(
            f"{name:<20} {f['inputs']:>10,} {f['outcomes']:>12} {f['slowest_ms']:>11} {len(f['findings']):>9}"
        )
        lines += [f"    {what.splitlines()[-1][:90]}: {file}" for what, file in f["findings"].items()]
    return "\n".join([*lines, "good" if result["good"] else "NOT GOOD"])


def corpus_of(folder: Path) -> list[bytes]:
    """What is kept for a target."""
    return [path.read_bytes() for path in sorted(folder.glob("*"))] if folder.is_dir() else []


def _feed(target: Target, seconds: float, seed: int, folder: Path) -> Found:
    """Life after life until the time is over."""
    found = Found()
    context = multiprocessing.get_context("spawn")
    until_s = time.monotonic() + seconds
    with (
        tempfile.TemporaryDirectory(prefix="edge-agent-fuzz-") as name,
        (Path(name) / "input").open("w+b") as file,
    ):
        file.truncate(LENGTH + target.most_bytes + 1)
        with contextlib.closing(mmap.mmap(file.fileno(), 0)) as shared:
            for life in range(1_000_000):
                left_s = until_s - time.monotonic()
                if left_s <= 0:
                    return found
                ours, theirs = context.Pipe(duplex=False)
                process = context.Process(
                    target=_live,
                    args=(target.name, seed, life, left_s, folder, file.name, theirs),
                    daemon=True,
                )
                process.start()
                theirs.close()
                _listen(ours, found, folder)
                process.join(timeout=HANGS_S)  # its libraries end too
                if process.exitcode != 0:  # it hung, or something killed it
                    process.kill()
                    process.join()
                    end = Finding(f"died {process.exitcode}", f"the process ended: {process.exitcode}")
                    _keep(found, end, _fed(shared), folder)
    return found


def _listen(ours: Connection, found: Found, folder: Path) -> None:
    """Until the process ends or says nothing for too long."""
    inputs, outcomes = found.inputs, found.outcomes
    while ours.poll(HANGS_S):
        try:
            said = ours.recv()
        except EOFError:
            return
        if isinstance(said, tuple):
            finding, data = said
            _keep(found, finding, data, folder)
        else:
            found.inputs = inputs + said["inputs"]
            found.outcomes = max(outcomes, said["outcomes"])
            found.slowest_s = max(found.slowest_s, said["slowest_s"])


def _keep(found: Found, finding: Finding, data: bytes, folder: Path) -> None:
    if finding.key in (key.splitlines()[0] for key in found.findings):
        return
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / corpus_name(finding, data)
    path.write_bytes(data)
    found.findings[f"{finding.key}\n{finding.text}"] = str(path)


def _fed(shared: mmap.mmap) -> bytes:
    size = int.from_bytes(shared[:LENGTH], "little")
    return bytes(shared[LENGTH : LENGTH + size])


def _live(
    name: str, seed: int, life: int, seconds: float, folder: Path, shared_name: str, pipe: Connection
) -> None:
    """One process's life: make, note, feed."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    logging.disable(logging.CRITICAL)
    tempfile.tempdir = str(Path(shared_name).parent)  # what this process leaves behind goes with it
    target = TARGETS[name]
    rng = random.Random(f"{seed} {name} {life}")  # noqa: S311 - damage
    mutator = Mutator(rng, target.words, target.most_bytes, structured=target.json)
    pool = [*target.seeds(), *corpus_of(folder)]
    ways: set[str] = set()
    told: set[str] = set()
    count, slowest_s, tell_s = 0, 0.0, time.monotonic()
    until_s = tell_s + seconds
    with open(shared_name, "r+b") as file, contextlib.closing(mmap.mmap(file.fileno(), 0)) as shared:  # noqa: PTH123 - a name of the parent's
        now_s = tell_s
        while now_s < until_s:
            data = pool[count] if count < len(pool) and not ways and life == 0 else mutator.make(pool)
            shared[:LENGTH] = len(data).to_bytes(LENGTH, "little")
            shared[LENGTH : LENGTH + len(data)] = data
            began_s = time.process_time()
            way, finding = check(target, data)
            slowest_s = max(slowest_s, time.process_time() - began_s)
            count += 1
            if finding is not None and finding.key not in told:
                told.add(finding.key)
                pipe.send((finding, _smaller(target, data, finding.key)))
            elif way not in ways:
                ways.add(way)
                pool = [*pool, data][-POOL:]
            now_s = time.monotonic()
            if now_s - tell_s > TELL_S:
                tell_s = now_s
                pipe.send({"inputs": count, "outcomes": len(ways), "slowest_s": slowest_s})
    pipe.send({"inputs": count, "outcomes": len(ways), "slowest_s": slowest_s})
    pipe.close()


def _smaller(target: Target, data: bytes, key: str) -> bytes:
    """The same finding with less, as far as that is quick."""
    until_s = time.monotonic() + SMALLER_S
    size = len(data) // 2
    while size and time.monotonic() < until_s:
        for at in range(0, len(data), size):
            less = data[:at] + data[at + size :]
            found = check(target, less)[1]
            if found is not None and found.key == key:
                data = less
                break
            if time.monotonic() > until_s:
                break
        else:
            size //= 2
    return data
