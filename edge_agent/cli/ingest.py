"""`edge-agent ingest`: the platform's side. Serve; look at what has come in; hand it on."""

from __future__ import annotations

import json
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge_agent.cli.logs import LogFormat, set_up
from edge_agent.errors import DatabaseAway, UsageError
from edge_agent.evidence import dsse
from edge_agent.evidence.statement import Kind, Statement, parse
from edge_agent.ingest.db import FILE_NAME
from edge_agent.ingest.settings import IngestSettings
from edge_agent.ingest.store import PlatformStore, Stored
from edge_agent.ingest.summary import About, about, in_words

if TYPE_CHECKING:
    from edge_agent.ingest.service import Ingest
    from edge_agent.web.server import HttpServer

app = typer.Typer(add_completion=False, invoke_without_command=True)

Config = Annotated[Path | None, typer.Option(metavar="PLATFORM.yaml", help="See configs/platform.yaml.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
DEFAULT_CONFIG = Path("configs/platform.yaml")
LIMIT = 10_000
DATABASE_AGAIN_S = 1.0


@app.callback()
def main(
    context: typer.Context,
    config: Config = None,
    log_format: Annotated[LogFormat, typer.Option(help="json: one object a line.")] = LogFormat.TEXT,
) -> None:
    """Serve: verify what the boxes send, store it durably, sign receipts. Ends on SIGTERM or Ctrl-C."""
    context.obj = config  # `ingest --config X list` means the same as `ingest list --config X`
    if context.invoked_subcommand is None:
        set_up(log_format)
        raise typer.Exit(serve(load_settings(config or DEFAULT_CONFIG)))


def serve(settings: IngestSettings) -> int:
    """Until told to end; 1 when it ended by itself."""
    from edge_agent.ingest.service import Ingest  # noqa: PLC0415 - the other commands need no broker

    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    ingest = _waited_for(lambda: Ingest(settings), ended)
    if ingest is None:
        return 0
    page = _metrics(settings, ingest)
    ingest.start()
    if page:
        page.start()
    print(f"edge-agent ingest: tenant {settings.tenant}, receipt key {ingest.receipt_key.keyid}", flush=True)
    while not ended.wait(0.5) and ingest.fault is None:
        pass
    if page:
        page.stop()
    ingest.stop()
    print(json.dumps(ingest.stats.as_dict()))
    return 0 if ingest.fault is None else 1


def _waited_for(make: Callable[[], Ingest], ended: threading.Event) -> Ingest | None:
    """PostgreSQL may be starting as we are; None when told to end meanwhile."""
    while True:
        try:
            return make()
        except DatabaseAway as error:
            logging.getLogger(__name__).warning("%s", error)
            if ended.wait(DATABASE_AGAIN_S):
                return None


def _metrics(settings: IngestSettings, ingest: Ingest) -> HttpServer | None:
    if settings.metrics is None:
        return None
    from edge_agent.ingest.metrics import registry_of  # noqa: PLC0415 - only where it is served
    from edge_agent.web.exposition import metrics_server  # noqa: PLC0415 - same

    return metrics_server(settings.metrics, registry_of(lambda: ingest.stats, lambda: ingest.subscribed))


@app.command("list")
def list_statements(
    context: typer.Context,
    config: Config = None,
    device: Annotated[str, typer.Option(help="Only of this box.")] = "",
    kind: Annotated[Kind | None, typer.Option(help="Only of this kind.", metavar="KIND")] = None,
    limit: Annotated[int, typer.Option(min=1, max=LIMIT, help="The newest so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Statements as stored, newest last, then what a person must look at."""
    with _store(context, config) as (_, store):
        for stored in reversed(store.newest(device, limit, kind.value if kind else "")):
            found = about(_statement(store, stored))
            print(json.dumps(_row(stored) | {"about": found}) if as_json else _line(stored, found))
        if not as_json:
            for name, reason in store.frozen():
                print(f"FROZEN   {name}: {reason}")
            for _, name, what, detail in store.alarms(10):
                print(f"ALARM    {name}: {what}: {detail}")
            for _, name, reason in store.refusals(10):
                print(f"REFUSED  {name}: {reason}")


@app.command()
def show(
    context: typer.Context,
    packet_id: Annotated[str, typer.Argument(help="As `list` prints it.")],
    config: Config = None,
) -> None:
    """One statement's payload, as JSON for people; the signed bytes are in `export`."""
    with _store(context, config) as (_, store):
        [stored] = _named(store, [packet_id])
        statement = _statement(store, stored)
        said = statement.model_dump(mode="json", by_alias=True)
        row = {**_row(stored), "about": about(statement), "statement": said}
        print(json.dumps(row, ensure_ascii=False, indent=2))


@app.command()
def export(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(help="A new folder.")],
    packet_ids: Annotated[list[str] | None, typer.Argument(help="Which; none means --device's all.")] = None,
    device: Annotated[str, typer.Option(help="All statements of this box.")] = "",
    config: Config = None,
) -> None:
    """A bundle for `edge-agent verify`, openssl and sha256sum."""
    from edge_agent.ingest.export import export_bundle  # noqa: PLC0415 - help stays instant

    with _store(context, config) as (settings, store):
        if bool(packet_ids) == bool(device):
            raise UsageError("name packet ids, or --device for all of one box")
        chosen = _named(store, packet_ids) if packet_ids else store.of_device(device, LIMIT)
        export_bundle(settings, store, chosen, out)
        print(f"{len(chosen)} statements in {out}")


@app.command()
def unfreeze(context: typer.Context, device: str, config: Config = None) -> None:
    """Receipts again for a box that was frozen, once a person has looked into why."""
    with _store(context, config) as (_, store):
        if not store.unfreeze(device):
            raise UsageError(f"{device} is not frozen")
        print(f"{device} gets receipts again")


def load_settings(path: Path) -> IngestSettings:
    """The platform's configuration; raises ConfigError with every problem in it."""
    from edge_agent.config.loader import load_as  # noqa: PLC0415 - help stays instant

    return load_as(path, IngestSettings)


@contextmanager
def _store(context: typer.Context, config: Path | None) -> Iterator[tuple[IngestSettings, PlatformStore]]:
    settings = load_settings(config or context.obj or DEFAULT_CONFIG)
    path = settings.data_dir / FILE_NAME
    if not settings.database and not path.exists():
        raise UsageError(f"{path}: nothing has been taken in yet")
    store = PlatformStore.of(settings, serving=False)
    try:
        yield settings, store
    finally:
        store.close()


def _named(store: PlatformStore, packet_ids: list[str]) -> list[Stored]:
    found = []
    for packet_id in packet_ids:
        stored = store.by_packet_id(packet_id)
        if stored is None:
            raise UsageError(f"no statement {packet_id}")
        found.append(stored)
    return found


def _statement(store: PlatformStore, stored: Stored) -> Statement:
    envelope = store.envelope(stored.place)
    assert envelope is not None
    return parse(dsse.decode(envelope)[1])


def _row(stored: Stored) -> dict[str, Any]:
    fields = asdict(stored)
    return {**fields.pop("place"), **fields}


def _line(stored: Stored, found: About) -> str:
    state = "complete" if stored.complete else "waiting for attachments"
    use = f" {stored.use_class}" if stored.use_class else ""
    place = stored.place
    where = f"{place.device} {place.epoch:.8}-{place.seq}"
    return f"{stored.packet_id}  {where}  {stored.kind}{use}  {state}  {in_words(found)}".rstrip()
