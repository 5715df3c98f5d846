"""`edge-agent verify PATH...`: check evidence; say what was checked and what was not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from cryptography.x509 import Certificate

from edge_agent.errors import UsageError
from edge_agent.evidence.certificates import read_certificates
from edge_agent.evidence.keys import PublicKey, read_public_keys
from edge_agent.evidence.sm2 import Sm2PublicKey, read_sm2_keys
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
    ca: Annotated[
        Path | None,
        typer.Option(help="PEM file of the authorities that issue certificates of evidence keys."),
    ] = None,
    sm2_keys: Annotated[
        Path | None, typer.Option(help="PEM file of SM2 keys, for second signatures (extra `sm2`).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check evidence: envelope, signature, form, attachments, chain, certificates, receipts.

    A key that took over from a trusted one by a rotation in the chain is trusted as well.

    Exit: 0 all of it is good, 1 something is bad, 2 the command makes no sense.
    """
    trusted = Trusted(
        read_public_keys(keys) if keys else (),
        read_public_keys(receipt_keys) if receipt_keys else (),
        read_certificates(ca) if ca else (),
        read_sm2_keys(sm2_keys) if sm2_keys else (),
    )
    reports = {str(path): _verify(path, trusted) for path in paths}
    if as_json:
        print(json.dumps({path: _as_json(report) for path, report in reports.items()}, ensure_ascii=False))
    else:
        for path, report in reports.items():
            print(_as_text(path, report))
    if not all(report.good for report in reports.values()):
        raise typer.Exit(1)


class Trusted(NamedTuple):
    """What the caller gave."""

    keys: tuple[PublicKey, ...]
    receipt_keys: tuple[PublicKey, ...]
    authorities: tuple[Certificate, ...]
    sm2_keys: tuple[Sm2PublicKey, ...]


def _verify(path: Path, trusted: Trusted) -> Report:
    material = open_material(path)
    if not trusted.keys and not material.evidence_keys and not material.problems:
        raise UsageError(f"{path}: no key comes with it; give the one that you trust with --keys FILE")
    return verify(
        material,
        trusted.keys,
        trusted.receipt_keys,
        authorities=trusted.authorities,
        sm2_keys=trusted.sm2_keys,
    )


def _as_json(report: Report) -> dict[str, object]:
    return {
        "good": report.good,
        "statements": report.statements,
        "attachments": report.attachments,
        "links": report.links,
        "receipts": report.receipts,
        "rotations": report.rotations,
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
