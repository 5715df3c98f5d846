"""`edge-agent inbox`: the platform's pages for people, and its webhooks."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from edge_agent.cli.ingest import Config, load_settings
from edge_agent.cli.logs import LogFormat, set_up
from edge_agent.errors import UsageError
from edge_agent.inbox.accounts import VIEWER, InboxAccounts, Role
from edge_agent.inbox.reviews import Reviews
from edge_agent.ingest.fanout import Fanout
from edge_agent.ingest.settings import IngestSettings
from edge_agent.ingest.store import PlatformStore

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
user = typer.Typer(add_completion=False, no_args_is_help=True, help="Who may log in.")
app.add_typer(user, name="user")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the user.")]
DEFAULT_CONFIG = Path("configs/platform.yaml")


@app.command()
def serve(
    config: Config = DEFAULT_CONFIG,
    log_format: Annotated[LogFormat, typer.Option(help="json: one object a line.")] = LogFormat.TEXT,
) -> None:
    """Serve the pages and run the webhooks. Ends on SIGTERM or Ctrl-C."""
    from edge_agent.inbox.service import Inbox  # noqa: PLC0415 - the other commands need no server

    set_up(log_format)
    settings = load_settings(config or DEFAULT_CONFIG)
    inbox = Inbox(settings)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    inbox.start()
    scheme = "https" if settings.inbox.tls else "http"
    host = f"[{settings.inbox.host}]" if ":" in settings.inbox.host else settings.inbox.host
    print(f"edge-agent inbox: {scheme}://{host}:{inbox.port}", flush=True)
    while not ended.wait(0.5) and inbox.alive:
        pass
    inbox.stop()


@user.command()
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="reviewer: may review and dispatch; viewer: may look.")] = VIEWER,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """A new user. The password is asked for here, never given on the command line."""
    from edge_agent.inbox.service import utc_us  # noqa: PLC0415 - help stays instant

    with _store(config) as (_, store):
        InboxAccounts(store.database).add(name, role, _ask(), utc_us())
        print(f"{name} may log in as {role}")


@user.command()
def password(name: Name, config: Config = DEFAULT_CONFIG) -> None:
    """Another password; whoever is logged in by that name is logged out."""
    with _store(config) as (_, store):
        InboxAccounts(store.database).change_password(name, _ask())
        print(f"{name} has another password")


@user.command()
def remove(name: Name, config: Config = DEFAULT_CONFIG) -> None:
    """No more logins; what the user reviewed stays."""
    with _store(config) as (_, store):
        InboxAccounts(store.database).remove(name)
        print(f"{name} may not log in any more")


@user.command("list")
def list_users(config: Config = DEFAULT_CONFIG) -> None:
    """All users with their roles."""
    with _store(config) as (_, store):
        for name, role in InboxAccounts(store.database).all():
            print(f"{role:<8}  {name}")


@app.command()
def reviews(
    out: Annotated[Path, typer.Argument(metavar="REVIEWS.jsonl", help="A new file.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """What people said of each statement, as `edge-agent model label-export` reads it."""
    with _store(config) as (_, store), out.open("x", encoding="utf-8") as file:
        count = 0
        for said in Reviews(store.database).newest_of_all():
            file.write(json.dumps(said, ensure_ascii=False) + "\n")
            count += 1
    print(f"{count} reviews in {out}")


@app.command()
def deliveries(
    config: Config = DEFAULT_CONFIG,
    state: Annotated[str, typer.Option(help="Only waiting, done or given_up.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The newest so many.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """What webhooks have been told, and what they have not."""
    with _store(config) as (settings, store):
        fanout = Fanout(store.database, settings.webhooks)
        for one in reversed(fanout.newest(limit, state)):
            place = one.place
            if as_json:
                print(json.dumps({**asdict(place), **{k: v for k, v in asdict(one).items() if k != "place"}}))
            else:
                where = f"{place.device} {place.epoch:.8}-{place.seq}"
                what = f"{one.state}, {one.attempts} attempts  {one.said}".rstrip()
                print(f"{one.id}  {one.hook}  {where}  {what}")
        if not as_json:
            print(", ".join(f"{count} {name}" for name, count in sorted(fanout.counts().items())) or "none")


@app.command()
def redeliver(
    hook: Annotated[str, typer.Argument(help="Its name in the configuration.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Try again, from now on, what was given up of a webhook."""
    from edge_agent.inbox.service import utc_us  # noqa: PLC0415 - help stays instant

    with _store(config) as (settings, store):
        if hook not in {known.name for known in settings.webhooks}:
            raise UsageError(f"{hook}: no webhook of that name is configured")
        print(f"{Fanout(store.database, settings.webhooks).again(hook, utc_us())} deliveries are due again")


def _ask() -> str:
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


@contextmanager
def _store(config: Path | None) -> Iterator[tuple[IngestSettings, PlatformStore]]:
    settings = load_settings(config or DEFAULT_CONFIG)
    store = PlatformStore.of(settings, serving=False)
    try:
        yield settings, store
    finally:
        store.close()
