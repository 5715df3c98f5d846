"""`edge-agent import`: somebody else's captures as a recording."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_agent import bars
from edge_agent.core.units import MS, Ns
from edge_agent.errors import ConfigError, Problem, UsageError

if TYPE_CHECKING:
    from edge_agent.config.settings import SiteConfig
    from edge_agent.core.events import PlateSeen, SerialBytes
    from edge_agent.devices.settings_ports import SerialPortSettings
    from edge_agent.importing.answers import KeptPictures
    from edge_agent.importing.raw_serial import Rate
    from edge_agent.importing.videos import Video
    from edge_agent.importing.writing import Happened

app = typer.Typer(add_completion=False)

ENDS = {b"", b"\n", b"\r", b"}"}  # of a table that is whole


@app.command()
def main(
    *,
    config: Annotated[Path, typer.Option(metavar="SITE.yaml", help="The site that it was recorded at.")],
    out: Annotated[Path, typer.Option(metavar="REC.mcap", help="Must not exist yet.")],
    serial: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PORT=FILE[@TIME]",
            help="Lines of `TIME HEX`; with @TIME nothing but the bytes, the first of them at TIME.",
        ),
    ] = None,
    rate_hz: Annotated[
        float | None, typer.Option(min=0.001, max=20_000, help="Frames a second of bytes without times.")
    ] = None,
    baud: Annotated[
        int | None, typer.Option(min=50, help="Instead: the line was never idle, and this fast.")
    ] = None,
    plates: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help=".csv, or JSON lines: time, camera, plate, ...")
    ] = None,
    vehicles: Annotated[
        list[str] | None,
        typer.Option(metavar="PORT=FILE", help="Vehicles weighed already, .csv or JSON lines."),
    ] = None,
    video: Annotated[
        list[str] | None,
        typer.Option(metavar="CAMERA=FILE@TIME", help="A video and the time of its first picture."),
    ] = None,
    fps: Annotated[
        list[str] | None,
        typer.Option(metavar="CAMERA=N", help="Pictures a second of a bare .h264 or .h265 stream."),
    ] = None,
    keep_video: Annotated[
        bool, typer.Option("--keep-video", help="Write the compressed video into the recording too.")
    ] = False,
    clock_offset: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=SECONDS",
            help="How far the clock of a camera, of a port, or of all `plates` was ahead of the box's.",
        ),
    ] = None,
    clock_error_ms: Annotated[
        int | None, typer.Option(min=0, help="How wrong the times may be; left out: nobody knows.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make a recording of other makers' captures, reads, vehicle records and videos; then `replay` it.

    The core runs over them once, so that the pictures it asks for are taken from the videos, and street
    cameras' videos are looked at. Times are RFC 3339 with a zone, or UTC seconds since 1970.
    """
    from edge_agent.config.loader import load  # noqa: PLC0415 - help stays instant
    from edge_agent.importing.clock_offsets import PLATES, parse_offsets  # noqa: PLC0415
    from edge_agent.importing.raw_serial import Rate  # noqa: PLC0415
    from edge_agent.importing.writing import pictures_beside, write_recording  # noqa: PLC0415

    site = load(config)
    pictures = pictures_beside(out)
    _can_be_written(out, pictures.folder)
    if rate_hz is not None and baud is not None:
        raise UsageError("--rate-hz and --baud are two ways to say one thing: give one")
    rate = Rate(baud, None if rate_hz is None else round(rate_hz * 1000))
    captures = [_pair(text, "--serial PORT=FILE") for text in serial or []]
    weighed = [_pair(text, "--vehicles PORT=FILE") for text in vehicles or []]
    videos = _videos(video or [], fps or [])
    names = [*(port for port, _ in [*captures, *weighed]), *videos, *([PLATES] if plates else [])]
    ahead = parse_offsets(clock_offset or [], names)
    with _all_or_nothing(pictures), bars.share("importing", quiet=as_json) as bar:
        happened = [
            *_bytes(site, captures, rate, ahead),
            *_weighed(site, weighed, ahead),
            *_reads(site, plates or [], pictures, ahead.get(PLATES, Ns(0))),
        ]

        def step(count: int, at: Ns, end: Ns) -> None:
            if bar.due():
                bar.told(f"importing: {count} events", at, end)

        done = write_recording(
            out,
            site,
            happened,
            {
                name: replace(one, starts_utc=Ns(one.starts_utc - ahead.get(name, 0)))
                for name, one in videos.items()
            },
            None if clock_error_ms is None else Ns(clock_error_ms * MS),
            pictures=pictures,
            keep_video=keep_video,
            progress=step,
        )
    result = {"recording": str(out), **asdict(done)}
    tables = [*(plates or []), *(Path(file) for _, file in weighed)]
    for note in (*_cut_off(tables), *done.notes):
        print(f"note: {note}", file=sys.stderr)
    looks = f"{done.looks} looks at the street, " if done.looks else ""
    counts = f"{done.events} events, {looks}{done.decisions} decisions, {done.pictures} pictures"
    kept = f", {done.video_packets} packets of video" if keep_video else ""
    print(json.dumps(result) if as_json else f"{out}: {counts}{kept}")


def _can_be_written(*paths: Path) -> None:
    for path in paths:
        if path.exists():
            raise UsageError(f"{path} exists; give another --out or remove it")


@contextlib.contextmanager
def _all_or_nothing(pictures: KeptPictures) -> Iterator[None]:
    """Pictures lie beside a recording or not at all."""
    try:
        yield
    except BaseException:
        pictures.discard()
        raise


def _cut_off(tables: list[Path]) -> Iterator[str]:
    """Half a number, and half a long plate, look like whole ones."""
    for file in tables:
        with file.open("rb") as stream:
            stream.seek(max(0, file.stat().st_size - 1))
            end = stream.read()
        if end not in ENDS:
            yield f"{file}: its last line has no end: was the file cut off, and its last record with it?"


def _bytes(
    site: SiteConfig, captures: list[tuple[str, str]], rate: Rate, ahead: Mapping[str, Ns]
) -> Iterator[Happened]:
    """What instruments sent, by the box's clock."""
    from edge_agent.importing.raw_serial import (  # noqa: PLC0415 - help stays instant
        read_serial_dump,
        sends_by_itself,
    )

    spans: dict[str, list[tuple[Ns, Ns, Path]]] = {}
    for name, text in captures:
        port = _port(site, name, "--serial")
        sends_by_itself(port)
        file, starts = _at(text)
        events = _with_times(file, name) if starts is None else read_serial_dump(file, port, starts, rate)
        if events:
            spans.setdefault(name, []).append((events[0].at, events[-1].at, file))
        yield from (replace(event, at=Ns(event.at - ahead.get(name, 0))) for event in events)
    _one_after_the_other(spans)


def _one_after_the_other(spans: Mapping[str, list[tuple[Ns, Ns, Path]]]) -> None:
    """Bytes of one line in two files are one stream; of the same time they would be mixed."""
    for name, files in spans.items():
        for (_, end, before), (start, _, after) in pairwise(sorted(files)):
            if start <= end:
                raise UsageError(
                    f"--serial {name}=...: {before} and {after} are of the same time; one line has one "
                    "stream: leave one out, or is a TIME wrong?"
                )


def _with_times(file: Path, port: str) -> list[SerialBytes]:
    """A capture; of what is none it is said how bytes without times are given."""
    from edge_agent.journal.importer import NO_TEXT, PUT_BACK, read_serial_capture  # noqa: PLC0415 - help stays instant

    try:
        return read_serial_capture(file, port)
    except ConfigError as error:
        if any(problem.reason.endswith(PUT_BACK) for problem in error.problems):
            raise
        hint = Problem(
            str(file), 0, "", f"bytes without times: --serial {port}={file}@TIME, TIME of the first"
        )
        # Whoever forgot TIME is not told how a table is saved.
        lines = tuple(problem for problem in error.problems if not problem.reason.startswith(NO_TEXT))
        raise ConfigError((*lines, hint)) from None


def _weighed(site: SiteConfig, files: list[tuple[str, str]], ahead: Mapping[str, Ns]) -> Iterator[Happened]:
    """Vehicles that were weighed by others, by the box's clock."""
    from edge_agent.importing.vehicles import Named, read_vehicles  # noqa: PLC0415 - help stays instant

    named: dict[str, Named] = {}
    for name, file in files:
        port = _port(site, name, "--vehicles")
        for event in read_vehicles(Path(file), port, named.setdefault(name, Named())):
            yield replace(event, at=Ns(event.at - ahead.get(name, 0)))


def _reads(site: SiteConfig, files: list[Path], pictures: KeptPictures, ahead: Ns) -> Iterator[Happened]:
    """Plate reads, by the box's clock."""
    from edge_agent.devices.anpr_push.push import plate_text  # noqa: PLC0415 - help stays instant
    from edge_agent.devices.anpr_push.settings import AnprSettings  # noqa: PLC0415
    from edge_agent.importing.plates_json import read_plates_jsonl  # noqa: PLC0415
    from edge_agent.journal.importer import read_plates_csv  # noqa: PLC0415

    anpr = site.anpr or AnprSettings()
    for file in files:
        if file.suffix.lower() == ".csv":
            found = read_plates_csv(file, lambda read: _known(site, read))
        else:
            found = read_plates_jsonl(file, anpr, pictures.keep, lambda read: _known(site, read))
        for read in found:
            captured = None if read.captured_utc is None else Ns(read.captured_utc - ahead)
            text = plate_text(read.text)  # cameras say in words that there is none
            yield replace(read, at=Ns(read.at - ahead), captured_utc=captured, text=text)


def _known(site: SiteConfig, read: PlateSeen) -> None:
    """A read of a camera or of a lane that the site does not have would count for none."""
    if read.camera not in site.cameras:
        raise ValueError(f"no camera {read.camera!r} in the configuration; there are {sorted(site.cameras)}")
    if read.lane is not None and read.lane not in site.lanes:
        raise ValueError(f"no lane {read.lane!r} in the configuration; there are {sorted(site.lanes)}")
    if site.cameras[read.camera].plates == "box":
        raise ValueError(f"cameras.{read.camera}.plates is `box`: its reads are not taken; `both` takes them")


def _port(site: SiteConfig, name: str, option: str) -> SerialPortSettings:
    if name not in site.ports:
        raise UsageError(f"{option} {name}=...: no port {name!r}; there are {sorted(site.ports)}")
    return site.ports[name]


def _pair(text: str, form: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found or not name or not value:
        raise UsageError(f"{text!r} is not {form}")
    return name, value


def _at(text: str) -> tuple[Path, Ns | None]:
    """A file, and the time behind it where there is one."""
    from edge_agent.journal.importer import parse_time  # noqa: PLC0415 - help stays instant

    file, found, time = text.rpartition("@")
    if not found or Path(text).exists():
        return Path(text), None
    try:
        return Path(file), parse_time(time)
    except ValueError as error:
        raise UsageError(f"{text!r}: {error}") from None


def _videos(texts: list[str], rates: list[str]) -> dict[str, Video]:
    from edge_agent.importing.videos import Video  # noqa: PLC0415 - help stays instant

    form = "--video CAMERA=FILE@TIME"
    per_second = dict(_rate(text) for text in rates)
    videos: dict[str, Video] = {}
    for text in texts:
        camera, rest = _pair(text, form)
        path, starts = _at(rest)
        if starts is None:
            raise UsageError(f"{text!r} is not {form}")
        if not path.is_file():
            raise UsageError(f"{path}: no such video file")
        if camera in videos:
            raise UsageError(f"--video {camera}=... twice: one file a camera")
        videos[camera] = Video(path, starts, per_second.get(camera))
    return videos


def _rate(text: str) -> tuple[str, Fraction]:
    camera, value = _pair(text, "--fps CAMERA=N")
    try:
        rate = Fraction(value)
    except (ValueError, ZeroDivisionError):
        raise UsageError(f"--fps {text}: {value!r} is no number") from None
    if not 0 < rate <= 1000:
        raise UsageError(f"--fps {text}: from above 0 to 1000 pictures a second")
    return camera, rate
