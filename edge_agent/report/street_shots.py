"""The pictures of a street's case in the order of its story, with zone, door line, boxes and their feet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edge_agent.core.street.geometry import footprint
from edge_agent.core.street.settings import ZoneSettings, permille
from edge_agent.devices.pictures.words import LABELS, ROLES, both
from edge_agent.report.sealed import Sealed, picture

ORDER = (
    "reference",
    "first_seen",
    "middle",
    "confirmed",
    "reopened",
    "ongoing",
    "cleared",
    "recheck",
    "inspection",
)
COPIES = (("_marked", "标注件 marked"), ("_shared", "商户件（已遮挡） for the owner, masked"))


def attachments(records: Sequence[Sealed]) -> list[tuple[Mapping[str, Any], Sealed]]:
    """Each file once, with the first record that names it."""
    seen: dict[str, tuple[Mapping[str, Any], Sealed]] = {}
    for record in records:
        for attachment in record.statement["attachments"]:
            seen.setdefault(attachment["sha256"], (attachment, record))
    return list(seen.values())


def shots(records: Sequence[Sealed], zone: ZoneSettings | None) -> list[dict[str, Any]]:
    """Originals, reference first, then as the case went; each with its copies and what was seen in it."""
    files = attachments(records)
    boxes = {
        seen["sha256"]: seen["boxes"] for r in records for seen in r.statement["storefront"]["detections"]
    }
    out = []
    for attachment, record in files:
        if attachment["role"] not in ORDER:
            continue
        copies = [
            {"href": owner.files.get(copy["sha256"], ""), "name": name, "linked": owner.linked}
            for suffix, name in COPIES
            for copy, owner in files
            if copy["parent"] == attachment["sha256"] and copy["role"].endswith(suffix)
        ]
        out.append(
            {
                **picture(attachment, record),
                "name": both(attachment["role"], ROLES),
                "at": attachment["captured_monotonic_us"] or 0,
                "copies": [copy for copy in copies if copy["href"] or not copy["linked"]],
                "polygon": _points(permille(zone.polygon)) if zone else "",
                "door_line": _points(permille(zone.door_line)) if zone else "",
                "boxes": [_box(box) for box in boxes.get(attachment["sha256"], ())],
            }
        )
    return sorted(out, key=lambda shot: (shot["role"] != "reference", shot["at"], ORDER.index(shot["role"])))


def _points(corners: Sequence[tuple[int, int]]) -> str:
    return " ".join(f"{x},{y}" for x, y in corners)


def _box(box: Mapping[str, Any]) -> dict[str, Any]:
    evidence = box["role"] == "evidence" and box["in_lane"]
    _, foot, _, _ = footprint((box["x_min"], box["y_min"], box["x_max"], box["y_max"]))
    height = max(1, box["y_max"] - box["y_min"])
    return {
        "foot": 100 * (box["y_max"] - foot) / height if evidence else 0,
        "label": f"{LABELS.get(box['label'], box['label'])} {box['score_permille'] // 10}",
        "evidence": evidence,
        "left": box["x_min"] / 10,
        "top": box["y_min"] / 10,
        "width": (box["x_max"] - box["x_min"]) / 10,
        "height": (box["y_max"] - box["y_min"]) / 10,
    }


def clips(records: Sequence[Sealed]) -> list[dict[str, Any]]:
    """Its video."""
    return [
        picture(attachment, record)
        for attachment, record in attachments(records)
        if attachment["role"] == "clip"
    ]
