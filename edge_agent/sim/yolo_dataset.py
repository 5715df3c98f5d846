"""Drawn pictures and their labels as a folder that Ultralytics trains from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import cv2

from edge_agent.sim.render.backdrop import Image

QUALITY = 92
PART = 3_000  # pictures that one process draws from one seed

Seed = int | tuple[int, int]
Labelled = tuple[Image, Sequence[str]]  # a picture, BGR, and the lines of its label file
Pictures = Callable[[int, Seed], Iterator[Labelled]]
Edges = tuple[float, float, float, float]  # x_min, y_min, x_max, y_max, px


def label_line(number: int, edges: Edges, width: int, height: int) -> str:
    """One box of a label file: class, centre and size over the picture.

    >>> label_line(3, (10, 20, 30, 40), 100, 200)
    '3 0.20000 0.15000 0.20000 0.10000'
    """
    x_min, y_min, x_max, y_max = edges
    u, v = (x_min + x_max) / 2 / width, (y_min + y_max) / 2 / height
    return f"{number} {u:.5f} {v:.5f} {(x_max - x_min) / width:.5f} {(y_max - y_min) / height:.5f}"


@dataclass(frozen=True, slots=True)
class _Part:
    """Some pictures of a split, drawn from a seed of their own."""

    split: str
    first: int
    count: int
    seed: Seed


def write_yolo_dataset(
    folder: Path,
    sizes: dict[str, int],
    seed: int,
    classes: Sequence[str],
    pictures: Pictures,
    workers: int = 1,
) -> Path:
    """All splits and the `data.yaml`; returns the latter's path.

    Args:
        folder: gets images/<split> and labels/<split>.
        sizes: pictures of each split.
        seed: no two splits share what is drawn from it. Same seed, same pictures, however many processes.
        classes: names, by number.
        pictures: draws so many (first argument) from a seed (second).
        workers: processes.
    """
    parts = [
        _Part(split, first, min(PART, count - first), _seed(seed * 100 + index, first // PART))
        for index, (split, count) in enumerate(sizes.items())
        for first in range(0, count, PART)
    ]
    for split in sizes:
        (folder / "images" / split).mkdir(parents=True, exist_ok=True)
        (folder / "labels" / split).mkdir(parents=True, exist_ok=True)
    write = partial(_write, folder, pictures)
    if workers > 1:
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            list(pool.map(write, parts))
    else:
        list(map(write, parts))
    names = "\n".join(f"  {number}: {name}" for number, name in enumerate(classes))
    splits = "\n".join(f"{split}: images/{split}" for split in sizes)
    path = folder / "data.yaml"
    path.write_text(f"path: {folder.resolve()}\n{splits}\nnames:\n{names}\n", encoding="utf-8")
    return path


def _seed(split: int, part: int) -> Seed:
    return (split, part) if part else split


def _write(folder: Path, pictures: Pictures, part: _Part) -> None:
    for number, (picture, lines) in enumerate(pictures(part.count, part.seed), start=part.first):
        name = f"{part.split}_{number:05d}"
        image = folder / "images" / part.split / f"{name}.jpg"
        cv2.imwrite(str(image), picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        label = folder / "labels" / part.split / f"{name}.txt"
        label.write_text("\n".join(lines) + "\n" if lines else "", encoding="utf-8")
