"""`edge-agent simulate SCENARIO --seed N --out REC.mcap`: a recording and its ground truth."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_agent import __version__
from edge_agent.errors import UsageError

if TYPE_CHECKING:
    from edge_agent.config.settings import SiteConfig
    from edge_agent.sim.scenario import Scenario

app = typer.Typer(add_completion=False)


@app.command()
def main(
    scenario: Annotated[Path, typer.Argument(metavar="SCENARIO.yaml", help="See configs/scenarios/.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 1,
    out: Annotated[Path, typer.Option(metavar="REC.mcap", help="Must not exist yet.")] = Path("REC.mcap"),
    seconds: Annotated[
        float | None, typer.Option(min=0.1, help="Instead of the scenario's own duration.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="SITE.yaml", help="Instead of the site that the scenario names.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Simulate a scenario: what the box would have recorded, and the ground truth beside it.

    The truth is written to REC.truth.jsonl, one line a vehicle. The recording holds the site's
    configuration, so that `edge-agent replay REC.mcap --out DIR` needs nothing else.
    """
    from edge_agent.sim.scenario import Scenario, load_scenario  # noqa: PLC0415 - help stays instant
    from edge_agent.sim.traffic import generate  # noqa: PLC0415
    from edge_agent.sim.truth import truth_lines  # noqa: PLC0415

    planned = load_scenario(scenario)
    if seconds is not None:
        planned = Scenario.model_validate({**planned.model_dump(), "duration_s": seconds})
    truth = out.with_suffix(".truth.jsonl")
    for path in (out, truth):
        if path.exists():
            raise UsageError(f"{path} exists; give another --out or remove it")
    if not out.parent.is_dir():
        raise UsageError(f"{out.parent} is not a folder")
    site = _site(planned, scenario, config)
    count = _write_recording(planned, site, seed, out)
    passages = generate(planned, seed)
    truth.write_text("".join(truth_lines(passages, planned)), encoding="utf-8")
    summary = {
        "recording": str(out),
        "truth": str(truth),
        "sha256": _sha256(out),
        "events": count,
        "passages": len(passages),
        "overweight": sum(p.vehicle.gross_g > planned.posted_limit_kg * 1000 for p in passages),
        "seconds": planned.duration_s,
    }
    if as_json:
        print(json.dumps(summary, ensure_ascii=False))
    else:
        print(f"{out}: {count} events of {planned.duration_s:g} simulated seconds, seed {seed}")
        print(f"{truth}: {summary['passages']} passages, {summary['overweight']} above the posted limit")
        print(f"next: edge-agent replay {out} --out DIR{'' if site else ' --config SITE.yaml'}")


def _site(scenario: Scenario, file: Path, config: Path | None) -> SiteConfig | None:
    """The site whose box records this; its instruments must be the scenario's."""
    from edge_agent.config.document import read_document  # noqa: PLC0415 - help stays instant
    from edge_agent.config.loader import load  # noqa: PLC0415
    from edge_agent.config.settings import SiteConfig  # noqa: PLC0415

    path = config or (file.parent / scenario.site if scenario.site else None)
    if path is None:
        return None
    site = load(path)
    for name, instrument in scenario.instruments.items():
        if name not in site.ports:
            raise UsageError(f"{path}: no port {name!r}, as {file} has it; there are {sorted(site.ports)}")
        spoken, expected = instrument.protocol.kind, site.ports[name].protocol.kind
        if spoken != expected:
            raise UsageError(f"port {name!r}: {file} speaks {spoken}, {path} expects {expected}")
    # Paths as they are written, not as they lie here: the same seed gives the same bytes anywhere.
    return SiteConfig.model_validate(read_document(path).data)


def _write_recording(scenario: Scenario, site: SiteConfig | None, seed: int, out: Path) -> int:
    from edge_agent.config.recorded import to_text  # noqa: PLC0415 - help stays instant
    from edge_agent.journal.writer import RecordingHeader, RecordingWriter  # noqa: PLC0415
    from edge_agent.sim.events import events  # noqa: PLC0415

    header = RecordingHeader(
        software=f"edge-agent {__version__} simulate",
        config_sha256=site.sha256() if site else "",
        config_text=to_text(site) if site else "",
        simulated=True,
        note=f"scenario {scenario.name}, seed {seed}",
    )
    count = 0
    with out.open("xb") as stream:
        writer = RecordingWriter(stream, header)
        for event in events(scenario, seed, header.software):
            writer.event(event)
            count += 1
        writer.close()
    return count


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
