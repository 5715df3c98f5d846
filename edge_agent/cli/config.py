"""`edge-agent config check FILE` and `edge-agent config schema`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge_agent.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from edge_agent.config.settings import SiteConfig

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Check a configuration; print its form.")


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
        if as_json:
            print(
                json.dumps(
                    {"good": False, "problems": [asdict(p) for p in error.problems]}, ensure_ascii=False
                )
            )
        else:
            print(error)
            print(f"{len(error.problems)} problem(s)")
        raise typer.Exit(1) from error
    said = [*map(str, notes(config)), *filter(None, [ConfigKeeper(file).in_force()])]
    if as_json:
        told = {"good": True, "problems": [], "notes": said, "sha256": config.sha256()}
        print(json.dumps(told, ensure_ascii=False))
    else:
        print(f"{file}: good; {_summary(config)}")
        for note in said:
            print(f"note: {note}")


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


def _summary(config: SiteConfig) -> str:
    parts = [
        f"{len(config.ports)} port(s)",
        f"{len(config.lanes)} lane(s)",
        f"{len(config.cameras)} camera(s)",
        f"use class at most {config.site.legal.use_class}",
    ]
    return ", ".join(parts)
