"""`edge-agent verify PATH...`: check evidence; say what was checked and what was not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from edge_agent.errors import UsageError
from edge_agent.evidence.keys import PublicKey, read_public_keys
from edge_agent.evidence.verify import Report, verify
from edge_agent.evidence.verify_sources import open_material

app = typer.Typer(add_completion=False)


@app.command()
def main(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="An envelope, a bundle, a folder of envelopes, a store."),
    ],
    keys: Annotated[Path | None, typer.Option(help="PEM file of the evidence keys that you trust.")] = None,
    receipt_keys: Annotated[
        Path | None, typer.Option(help="PEM file of the platform's receipt keys that you trust.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check evidence: envelope, signature, form, attachments, chain, receipts.

    Exit: 0 all of it is good, 1 something is bad, 2 the command makes no sense.
    """
    trusted = read_public_keys(keys) if keys else ()
    platform = read_public_keys(receipt_keys) if receipt_keys else ()
    reports = {str(path): _verify(path, trusted, platform) for path in paths}
    if as_json:
        print(json.dumps({path: _as_json(report) for path, report in reports.items()}, ensure_ascii=False))
    else:
        for path, report in reports.items():
            print(_as_text(path, report))
    if not all(report.good for report in reports.values()):
        raise typer.Exit(1)


def _verify(path: Path, keys: tuple[PublicKey, ...], receipt_keys: tuple[PublicKey, ...]) -> Report:
    material = open_material(path)
    if not keys and not material.evidence_keys and not material.problems:
        raise UsageError(f"{path}: no key comes with it; give the one that you trust with --keys FILE")
    return verify(material, keys, receipt_keys)


def _as_json(report: Report) -> dict[str, object]:
    return {
        "good": report.good,
        "statements": report.statements,
        "attachments": report.attachments,
        "links": report.links,
        "receipts": report.receipts,
        "checked": report.checked,
        "not_checked": report.not_checked,
        "problems": [{"where": where, "what": what} for where, what in report.problems],
    }


def _as_text(path: str, report: Report) -> str:
    lines = [path, "  checked"]
    lines += [f"    {line}" for line in report.checked]
    lines += ["  NOT checked"]
    lines += [f"    {line}" for line in report.not_checked]
    lines += [f"  BAD {where}: {what}" for where, what in report.problems]
    if not report.problems and not report.statements:
        lines += ["  BAD there is no statement in it"]
    lines += ["  all that was checked is good" if report.good else "  this is NOT good evidence"]
    return "\n".join(lines)
