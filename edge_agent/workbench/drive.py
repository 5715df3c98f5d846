"""Starts the child that holds Ultralytics, passes its progress on, and says in words what went wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from edge_agent.errors import EdgeAgentError, UsageError
from edge_agent.workbench.offline import FORGOTTEN, QUIET

PYTHON = "EDGE_AGENT_TRAIN_PYTHON"
MAX_LINE = 1_000_000
ROOT = Path(__file__).resolve().parents[2]  # where the package lies

Progress = Callable[[dict[str, Any]], None]


class WorkbenchError(EdgeAgentError):
    """Training, validation or export failed."""


def python() -> str:
    """The Python that has the extra `train`: the one that runs, or another that the environment names."""
    return os.environ.get(PYTHON) or sys.executable


def must_have_ultralytics() -> None:
    """Say at once what is missing.

    Raises:
        UsageError: that Python has no Ultralytics.
    """
    find = "import importlib.util, sys; sys.exit(importlib.util.find_spec('ultralytics') is None)"
    try:
        found = subprocess.run([python(), "-c", find], check=False, capture_output=True).returncode == 0  # noqa: S603 our own words
    except OSError as problem:
        raise UsageError(f"{python()}: {problem.strerror}; mend {PYTHON}") from problem
    if not found:
        raise UsageError(
            f"{python()} has no Ultralytics: pip install 'edge-agent[train]' (several GB), "
            f"or name a Python that has it in {PYTHON}"
        )


def carry_out(request: dict[str, Any], log: Path, progress: Progress = lambda _: None) -> dict[str, Any]:
    """One request, in a process of its own: no network, no account, settings thrown away afterwards.

    Args:
        request: see `child`.
        log: what the libraries print goes there.
        progress: told each event of the child.

    Returns:
        The child's result.

    Raises:
        UsageError: Ultralytics is not installed.
        WorkbenchError: it failed; the message names the log.
    """
    must_have_ultralytics()
    with tempfile.TemporaryDirectory(prefix="edge-agent-workbench-") as own, log.open("wb") as stream:
        child = subprocess.Popen(  # noqa: S603 our own module
            [python(), "-m", "edge_agent.workbench.child"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stream, env=_environment(own),
        )  # fmt: skip
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write(json.dumps(request).encode())
            child.stdin.close()
            last = _last_event(child.stdout, progress)
            child.wait()
        except BrokenPipeError:
            last = {}
        finally:
            child.kill()
            child.wait()
            child.stdout.close()
    if last.get("event") != "done":
        reason = last.get("reason") or f"the child ended with status {child.returncode}"
        raise WorkbenchError(f"{request['task']} failed: {reason}; its log is {log}")
    result: dict[str, Any] = last["result"]
    return result


def _environment(own: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in FORGOTTEN}
    path = os.pathsep.join(filter(None, [str(ROOT), kept.get("PYTHONPATH")]))
    return {**kept, **QUIET, "YOLO_CONFIG_DIR": own, "MPLCONFIGDIR": own, "PYTHONPATH": path}


def _last_event(lines: IO[bytes], progress: Progress) -> dict[str, Any]:
    last: dict[str, Any] = {}
    for event in _events(lines):
        last = event
        progress(event)
    return last


def _events(lines: IO[bytes]) -> Iterator[dict[str, Any]]:
    while line := lines.readline(MAX_LINE):
        event = json.loads(line)
        if isinstance(event, dict):
            yield event
