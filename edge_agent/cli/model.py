"""`edge-agent model ...`: what models there are, how one gets there, and how a city makes its own."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge_agent import bars

if TYPE_CHECKING:
    from edge_agent.workbench.installed import Model

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

MODELS = Path("models")
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Folder = Annotated[Path, typer.Option("--dir", metavar="DIR", help="The folder of models.")]
Vouch = Annotated[
    str,
    typer.Option(
        "--sha256", help="Vouches for a .pt that `model train` did not make: loading one runs code."
    ),
]
Device = Annotated[str, typer.Option(help="cpu, or the number of a GPU: 0.")]
Size = Annotated[int, typer.Option(min=32, max=4096, help="Side of the network's input, pixels.")]
Data = Annotated[
    Path, typer.Argument(metavar="DATASET.yaml", help="As Ultralytics wants it; see docs/models.md.")
]


@app.command("list")
def list_(folder: Folder = MODELS, as_json: AsJson = False) -> None:
    """What models there are, which file is accepted, what their classes count for, what is left to do."""
    from edge_agent.workbench.installed import installed  # noqa: PLC0415 - help stays instant

    found = installed(folder)
    if as_json:
        print(json.dumps({"models": [m.as_json() for m in found]}, ensure_ascii=False))
    elif not found:
        print(f"{folder}: no model; `edge-agent model install FILE|URL` brings one")
    else:
        _table(found)


def _table(found: list[Model]) -> None:
    from rich.console import Console  # noqa: PLC0415 - help stays instant
    from rich.table import Table  # noqa: PLC0415

    table = Table("name", "SHA-256", "input", "MB", "classes", "evidence", "context", "licence", box=None)
    table.columns[0].no_wrap = table.columns[1].no_wrap = True
    for m in found:
        digest = f"{m.sha256[:12]}{'' if m.pinned else ' not pinned'}"
        table.add_row(
            m.name, digest, m.size, f"{m.bytes / 1e6:.1f}", str(len(m.classes)), str(m.roles["evidence"]),
            str(m.roles["context"]), m.licence.split(",")[0] or "not stated",
        )  # fmt: skip
    Console().print(table)
    for m in found:
        for note in m.notes:
            print(f"{m.name}: {note}")


@app.command()
def install(
    source: Annotated[str, typer.Argument(metavar="FILE|URL", help="An .onnx file; a URL must be https.")],
    sha256: Annotated[str, typer.Option(help="It must be this file. Required for a URL.")] = "",
    folder: Folder = MODELS,
    as_json: AsJson = False,
) -> None:
    """Put a model into the folder: checked, whole, never over another; with a class map if it has none."""
    from edge_agent.workbench.installed import install as put  # noqa: PLC0415 - help stays instant

    name = Path(source).name
    with bars.size(name, quiet=as_json) as bar:
        done = put(source, folder, sha256, lambda so_far, of: bar.told(name, so_far, of))
    if as_json:
        print(json.dumps({**vars_of(done)}, ensure_ascii=False))
        return
    print(f"{done.onnx}: {'installed' if done.fresh else 'was there already'}, SHA-256 {done.sha256}")
    if done.template:
        print(f"{done.class_map}: written; EVERY class in it is ignored until you say what it means")
    else:
        print(f"{done.class_map}: fits")
    print(f"next: `detector: {{model: {done.onnx}}}` in the site's configuration")


@app.command()
def train(  # noqa: PLR0917 a command has as many options as there are choices
    data: Data,
    out: Annotated[Path, typer.Option(metavar="DIR", help="A new folder: weights, result, log.")],
    start: Annotated[
        str,
        typer.Option(metavar="YAML|PT", help="An architecture (random weights), or weights to go on from."),
    ] = "yolo11n.yaml",
    epochs: Annotated[int, typer.Option(min=1)] = 50,
    imgsz: Size = 640,
    batch: Annotated[int, typer.Option(min=1)] = 16,
    device: Device = "cpu",
    seed: Annotated[int, typer.Option(min=0)] = 0,
    workers: Annotated[int, typer.Option(min=0, help="Processes that load pictures.")] = 0,
    patience: Annotated[
        int, typer.Option(min=0, help="Epochs without progress before it stops; 0: never.")
    ] = 0,
    sha256: Vouch = "",
    as_json: AsJson = False,
) -> None:
    """Train on a dataset with Ultralytics (extra `train`), without network or telemetry."""
    from edge_agent.workbench import tasks  # noqa: PLC0415 - help stays instant

    plan = tasks.Training(start, epochs, imgsz, batch, device, seed, workers, patience)
    with _epochs(epochs, as_json) as progress:
        result = tasks.train(data, out, plan, sha256, progress)
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
        return
    print(f"{result['weights']}: SHA-256 {result['sha256']}")
    for key, value in result["metrics"].items():
        print(f"  {key} {value}")
    print(
        f"next: edge-agent model export {result['weights']} --name NAME --imgsz {imgsz} "
        f"--data {data} --split test"
    )


@app.command()
def val(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="An .onnx, or a .pt vouched for.")],
    data: Data,
    split: Annotated[str, typer.Option(help="train, val or test.")] = "val",
    imgsz: Size = 640,
    device: Device = "cpu",
    sha256: Vouch = "",
    as_json: AsJson = False,
) -> None:
    """Precision, recall and mAP on a split, as Ultralytics counts them (extra `train`)."""
    from edge_agent.workbench import tasks  # noqa: PLC0415 - help stays instant

    with tempfile.TemporaryDirectory(prefix="edge-agent-val-") as work:
        result = tasks.validate(model, data, split, imgsz, device, sha256, Path(work), _silent)
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
        return
    print(f"{model}: split {split}, {result['pictures']} pictures")
    for row in [{**result, "name": "all"}, *result["classes"]]:
        print(
            f"  {row['name']:18} precision {row['precision']:.3f}  recall {row['recall']:.3f}  "
            f"mAP50 {row['map50']:.3f}  mAP50-95 {row['map50_95']:.3f}"
        )


@app.command()
def export(  # noqa: PLR0917 same
    weights: Annotated[Path, typer.Argument(metavar="WEIGHTS.pt")],
    name: Annotated[str, typer.Option(help="The model's name: NAME.onnx, NAME.yaml, NAME.md.")],
    folder: Folder = MODELS,
    imgsz: Size = 640,
    classes: Annotated[
        Path | None, typer.Option(metavar="MAP.yaml", help="A class map for it; without one: a template.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DATASET.yaml", help="Measure the result on it.")
    ] = None,
    split: Annotated[str, typer.Option(help="... on this split.")] = "val",
    sha256: Vouch = "",
    as_json: AsJson = False,
) -> None:
    """Weights to ONNX: checked, pinned by digest in its class map, with a model card (extra `train`)."""
    from edge_agent.errors import UsageError  # noqa: PLC0415 - help stays instant
    from edge_agent.workbench import tasks  # noqa: PLC0415

    if not name or Path(name).name != name or name.startswith("."):
        raise UsageError(f"--name {name!r}: a plain name is expected, without folder and suffix")
    with tempfile.TemporaryDirectory(prefix="edge-agent-export-") as work:
        done = tasks.export(
            weights, folder / f"{name}.onnx", imgsz, Path(work), sha256=sha256, classes=classes, data=data,
            split=split, progress=_silent,
        )  # fmt: skip
    if as_json:
        print(json.dumps(vars_of(done), ensure_ascii=False))
        return
    print(f"{done.onnx}: SHA-256 {done.sha256}")
    state = "written; EVERY class in it is ignored until you say what it means" if done.ignored else "pinned"
    print(f"{done.class_map}: {state}")
    print(f"{done.card}: what it says TO DO is for you to fill in")


@app.command("label-export")
def label_export(
    sources: Annotated[
        list[Path], typer.Argument(metavar="EVIDENCE...", help="Bundles, stores, folders of statements.")
    ],
    reviews: Annotated[Path, typer.Option(metavar="REVIEWS.jsonl", help="What people said: docs/models.md.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="A new folder for the dataset.")],
    split: Annotated[
        Path | None,
        typer.Option(metavar="SPLIT.json", help="The frozen split of earlier exports; is added to."),
    ] = None,
    time_zone: Annotated[str, typer.Option(help="Whose days separate the splits.")] = "Asia/Shanghai",
    keys: Annotated[Path | None, typer.Option(help="PEM file of the evidence keys that you trust.")] = None,
    as_json: AsJson = False,
) -> None:
    """Reviewed street cases -> a YOLO dataset, split by camera and day; rejected cases are hard negatives."""
    from edge_agent.evidence.keys import read_public_keys  # noqa: PLC0415 - help stays instant
    from edge_agent.workbench.label_export import label_export as write  # noqa: PLC0415

    trusted = read_public_keys(keys) if keys else ()
    done = write(sources, reviews, out, split, time_zone, trusted)
    if as_json:
        print(json.dumps(done.as_json(), ensure_ascii=False))
        return
    print(
        f"{done.data}: " + ", ".join(f"{count} {part}" for part, count in done.pictures.items()) + " pictures"
    )
    print("  boxes: " + (", ".join(f"{label} {n}" for label, n in sorted(done.boxes.items())) or "none"))
    print(f"  {done.hard_negatives} from rejected cases, {done.negatives} with nothing in them, "
          f"{done.corrected} drawn by a person")  # fmt: skip
    for reason, count in done.skipped.items():
        print(f"  left out: {count} {reason}")
    for part, count in done.pictures.items():
        if not count:
            print(f"  no picture in {part}: more cameras or days are needed before a model can be judged")
    print(f"  {done.split_file}: keep it, and give it as --split next time")


def vars_of(record: Any) -> dict[str, Any]:
    """A dataclass for JSON, paths as texts."""
    return {name: str(v) if isinstance(v := getattr(record, name), Path) else v for name in record.__slots__}


def _silent(_event: dict[str, Any]) -> None:
    """Progress of what takes seconds."""


@contextmanager
def _epochs(count: int, as_json: bool) -> Iterator[Callable[[dict[str, Any]], None]]:
    """A bar on a terminal, a line an epoch elsewhere."""
    if as_json:
        yield _silent
    elif not sys.stdout.isatty():
        yield (
            lambda e: (
                print(f"epoch {e['epoch']}/{e['of']}  mAP50 {e['map50']}", flush=True)
                if "epoch" in e
                else None
            )
        )
    else:
        with bars.count("training", count) as bar:
            yield lambda e: bar.told(f"training, mAP50 {e.get('map50', 0.0)}", e.get("epoch", count))
