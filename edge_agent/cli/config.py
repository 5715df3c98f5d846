"""`edge-agent config check FILE` and `edge-agent config schema`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from edge_agent.config.loader import load
from edge_agent.config.settings import SiteConfig
from edge_agent.errors import ConfigError, UsageError

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Check a configuration; print its form.")


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A site's configuration, YAML.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say everything that is wrong with a configuration, each with its line.

    Exit: 0 it is good, 1 it is not, 2 there is no such file.
    """
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
    if as_json:
        print(json.dumps({"good": True, "problems": [], "sha256": config.sha256()}))
    else:
        print(f"{file}: good; {_summary(config)}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of a site's configuration, for editors."""
    print(json.dumps(json_schema(), ensure_ascii=False, indent=2))


def json_schema() -> dict[str, Any]:
    """The form of a site's file. A port's `id` is its key there, so nobody has to write it."""
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
