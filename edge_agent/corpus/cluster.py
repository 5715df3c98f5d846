"""A Dask cluster that replays recordings, where one machine is not enough (extra `cluster`).

Dask sends pickles: whoever may speak to its scheduler may run any program on every worker, and a worker on
whoever asked it. It is trusted like a shell: its address is this machine's, or is spoken to with TLS.
"""

from __future__ import annotations

import logging
import tempfile
import time
import warnings
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent.corpus.address import TlsFiles
from edge_agent.corpus.plan import DIED, FAILED, TOO_LONG, Answer, Job, Plan, program
from edge_agent.corpus.work import failed, work
from edge_agent.errors import DeviceError, UsageError

if TYPE_CHECKING:
    from distributed import Client, Future, Security

AHEAD = 2  # jobs for each thread of the cluster: none waits for the next one to arrive
TICK_S = 1  # so often it is asked whether the cluster is still there
AWAY_S = 60  # without a scheduler or any worker for so long: the run ends, and can be gone on with
GRACE_S = 30
CONNECT_S = 15
MB = 1_000_000


class Cluster:
    """The workers of a scheduler."""

    def __init__(self, address: str, tls: TlsFiles | None = None, *, ship_mb: int = 0) -> None:
        """Nothing is connected yet.

        Args:
            address: as `checked_address` gives it.
            tls: for tls://.
            ship_mb: recordings up to this size are sent along; 0: workers read them where they lie.
        """
        self.name = f"Dask at {address}"
        self._address = address
        self._tls = tls
        self._ship = ship_mb * MB

    def answers(self, jobs: Iterable[Job], plan: Plan) -> Generator[Answer, None, None]:
        """One answer for each job, in the order in which they are done; jobs are taken as they are needed.

        Raises:
            UsageError: nobody is there, the workers run another program, or they do not see the recordings.
            DeviceError: the cluster went away.
        """
        with self._client() as client:
            yield from _Running(client, plan, self._ship).answers(iter(jobs))

    @contextmanager
    def _client(self) -> Iterator[Client]:
        try:
            from distributed import Client  # noqa: PLC0415 - extra `cluster`
            from distributed.versions import VersionMismatchWarning  # noqa: PLC0415 - same
        except ImportError:
            raise UsageError(
                "a cluster needs the extra `cluster`: pip install 'edge-agent[cluster]'"
            ) from None
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what goes wrong is said by us
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", VersionMismatchWarning)  # `_same_versions` says it
                client = Client(self._address, timeout=CONNECT_S, security=self._security())
        except (OSError, ValueError) as error:
            raise UsageError(f"--scheduler {self._address}: {error}") from None
        with client:
            yield client

    def _security(self) -> Security | None:
        from distributed import Security  # noqa: PLC0415 - extra `cluster`

        if self._tls is None:
            return None
        for file in (self._tls.ca, self._tls.cert, self._tls.key):
            if not file.is_file():
                raise UsageError(f"{file}: no such file")
        return Security(
            require_encryption=True,
            tls_ca_file=str(self._tls.ca),
            tls_client_cert=str(self._tls.cert),
            tls_client_key=str(self._tls.key),
        )


class _NotSent(Exception):
    """A recording stays here."""


@dataclass(slots=True)
class _Running:
    """One run: what is out, and since when."""

    client: Client
    plan: Plan
    ship: int
    out: dict[Future[Answer], tuple[Job, float]] = field(default_factory=dict)
    threads: int = 0  # of all workers, when they were last asked for
    asked_at: float = float("-inf")
    there_at: float = field(default_factory=time.monotonic)  # when there was last somebody

    def answers(self, jobs: Iterator[Job]) -> Iterator[Answer]:
        self._same_versions()
        checked = False
        more = True
        while more or self.out:
            self._look()
            while more and len(self.out) < AHEAD * max(1, self.threads):
                job = next(jobs, None)
                if job is None:
                    more = False
                    break
                if not checked and not self.ship and _exists(job.files[0]):
                    self._seen_by_all(job)
                    checked = True
                try:
                    self._submit(self._packed(job) if self.ship else job)
                except _NotSent as why:
                    yield failed(job, FAILED, str(why))
            yield from self._done()

    def _packed(self, job: Job) -> Job:
        """With its bytes."""
        if job.size > self.ship:
            raise _NotSent(f"{job.size // MB} MB are more than is sent along (--ship-mb)")
        try:
            return replace(job, shipped=tuple(Path(file).read_bytes() for file in job.files))
        except OSError as error:
            raise _NotSent(f"{error.filename}: {error.strerror}") from None

    def _submit(self, job: Job) -> None:
        with warnings.catch_warnings():
            # It is large because the recording is; a scattered copy would die with the worker that holds it.
            warnings.filterwarnings("ignore", message="Sending large graph", category=UserWarning)
            future = self.client.submit(_work, job, self.plan, pure=False)
        self.out[future] = (replace(job, shipped=()), time.monotonic())

    def _done(self) -> Iterator[Answer]:
        from concurrent.futures import CancelledError  # noqa: PLC0415 - beside the library that raises it

        from distributed import wait  # noqa: PLC0415 - extra `cluster`

        try:
            done = (
                wait(list(self.out), timeout=TICK_S, return_when="FIRST_COMPLETED").done if self.out else ()
            )
        except TimeoutError:
            done = set()
        except CancelledError:  # the scheduler has forgotten what it was asked for
            raise DeviceError(_gone("the scheduler is gone")) from None
        for future in done:
            job, _ = self.out.pop(future)
            yield self._answer(future, job)
        longest = AHEAD * self.plan.timeout_s + GRACE_S
        for future, (job, since) in list(self.out.items()):
            if time.monotonic() - since > longest:
                del self.out[future]
                future.cancel()
                yield failed(job, TOO_LONG, f"no answer for {longest:g} s (--timeout-s)")

    def _answer(self, future: Future[Answer], job: Job) -> Answer:
        from distributed import KilledWorker  # noqa: PLC0415 - extra `cluster`

        try:
            answer: Answer = future.result()
        except KilledWorker as error:
            tries = error.allowed_failures + 1
            return failed(job, DIED, f"the worker that had it died, {tries} times", tries)
        except Exception as error:  # noqa: BLE001 - whatever the worker's library could not do
            return failed(job, FAILED, f"{type(error).__name__}: {error}")
        return answer

    def _look(self) -> None:
        """Who is there, once a tick: workers may join, and all of them may go."""
        now = time.monotonic()
        if now - self.asked_at < TICK_S:
            return
        self.asked_at = now
        self.threads = self._threads()
        if self.threads:
            self.there_at = now
        elif now - self.there_at > AWAY_S:
            raise DeviceError(_gone(f"no scheduler or no worker for {AWAY_S} s"))

    def _threads(self) -> int:
        if self.client.status != "running":
            return 0
        try:
            workers: dict[str, Any] = self.client.scheduler_info(n_workers=-1)["workers"]
        except OSError:  # the line broke while it was asked
            return 0
        return sum(int(worker["nthreads"]) for worker in workers.values())

    def _same_versions(self) -> None:
        """Every worker runs this program, on the same libraries."""
        from distributed.versions import error_message  # noqa: PLC0415 - extra `cluster`

        self._look()
        if not self.threads:
            raise UsageError(
                "the scheduler has no worker: start some with `dask worker ADDRESS --nthreads 1`"
            )
        found = self.client.get_versions()
        said = error_message(found["scheduler"], found["workers"], found["client"])["warning"]
        if said:
            raise UsageError(f"the cluster has other libraries than this machine: install the same\n{said}")
        for name, there in self.client.run(program, on_error="return").items():
            if isinstance(there, Exception):
                raise UsageError(
                    f"worker {name}: {type(there).__name__}: {there}; is edge-agent installed there?"
                )
            if there != self.plan.program:
                raise UsageError(
                    f"worker {name} runs {there}, here it is {self.plan.program}: install the same"
                )

    def _seen_by_all(self, job: Job) -> None:
        for name, seen in self.client.run(_exists, job.files[0], on_error="return").items():
            if seen is not True:
                raise UsageError(f"worker {name} does not see {job.files[0]}: share the folder, or --ship")


def _gone(why: str) -> str:
    return f"{why}: what is done is kept, the same command goes on from there"


def _exists(file: str) -> bool:
    return Path(file).exists()


def _work(job: Job, plan: Plan) -> Answer:
    """As the pool's processes do, on a worker of the cluster."""
    from distributed import get_worker  # noqa: PLC0415 - extra `cluster`

    worker = get_worker()
    tempfile.tempdir = worker.local_directory  # Dask removes it, of a worker that was killed as well
    return work(job, plan, str(worker.address))
