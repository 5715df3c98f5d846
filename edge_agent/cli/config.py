"""`edge-agent config check FILE`, `edge-agent config migrate FILE` and `edge-agent config schema`."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge_agent.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from edge_agent.commanded import ConfigKeeper
    from edge_agent.config.settings import SiteConfig

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Check a configuration, bring it into today's form; print that form.",
)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A site's configuration, YAML.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say everything that is wrong with a configuration, each with its line.

    Exit: 0 it is good, 1 it is not, 2 there is no such file.
    """
    from edge_agent.commanded import ConfigKeeper  # noqa: PLC0415 - help stays instant
    from edge_agent.config.loader import load  # noqa: PLC0415 - same

    if not file.is_file():
        raise UsageError(f"no file {file}")
    try:
        config = load(file)
    except ConfigError as error:
        instead = _instead(ConfigKeeper(file))
        if as_json:
            problems = [asdict(p) for p in error.problems]
            print(json.dumps({"good": False, "problems": problems, "notes": instead}, ensure_ascii=False))
        else:
            print(error)
            print(f"{len(error.problems)} problem(s)")
            for note in instead:
                print(f"note: {note}")
        raise typer.Exit(1) from error
    said = [*notes(config), *older_form(file), *filter(None, [ConfigKeeper(file).in_force()])]
    if as_json:
        told = {"good": True, "problems": [], "notes": said, "sha256": config.sha256()}
        print(json.dumps(told, ensure_ascii=False))
    else:
        print(f"{file}: good; {_summary(config)}")
        for note in said:
            print(f"note: {note}")


@app.command()
def migrate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A site's configuration, YAML.")],
    write: Annotated[bool, typer.Option("--write", help="Write it; without this it is only shown.")] = False,
) -> None:
    """Show what today's form of a configuration differs in, comments kept; the daemon reads either.

    Exit: 0 it is in today's form now, 1 it would have to be written, 2 it cannot be read.
    """
    from edge_agent.config.migrating import difference, migrated_text  # noqa: PLC0415 - help stays instant
    from edge_agent.evidence.small_files import write_over  # noqa: PLC0415 - same

    if not file.is_file():
        raise UsageError(f"no file {file}")
    before = file.read_bytes().decode("utf-8-sig")
    after, edits = migrated_text(file, before)
    if not edits:
        print(f"{file}: in today's form")
        return
    print(difference(file, before, after), end="")
    if not write:
        raise typer.Exit(1)
    write_over(file, after.encode(), stat.S_IMODE(file.stat().st_mode))
    print(f"{file}: written")


@app.command()
def schema() -> None:
    """Print the JSON Schema of a site's configuration, for editors."""
    print(json.dumps(json_schema(), ensure_ascii=False, indent=2))


def json_schema() -> dict[str, Any]:
    """The form of a site's file. A port's `id` is its key there, so nobody has to write it."""
    from edge_agent.config.settings import SiteConfig  # noqa: PLC0415 - help stays instant

    form = SiteConfig.model_json_schema(by_alias=True)
    port = form["$defs"]["SerialPortSettings"]
    port["required"] = [name for name in port["required"] if name != "id"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **form}


def _instead(keeper: ConfigKeeper) -> list[str]:
    """What a daemon runs as long as the file has problems."""
    try:
        kept = keeper.at_the_box()
    except ConfigError as error:
        refused = [problem.reason for problem in error.problems if "last known good" in problem.reason]
        return refused or ["no last known good is to be seen from here (call this as the service's user)"]
    digest = kept.config.sha256()
    return [f"until it has none, the daemon runs what the file said when it last ran well: sha256 {digest}"]


def older_form(file: Path) -> list[str]:
    """What is read otherwise than it is written; empty: the file has today's form."""
    from edge_agent.config.migrating import migrated_text  # noqa: PLC0415 - help stays instant

    _, edits = migrated_text(file, file.read_bytes().decode("utf-8-sig"))
    said = ", ".join(map(str, edits))
    return [f"an older form, read as today's: {said}; see edge-agent config migrate"] if edits else []


def notes(config: SiteConfig) -> list[str]:
    """What is allowed and perhaps not meant: said, never refused."""
    return [*_standing(config), *_delivery(config)]


def _standing(config: SiteConfig) -> Iterator[str]:
    """Why no statement of an enforcement site can be `enforcement`, as far as the file shows it."""
    from edge_agent.core.records import UseClass  # noqa: PLC0415 - help stays instant
    from edge_agent.core.use_class import UNCALIBRATED  # noqa: PLC0415

    legal = config.site.legal
    if legal.use_class is not UseClass.ENFORCEMENT:
        return
    for name in ("approval_number", "published_location", "sign_id", "enforcement_from"):
        if not getattr(legal, name):
            yield f"site.legal.{name} is empty: every statement will be `reference`"
    if config.clock.source == "none":
        yield "clock.source is none: every statement will be `reference`"
    for name, lane in config.lanes.items():
        if lane.certificate is None:
            yield f"lanes.{name}.certificate is missing: every statement of the lane will be `reference`"
        if UNCALIBRATED in lane.scale.calibration.id:
            yield f"lanes.{name}.scale.calibration is none: every statement of the lane will be `reference`"
        if lane.limits.posted is None and lane.limits.gvw_art3 is None:
            yield f"lanes.{name}.limits has neither posted nor gvw_art3: no case will ever be opened"
        if lane.scale.sensors and len(lane.scale.sensors) == 1 and lane.scale.sensors[0].kind != "deck":
            yield f"lanes.{name}.scale has one sensor: speed is inferred, every statement will be `reference`"


def _delivery(config: SiteConfig) -> Iterator[str]:
    """What would keep evidence on the box for ever, or make it look like more than it is."""
    if config.evidence.sm2_key_file is not None:
        yield "evidence.sm2_key_file: software SM2 is no certified module and passes no 密评; for trials only"
    if config.uplink is None:
        yield "uplink is left out: statements are sealed and kept, nothing is sent"
    elif config.uplink.receipt_keys_file is None:
        yield "uplink.receipt_keys_file is left out: no receipt can be believed, nothing is ever purged"
    for name, lane in config.lanes.items():
        if not lane.camera:
            yield f"lanes.{name}.camera is left out: overweight crossings get neither plate nor pictures"


def _summary(config: SiteConfig) -> str:
    parts = [
        f"{len(config.ports)} port(s)",
        f"{len(config.lanes)} lane(s)",
        f"{len(config.cameras)} camera(s)",
        f"use class at most {config.site.legal.use_class}",
    ]
    return ", ".join(parts)
