"""`edge-agent redetect REC`: the detector over recorded video again, its boxes against those of then."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from edge_agent.errors import UsageError

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

    With another model in --config this is what it would have seen. Exit: 0 every box agrees, 1 some do not.
    """
    from edge_agent.config.loader import load  # noqa: PLC0415 - help stays instant
    from edge_agent.config.recorded import from_text  # noqa: PLC0415
    from edge_agent.devices.detector.detector import Detector  # noqa: PLC0415
    from edge_agent.journal.reader import open_all  # noqa: PLC0415
    from edge_agent.redetecting import Tolerance, redetect  # noqa: PLC0415

    recordings = open_all(recording)
    site = load(config) if config else from_text(recordings[0].config_text)
    if site.street is None or site.street.detector is None:
        raise UsageError(f"{recording}: there is no street with a detector in its configuration")
    detector = Detector(site.street.detector)
    screen = Console(stderr=True)
    with screen.status("") as status:
        compared = [
            one
            for each in recordings
            for one in redetect(
                each,
                site.street,
                detector,
                Tolerance(iou, score),
                lambda done, name=each.path.name: status.update(f"{name}: {done} pictures"),  # type: ignore[misc]
            )
        ]
    if as_json:
        print(json.dumps({"model_sha256": detector.model_sha256, "cameras": [asdict(c) for c in compared]}))
    else:
        table = Table(title=f"model {detector.model_sha256[:12]}")
        for heading in ("camera", "pictures", "not recorded", "same", "moved", "added", "removed"):
            table.add_column(heading, justify="left" if heading == "camera" else "right")
        for c in compared:
            counts = (c.pictures, c.not_recorded, c.same, c.moved, c.added, c.removed)
            table.add_row(c.camera, *map(str, counts))
        Console().print(table)
    if not compared or not all(c.agrees for c in compared):
        raise typer.Exit(1)
