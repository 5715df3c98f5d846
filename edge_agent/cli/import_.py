"""`edge-agent import`: somebody else's captures as a recording."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_agent.core.units import MS, Ns
from edge_agent.errors import UsageError

if TYPE_CHECKING:
    from edge_agent.importing import Video

app = typer.Typer(add_completion=False)


@app.command()
def main(
    config: Annotated[Path, typer.Option(metavar="SITE.yaml", help="The site that it was recorded at.")],
    out: Annotated[Path, typer.Option(metavar="REC.mcap", help="Must not exist yet.")],
    serial: Annotated[
        list[str] | None,
        typer.Option(metavar="PORT=FILE", help="Lines of `TIME HEX`; TIME is RFC 3339 or UTC seconds."),
    ] = None,
    plates: Annotated[
        list[Path] | None, typer.Option(metavar="FILE.csv", help="Columns time,camera,plate,...")
    ] = None,
    video: Annotated[
        list[str] | None,
        typer.Option(metavar="CAMERA=FILE@TIME", help="A video and the time of its first picture."),
    ] = None,
    clock_error_ms: Annotated[
        int | None, typer.Option(min=0, help="How wrong the times may be; left out: nobody knows.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make a recording of raw serial captures, CSVs of plate reads and videos; then `replay` it.

    The core runs over them once, so that the pictures it asks for are taken from the videos.
    """
    from edge_agent.config.loader import load  # noqa: PLC0415 - help stays instant
    from edge_agent.importing import write_recording  # noqa: PLC0415
    from edge_agent.journal.importer import read_plates_csv, read_serial_capture  # noqa: PLC0415

    site = load(config)
    if out.exists():
        raise UsageError(f"{out} exists; give another --out or remove it")
    captures = [_pair(text, "--serial PORT=FILE") for text in serial or []]
    for port, _ in captures:
        if port not in site.ports:
            raise UsageError(f"--serial {port}=...: no port {port!r}; there are {sorted(site.ports)}")
    done = write_recording(
        out,
        site,
        [event for port, file in captures for event in read_serial_capture(Path(file), port)],
        [event for file in plates or [] for event in read_plates_csv(file)],
        dict(_video(text) for text in video or []),
        None if clock_error_ms is None else Ns(clock_error_ms * MS),
    )
    result = {"recording": str(out), **asdict(done)}
    counts = f"{done.events} events, {done.decisions} decisions, {done.pictures} pictures"
    print(json.dumps(result) if as_json else f"{out}: {counts}")


def _pair(text: str, form: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found or not name or not value:
        raise UsageError(f"{text!r} is not {form}")
    return name, value


def _video(text: str) -> tuple[str, Video]:
    from edge_agent.importing import Video  # noqa: PLC0415 - help stays instant
    from edge_agent.journal.importer import parse_time  # noqa: PLC0415

    form = "--video CAMERA=FILE@TIME"
    camera, rest = _pair(text, form)
    file, found, time = rest.rpartition("@")
    if not found:
        raise UsageError(f"{text!r} is not {form}")
    path = Path(file)
    if not path.is_file():
        raise UsageError(f"{path}: no such video file")
    try:
        return camera, Video(path, parse_time(time))
    except ValueError as error:
        raise UsageError(f"{text!r}: {error}") from None
