"""What the benchmarks' commands have in common: options that several take, and how a result is said."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

Quick = Annotated[bool, typer.Option("--quick", help="Fewer runs: a look, not a result.")]
Seed = Annotated[int, typer.Option(min=0, help="Same seed, same simulated traffic.")]
Plots = Annotated[Path | None, typer.Option(metavar="DIR", help="Plots too (extra `plots`).")]
StreetModel = Annotated[
    Path | None, typer.Option("--model", metavar="FILE.onnx", help="Default: the shipped street model.")
]
StreetClasses = Annotated[
    Path | None, typer.Option("--classes", metavar="MAP.yaml", help="Its class map, where it lies elsewhere.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def show(result: dict[str, Any], text: Callable[[dict[str, Any]], str], *, as_json: bool) -> None:
    """Say a result and what it was measured on; exit 1 where it is not as it must be."""
    if as_json:
        print(json.dumps({"machine": machine(), **result}, ensure_ascii=False, default=str))
    else:
        print(text(result))
        print(f"on {machine()}")
    if not result.get("good", True):
        raise typer.Exit(1)


def machine() -> str:
    """What a number was measured on."""
    from edge_agent.bench.processor import processor  # noqa: PLC0415 - help stays instant

    return f"{os.cpu_count()} x {processor()}, {platform.system()}, Python {platform.python_version()}"


def empty(out: Path | None) -> Path | None:
    """A folder that nothing is in yet.

    Raises:
        UsageError: something is.
    """
    from edge_agent.errors import UsageError  # noqa: PLC0415 - help stays instant

    if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} is not an empty folder: give another --out")
    return out


def made_folder(path: Path | None) -> Path | None:
    """The folder, made where it is not there yet."""
    if path is not None:
        path.mkdir(parents=True, exist_ok=True)
    return path
