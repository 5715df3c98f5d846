"""`edge-agent outbox`: what the box still owes the platform, and what became of the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_agent import bars
from edge_agent.errors import UsageError

if TYPE_CHECKING:
    from edge_agent.config.settings import SiteConfig
    from edge_agent.evidence.reading import ReadingStore

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="What the box still owes the platform; beside a running daemon too. 待上传证据：状态、列表、导出。",
)

Config = Annotated[Path, typer.Option(metavar="SITE.yaml", help="The site's configuration.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DEFAULT_CONFIG = Path("/etc/edge-agent/site.yaml")


class StateName(StrEnum):
    """As the store has them."""

    SEALED = "sealed"
    RECEIPTED = "receipted"
    PURGED = "purged"
    QUARANTINED = "quarantined"
    REJECTED = "rejected"


@app.command()
def status(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Head of the chain, what waits and since when, what was set aside and why, the last receipts.

    Exit: 0 nothing is set aside, 1 something is quarantined or rejected.
    """
    from edge_agent.cli.outbox_text import status_text  # noqa: PLC0415 - help stays instant
    from edge_agent.evidence.owed import as_object, owed  # noqa: PLC0415

    with _reading(config) as (_, reading):
        found = owed(reading)
    print(json.dumps(as_object(found), ensure_ascii=False) if as_json else status_text(found))
    if found.quarantined or found.rejected:
        raise typer.Exit(1)


@app.command("list")
def list_(
    config: Config = DEFAULT_CONFIG,
    state: Annotated[StateName | None, typer.Option(help="Only in this state.")] = None,
    kind: Annotated[str, typer.Option(help="Only of this kind, such as storefront.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The newest so many.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Statements, newest first."""
    from dataclasses import asdict  # noqa: PLC0415 - help stays instant
    from itertools import islice  # noqa: PLC0415

    from edge_agent.cli.outbox_text import listed_text  # noqa: PLC0415

    with _reading(config) as (_, reading):
        for one in islice(reading.statements(kind, state or ""), limit):
            print(json.dumps(asdict(one), ensure_ascii=False) if as_json else listed_text(one))


@app.command()
def show(
    seq: Annotated[int, typer.Argument(min=0, help="Place in the chain.")],
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """One statement: what it says, its files, its receipt. Checks nothing: that is what `verify` does."""
    from edge_agent.cli.outbox_text import whole_text  # noqa: PLC0415 - help stays instant
    from edge_agent.evidence.owed import whole_object  # noqa: PLC0415

    with _reading(config) as (_, reading):
        whole = reading.statement(seq)
    if whole is None:
        raise UsageError(f"no statement {seq} in this store")
    found = whole_object(whole)
    print(json.dumps(found, ensure_ascii=False) if as_json else whole_text(found))


@app.command()
def requeue(
    seqs: Annotated[list[int], typer.Argument(metavar="SEQ...", min=0, help="Quarantined statements.")],
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Send what was quarantined once more, when the reason is gone: a broker's limit that has risen, say.

    The daemon does it, and records who asked. Where none runs, its next start does.
    Exit: 0 all of them are back in line, or the daemon will see to it; 1 some are not, and why.
    """
    from dataclasses import asdict  # noqa: PLC0415 - help stays instant

    from edge_agent.cli.outbox_text import requeue_text  # noqa: PLC0415
    from edge_agent.evidence.owed import whole_object  # noqa: PLC0415
    from edge_agent.evidence.requeue import ask_for  # noqa: PLC0415

    with _reading(config) as (site, reading):
        asked = ask_for(seqs, site.evidence.store.directory, reading)
        records = [whole_object(whole) for seq in asked.recorded if (whole := reading.statement(seq))]
    details = [f"seq {record['seq']}: {record['statement']['record']['detail']}" for record in records]
    if as_json:
        print(json.dumps({**asdict(asked), "details": details}, ensure_ascii=False))
    else:
        print(requeue_text(asked, details))
    if asked.refused:
        raise typer.Exit(1)


@app.command()
def export(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder.")],
    config: Config = DEFAULT_CONFIG,
    first: Annotated[int, typer.Option("--from", min=0, help="The first seq.")] = 0,
    last: Annotated[int | None, typer.Option("--to", min=0, help="The last seq; default: the head.")] = None,
) -> None:
    """Statements with their pictures and receipts as a bundle, to be checked with `edge-agent verify DIR`."""
    from edge_agent.evidence.bundle import export_read  # noqa: PLC0415 - help stays instant
    from edge_agent.evidence.keys import read_public_keys  # noqa: PLC0415

    with _reading(config) as (site, reading):
        head = reading.head()
        end = -1 if head is None else head.seq if last is None else min(last, head.seq)
        if first > end:
            raise UsageError(f"no statement from {first} to {last}; the chain ends at {end}")
        path = site.uplink.receipt_keys_file if site.uplink else None
        keys = read_public_keys(path) if path else ()
        with bars.count("export 导出", end + 1 - first) as bar:
            lacking = export_read(reading, out, bar.each(range(first, end + 1)), keys)
    print(f"{out}: seq {first} – {end}; check it with 校验: edge-agent verify {out}")
    for problem in lacking:
        print(f"NOT in it 未包含: {problem}")
    if lacking:
        raise typer.Exit(1)


@contextmanager
def _reading(path: Path) -> Iterator[tuple[SiteConfig, ReadingStore]]:
    from edge_agent.config.loader import load  # noqa: PLC0415 - help stays instant
    from edge_agent.evidence.reading import open_reading  # noqa: PLC0415

    if not path.is_file():
        raise UsageError(f"no file {path}; name the site's configuration with --config")
    site = load(path)
    with open_reading(site.evidence.store.directory) as reading:
        yield site, reading
