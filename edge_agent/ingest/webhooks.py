"""Tells other systems: a thread for each hook, so that none waits for another's dead receiver."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import ssl
import stat
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx

from edge_agent.errors import EdgeAgentError, UsageError, VerificationError
from edge_agent.evidence import dsse
from edge_agent.evidence.statement import parse
from edge_agent.ingest.fanout import Delivery, Fanout
from edge_agent.ingest.settings_outward import WebhookSettings
from edge_agent.ingest.store import PlatformStore
from edge_agent.ingest.webhook_body import ReadFile, body

log = logging.getLogger(__name__)
# Says each address in full, and there are receivers whose key is in it.
logging.getLogger("httpx").setLevel(logging.WARNING)

S_US = 1_000_000
DAY_US = 24 * 3600 * S_US
FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 3600.0
LONGEST_RETRY_AFTER_S = 24 * 3600.0
IDLE_S = 2.0
MAX_TOKEN = 4096


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one attempt."""

    taken: bool
    said: str
    retry_after_s: float | None = None


class Post:
    """One hook's address, over TLS that is verified; redirects, proxies and cookies are not followed.

    Raises:
        UsageError: its address, token or authority cannot be used.
    """

    def __init__(self, hook: WebhookSettings) -> None:
        self._hook = hook
        self._headers = {"content-type": "application/json", "user-agent": "edge-agent"}
        if hook.token_file is not None:
            self._headers["authorization"] = f"Bearer {_read_token(hook.token_file)}"
        try:
            self._url = httpx.URL(hook.url)
        except httpx.InvalidURL as error:
            raise UsageError(f"webhook {hook.name}: url: {error}") from error
        try:
            self._tls = ssl.create_default_context(cafile=hook.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(f"webhook {hook.name}: ca_file {hook.ca_file}: {error}") from error

    def __call__(self, content: bytes, delivery_id: str) -> Answer:
        """Post once."""
        return asyncio.run(self._post(content, {**self._headers, "x-delivery-id": delivery_id}))

    async def _post(self, content: bytes, headers: dict[str, str]) -> Answer:
        # A time limit for each read alone would let a receiver that drips hold the hook up for ever.
        try:
            async with (
                asyncio.timeout(self._hook.timeout_s),
                httpx.AsyncClient(verify=self._tls, trust_env=False, timeout=None) as client,  # noqa: S113 - the line above is for all of it
                client.stream(
                    "POST", self._url, content=content, headers=headers, follow_redirects=False
                ) as response,
            ):
                # The status says it all: a body of any size is left unread.
                asked = retry_after_s(response.headers, time.time())
                return Answer(response.is_success, f"HTTP {response.status_code}", asked)
        except TimeoutError:
            return Answer(taken=False, said=f"no answer within {self._hook.timeout_s:g} s")
        except httpx.HTTPError as error:
            return Answer(taken=False, said=f"{type(error).__name__}: {error}")


class Webhooks:
    """Runs until stopped. A fault of the database ends nothing: it is tried again.

    Args:
        hooks: who is told.
        fanout: their rows.
        store: statements, and where alarms go.
        read: an attachment's bytes.
        public_url: of the inbox; empty for no links.
        utc_us: now.
    """

    def __init__(
        self,
        hooks: Sequence[WebhookSettings],
        fanout: Fanout,
        store: PlatformStore,
        read: ReadFile,
        public_url: str,
        utc_us: Callable[[], int],
    ) -> None:
        self._hooks = {hook.name: hook for hook in hooks}
        self._posts = {hook.name: Post(hook) for hook in hooks}
        self._fanout = fanout
        self._store = store
        self._read = read
        self._public_url = public_url
        self._utc_us = utc_us
        self._leave_alone_until_us = dict.fromkeys(self._hooks, 0)  # each hook's thread its own
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(name,), name=f"webhook-{name}", daemon=True)
            for name in self._hooks
        ]

    def start(self) -> None:
        """Begin to tell."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish the attempts in hand, then end."""
        self._stopping.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=130)

    def _run(self, hook: str) -> None:
        while not self._stopping.is_set():
            try:
                busy = self.step(hook)
            except EdgeAgentError as error:
                log.warning("webhooks: %s", error)
                busy = False
            except Exception:  # top of a thread: a bug must be seen, and must not silence all hooks
                log.exception("bug")
                busy = False
            if not busy:
                self._stopping.wait(IDLE_S)

    def step(self, hook: str) -> bool:
        """Take what is new for all hooks, make one attempt for this one; whether there was anything to do.

        Raises:
            StoreFault: the database failed; what was not concluded is due again later.
        """
        new = self._fanout.take_fresh(self._utc_us())
        if self._utc_us() < self._leave_alone_until_us[hook]:
            return new > 0
        attempt = self._fanout.claim(hook, self._utc_us())
        if attempt is not None:
            self._attempt(attempt)
        return new > 0 or attempt is not None

    def _attempt(self, attempt: Delivery) -> None:
        hook = self._hooks[attempt.hook]
        try:
            content = self._content(hook, attempt)
        except (VerificationError, UsageError) as error:
            answer = Answer(taken=False, said=str(error))
        else:
            answer = self._posts[hook.name](content, attempt.id)
        now_us = self._utc_us()
        if answer.taken:
            self._fanout.delivered(attempt, answer.said, now_us)
            return
        log.warning(
            "webhook %s, delivery %s, attempt %d: %s", hook.name, attempt.id, attempt.attempts, answer.said
        )
        if answer.retry_after_s is not None:
            self._leave_alone_until_us[hook.name] = now_us + round(answer.retry_after_s * S_US)
        chance = random.random()  # noqa: S311 - spreads attempts in time, hides nothing
        wait_us = round(wait_s(attempt.attempts, answer.retry_after_s, chance) * S_US)
        if now_us + wait_us >= attempt.made_utc_us + hook.give_up_days * DAY_US:
            place = attempt.place
            where = f"hook {hook.name}, epoch {place.epoch} seq {place.seq}"
            detail = f"{where}, {attempt.attempts} attempts: {answer.said}"
            self._store.alarm(place.device, "webhook_given_up", detail, now_us)
            self._fanout.given_up(attempt, answer.said, now_us)
        else:
            self._fanout.failed(attempt, answer.said, now_us + wait_us)

    def _content(self, hook: WebhookSettings, attempt: Delivery) -> bytes:
        stored, envelope = self._store.get(attempt.place), self._store.envelope(attempt.place)
        if stored is None or envelope is None:
            raise UsageError("the statement is not here any more")
        told = body(
            hook,
            attempt,
            parse(dsse.decode(envelope)[1]),
            payload_sha256=stored.payload_sha256,
            envelope=envelope,
            public_url=self._public_url,
            read=self._read,
        )
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def wait_s(attempts: int, retry_after: float | None, chance: float) -> float:
    """Until the next attempt: full jitter below a doubling bound, but not before the receiver asked for.

    >>> wait_s(1, None, 1.0), wait_s(3, None, 0.5), wait_s(99, None, 1.0), wait_s(1, 60, 0.0)
    (5.0, 10.0, 3600.0, 60)
    """
    bound = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(attempts - 1, 30))
    return max(chance * bound, retry_after or 0.0)


def retry_after_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """How long the receiver asks to be left alone: seconds or a date (RFC 9110, 10.2.3), a day at most."""
    said = headers.get("retry-after", "").strip()
    if not said:
        return None
    if said.isascii() and said.isdigit():
        return min(float(said[:9]), LONGEST_RETRY_AFTER_S)
    try:
        asked = parsedate_to_datetime(said).timestamp() - now_s
    except (ValueError, OverflowError):
        return None
    return min(max(asked, 0.0), LONGEST_RETRY_AFTER_S)


def _read_token(path: Path) -> str:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            token = file.read(MAX_TOKEN).decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"token_file {path}: {error}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise UsageError(f"token_file {path}: others may read it; chmod 600 it")
    if not token or not token.isprintable():
        raise UsageError(f"token_file {path}: holds no token")
    return token
