"""Plate reads in JSON lines: the fields of the CSV, or what a camera would have pushed (`anpr.v1`)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge_agent.core.events import PlateSeen
from edge_agent.devices.anpr_push.json_form import parse_json
from edge_agent.devices.anpr_push.push import Refused
from edge_agent.devices.anpr_push.seen import seen
from edge_agent.devices.anpr_push.settings import AnprCameraSettings, AnprSettings
from edge_agent.importing.json_lines import cells_of, objects_of
from edge_agent.journal.importer import PLATE_COLUMNS, REQUIRED_COLUMNS, parse_time, plate_of

PUSHED = "schema"  # the key that only the pushed form has
UNKNOWN_CAMERA = AnprCameraSettings(protocol="json", auth="none")


def read_plates_jsonl(
    path: Path,
    anpr: AnprSettings,
    keep: Callable[[bytes], str],
    check: Callable[[PlateSeen], None] = lambda _read: None,
) -> list[PlateSeen]:
    """Plate reads, one JSON object a line; both forms may stand in one file. `at` is UTC.

    Args:
        path: the file.
        anpr: how the cameras' own lane numbers map to lanes, and their zone.
        keep: takes the bytes of a pushed picture, gives their SHA-256.
        check: raises `ValueError` where a read is none of the site's.

    Raises:
        ConfigError: every line that cannot be read, with its number.
    """

    def make(tree: dict[str, Any], line: str) -> PlateSeen | None:
        if PUSHED in tree:
            read = _pushed(line, anpr, keep)
        else:
            read = plate_of(cells_of(tree, PLATE_COLUMNS, REQUIRED_COLUMNS))
        if read is not None:
            check(read)
        return read

    return [read for _, read in objects_of(path, make) if read is not None]


def _pushed(line: str, anpr: AnprSettings, keep: Callable[[bytes], str]) -> PlateSeen | None:
    """A push with `camera`, which its address said, and `received`, where it was noted, beside its fields.

    None for a read of a lane that has no scale, as at the door.
    """
    body = json.loads(line)
    camera, received = body.pop("camera", None), body.pop("received", None)
    if not isinstance(camera, str) or not camera:
        raise ValueError("key 'camera' is missing: which camera pushed it?")
    settings = anpr.cameras.get(camera, UNKNOWN_CAMERA)
    try:
        push = parse_json(json.dumps(body).encode(), settings)
    except Refused as refused:
        raise ValueError(refused.detail) from None
    at = push.captured_utc if received is None else parse_time(str(received))
    if at is None:
        raise ValueError("neither 'captured' nor 'received' says when")
    return seen(at, camera, settings, push, keep)
