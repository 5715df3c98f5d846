"""The statements that a page shows, each with its files, from wherever they came."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_agent.core.match.rivals import Rivals
from edge_agent.evidence import dsse
from edge_agent.evidence.bundle import MANIFEST
from edge_agent.evidence.statement import Statement
from edge_agent.evidence.verify import Report
from edge_agent.report.times import stamp

NOT_HERE = "照片文件不在此处 the picture file is not here"


Data = Callable[[str], bytes | None]  # a file's bytes by its SHA-256; None: not at hand


def no_files(_sha256: str) -> bytes | None:
    """Of a statement whose files are not at hand."""
    return None


def only_file(content: bytes | None) -> Data:
    """Of a statement whose one file at hand is this."""
    sha256 = hashlib.sha256(content).hexdigest() if content is not None else ""

    def read(wanted: str) -> bytes | None:
        return content if wanted == sha256 else None

    return read


@dataclass(frozen=True, slots=True)
class Sealed:
    """One statement, with its files where they lie."""

    statement: Mapping[str, Any]
    payload_sha256: str
    verified: bool | None  # None: nobody signed it, or no key was at hand
    receipted: bool | None  # None: nobody could have
    files: Mapping[str, str]  # by SHA-256: address in the page
    absent: Mapping[str, str] = field(default_factory=dict)  # by SHA-256: why it is not shown
    data: Data = no_files
    linked: bool = True  # the addresses lead to files; else the page holds the files themselves
    rivals: Rivals | None = None  # who competed for the plate, where a recording tells

    @property
    def packet_id(self) -> str:
        """Its name."""
        return str(self.statement["packet_id"])

    @property
    def severity(self) -> float:
        """How far over: the largest excess as a share of its limit, verified rules before all others."""
        measured = self.statement["measurement"]
        shares = [
            (limit["excess_g"] or 0) / limit["limit_g"] - (1000 if limit["reference_only"] else 0)
            for limit in (measured["limits"] if measured else ())
            if limit["limit_g"]
        ]
        return max(shares, default=0.0)

    def parsed(self) -> Statement:
        """The statement as the contract's own model."""
        return Statement.model_validate(self.statement)

    def badges(self) -> dict[str, Any]:
        """What the page says of every statement alike."""
        chain = self.statement["chain"]
        return {
            "packet_id": self.packet_id,
            "seq": chain["seq"],
            "epoch": chain["epoch"],
            "prev": chain["prev"] or "–",
            "keyid": self.statement["keyid"],
            "sha256": self.payload_sha256,
            "verified": self.verified,
            "receipted": self.receipted,
        }


def read_bundle(bundle: Path, report: Report, base: Path) -> list[Sealed]:
    """All statements of a bundle, in its order; addresses are relative to `base`."""
    manifest = json.loads((bundle / MANIFEST).read_text(encoding="utf-8"))
    bad = {where for where, _ in report.problems}
    out = []
    for entry in manifest["statements"]:
        _, payload, _ = dsse.decode((bundle / entry["file"]).read_bytes())
        paths = {Path(name).stem: bundle / name for name in entry["attachments"]}
        out.append(
            Sealed(
                statement=json.loads(payload),
                payload_sha256=entry["payload_sha256"],
                verified=entry["file"] not in bad,
                receipted=entry["receipt"] is not None,
                files={sha256: path.relative_to(base).as_posix() for sha256, path in paths.items()},
                data=_reader(paths),
            )
        )
    return out


def _reader(paths: Mapping[str, Path]) -> Data:
    def read(sha256: str) -> bytes | None:
        path = paths.get(sha256)
        return path.read_bytes() if path is not None else None

    return read


def picture(attachment: Mapping[str, Any], sealed: Sealed) -> dict[str, Any]:
    """An attachment as the page shows it."""
    sha256 = attachment["sha256"]
    return {
        "href": sealed.files.get(sha256, ""),
        "linked": sealed.linked,
        "absent": sealed.absent.get(sha256, NOT_HERE),
        "role": attachment["role"],
        "width": attachment["width"],
        "height": attachment["height"],
        "sha256": sha256,
        "time": stamp(attachment["capture_utc_us"]) if attachment["capture_utc_us"] else "",
    }
