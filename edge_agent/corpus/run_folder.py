"""Where a run keeps what came of each recording, and from which it goes on after it was interrupted.

RUN/run.json                        what was asked, of which folder
RUN/recordings/NAME/result.json     one recording's row; written last, by its final name at once
RUN/recordings/NAME/decisions.jsonl, config.yaml   as `replay` leaves them, for `edge-agent diff`
RUN/summary.json                    all of it together, when the run has ended
RUN/work/                           temporary files; none when no run is at work
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from edge_agent.corpus.plan import DONE, Answer, Result, key_of
from edge_agent.errors import UsageError
from edge_agent.sinks import CONFIG_FILE, DECISIONS_FILE

RESULT = "result.json"
SUMMARY = "summary.json"

_RESULT: TypeAdapter[Result] = TypeAdapter(Result)


class RunFolder:
    """A run's folder. One process at a time writes in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def opened(self, asked: dict[str, Any]) -> Iterator[None]:
        """Ours, until this ends.

        Args:
            asked: what this run is of; its `folder` must be that of an earlier run here.

        Raises:
            UsageError: it holds something else, or another process works here.
        """
        note = self.path / "run.json"
        if self.path.exists() and not note.exists() and any(self.path.iterdir()):
            raise UsageError(f"{self.path} is not empty and no run of a corpus: give another --out")
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise UsageError(f"{self.path}: another `corpus run` works here") from None
            before = _read_json(note).get("folder", asked["folder"]) if note.exists() else asked["folder"]
            if before != asked["folder"]:
                raise UsageError(f"{self.path} holds a run of {before}: give another --out")
            write(note, json.dumps(asked, ensure_ascii=False, indent=1))
            (self.path / SUMMARY).unlink(missing_ok=True)
            self._clear_work()  # of a run that was killed
            self.work.mkdir(exist_ok=True)
            try:
                yield
            finally:
                self._clear_work()

    @property
    def work(self) -> Path:
        """Where temporary files of whoever works are, while it is opened."""
        return self.path / "work"

    @property
    def whole(self) -> bool:
        """The last run here came to its end and reached every recording."""
        file = self.path / SUMMARY
        return file.is_file() and _read_json(file).get("left") == 0

    def asked(self) -> dict[str, Any]:
        """What the run is of.

        Raises:
            UsageError: this is no run's folder.
        """
        note = self.path / "run.json"
        if not note.is_file():
            raise UsageError(
                f"{self.path}: no run of a corpus (`edge-agent corpus run FOLDER --out {self.path}`)"
            )
        return _read_json(note)

    def taken_over(self, recording: str, key: str) -> Result | None:
        """What came of the recording when the same was asked before; None: it must be done."""
        found = self.result(recording)
        if found is None or found.key != key or found.state != DONE:
            return None
        return found if self._whole(found) else None

    def result(self, recording: str) -> Result | None:
        """A recording's row, if there is one that can be read."""
        try:
            return _RESULT.validate_json((self._place(recording) / RESULT).read_bytes())
        except (OSError, ValidationError):
            return None

    def results(self) -> list[Result]:
        """Every row of what was asked last, by recording; those of before are none of its.

        Raises:
            UsageError: this is no run's folder.
        """
        plan = str(self.asked().get("plan"))
        rows = (self.result(name) for name in sorted(self._names()))
        return [row for row in rows if row is not None and row.key == key_of(row.sha256, plan)]

    def keep_only(self, recordings: set[str]) -> None:
        """Forget what came of recordings that are there no more."""
        for name in self._names() - recordings:
            for file in (RESULT, DECISIONS_FILE, CONFIG_FILE):
                (self._place(name) / file).unlink(missing_ok=True)
            self._without_empty_folders(self._place(name))

    def decisions(self, recording: str) -> list[str]:
        """Lines of the recording's decisions.jsonl; none where it was not done."""
        file = self._place(recording) / DECISIONS_FILE
        return file.read_text("utf-8").splitlines() if file.exists() else []

    def config_text(self, recording: str) -> str:
        """The configuration that the recording was replayed with; empty where it was not done."""
        file = self._place(recording) / CONFIG_FILE
        return file.read_text("utf-8") if file.exists() else ""

    def put(self, answer: Answer) -> None:
        """Keep what came of a recording; after a kill there is all of it or none."""
        place = self._place(answer.result.recording)
        place.mkdir(parents=True, exist_ok=True)
        for name in (RESULT, DECISIONS_FILE, CONFIG_FILE):
            (place / name).unlink(missing_ok=True)
        if answer.result.state == DONE:
            (place / DECISIONS_FILE).write_bytes(answer.decisions)
            (place / CONFIG_FILE).write_text(answer.config, encoding="utf-8")
        write(place / RESULT, json.dumps(asdict(answer.result), ensure_ascii=False, indent=1))

    def _names(self) -> set[str]:
        root = self.path / "recordings"
        return {file.parent.relative_to(root).as_posix() for file in root.rglob(RESULT)}

    def _without_empty_folders(self, place: Path) -> None:
        """Others' results may lie below: a journal's folder can hold folders with recordings."""
        while place != self.path / "recordings" and not any(place.iterdir()):
            place.rmdir()
            place = place.parent

    def _clear_work(self) -> None:
        shutil.rmtree(self.work, ignore_errors=True)

    def _place(self, recording: str) -> Path:
        return self.path / "recordings" / recording

    def _whole(self, row: Result) -> bool:
        try:
            data = (self._place(row.recording) / DECISIONS_FILE).read_bytes()
        except OSError:
            return False
        return hashlib.sha256(data).hexdigest() == row.decisions_sha256


def write(file: Path, text: str) -> None:
    """A whole file, or the one before."""
    part = file.with_name(f".{file.name}.part")
    # A file's name that is no UTF-8 becomes an escape, as JSON has it.
    part.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
    part.replace(file)


def _read_json(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from None
    if not isinstance(data, dict):
        raise UsageError(f"{file} is not what a run writes")
    return data
