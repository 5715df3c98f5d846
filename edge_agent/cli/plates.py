"""`edge-agent plates read FILE...`: the plate in each picture, the plates of each video."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge_agent import bars
from edge_agent.cli.plates_check import check
from edge_agent.core.units import S
from edge_agent.errors import DeviceError, UsageError

if TYPE_CHECKING:
    from edge_agent.devices.detector.boxes import Image
    from edge_agent.devices.plate_reader.films import FilmPlate
    from edge_agent.devices.plate_reader.reader import PlateReader, Reading

MAX_PICTURE_BYTES = 40_000_000  # larger is no picture of a road

app = typer.Typer(add_completion=False, no_args_is_help=True)


app.command()(check)


@app.callback()
def plates() -> None:
    """Number plates, read as the box reads them."""


@app.command()
def read(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Pictures that OpenCV can read, videos that FFmpeg can."),
    ],
    every: Annotated[
        int, typer.Option(min=1, max=10_000, metavar="N", help="Of a video every N-th frame is read.")
    ] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="Print plates alone, a line each; an empty one if unreadable.")
    ] = False,
) -> None:
    """Read the plate in each picture, and the plates of each video.

    Of several plates in one picture, or one frame, the nearest that can be read is meant.

    Of a video, a plate is written when two frames or more say it, or the only one that was looked at.

    The confidence is calibrated; docs/plates.md says how far that was checked.

    Exit: 0 every file has a readable plate, 1 one has none.
    """
    from edge_agent.devices.plate_reader.opening import open_reader  # noqa: PLC0415 - help stays instant
    from edge_agent.devices.plate_reader.settings import PlateReaderSettings  # noqa: PLC0415

    if as_json and plain:
        raise UsageError("--json or --plain, not both")
    reader = open_reader(PlateReaderSettings())
    missing = False
    for path in files:
        image = _picture(path)
        if image is not None:
            found = reader.read(image)
            missing |= found is None
            print(_json(path, found) if as_json else _plain(found) if plain else _line(path, found))
            continue
        rows = _film_plates(path, reader, every)
        missing |= not rows
        show = _film_json if as_json else _film_plain if plain else _film_line
        print("\n".join([show(path, row) for row in rows] or [show(path, None)]))
    if missing:
        raise typer.Exit(1)


def picture_of(path: Path) -> Image:
    """The picture in a file, (h, w, 3) BGR.

    Raises:
        UsageError: there is none in it.
    """
    image = _picture(path)
    if image is None:
        raise UsageError(f"{path}: not a picture that can be read")
    return image


def _picture(path: Path) -> Image | None:
    """None where it is none: then it is a video, or nothing."""
    from edge_agent.devices.camera.stills import decoded  # noqa: PLC0415 - heavy

    if path.stat().st_size > MAX_PICTURE_BYTES:
        return None
    try:
        return decoded(path.read_bytes())
    except ValueError:
        return None


def _film_plates(path: Path, reader: PlateReader, every: int) -> tuple[FilmPlate, ...]:
    from edge_agent.devices.plate_reader.films import Film, Said, merged  # noqa: PLC0415 - heavy

    try:
        film = Film(path, every)
    except DeviceError as problem:
        raise UsageError(f"{path}: not a picture that can be read, and no video") from problem
    said: list[Said] = []
    sampled = 0
    with bars.count(path.name, film.frames or None) as bar:
        for at, image in film.pictures():
            found = reader.read(image)
            if found is not None:
                said.append(Said.of(at, found))
            sampled += 1
            bar.step()
    return merged(said, sampled)


def _plain(found: Reading | None) -> str:
    return found.text if found else ""


def _line(path: Path, found: Reading | None) -> str:
    if found is None:
        return f"{path}: no plate can be read"
    others = ", ".join(f"{text} {confidence:.3f}" for text, confidence in found.candidates[1:3])
    said = f"{path}: {found.text}  {found.colour or 'colour unclear'}, confidence {found.confidence:.3f}"
    return f"{said}; next {others}" if others else said


def _json(path: Path, found: Reading | None) -> str:
    row: dict[str, Any] = {"file": str(path), "plate": _plain(found)}
    if found is not None:
        row |= {
            "confidence": round(found.confidence, 4),
            "likelihood": round(found.likelihood, 4),
            "colour": found.colour,
            "rows": found.rows,
            "candidates": [
                {
                    "plate": one.text,
                    "confidence": round(confidence, 4),
                    "likelihood": round(one.likelihood, 4),
                }
                for one, confidence in zip(found.plates, found.confidences, strict=True)
            ],
            "corners_px": [[round(float(x), 1), round(float(y), 1)] for x, y in found.region.corners],
        }
    return json.dumps(row, ensure_ascii=False)


def _film_plain(_path: Path, plate: FilmPlate | None) -> str:
    return plate.text if plate else ""


def _film_line(path: Path, plate: FilmPlate | None) -> str:
    if plate is None:
        return f"{path}: no plate can be read in two frames"
    return (
        f"{path}: {plate.text}  {plate.colour or 'colour unclear'}, confidence {plate.confidence:.3f}, "
        f"{plate.agreeing} of {plate.frames} frames, {plate.first / S:.2f} to {plate.last / S:.2f} s"
    )


def _film_json(path: Path, plate: FilmPlate | None) -> str:
    row: dict[str, Any] = {"file": str(path), "plate": _film_plain(path, plate)}
    if plate is not None:
        row |= {
            "confidence": round(plate.confidence, 4),
            "colour": plate.colour,
            "frames": plate.frames,
            "agreeing": plate.agreeing,
            "first_s": round(plate.first / S, 3),
            "last_s": round(plate.last / S, 3),
            "candidates": [
                {"plate": text, "confidence": round(share, 4)} for text, share in plate.candidates
            ],
        }
    return json.dumps(row, ensure_ascii=False)
