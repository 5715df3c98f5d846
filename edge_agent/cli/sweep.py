"""`edge-agent sweep REC... --set KEY=V1,V2`: what every combination of settings would have decided."""

from __future__ import annotations

import csv
import json
import os
import string
import sys
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge_agent import bars

if TYPE_CHECKING:
    from edge_agent.replaying.grid import Axis, Point
    from edge_agent.replaying.street_truth import StreetScore
    from edge_agent.replaying.sweep import Tally, Unit

app = typer.Typer(add_completion=False)

INTERRUPTED = 130  # as shells say it
MAX_PLOTTED = 2  # settings that one picture shows
NONE_TRUE = "no case in truth by this rule"
NOT_JUDGED = "no zone that the truth can judge by this rule"
CORES = len(os.sched_getaffinity(0))


@app.command()
def main(
    recordings: Annotated[
        list[Path], typer.Argument(metavar="REC...", help="Each an .mcap file, or a journal.")
    ],
    settings: Annotated[
        list[str],
        typer.Option("--set", metavar="KEY=V1,V2", help="Values of one setting; 240..360:30 is a range."),
    ],
    truth: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="TRUTH",
            help="One for each REC, in order; default: REC.truth.jsonl, REC.truth.street.json where there.",
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="SITE.yaml", help="Default: each recording's own.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="For sweep.csv, sweep.json, sweep.png.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, metavar="N", help="Processes.")] = CORES,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Replay recordings with every combination of the settings, and count what would have been decided.

    With the ground truth of a simulation: precision and recall of overweight and plates, and of street
    cases by each combination's own rule.
    """
    from edge_agent.cli.replay import empty_folder  # noqa: PLC0415 - help stays instant
    from edge_agent.replaying.grid import axis, points  # noqa: PLC0415
    from edge_agent.replaying.sweep import check, sweep, units  # noqa: PLC0415

    axes = [axis(setting) for setting in settings]
    grid = points(axes)
    chosen = units(recordings, truth or [])
    check(chosen, config, grid)
    if out is not None:
        empty_folder(out)
    try:
        with bars.count("replays", quiet=as_json) as bar:
            found = sweep(chosen, config, grid, workers, partial(bar.told, "replays"))
    except KeyboardInterrupt:
        print("interrupted: nothing was written", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    rows = [_row(point, one) for point, one in zip(grid, found, strict=True)]
    result = {
        "recordings": [
            {
                "recording": str(one.recording),
                "truth": one.truth and str(one.truth),
                "street_truth": one.street and str(one.street),
            }
            for one in chosen
        ],
        "axes": [{"key": one.key, "values": list(one.values)} for one in axes],
        "points": rows,
    }
    note = _write(out, result, axes, found, chosen) if out is not None else ""
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        print(_table(axes, rows))
        for unit in chosen:
            truths = [str(path) for path in (unit.truth, unit.street) if path is not None]
            print(f"truth of {unit.recording}: {', '.join(truths) or 'none'}")
        if out is not None:
            print(f"in {out}: {note}")


def _row(point: Point, found: Tally) -> dict[str, Any]:
    """One combination as `--json` prints it; shares from 0 to 1, None of nothing."""
    from edge_agent.replaying.sweep import COUNTS  # noqa: PLC0415 - help stays instant

    row: dict[str, Any] = {"settings": dict(point.values)} | {name: getattr(found, name) for name in COUNTS}
    score = found.score
    if score is not None:
        row["overweight"] = {
            "true": score.overweight,
            "right": score.over_right,
            "wrong": score.over_wrong,
            "precision": score.over_precision,
            "recall": score.over_recall,
        }
        row["plates"] = {
            "cases": score.cases,
            "right": score.plates_right,
            "wrong": score.plates_wrong,
            "precision": score.plate_precision,
            "recall": score.plate_recall,
        }
    if found.street is not None:
        row["street"] = {
            "true": found.street.cases,
            "right": found.street.right,
            "wrong": found.street.wrong,
            "either": found.street.either,
            "zones": found.street.zones,
            "unjudged_zones": found.street.unjudged,
            "precision": found.street.precision,
            "recall": found.street.recall,
            "note": _street_note(found.street),
        }
    return row


def _street_note(score: StreetScore) -> str:
    """Why there is no recall; empty where there is one."""
    if score.recall is not None:
        return ""
    return NONE_TRUE if score.zones else NOT_JUDGED


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the CSV: settings first, then `overweight_precision` and its like."""
    flat = dict(row["settings"])
    for name, value in row.items():
        if name != "settings":
            flat |= (
                {f"{name}_{key}": v for key, v in value.items()} if isinstance(value, dict) else {name: value}
            )
    return flat


def _write(
    out: Path, result: dict[str, Any], axes: Sequence[Axis], found: Sequence[Tally], chosen: Sequence[Unit]
) -> str:
    """Everything into the folder; what is there, or why there is no picture."""
    (out / "sweep.json").write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    flat = [_flat(row) for row in result["points"]]
    with (out / "sweep.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(flat[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(flat)
    varied = [one for one in axes if len(one.values) > 1]
    if not 0 < len(varied) <= MAX_PLOTTED:
        return f"sweep.csv, sweep.json; no picture, which shows one or two settings, of {len(varied)}"
    if find_spec("matplotlib") is None:
        return "sweep.csv, sweep.json; no picture: it needs matplotlib (pip install 'edge-agent[plots]')"
    from edge_agent.replaying.sweep_plots import draw  # noqa: PLC0415 - matplotlib

    scored = ", beside the truth of a simulation" if any(u.truth or u.street for u in chosen) else ""
    draw(varied, found, f"{len(chosen)} recording(s), {len(found)} combinations{scored}", out / "sweep.png")
    return "sweep.csv, sweep.json, sweep.png"


HEADS = {
    "crossings": "crossings",
    "over": "over",
    "matched": "matched",
    "ambiguous": "ambiguous",
    "unmatched": "unmatched",
    "street_cases": "street",
    "suspects": "suspects",
    "statements": "statements",
}
SHARES = {
    "P(over)": ("overweight", "precision"),
    "R(over)": ("overweight", "recall"),
    "P(plate)": ("plates", "precision"),
    "R(plate)": ("plates", "recall"),
}
STREET = {
    "true": ("street", "true"),
    "P(street)": ("street", "precision"),
    "R(street)": ("street", "recall"),
}
SCORED = {
    "overweight": "P precision, R recall: of overweight by the posted limit, and of the cases' plates",
    "street": "true: stays that truly are a case by the combination's own rule; P, R(street): of these",
}


def _table(axes: Sequence[Axis], rows: Sequence[dict[str, Any]]) -> str:
    names = _names([one.key for one in axes])
    scored = {side for side in SCORED if any(side in row for row in rows)}
    shares = {
        head: place
        for side, heads in (("overweight", SHARES), ("street", STREET))
        for head, place in heads.items()
        if side in scored
    }
    lines = [[*names, *HEADS.values(), *shares]]
    for row in rows:
        told = [_told(row.get(side, {}), name) for side, name in shares.values()]
        lines.append([*row["settings"].values(), *(str(row[name]) for name in HEADS), *told])
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    legend = [f"{name}: {one.key}" for name, one in zip(names, axes, strict=True) if name != one.key]
    legend += [words for side, words in SCORED.items() if side in scored]
    legend += _street_legend(rows)
    table = ["  ".join(map(str.rjust, line, widths)) for line in lines]
    return "\n".join([*table, *legend])


def _told(scored: dict[str, Any], name: str) -> str:
    """One number of a row's score; a share in percent."""
    value = scored.get(name)
    if name == "true":
        return "-" if value is None else str(value)
    if value is None and name == "recall" and scored.get("note") == NONE_TRUE:
        return "none true"
    return _percent(value)


def _street_legend(rows: Sequence[dict[str, Any]]) -> list[str]:
    """What a reader must know of some of the rows."""
    street = [row["street"] for row in rows if "street" in row]
    legend = []
    if any(one["note"] == NONE_TRUE for one in street):
        legend.append(f"none true: {NONE_TRUE}")
    if any(one["unjudged_zones"] for one in street):
        most = max(one["unjudged_zones"] for one in street)
        legend.append(
            f"not judged: up to {most} zone(s), whose ground was redrawn, whose rule asks for what the truth "
            "does not hold (requires, stationary: false), or whose configuration changed meanwhile; "
            "their cases are counted, not scored"
        )
    return legend


def _names(keys: Sequence[str]) -> list[str]:
    """The last step of each key, where no other has it; else a letter."""
    lasts = [key.rpartition(".")[2] for key in keys]
    letters = string.ascii_uppercase
    return [last if lasts.count(last) == 1 else letters[n % len(letters)] for n, last in enumerate(lasts)]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"
