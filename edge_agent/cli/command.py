"""`edge-agent command ...`: ask a box to do something, signed; see what its chain says came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge_agent.errors import UsageError

if TYPE_CHECKING:
    from edge_agent.ingest.commands import Commands, Sent
    from edge_agent.ingest.store import PlatformStore

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
send = typer.Typer(no_args_is_help=True, help="Sign a command and put it in line for a box.")
app.add_typer(send, name="send")

Config = Annotated[Path, typer.Option(metavar="PLATFORM.yaml", help="See configs/platform.yaml.")]
Device = Annotated[str, typer.Option(help="The box.")]
Hours = Annotated[float, typer.Option(min=0.01, max=167, help="For how long it is valid.")]
Expect = Annotated[
    str,
    typer.Option(help="Digest of the box's present configuration; default: as its newest statement says."),
]
DEFAULT = Path("configs/platform.yaml")
VALID_H = 24.0


@send.command()
def set_tier(
    device: Device,
    shop: Annotated[str, typer.Option()],
    tier: Annotated[str, typer.Option(help="red, yellow or green.")],
    config: Config = DEFAULT,
    valid_h: Hours = VALID_H,
) -> None:
    """Grade a shop anew."""
    _send(config, device, valid_h, {"name": "set_tier", "shop": shop, "tier": tier})


@send.command()
def order_inspection(
    device: Device,
    zone: Annotated[str, typer.Option()],
    due: Annotated[datetime | None, typer.Option(help="UTC; default: now.")] = None,
    window_min: Annotated[int, typer.Option(min=1, max=1440, help="How long it may wait for a view.")] = 60,
    config: Config = DEFAULT,
    valid_h: Hours = VALID_H,
) -> None:
    """Look at a zone and record what is there."""
    begin = due.replace(tzinfo=UTC) if due else datetime.now(UTC)
    times = {"due_utc_us": _us(begin), "until_utc_us": _us(begin + timedelta(minutes=window_min))}
    _send(config, device, valid_h, {"name": "order_inspection", "zone": zone, **times})


@send.command()
def recheck(
    device: Device,
    case: Annotated[str, typer.Option(help="The case that the shop was told of.")],
    config: Config = DEFAULT,
    valid_h: Hours = VALID_H,
) -> None:
    """The shop was told of a case: look again after the rule's time."""
    _send(config, device, valid_h, {"name": "recheck", "case": case})


@send.command()
def request_clip(
    device: Device,
    camera: Annotated[str, typer.Option()],
    start: Annotated[datetime, typer.Option(help="UTC.")],
    seconds: Annotated[int, typer.Option(min=1, max=60)] = 10,
    config: Config = DEFAULT,
    valid_h: Hours = VALID_H,
) -> None:
    """Video of a stretch of time, if the box still has it."""
    begin = start.replace(tzinfo=UTC)
    times = {"start_utc_us": _us(begin), "end_utc_us": _us(begin + timedelta(seconds=seconds))}
    _send(config, device, valid_h, {"name": "request_clip", "camera": camera, **times})


@send.command()
def snapshot(
    device: Device,
    camera: Annotated[str, typer.Option()],
    config: Config = DEFAULT,
    valid_h: Hours = VALID_H,
) -> None:
    """One picture, now."""
    _send(config, device, valid_h, {"name": "snapshot", "camera": camera})


@send.command()
def clock_report(device: Device, config: Config = DEFAULT, valid_h: Hours = VALID_H) -> None:
    """What the box knows of its clock."""
    _send(config, device, valid_h, {"name": "clock_report"})


@send.command()
def update_config(
    device: Device,
    file: Annotated[Path, typer.Argument(metavar="SITE.yaml", help="The whole new configuration.")],
    expect: Expect = "",
    config: Config = DEFAULT,
    valid_h: Hours = VALID_H,
) -> None:
    """Another configuration: on trial first, back to the one before if it does not run."""
    import hashlib  # noqa: PLC0415 - help stays instant

    data = file.read_bytes()
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: not UTF-8") from error
    action = {"name": "update_config", "text": text, "sha256": hashlib.sha256(data).hexdigest()}
    _send(config, device, valid_h, action, expect=expect, expects=True)


@send.command()
def update_model(
    device: Device,
    slot: Annotated[str, typer.Option(help="detector, street_detector or plate_reader.")],
    sha256: Annotated[str, typer.Option(help="Of a model that is installed on the box.")],
    expect: Expect = "",
    config: Config = DEFAULT,
    valid_h: Hours = VALID_H,
) -> None:
    """Another model out of those installed on the box; on trial as well."""
    action = {"name": "update_model", "slot": slot, "sha256": sha256}
    _send(config, device, valid_h, action, expect=expect, expects=True)


@app.command("list")
def list_(
    config: Config = DEFAULT,
    device: Annotated[str, typer.Option(help="Only of this box.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The newest so many.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Commands, newest last, and what the boxes' chains say of them."""
    with _commands(config) as (commands, _):
        for sent in reversed(commands.listed(device, limit)):
            print(json.dumps(asdict(sent), ensure_ascii=False) if as_json else _line(sent))


def _send(
    config: Path,
    device: str,
    valid_h: float,
    action: dict[str, Any],
    *,
    expect: str = "",
    expects: bool = False,
) -> None:
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415 - help stays instant

    from edge_agent.evidence.commands import Action  # noqa: PLC0415

    try:
        checked: Action = TypeAdapter(Action).validate_python(action)
        with _commands(config) as (commands, store):
            expected = expect or _configuration(store, device) if expects else None
            cmd_id = commands.make(device, checked, int(valid_h * 3_600_000_000), expected)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UsageError(f"{'.'.join(str(part) for part in first['loc'][1:])}: {first['msg']}") from error
    print(cmd_id)


def _configuration(store: PlatformStore, device: str) -> str:
    from edge_agent.evidence import dsse  # noqa: PLC0415 - help stays instant
    from edge_agent.evidence.statement import parse  # noqa: PLC0415

    for newest in store.newest(device, 1):
        envelope = store.envelope(newest.place)
        if envelope is not None:
            return parse(dsse.decode(envelope)[1]).software.config_sha256
    raise UsageError(f"nothing has come from {device} yet: say with --expect which configuration it runs")


@contextmanager
def _commands(path: Path) -> Iterator[tuple[Commands, PlatformStore]]:
    from edge_agent.cli.ingest import load_settings  # noqa: PLC0415 - help stays instant
    from edge_agent.ingest.commands import Commands  # noqa: PLC0415
    from edge_agent.ingest.store import PlatformStore  # noqa: PLC0415

    settings = load_settings(path)
    store = PlatformStore.of(settings, serving=False)
    try:
        yield Commands(settings, store), store
    finally:
        store.close()


def _us(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)


def _line(sent: Sent) -> str:
    what = f"{sent.outcome} {sent.reason}".strip() if sent.outcome else f"sent {sent.tries} times"
    state = "" if sent.state == "answered" else f" ({sent.state})"
    return f"{sent.cmd_id}  {sent.device}  {sent.name}  {what}{state}  {sent.detail}".rstrip()
