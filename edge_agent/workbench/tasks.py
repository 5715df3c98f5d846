"""Train, validate, export: thin drivers of Ultralytics, and what this project adds to them.

Added: the dataset is looked at first, weights are vouched for, an exported model is checked against the
detector's contract, pinned by digest in its class map, and has a card.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from edge_agent.devices.detector import DetectorSettings
from edge_agent.devices.detector import class_map as maps
from edge_agent.devices.detector.model_files import file_sha256
from edge_agent.devices.detector.onnx_backend import OnnxBackend
from edge_agent.errors import UsageError
from edge_agent.workbench.card import card
from edge_agent.workbench.dataset import Dataset, read_dataset
from edge_agent.workbench.drive import Progress, carry_out
from edge_agent.workbench.weights import must_be_vouched_for, vouch_for

LOG = "log.txt"
RESULT = "result.json"


@dataclass(frozen=True, slots=True)
class Training:
    """How to train."""

    start: str  # an architecture (.yaml) for random weights, or weights (.pt) to go on from
    epochs: int = 50
    imgsz: int = 640
    batch: int = 16
    device: str = "cpu"  # or the number of a GPU
    seed: int = 0
    workers: int = 0
    patience: int = 0  # epochs without progress before it stops; 0: never


def train(
    data: Path, out: Path, plan: Training, start_sha256: str = "", progress: Progress = print
) -> dict[str, Any]:
    """Train on a dataset; the result, `result.json` and the weights lie in `out`.

    Raises:
        ConfigError: the dataset has problems.
        UsageError: the folder is in use, or nobody vouched for the weights to start from.
        WorkbenchError: the training failed.
    """
    dataset = read_dataset(data)
    if plan.start.endswith(".pt"):
        must_be_vouched_for(Path(plan.start), start_sha256)
    if out.exists() and any(out.iterdir()):
        raise UsageError(f"{out} is not empty: a training gets a new folder")
    out.mkdir(parents=True, exist_ok=True)
    request = {
        "task": "train", "data": str(_absolute(dataset, out)), "out": str(out.resolve()), "start": plan.start,
        "epochs": plan.epochs, "imgsz": plan.imgsz, "batch": plan.batch, "device": plan.device,
        "seed": plan.seed, "workers": plan.workers, "patience": plan.patience,
    }  # fmt: skip
    result = carry_out(request, out / LOG, progress)
    weights = Path(result["weights"])
    result["sha256"] = vouch_for(weights, out.resolve())
    result["weights"] = str(out / weights.relative_to(out.resolve()))
    result["plan"] = {"epochs": plan.epochs, "imgsz": plan.imgsz, "seed": plan.seed, "start": plan.start}
    result["dataset"] = _told(dataset)
    (out / RESULT).write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return result


def validate(
    model: Path,
    data: Path,
    split: str,
    imgsz: int,
    device: str,
    sha256: str,
    work: Path,
    progress: Progress = print,
) -> dict[str, Any]:
    """Precision, recall and mAP on a split of a dataset, as Ultralytics counts them.

    Raises:
        ConfigError: the dataset has problems.
        UsageError: nobody vouched for the weights; the split is not there.
        WorkbenchError: it failed.
    """
    dataset = read_dataset(data)
    if split not in dataset.pictures:
        raise UsageError(f"{data}: has no split {split!r}; there are {', '.join(dataset.pictures)}")
    digest = must_be_vouched_for(model, sha256)
    work.mkdir(parents=True, exist_ok=True)
    request = {
        "task": "val", "model": str(model.resolve()), "data": str(_absolute(dataset, work)), "split": split,
        "imgsz": imgsz, "device": device, "out": str(work.resolve()),
    }  # fmt: skip
    result = carry_out(request, work / LOG, progress)
    return {**result, "model": str(model), "sha256": digest, "pictures": dataset.pictures[split]}


@dataclass(frozen=True, slots=True)
class Exported:
    """A model that is ready for `detector.model`."""

    onnx: Path
    class_map: Path
    card: Path
    sha256: str
    ignored: bool  # every class is ignored: a person must fill the class map in


def export(
    weights: Path,
    target: Path,
    imgsz: int,
    work: Path,
    *,
    sha256: str = "",
    classes: Path | None = None,
    data: Path | None = None,
    split: str = "val",
    progress: Progress = print,
) -> Exported:
    """Weights to ONNX with its class map and card; nothing that is there is overwritten.

    Args:
        weights: a `.pt` that somebody vouched for.
        target: the .onnx to make; map and card lie beside it.
        imgsz: side of the network's input, pixels.
        work: folder for what lies about meanwhile.
        sha256: vouches for the weights.
        classes: a class map for it; without one a template is written in which every class is ignored.
        data: a dataset to measure the exported file on, for the card.
        split: of that dataset.
        progress: told what happens.

    Raises:
        ConfigError: the export is none that the detector can drive, or the class map does not fit it.
        UsageError: something is there already, or nobody vouched for the weights.
        WorkbenchError: the export failed.
    """
    made = Exported(
        target, target.with_suffix(".yaml"), target.with_suffix(".md"), "", ignored=classes is None
    )
    for path in (made.onnx, made.class_map, made.card):
        if path.exists():
            raise UsageError(f"{path} exists; give another --name, or remove it")
    must_be_vouched_for(weights, sha256)
    work.mkdir(parents=True, exist_ok=True)
    copy = work / "weights.pt"  # Ultralytics writes beside what it reads
    shutil.copyfile(weights, copy)
    result = carry_out({"task": "export", "model": str(copy.resolve()), "imgsz": imgsz}, work / LOG, progress)
    onnx = Path(result["onnx"])
    names = OnnxBackend(DetectorSettings(model=str(onnx), runtime="onnxruntime"), "").names
    digest = file_sha256(onnx)
    text = (
        maps.template(digest, names, model=target.name)
        if classes is None
        else _fitting(classes, names, digest)
    )
    measured = None
    if data is not None:
        measured = validate(onnx, data, split, imgsz, "cpu", "", work / "val", progress)
    dataset = _dataset_of(weights, data)
    page = card(target.stem, digest, onnx.stat().st_size, imgsz, names, result, dataset, measured)
    target.parent.mkdir(parents=True, exist_ok=True)
    for path, content in (
        (made.card, page.encode()),
        (made.class_map, text.encode()),
        (made.onnx, onnx.read_bytes()),
    ):
        with path.open("xb") as stream:
            stream.write(content)
    return Exported(made.onnx, made.class_map, made.card, digest, ignored=made.ignored)


def _fitting(classes: Path, names: tuple[str, ...], digest: str) -> str:
    maps.read_class_map(classes).must_fit(classes, names)
    return maps.pinned(classes.read_text(encoding="utf-8"), digest)


def _absolute(dataset: Dataset, folder: Path) -> Path:
    """The dataset with its folder written out: Ultralytics looks for relative ones elsewhere."""
    tree = yaml.safe_load(dataset.path.read_text(encoding="utf-8"))
    tree["path"] = str((dataset.path.parent / str(tree.get("path") or "")).resolve())
    path = folder / "dataset.yaml"
    path.write_text(yaml.safe_dump(tree, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path.resolve()


def _told(dataset: Dataset) -> dict[str, Any]:
    return {"file": dataset.path.name, "pictures": dataset.pictures, "boxes": dataset.boxes}


def _dataset_of(weights: Path, data: Path | None) -> dict[str, Any] | None:
    """What the weights were trained on, where our own training left its result; else what is measured on."""
    for folder in weights.resolve().parents[:3]:
        if (folder / RESULT).is_file():
            found = json.loads((folder / RESULT).read_text(encoding="utf-8"))
            return {**found["dataset"], "plan": found["plan"]}
    return _told(read_dataset(data)) if data is not None else None
