"""A marked session: what the box saw between two moments, as one recording.

A daemon that runs has the devices: the session is a part of its own journal, marked at the beginning and at
the end. Where none runs, the devices are opened as the daemon opens them, for the time of the session;
nothing is sealed and nothing is published.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from edge_agent.compose import Agent
from edge_agent.config.settings import SiteConfig
from edge_agent.core.records import JournalSlice
from edge_agent.core.units import Ns
from edge_agent.errors import EdgeAgentError, EvidenceError, JournalError, UsageError, both
from edge_agent.evidence.disk import DirectoryLock
from edge_agent.evidence.sealable import pictures_of
from edge_agent.evidence.sealer import Order
from edge_agent.journal import slices
from edge_agent.journal.extract import Extracted, Session, extract
from edge_agent.journal.slices import MARGIN
from edge_agent.local_door import ask_journal

# The whole session stays, however long: it is what somebody asked for.
NO_QUOTA_MB = 1_000_000
END_S = 60.0
START_S = 60.0
LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Now:
    """Where a session is."""

    boot_id: str
    number: int  # of the last event
    at: Ns
    written_bytes: int
    lost_events: int
    crossings: int


@dataclass(frozen=True, slots=True)
class Made:
    """The recording of a session."""

    out: Path
    extracted: Extracted
    bytes: int
    lead_in_s: float  # recorded before the session began
    lost_events: int
    from_daemon: bool


class Recorded(Protocol):
    """Who records."""

    from_daemon: bool

    def now(self, *, flush: bool = False) -> Now | None:
        """Where it is; None: it has ended by itself."""

    def end(self) -> Path:
        """All until now is in files of this folder."""


class InDaemon:
    """The daemon that runs records anyway.

    Raises:
        UsageError: it keeps no journal, or no video where that is wanted, or this user may not read it.
    """

    from_daemon = True

    def __init__(self, site: SiteConfig, first: dict[str, Any] | None, *, video: bool) -> None:
        if first is None:
            raise UsageError(
                both(
                    "后台程序没有配置 journal.dir：没有记录可取；停止它后再用 record，或配置 journal.dir",
                    "the daemon keeps no journal: give it journal.dir, or stop it and record then",
                )
            )
        if video and not first["video"]:
            raise UsageError(
                both(
                    "后台程序没有记录视频：先配置 journal.video: true，或不用 --video",
                    "the daemon's journal has no video: set journal.video: true, or leave --video out",
                )
            )
        self._site = site
        self._folder = Path(first["folder"])
        if not _may_read(self._folder):
            raise UsageError(
                both(
                    f"当前用户无权读取 {self._folder}：请用 root（sudo）运行 record",
                    f"this user may not read {self._folder}: run record as root (sudo)",
                )
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """It goes on."""

    def now(self, *, flush: bool = False) -> Now | None:
        """As it says; None: nobody answers any more."""
        answer = ask_journal(self._site, flush=flush)
        if answer is None or answer["journal"] is None:
            return None
        return _now(answer["journal"])

    def end(self) -> Path:
        """Its journal goes on."""
        self.now(flush=True)
        return self._folder


class OnDevices:
    """The box's devices, opened for the time of the session."""

    from_daemon = False

    def __init__(self, site: SiteConfig, beside: Path, *, video: bool) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix=".edge-agent-record-", dir=beside)
        root = Path(self._folder.name)
        self._agent = _Unsealing(site, root, video=video)
        self._error: EdgeAgentError | None = None
        self._thread = threading.Thread(target=self._run, name="recording")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.end()
        finally:
            self._folder.cleanup()

    def now(self, *, flush: bool = False) -> Now | None:
        """Of the journal that is being made."""
        if not self._thread.is_alive():
            return None
        said = self._agent.journal_now(flush=flush)
        return _now(said) if said else None

    def end(self) -> Path:
        """Close the devices; the journal is whole then."""
        self._agent.stop()
        self._thread.join(END_S)
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        assert self._agent.config.journal.dir is not None
        return self._agent.config.journal.dir

    def _run(self) -> None:
        try:
            self._agent.run()
        except EdgeAgentError as error:
            self._error = error


class _Unsealing(Agent):
    """The daemon without what makes evidence of what it sees: a key and a store of its own, thrown away."""

    def __init__(self, site: SiteConfig, root: Path, *, video: bool) -> None:
        self._site = site
        store = site.evidence.store.model_copy(update={"directory": root / "evidence", "ballast_bytes": 0})
        evidence = site.evidence.model_copy(
            update={
                "key_file": root / "evidence.pem",
                "key_credential": None,
                "pkcs11": None,
                "sm2_key_file": None,
                "store": store,
            }
        )
        journal = site.journal.model_copy(
            update={"dir": root / "journal", "quota_mb": NO_QUOTA_MB, "video": video}
        )
        nobody = dict.fromkeys(("uplink", "commands", "metrics", "console"))
        super().__init__(site.model_copy(update={**nobody, "evidence": evidence, "journal": journal}))

    def recorded_as(self) -> SiteConfig:
        """The site's own configuration: a replay is made with it."""
        return self._site

    def _seal(self, order: Order) -> None:
        """Nothing is sealed."""
        self.staging.release({picture.sha256 for picture in pictures_of(order.seal)})


def who_records(site: SiteConfig, out: Path, *, video: bool) -> InDaemon | OnDevices:
    """The daemon that runs on this configuration, or else the devices themselves.

    Raises:
        UsageError: a daemon runs that does not answer, or has not what is asked for.
    """
    answer = ask_journal(site, flush=False)
    if answer is not None:
        return InDaemon(site, answer["journal"], video=video)
    _nobody_else(site.evidence.store.directory)
    return OnDevices(site, out.absolute().parent, video=video)


def begin(recorded: Recorded) -> Now:
    """Mark the beginning.

    Raises:
        JournalError: nobody records.
    """
    last = time.monotonic() + START_S
    while (now := recorded.now()) is not None and time.monotonic() < last:
        if now.boot_id:
            return now
        time.sleep(LOOK_S)  # its first event is on its way
    recorded.end()  # says what ended it, where it does
    raise JournalError("nobody records")


def finish(recorded: Recorded, begun: Now, last: Now, out: Path, note: str, *, video: bool) -> Made:
    """Mark the end, and write the recording.

    Args:
        recorded: who records.
        begun: as `begin` said.
        last: the last moment that is known, should it have ended by itself.
        out: the recording's file.
        note: of the person.
        video: with the compressed pictures that were recorded.

    Raises:
        JournalError: nothing was recorded.
    """
    now = recorded.now(flush=True)
    last = now if now is not None and now.boot_id == begun.boot_id else last
    folder = recorded.end()
    lead_in = MARGIN if recorded.from_daemon else begun.at
    wanted = JournalSlice(begun.boot_id, Ns(max(0, begun.at - lead_in)), last.at, last.number)
    found = slices.find(folder, wanted)
    done = extract(found, wanted, out, Session(begun.at, begun.number, last.at, note, video))
    return Made(
        out=out,
        extracted=done,
        bytes=out.stat().st_size,
        lead_in_s=0.0 if not recorded.from_daemon else min(lead_in, begun.at) / 1e9,
        lost_events=last.lost_events - begun.lost_events,
        from_daemon=recorded.from_daemon,
    )


def _now(said: dict[str, Any]) -> Now:
    return Now(
        said["boot_id"],
        said["number"],
        Ns(said["at"]),
        said["written_bytes"],
        said["lost_events"],
        said["crossings"],
    )


def _nobody_else(store: Path) -> None:
    """Two readers of one serial line take each other's bytes: evidence's would be among them."""
    try:
        if (store / "lock").exists():  # never made here: it would be root's, and the daemon is another user
            DirectoryLock(store).release()
    except PermissionError:
        raise UsageError(
            both(
                f"当前用户无权查看 {store}，无法判断后台程序是否在运行：请用 root（sudo）运行 record",
                f"this user may not see into {store}, and whether a daemon runs: run record as root (sudo)",
            )
        ) from None
    except EvidenceError:
        raise UsageError(
            both(
                "后台程序正在运行，但不回应当前用户：请用 root（sudo）运行 record",
                "the daemon runs and does not answer this user: run record as root (sudo)",
            )
        ) from None


def _may_read(folder: Path) -> bool:
    """All recordings that are there."""
    try:
        return all(os.access(path, os.R_OK) for path in folder.iterdir() if path.suffix == ".mcap")
    except FileNotFoundError:
        return True  # it has not begun
    except PermissionError:
        return False
