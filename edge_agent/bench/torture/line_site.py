"""The smallest real box: a weighing controller on a terminal line, one lane, no camera, no platform.

What crosses it is sealed within milliseconds, so a row can break something and see what became of it.
"""

from __future__ import annotations

import json
import os
import pty
import tty
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge_agent.config.settings import SiteConfig

LIMIT_KG = 20_000


class Line:
    """A terminal line: `device` is the box's end, `weigh` speaks as the controller does."""

    def __init__(self) -> None:
        self._ours, self._theirs = pty.openpty()
        tty.setraw(self._theirs)
        self.device = os.ttyname(self._theirs)
        self._count = 0

    def weigh(self, gross_kg: int = 26_000) -> None:
        """Somebody crosses."""
        self._count += 1
        record = {
            "v": 1,
            "id": f"vehicle-{self._count}",
            "lane": "1",
            "first_axle_age_ms": 900,
            "last_axle_age_ms": 400,
            "axles": [
                {"load_g": gross_kg * 400, "offset_mm": 0},
                {"load_g": gross_kg * 600, "offset_mm": 4_000},
            ],
            "gross_g": gross_kg * 1_000,
            "speed_mm_s": 8_000,
        }
        os.write(self._ours, json.dumps(record).encode() + b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._ours)
        os.close(self._theirs)


def line_site(folder: Path, device: str, **changes: Any) -> SiteConfig:
    """Its configuration; everything it keeps is in `folder`."""
    posted = {
        "road_class": "highway",
        "limit_kind": "gvw",
        "limit_kg": LIMIT_KG,
        "sign_id": "sign-1",
        "legal_basis": "of a test",
        "authority": "nobody",
        "valid_from": "2026-01-01",
    }
    tree: dict[str, Any] = {
        "schema": 1,
        "site": {
            "id": "torture",
            "tenant": "test",
            "device_id": "ea-torture",
            "place": {"lat_e7": 312304160, "lon_e7": 1214737010, "datum": "CGCS2000"},
            "legal": {"use_class": "test"},
        },
        "ports": {"wim": {"device": device, "protocol": {"kind": "wim_json", "lanes": {"1": "1"}}}},
        "lanes": {
            "1": {"port": "wim", "scale": {"calibration": {"id": "test"}}, "limits": {"posted": posted}}
        },
        "evidence": {
            "key_file": str(folder / "evidence.pem"),
            "store": {"directory": str(folder / "evidence"), "ballast_bytes": 0},
        },
        "journal": {"dir": None},
        "clock": {"source": "none"},
        **changes,
    }
    return SiteConfig.model_validate(tree)
