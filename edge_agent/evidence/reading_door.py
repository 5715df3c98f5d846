"""The daemon's door for whoever wants to look into its store: a socket beside it, for its own user and root.

    {"ask": "newest_of_kind", "values": [9223372036854775807, "composite"]}   ->   [[12, "...", ...], ...]

One question a connection. What may be asked is in `questions`: no SQL comes through, nothing that writes.
It is a part of the store, beside which it is found; the daemon as a whole is asked through `local_door`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge_agent.errors import EvidenceError, UsageError
from edge_agent.evidence.questions import Ask, Row, Value
from edge_agent.local_socket import connect, listen
from edge_agent.progress import IDLE_S, Pulse

log = logging.getLogger(__name__)

MAX_QUESTION = 4096
MAX_ANSWER = 64 * 1024 * 1024
# A seal on a slow disk comes first.
WAIT_S = 15.0
# Whoever has the door open must ask: the next one waits.
IMPATIENCE_S = 2.0
LOOK_UP_S = IDLE_S / 4
LONGEST_ROUND_S = 60


def door_of(store_directory: Path) -> Path:
    """Where the daemon listens, beside its evidence store."""
    return store_directory.parent / "evidence.sock"


class ReadingDoor:
    """Answers questions until it is stopped. Without a door the box works as well.

    Args:
        path: of the socket.
        ask: answers them.
    """

    def __init__(self, path: Path, ask: Ask) -> None:
        self._path = path
        self._ask = ask
        self._socket: socket.socket | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="reading", daemon=True)
        self.pulse = Pulse("reading", LONGEST_ROUND_S)

    def start(self) -> None:
        """Open the door, if the file system has it."""
        try:
            self._socket = listen(self._path, backlog=8)
        except OSError as error:
            log.warning("nobody can look into the store from outside: %s: %s", self._path, error)
            return
        self._socket.settimeout(LOOK_UP_S)
        self._thread.start()

    def stop(self) -> None:
        """Close it."""
        if self._socket is None:
            return
        self._stop.set()
        self._thread.join()
        self._socket.close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _work(self) -> None:
        assert self._socket is not None
        with self.pulse:
            while not self._stop.is_set():
                self.pulse.beat()
                try:
                    guest, _ = self._socket.accept()
                except TimeoutError:
                    continue
                except OSError as error:  # no file descriptor is left, say
                    log.warning("nobody can be let in just now: %s", error)
                    self._stop.wait(LOOK_UP_S)
                    continue
                with guest:
                    self._serve(guest)

    def _serve(self, guest: socket.socket) -> None:
        try:
            answer = self.answer(_question_of(guest))
            guest.settimeout(IMPATIENCE_S)
            guest.sendall(answer)
        except OSError as error:  # he went away
            log.debug("a question was not answered: %s", error)
        except Exception:  # the box works as well without
            log.exception("a question was not answered")

    def answer(self, line: bytes) -> bytes:
        """What is sent back for what came in, whatever that is."""
        try:
            asked = json.loads(line)
            rows = self._ask(asked["ask"], [_unpacked(value) for value in asked["values"]])
        except (EvidenceError, UsageError) as error:
            return json.dumps({"error": str(error)}).encode()
        except (ValueError, KeyError, TypeError, RecursionError):
            return json.dumps({"error": "that is no question"}).encode()
        return json.dumps([[_packed(value) for value in row] for row in rows]).encode()


def ask_daemon(door: Path) -> Ask:
    """Asks the daemon behind a door."""

    def ask(name: str, values: Sequence[Value]) -> list[Row]:
        question = json.dumps({"ask": name, "values": [_packed(value) for value in values]})
        try:
            answer = _exchange(door, question.encode() + b"\n")
            rows = json.loads(answer)
        except (FileNotFoundError, ConnectionError, TimeoutError, ValueError) as error:
            raise UsageError(
                f"{door}: a process has the store open and does not answer ({error}); try again in a minute"
            ) from error
        if isinstance(rows, dict):
            raise UsageError(str(rows.get("error")))
        return [tuple(_unpacked(value) for value in row) for row in rows]

    return ask


def _exchange(door: Path, question: bytes) -> bytes:
    with connect(door, WAIT_S) as caller:
        caller.sendall(question)
        answer = b"".join(iter(lambda: caller.recv(1 << 20), b""))
    if len(answer) > MAX_ANSWER:
        raise ValueError("a very long answer")
    return answer


def _question_of(guest: socket.socket) -> bytes:
    """His line. Raises OSError: he takes too long for it, however steadily it comes."""
    until_s = time.monotonic() + IMPATIENCE_S
    said = b""
    while b"\n" not in said and len(said) < MAX_QUESTION:
        guest.settimeout(max(0.001, until_s - time.monotonic()))
        part = guest.recv(MAX_QUESTION)
        if not part:
            break
        said += part
    return said.partition(b"\n")[0]


def _packed(value: Value) -> Any:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _unpacked(value: Any) -> Value:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value
