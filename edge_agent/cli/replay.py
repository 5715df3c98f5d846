"""`edge-agent replay REC --out DIR`: the same decisions again, or those of another configuration."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from edge_agent.errors import UsageError

if TYPE_CHECKING:
    from edge_agent.config.settings import SiteConfig
    from edge_agent.journal.compare import Difference
    from edge_agent.journal.reader import Recording

app = typer.Typer(add_completion=False)

PROGRESS_EVERY = 500  # events


@app.command()
def main(
    recording: Annotated[Path, typer.Argument(metavar="REC", help="An .mcap file, or a folder of them.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="For decisions.jsonl and statements/.")],
    config: Annotated[
        Path | None, typer.Option(metavar="SITE.yaml", help="Default: the one in the recording.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Give a recording to the core again and write down what it decides.

    With the recording's own configuration the decisions are compared with those recorded live: exit 1
    when they differ by a byte.
    """
    from edge_agent.journal.reader import open_all, recorded_lines  # noqa: PLC0415 - help stays instant
    from edge_agent.replaying.replay import replay  # noqa: PLC0415

    recordings = open_all(recording)
    site = _config(recordings, config)
    _empty_folder(out)
    began = time.perf_counter()
    with Progress(console=Console(stderr=True), transient=True, disable=as_json) as bar:
        task = bar.add_task("replaying", total=None)
        count = 0

        def step(_event: object) -> None:
            nonlocal count
            count += 1
            if count % PROGRESS_EVERY == 0:
                bar.update(task, description=f"replaying: {count} events")

        done = replay(recordings, site, out, step)
    took = time.perf_counter() - began
    live = [] if config else recorded_lines(recordings)
    difference = _difference(live, done.decisions) if live else None
    if difference is not None and not difference.left and recordings[-1].torn:
        difference = None  # the daemon was killed before it could write down what it decided last
    span = (done.last_at - done.first_at) / 1e9
    result = {
        "events": done.events,
        "decisions": len(done.decisions),
        "statements": done.statements,
        "refused": done.refused,
        **_counts(done.decisions),
        "recorded_s": round(span, 3),
        "took_s": round(took, 3),
        "times_real_time": round(span / took, 1) if took else None,
        "compared_with_live": bool(live),
        "identical": difference is None if live else None,
        "torn": list(done.torn),
    }
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        _say(result, difference, out, bridge=bool(site.lanes), storefronts=site.street is not None)
    if difference is not None:
        raise typer.Exit(1)


def _config(recordings: list[Recording], path: Path | None) -> SiteConfig:
    from edge_agent.config.loader import load  # noqa: PLC0415
    from edge_agent.config.recorded import from_text  # noqa: PLC0415

    if path is not None:
        return load(path)
    text = recordings[0].config_text
    if not text:
        raise UsageError(f"{recordings[0].path} holds no configuration: give one with --config SITE.yaml")
    return from_text(text)


def _empty_folder(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise UsageError(f"{out} is not empty: give another --out")


def _difference(live: list[str], replayed: list[str]) -> Difference | None:
    from edge_agent.journal.compare import first_difference  # noqa: PLC0415

    return first_difference(live, replayed)


def _counts(lines: list[str]) -> dict[str, Any]:
    """What the decisions say, for somebody who has not opened them."""
    crossings = over = suspects = 0
    matches: dict[str, str] = {}
    street: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for decision in map(json.loads, lines):
        match decision["type"]:
            case "CrossingSeen":
                crossings += 1
                over += any(verdict["outcome"] == "over" for verdict in decision["verdicts"])
            case "Seal":  # an amendment takes the place of what it amends
                matches[decision["case"]] = decision["match"]["status"]
            case "SealStreet":
                report = decision["report"]
                asked = report["phase"] in ("recheck", "inspection")
                street[f"{report['phase']}: {report['finding']}" if asked else report["phase"]] += 1
            case "ZoneChanged":
                suspects += decision["detail"] == "suspect"
            case "Fault":
                faults[f"{decision['source']} {decision['kind']}"] += decision["count"]
    return {
        "crossings": crossings,
        "over_a_limit": over,
        "cases": dict(sorted(Counter(matches.values()).items())),
        "street": dict(sorted(street.items())),
        "suspects": suspects,
        "faults": dict(faults.most_common()),
    }


def _say(
    result: Mapping[str, Any],
    difference: Difference | None,
    out: Path,
    *,
    bridge: bool,
    storefronts: bool,
) -> None:
    print(f"{result['events']} events over {result['recorded_s']} s, in {result['took_s']} s", end="")
    print(f" ({result['times_real_time']} x real time)")
    cases, street = (
        ", ".join(f"{count} {what}" for what, count in result[side].items()) or "none"
        for side in ("cases", "street")
    )
    if bridge:
        print(f"{result['crossings']} crossings, {result['over_a_limit']} over a limit; cases: {cases}")
    if storefronts:
        print(f"street records: {street}; {result['suspects']} suspect(s), which are no case")
    for what, count in result["faults"].items():
        print(f"fault: {what}, {count} times")
    if bridge and not result["crossings"]:
        print("no crossing: is this the configuration of the site that the recording was made at?")
    print(f"{result['decisions']} decisions, {result['statements']} statements (unsigned) in {out}")
    if result["refused"]:
        print(f"REFUSED: no statement could be made of {result['refused']} case(s), the log above says why")
    for torn in result["torn"]:
        print(f"torn: {torn}; what came before it was replayed")
    if difference is not None:
        print(f"DIFFERS from what was recorded live, first at decision {difference.number}:")
        print(f"  live   {difference.left[:400] or '(nothing)'}")
        print(f"  replay {difference.right[:400] or '(nothing)'}")
    elif result["compared_with_live"]:
        print("identical to the decisions recorded live, byte for byte")
