"""`edge-agent redetect REC`: the detector over recorded video again, its boxes against those of then."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from edge_agent import bars
from edge_agent.errors import UsageError

if TYPE_CHECKING:
    from edge_agent.config.street import StreetConfig
    from edge_agent.journal.reader import Recording
    from edge_agent.redetecting import Comparison

app = typer.Typer(add_completion=False)


@app.command()
def main(
    recording: Annotated[Path, typer.Argument(metavar="REC", help="A recording with video, or its folder.")],
    config: Annotated[
        Path | None,
        typer.Option(metavar="SITE.yaml", help="Another configuration; default: the recording's own."),
    ] = None,
    iou: Annotated[
        int, typer.Option(min=1, max=1000, help="Permille: boxes that overlap less have moved.")
    ] = 900,
    score: Annotated[int, typer.Option(min=0, max=1000, help="Permille: scores may differ by so much.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run the detector again over a recording's video and compare, with tolerance.

    With another model in --config this is what it would have seen.

    Exit: 0 every box agrees, 1 some do not or no picture could be decoded.
    """
    from edge_agent.devices.detector.detector import Detector  # noqa: PLC0415 - help stays instant
    from edge_agent.journal.opening import open_all  # noqa: PLC0415
    from edge_agent.redetecting import Tolerance, redetect  # noqa: PLC0415

    recordings = open_all(recording)
    street = _street(recordings, config)
    assert street.detector is not None, "_street asks for one"
    detector = Detector(street.detector)
    with bars.words(recordings[0].path.name, quiet=as_json) as bar:
        compared = redetect(
            recordings,
            street,
            detector,
            Tolerance(iou, score),
            lambda camera, done: bar.told(f"{camera}: {done} pictures"),
        )
    if as_json:
        cameras = [{**asdict(one), "agrees": one.agrees} for one in compared]
        print(json.dumps({"model_sha256": detector.model_sha256, "cameras": cameras}))
    else:
        Console().print(_table(compared, detector.model_sha256))
        Console().print(_things(compared))
    for torn in (f"{r.path}: {r.torn}" for r in recordings if r.torn):
        print(f"torn: {torn}; what came before it was looked at", file=sys.stderr)
    if not all(one.agrees for one in compared):
        raise typer.Exit(1)


def _street(recordings: list[Recording], path: Path | None) -> StreetConfig:
    """The street to look at: of the given configuration, or of the recording's own."""
    from edge_agent.config.loader import load  # noqa: PLC0415 - help stays instant
    from edge_agent.config.recorded import from_text  # noqa: PLC0415

    text, source = recordings[0].config_text, path or recordings[0].path
    if path is None and not text:
        raise UsageError(f"{source} holds no configuration: give one with --config SITE.yaml")
    site = load(path) if path else from_text(text)
    if site.street is None or site.street.detector is None:
        raise UsageError(f"{source}: there is no street with a detector in its configuration")
    return site.street


def _table(compared: tuple[Comparison, ...], model_sha256: str) -> Table:
    table = Table(title=f"model {model_sha256[:12]}")
    headings = ("camera", "pictures", "not recorded", "other reference", "same", "moved", "added", "removed")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "camera" else "right")
    for one in compared:
        counts = (one.pictures, one.not_recorded, one.other_reference)
        table.add_row(one.camera, *map(str, (*counts, one.same, one.moved, one.added, one.removed)))
    return table


def _things(compared: tuple[Comparison, ...]) -> Table:
    """Boxes by class: in whole pictures, then on each zone's ground."""
    table = Table("camera", "zone")
    table.add_column("class", overflow="fold")
    for heading in ("then", "now", "same", "moved", "added", "removed"):
        table.add_column(heading, justify="right")
    for one in compared:
        for things in one.things:
            counts = (things.then, things.now, things.same, things.moved, things.added, things.removed)
            table.add_row(one.camera, things.zone or "(all)", things.label, *map(str, counts))
    return table
