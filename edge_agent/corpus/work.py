"""One recording replayed, by whoever works: a process of the pool or a worker of the cluster.

Never raises: a recording that is bad, too large or too slow is a row of the table.
"""

from __future__ import annotations

import errno
import hashlib
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from edge_agent.comparing.gather import outcomes_of_lines
from edge_agent.comparing.outcomes import counts
from edge_agent.config import recorded
from edge_agent.config.settings import SiteConfig
from edge_agent.corpus.finding import as_utf8
from edge_agent.corpus.plan import DONE, FAILED, TOO_LONG, Answer, Job, Plan, Result, program
from edge_agent.corpus.second_look import look_again
from edge_agent.errors import EdgeAgentError, UsageError
from edge_agent.journal.opening import open_together
from edge_agent.journal.reader import Recording
from edge_agent.replaying.replay import replay
from edge_agent.replaying.what_if import changed
from edge_agent.sinks import CONFIG_FILE, DECISIONS_FILE

REASON = 400  # letters of a problem that are kept
TOO_MUCH_MEMORY = "more memory than a worker may have (--memory-mb)"


class _TooLong(Exception):
    """The recording's time is up."""


def work(job: Job, plan: Plan, worker: str = "") -> Answer:
    """Replay the job's recording as planned."""
    began = time.monotonic()
    try:
        _same_program(plan)
        with _files(job) as files, tempfile.TemporaryDirectory(prefix="edge-agent-corpus-") as out:
            answer = _replayed(job, files, plan, Path(out), began + plan.timeout_s)
    except _TooLong:
        answer = failed(job, TOO_LONG, f"longer than {plan.timeout_s:g} s (--timeout-s)")
    except (MemoryError, ImportError):  # a library that does not fit is not there
        answer = failed(job, FAILED, TOO_MUCH_MEMORY)
    except (EdgeAgentError, OSError) as error:
        lacks_memory = isinstance(error, OSError) and error.errno == errno.ENOMEM
        answer = failed(job, FAILED, TOO_MUCH_MEMORY if lacks_memory else str(error))
    except Exception as error:  # noqa: BLE001 - a mistake of ours in one recording must not end the others
        answer = failed(job, FAILED, f"{type(error).__name__}: {error}")
    took = round(time.monotonic() - began, 4)
    return replace(answer, result=replace(answer.result, took_s=took, worker=worker))


def _without_folders(job: Job, text: str) -> str:
    """The same wherever the files lie: a temporary folder, another machine."""
    for file in job.files:
        text = re.sub(rf"\S*/{re.escape(Path(file).name)}", Path(file).name, text)
    return as_utf8(text)


def _same_program(plan: Plan) -> None:
    if program() != plan.program:
        raise UsageError(f"this worker runs {program()}, here it is {plan.program}: install the same")


def failed(job: Job, state: str, problem: str, tries: int = 1) -> Answer:
    """The row of a recording that could not be replayed."""
    said = " ".join(_without_folders(job, problem).split())[:REASON]
    return Answer(Result(job.recording, job.sha256, job.key, state, said, job.size, tries=tries))


def _replayed(job: Job, files: tuple[Path, ...], plan: Plan, out: Path, until: float) -> Answer:
    def in_time(_: object = None) -> None:
        if time.monotonic() > until:
            raise _TooLong

    began = time.thread_time()
    recordings = open_together(files)
    sites = _sites(recordings, plan)
    looked = look_again(recordings, sites[0], plan.redetection, in_time)
    done = replay(looked.recordings, sites, out, in_time)
    cpu = time.thread_time() - began
    decisions = (out / DECISIONS_FILE).read_bytes()
    found = counts(outcomes_of_lines(done.lines()))
    result = Result(
        job.recording,
        job.sha256,
        job.key,
        DONE,
        size=job.size,
        events=done.events,
        recorded_s=round(done.elapsed / 1e9, 3),
        decisions=done.decided,
        decisions_sha256=hashlib.sha256(decisions).hexdigest(),
        statements=done.statements,
        refused=done.refused,
        outcomes=found,
        torn=tuple(_without_folders(job, torn) for torn in (*done.torn, *done.lacking)),
        boxes=looked.boxes,
        not_looked=as_utf8(looked.why_not),
        cpu_s=round(cpu, 4),
    )
    return Answer(result, decisions, (out / CONFIG_FILE).read_text("utf-8"))


@contextmanager
def _files(job: Job) -> Iterator[tuple[Path, ...]]:
    """The recording's files: where they lie, or out of the bytes that came with the job."""
    if not job.shipped:
        yield tuple(map(Path, job.files))
        return
    with tempfile.TemporaryDirectory(prefix="edge-agent-shipped-") as folder:
        files = tuple(Path(folder) / Path(file).name for file in job.files)
        for file, data in zip(files, job.shipped, strict=True):
            file.write_bytes(data)
        yield files


def _sites(recordings: Sequence[Recording], plan: Plan) -> tuple[SiteConfig, ...]:
    """Each segment's own, as `replaying.configurations` has it, or the one that is asked for."""
    text, found = plan.config_text or recordings[0].config_text, []
    if not text:
        raise UsageError(
            f"{recordings[0].path.name} holds no configuration: give one with --config SITE.yaml"
        )
    for one in recordings:
        text = plan.config_text or one.config_text or text
        found.append(_site(text, plan.settings))
    return tuple(found)


@lru_cache(maxsize=32)  # a corpus is of a few sites, and reading a configuration takes as long as a replay
def _site(text: str, settings: tuple[str, ...]) -> SiteConfig:
    return changed(recorded.from_text(text), settings)
