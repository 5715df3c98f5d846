"""`edge-agent inbox serve`: pages for people, webhooks for systems, in one process beside the ingest."""

from __future__ import annotations

import time
from collections.abc import Callable

from edge_agent.inbox.accounts import REVIEWER, InboxAccounts
from edge_agent.inbox.lists import Lists
from edge_agent.inbox.one import One
from edge_agent.inbox.sites import Sites
from edge_agent.inbox.texts import TEXTS
from edge_agent.ingest.fanout import Fanout
from edge_agent.ingest.keepers import attachment_reader
from edge_agent.ingest.settings import IngestSettings
from edge_agent.ingest.store import PlatformStore
from edge_agent.ingest.webhooks import Webhooks
from edge_agent.web.armour import Armour
from edge_agent.web.gate import Gate
from edge_agent.web.look import Look
from edge_agent.web.server import HttpServer

STATEMENT = "/statement/{device}/{epoch}/{seq}"


def utc_us() -> int:
    """Microseconds of UTC."""
    return time.time_ns() // 1000


class Inbox:
    """Start it, stop it.

    Args:
        settings: of the platform.
        now_us: microseconds of UTC.
    """

    def __init__(self, settings: IngestSettings, now_us: Callable[[], int] = utc_us) -> None:
        self._store = PlatformStore.of(settings, serving=False)
        files = attachment_reader(settings, self._store)
        fanout = Fanout(self._store.database, settings.webhooks)
        served = settings.inbox
        look, sites = Look("edge_agent.inbox", TEXTS, "inbox.css"), Sites(served.sites_dir)
        lists = Lists(look, self._store, fanout, sites)
        one = One(look, settings, self._store, files, fanout, sites, now_us)
        gate = Gate(
            "edge-agent-inbox",
            InboxAccounts(self._store.database),
            look,
            secure=served.secure,
            behind_proxy=served.behind_proxy,
            now_s=lambda: now_us() / 1_000_000,
        )
        self._webhooks = Webhooks(
            settings.webhooks, fanout, self._store, files.read, served.public_url, now_us
        )
        self._server = HttpServer(
            [
                look.files.route(),
                *gate.routes(),
                gate.page("/", lists.index),
                gate.page("/attention", lists.attention),
                gate.page(STATEMENT, one.show),
                gate.page(f"{STATEMENT}/file/{{sha256}}", one.file),
                gate.page(f"{STATEMENT}/bundle", one.bundle),
                gate.page(f"{STATEMENT}/review", one.review, method="POST", role=REVIEWER),
                gate.page(f"{STATEMENT}/dispatch", one.dispatch, method="POST", role=REVIEWER),
                gate.elsewhere(),
            ],
            served.host,
            served.port,
            tls=served.tls,
            around=lambda app: Armour(app, secure=served.secure),
        )

    @property
    def port(self) -> int:
        """That is listened on, once started."""
        return self._server.port

    @property
    def alive(self) -> bool:
        """Whether it serves."""
        return self._server.alive

    def start(self) -> None:
        """Serve, and tell. Raises DeviceError when the address or the certificate cannot be used."""
        self._server.start()
        self._webhooks.start()

    def stop(self) -> None:
        """End both; what was not told is told by the next process."""
        self._server.stop()
        self._webhooks.stop()
        self._store.close()
