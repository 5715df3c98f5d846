"""What a bundle holds, read once for all parts of the page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.evidence import dsse
from edge_agent.evidence.bundle import MANIFEST
from edge_agent.evidence.verify import Report
from edge_agent.report.times import stamp


@dataclass(frozen=True, slots=True)
class Sealed:
    """One statement of a bundle, with its files where they lie."""

    statement: Mapping[str, Any]
    payload_sha256: str
    verified: bool
    receipted: bool
    files: Mapping[str, str]  # by SHA-256: address relative to the page

    @property
    def packet_id(self) -> str:
        """Its name."""
        return str(self.statement["packet_id"])

    def badges(self) -> dict[str, Any]:
        """What the page says of every statement alike."""
        return {
            "packet_id": self.packet_id,
            "seq": self.statement["chain"]["seq"],
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
        files = {
            Path(name).stem: (bundle / name).relative_to(base).as_posix() for name in entry["attachments"]
        }
        out.append(
            Sealed(
                statement=json.loads(payload),
                payload_sha256=entry["payload_sha256"],
                verified=entry["file"] not in bad,
                receipted=entry["receipt"] is not None,
                files=files,
            )
        )
    return out


def picture(attachment: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    """An attachment as the page shows it."""
    return {
        "href": files.get(attachment["sha256"], ""),
        "role": attachment["role"],
        "width": attachment["width"],
        "height": attachment["height"],
        "sha256": attachment["sha256"],
        "time": stamp(attachment["capture_utc_us"]) if attachment["capture_utc_us"] else "",
    }
