"""Builder of a morning on a drawn street: a zone's changes, a case with pictures, what was watched."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np

from edge_agent.config.loader import load
from edge_agent.config.street import StreetConfig
from edge_agent.core.decisions import Fault, FaultKind, SealStreet, Status, ZoneChanged
from edge_agent.core.records import Detection
from edge_agent.core.scene import EvidenceItem, Finding, Phase, Watched, ZoneState
from edge_agent.core.units import S
from edge_agent.devices.pictures.copies import marked_copy, shared_copy
from edge_agent.devices.pictures.zone import ZoneDrawing
from edge_agent.evidence.examples import a_picture
from edge_agent.evidence.examples_street import HOUR, a_coverage, a_report, a_street_clock, a_zone_case
from tests.road import ROOT

POLYGON = ((0.22, 0.55), (0.80, 0.55), (0.86, 0.85), (0.16, 0.85))
DOOR = ((0.22, 0.55), (0.80, 0.55))
DRAWING = ZoneDrawing(
    tuple((round(x * 1000), round(y * 1000)) for x, y in POLYGON),
    tuple((round(x * 1000), round(y * 1000)) for x, y in DOOR),
    "老王水果店",
)
CRATES = Detection("goods_pile", "evidence", 870, 400, 560, 520, 760, in_lane=True)
RACK = Detection("display_rack", "evidence", 610, 560, 520, 640, 740, in_lane=True)
PASSER_BY = Detection("person", "context", 900, 680, 420, 730, 800)


def a_config(**street):
    """The bridge's example site with a fruit shop beside it."""
    chosen = {
        "shops": {"s1": {"name": "老王水果店", "tier": "yellow"}},
        "rules": {"overflow": {}},
        "cameras": {
            "street1": {
                "video": {"url": "rtsp://10.0.0.9/main"},
                "zones": {
                    "door_s1": {"rule": "overflow", "shop": "s1", "polygon": POLYGON, "door_line": DOOR}
                },
            }
        },
        **street,
    }
    bridge = load(ROOT / "configs" / "bridge.yaml")
    return bridge.model_copy(update={"street": StreetConfig.model_validate(chosen)})


def a_street(*boxes, seed=7, width=960, height=540):
    """A shop, its pavement, and what stands there, drawn; (h, w, 3) BGR."""
    chance = np.random.default_rng(seed)
    image = np.full((height, width, 3), (168, 176, 180), np.uint8)
    image[: height // 2] = (196, 205, 214)
    for n in range(6):
        left = width * (20 + n * 10) // 100
        cv2.rectangle(image, (left, height * 12 // 100), (left + width // 12, height // 2), (110, 96, 84), -1)
    cv2.rectangle(image, (width // 6, height * 5 // 100), (width * 84 // 100, height // 8), (60, 110, 50), -1)
    for box in boxes:
        x0, x1 = box.x_min * width // 1000, box.x_max * width // 1000
        y0, y1 = box.y_min * height // 1000, box.y_max * height // 1000
        colour = {"person": (120, 60, 40), "goods_pile": (40, 120, 190)}.get(box.label, (70, 150, 90))
        cv2.rectangle(image, (x0, y0), (x1, y1), colour, -1)
        for y in range(y0, y1, 14):
            cv2.line(image, (x0, y), (x1, y), (30, 40, 50), 1)
        if box.label == "person":
            cv2.circle(image, ((x0 + x1) // 2, y0 + 10), 14, (170, 190, 225), -1)
    return image + chance.integers(0, 10, image.shape, np.uint8)


def jpeg(image):
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()


def drawn_pictures(*shots):
    """Reference and (role, at, boxes) as originals with their copies, and all bytes."""
    blobs, pictures, seen = {}, [], []

    def keep(role, data, at, **other):
        fields = {"width": 960, "height": 540, "camera": "street1", **other}
        pictures.append(a_picture(role, data, at, **fields))
        blobs[pictures[-1].sha256] = data
        return pictures[-1].sha256

    keep("reference", jpeg(a_street()), None)
    seen.append(())
    for role, at, boxes in shots:
        image = a_street(*boxes, seed=at // S)
        parent = keep(role, jpeg(image), at)
        seen.append(tuple(boxes))
        marks = [box for box in boxes if box.role == "evidence"]
        copy = marked_copy(image, DRAWING, marks, f"{role} · street1", parent)
        keep(f"{role}_marked", jpeg(copy), at, parent=parent)
        copy = shared_copy(image, DRAWING, marks, boxes, f"{role} · street1", 80)
        keep(f"{role}_shared", jpeg(copy), at, parent=parent, masked=True)
        seen += [(), ()]
    return tuple(pictures), tuple(seen), blobs


CONFIRMED, CLEARED, RECHECKED = HOUR + 480 * S, HOUR + 1_500 * S, HOUR + 1_560 * S


@cache
def the_case():
    """Three records: confirmed after a delivery's pause, cleared, and a re-check that says corrected."""
    items = (
        an_item("goods_pile", "strong", 870, CRATES, 420),
        an_item("display_rack", "weak", 610, RACK, 260),
    )
    common = {"first_seen_at": HOUR, "candidate_at": HOUR + 60 * S, "confirmed_at": CONFIRMED}
    report = a_report(
        judged_at=CONFIRMED, dwell=300 * S, paused=180 * S, items=items, share=143, samples=480,
        samples_present=451, text_zh="疑似跨门经营：规则有效期间累计观测5分0秒，规则时限5分0秒。",
        text_en="Goods past the shop's door line: observed for 5 min 0 s while the rule held.", **common,
    )  # fmt: skip
    confirmed = drawn_pictures(
        ("first_seen", HOUR, (CRATES, PASSER_BY)),
        ("middle", HOUR + 330 * S, (CRATES,)),
        ("confirmed", CONFIRMED, (CRATES, RACK)),
    )
    cleared = a_report(
        Phase.CLEARED, judged_at=CLEARED, ended_at=CLEARED, dwell=1_290 * S, paused=180 * S, **common
    )
    recheck = a_report(Phase.RECHECK, judged_at=RECHECKED, dwell=1_290 * S, **common)
    return [
        a_record(report, 0, confirmed),
        a_record(cleared, 1, drawn_pictures(("cleared", CLEARED, ()))),
        a_record(recheck, 2, drawn_pictures(("recheck", RECHECKED, (PASSER_BY,)))),
    ]


def an_inspection():
    report = a_report(Phase.INSPECTION, judged_at=HOUR + 2_400 * S)
    return a_record(report, 0, drawn_pictures(("inspection", HOUR + 2_400 * S, ())), case="inspection-1")


def an_item(label, strength, score, box, samples):
    edges = (box.x_min, box.y_min, box.x_max, box.y_max)
    return EvidenceItem(label, strength, score, HOUR, HOUR + samples * S, samples, 900, *edges)


def a_record(report, revision, pictures, **other) -> tuple[SealStreet, dict[str, bytes]]:
    taken, seen, blobs = pictures
    seal, _ = a_zone_case(phase=report.phase, report=report)
    fields = {"at": report.judged_at, "clock": a_street_clock(report.judged_at), "revision": revision}
    return replace(seal, pictures=taken, detections=seen, **{**fields, **other}), blobs


def a_change(at, state, finding, dwell_s=0, detail="", zone="door_s1"):
    return ZoneChanged(at, "street1", zone, ZoneState(state), Finding(finding), dwell_s * 1000, detail)


def the_morning(step_s=1):
    """Every look of 50 minutes as a change: clear, a delivery in between, confirmed, ongoing, cleared."""
    out, dwell = [], 0
    for second in range(-600, 2_700, step_s):
        state, finding, detail = "clear", "absent", ""
        if 0 <= second < 1_380:
            finding = "present"
            state = "clear" if second < 60 else "candidate" if second < 480 else "confirmed"
            detail = "unloading" if 100 <= second < 280 else ""
            finding = "unseen" if 700 <= second < 790 else finding
            detail = "blind:shifted" if 700 <= second < 790 else detail
            dwell += 0 if detail else step_s
        elif 1_380 <= second < 1_500:
            state = "confirmed"
        else:
            dwell = 0
            finding = "suspect" if 2_000 <= second < 2_200 else "absent"
        out.append(a_change(HOUR + second * S, state, finding, dwell, detail))
    return out


def camera_news():
    return [
        Fault(HOUR + 700 * S, "camera/street1", FaultKind.CAMERA, "shifted"),
        Status(HOUR + 700 * S, "camera/street1", "blind", "shifted"),
        Status(HOUR + 790 * S, "camera/street1", "ok", ""),
    ]


def watched_hours(count=8):
    """Hourly records: one with a long gap."""
    return [
        a_coverage(
            start=(n + 1) * HOUR,
            end=(n + 2) * HOUR,
            at=(n + 2) * HOUR,
            parts=(
                Watched("zone/door_s1", 3_600_000 - 90_000 * n, (("shifted", 90_000 * n),) if n else ()),
                Watched(
                    "lane/1",
                    3_600_000 if n != 3 else 900_000,
                    (("sensor_silent", 2_700_000),) if n == 3 else (),
                ),
            ),
        )
        for n in range(count)
    ]
