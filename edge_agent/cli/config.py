"""`edge-agent config check FILE`, `edge-agent config migrate FILE` and `edge-agent config schema`."""

from __future__ import annotations

import json
import stat
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
    from edge_agent.config.notes import notes  # noqa: PLC0415 - same

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
    said = [*map(str, notes(config)), *older_form(file), *filter(None, [ConfigKeeper(file).in_force()])]
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


def _summary(config: SiteConfig) -> str:
    parts = [
        f"{len(config.ports)} port(s)",
        f"{len(config.lanes)} lane(s)",
        f"{len(config.cameras)} camera(s)",
        f"use class at most {config.site.legal.use_class}",
    ]
    return ", ".join(parts)
