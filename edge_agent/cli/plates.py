"""`edge-agent plates read IMAGE...`: the plate in each picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge_agent.errors import UsageError

if TYPE_CHECKING:
    from edge_agent.devices.detector.boxes import Image
    from edge_agent.devices.plate_reader.reader import Reading

MAX_FILE_BYTES = 40_000_000

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def plates() -> None:
    """Number plates, read as the box reads them."""


@app.command()
def read(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Pictures that OpenCV can read.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="Print the plate alone, a line a picture; empty if unreadable.")
    ] = False,
) -> None:
    """Read the plate in each picture; of several in one picture, the nearest that can be read.

    The likelihood is the network's own and not calibrated.

    Exit: 0 every picture has a readable plate, 1 one has none.
    """
    from edge_agent.devices.plate_reader.opening import open_reader  # noqa: PLC0415 - help stays instant
    from edge_agent.devices.plate_reader.settings import PlateReaderSettings  # noqa: PLC0415

    if as_json and plain:
        raise UsageError("--json or --plain, not both")
    reader = open_reader(PlateReaderSettings())
    missing = False
    for path in images:
        found = reader.read(_picture(path))
        missing |= found is None
        print(_json(path, found) if as_json else _plain(found) if plain else _line(path, found))
    if missing:
        raise typer.Exit(1)


def _picture(path: Path) -> Image:
    from edge_agent.devices.camera.stills import decoded  # noqa: PLC0415 - heavy

    if path.stat().st_size > MAX_FILE_BYTES:
        raise UsageError(f"{path}: over {MAX_FILE_BYTES} bytes is no picture of a road")
    try:
        return decoded(path.read_bytes())
    except ValueError as problem:
        raise UsageError(f"{path}: {problem}") from problem


def _plain(found: Reading | None) -> str:
    return found.text if found else ""


def _line(path: Path, found: Reading | None) -> str:
    if found is None:
        return f"{path}: no plate can be read"
    others = ", ".join(f"{one.text} {one.likelihood:.3f}" for one in found.plates[1:3])
    said = f"{path}: {found.text}  {found.colour or 'colour unclear'}, likelihood {found.likelihood:.3f}"
    return f"{said}; next {others}" if others else said


def _json(path: Path, found: Reading | None) -> str:
    row: dict[str, Any] = {"file": str(path), "plate": _plain(found)}
    if found is not None:
        row |= {
            "likelihood": round(found.likelihood, 4),
            "colour": found.colour,
            "rows": found.rows,
            "candidates": [
                {"plate": one.text, "likelihood": round(one.likelihood, 4)} for one in found.plates
            ],
            "corners_px": [[round(float(x), 1), round(float(y), 1)] for x, y in found.region.corners],
        }
    return json.dumps(row, ensure_ascii=False)
