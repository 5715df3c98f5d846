"""A model's card: what it is, what it was made from, how good it is, under which licence.

What the workbench knows is filled in. What only a person knows says TO DO, and `model list` says so too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

TO_DO = "TO DO"


def card(
    name: str,
    sha256: str,
    size: int,
    imgsz: int,
    names: Sequence[str],
    exported: Mapping[str, Any],
    dataset: Mapping[str, Any] | None,
    measured: Mapping[str, Any] | None,
) -> str:
    """The page, in Markdown."""
    rows = [
        ("File", f"`{name}.onnx`, {size / 1e6:.1f} MB, SHA-256 `{sha256}`"),
        ("Network", f"{exported['parameters'] / 1e6:.1f} M parameters; input {imgsz}×{imgsz}, letterboxed"),
        ("Classes", ", ".join(names) + f"; roles in `{name}.yaml`"),
        ("Data", _data(dataset)),
        ("Training", _training(dataset, exported)),
        ("Licence", f"AGPL-3.0, as Ultralytics asks of models made with it; of the data: {TO_DO}"),
    ]
    lines = [
        f"# {name}",
        "",
        f"{TO_DO}: in one sentence, what it is for and where it must not be used.",
        "",
        "| | |",
        "|---|---|",
        *(f"| {key} | {value} |" for key, value in rows),
        "",
        "## Numbers",
        "",
        *_numbers(measured),
        "",
        "## Where it fails",
        "",
        f"{TO_DO}: light, weather, views and things that it has not seen.",
    ]
    return "\n".join(lines) + "\n"


def _data(dataset: Mapping[str, Any] | None) -> str:
    if dataset is None:
        return f"{TO_DO}: what it was trained on, who took and labelled it, from where and when"
    pictures = ", ".join(f"{count} {split}" for split, count in dataset["pictures"].items())
    boxes = ", ".join(f"{label} {count}" for label, count in dataset["boxes"].items())
    return f"`{dataset['file']}`: pictures {pictures}; boxes {boxes}. {TO_DO}: from where and when"


def _training(dataset: Mapping[str, Any] | None, exported: Mapping[str, Any]) -> str:
    software = f"Ultralytics {exported['ultralytics']}, torch {exported['torch']}"
    if dataset is None or "plan" not in dataset:
        return f"{TO_DO}; exported with {software}"
    plan = dataset["plan"]
    start = Path(plan["start"]).name
    return f"{plan['epochs']} epochs from `{start}` at {plan['imgsz']} px, seed {plan['seed']}; {software}"


def _numbers(measured: Mapping[str, Any] | None) -> list[str]:
    if measured is None:
        return ["Not measured. `edge-agent model val MODEL.onnx DATA.yaml --split test` measures."]
    lines = [
        (
            f"The exported file on split `{measured['split']}` ({measured['pictures']} pictures), as "
            f"`edge-agent model val` counts (Ultralytics {measured['ultralytics']}):"
        ),
        "",
        "| | precision | recall | mAP50 | mAP50-95 |",
        "|---|---|---|---|---|",
    ]
    rows = [{**measured, "name": "all"}, *measured["classes"]]
    lines += [
        f"| {r['name']} | {r['precision']:.3f} | {r['recall']:.3f} | {r['map50']:.3f} | {r['map50_95']:.3f} |"
        for r in rows
    ]
    if measured["split"] != "test":
        lines += [
            "",
            "The training chose its best epoch on this split: on pictures it never saw expect less.",
        ]
    return lines


def licence_of(page: Path) -> str:
    """The card's row `Licence`; empty where there is no card or no such row."""
    try:
        text = page.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    found = re.search(r"(?mi)^\|\s*licen[cs]e\s*\|\s*(.+?)\s*\|\s*$", text)
    return found.group(1) if found else ""


def is_unfinished(page: Path) -> bool:
    """The card still says TO DO somewhere."""
    return page.is_file() and TO_DO in page.read_text(encoding="utf-8", errors="replace")
