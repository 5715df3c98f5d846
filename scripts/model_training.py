"""What the scripts that make this project's own models share: train from nothing, export, pin, score."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

Box = tuple[str, int, int, int, int]  # label and edges, permille


def workbench(work: Path) -> Any:
    """Ultralytics, kept from the network: no telemetry, no downloads, settings under `work`."""
    os.environ.setdefault("YOLO_CONFIG_DIR", str(work / "settings"))
    os.environ["YOLO_OFFLINE"] = "true"
    (work / "settings").mkdir(parents=True, exist_ok=True)
    import ultralytics  # noqa: PLC0415 only the step that needs it

    ultralytics.settings.update({"sync": False})
    return ultralytics.YOLO


def train(
    architecture: Path, work: Path, stages: Sequence[dict[str, Any]], start: Path | None = None
) -> None:
    """Train on work/pictures, stage after stage, each from the one before; the first from random weights.

    The last stage's best epoch lies in work/run/weights/best.pt. Earlier stages that lie in `work` already
    are not trained again. `start` is a checkpoint to begin from instead (`taken_up`).
    """
    for number, options in enumerate(stages, start=1):
        name = "run" if number == len(stages) else f"run-{number}"
        best = work / name / "weights" / "best.pt"
        if number == len(stages) or not best.exists():
            model = workbench(work)(str(architecture))
            model.add_callback("on_train_start", _fast_on_a_cpu)
            model.add_callback("on_fit_epoch_end", _tell)
            # `pretrained: false` would forget the stage before, whatever file the model was opened from.
            begun = {"pretrained": str(start) if start else False}
            data = str(work / "pictures" / "data.yaml")
            model.train(data=data, project=str(work), name=name, **options, **begun)
        start = best


def taken_up(architecture: Path, exported: Path, work: Path) -> Path:
    """An exported network as a checkpoint whose training can go on: it answers as the export does.

    The export folded each batch normalisation into its convolution. It is unfolded by what the convolution
    puts out over some of the pictures: mean and deviation become the normalisation's, its gain and offset
    undo them.
    """
    import onnx  # noqa: PLC0415 only the step that needs it
    import torch  # noqa: PLC0415 same

    network = workbench(work)(str(architecture)).model.eval()
    stored = {
        i.name: torch.tensor(onnx.numpy_helper.to_array(i)) for i in onnx.load(exported).graph.initializer
    }
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name in stored and "dfl" not in name:
                parameter.copy_(stored[name])
        folded = {name: layer for name, layer in network.named_modules() if hasattr(layer, "bn")}
        for name, layer in folded.items():
            layer.bn.bias.copy_(stored[f"{name}.conv.bias"])
            layer.bn.running_var.fill_(1 - layer.bn.eps)
        seen = {name: _noted(layer.conv) for name, layer in folded.items()}
        for batch in _some(work / "pictures" / "images" / "train"):
            network(batch)
        for name, layer in folded.items():
            mean, square = (torch.stack(values).mean(0) for values in zip(*seen[name], strict=True))
            layer.bn.running_mean.copy_(mean)
            layer.bn.running_var.copy_(square - mean.square())
            layer.bn.weight.copy_((layer.bn.running_var + layer.bn.eps).sqrt())
            layer.bn.bias.add_(mean)
            layer.conv._forward_hooks.clear()  # noqa: SLF001 - the only ones there are
    path = work / "taken-up.pt"
    torch.save({"model": network.train()}, path)
    return path


def _noted(convolution: Any) -> list[tuple[Any, Any]]:
    """What it puts out from now on: mean and mean square of each channel."""
    seen: list[tuple[Any, Any]] = []

    def note(_module: Any, _taken: Any, given: Any) -> None:
        seen.append((given.mean((0, 2, 3)), given.square().mean((0, 2, 3))))

    convolution.register_forward_hook(note)
    return seen


def _some(folder: Path, count: int = 256, size: tuple[int, int] = (448, 256)) -> Iterator[Any]:
    """Pictures from all over the folder as the network takes them, one by one."""
    import cv2  # noqa: PLC0415 only the step that needs it
    import torch  # noqa: PLC0415 same

    paths = sorted(folder.glob("*.jpg"))
    for path in paths[:: max(1, len(paths) // count)]:
        image = cv2.cvtColor(cv2.resize(cv2.imread(str(path)), size), cv2.COLOR_BGR2RGB)
        yield torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255


def _tell(trainer: Any) -> None:
    score = trainer.metrics.get("metrics/mAP50(B)", 0.0)
    print(f"epoch {trainer.epoch + 1} of {trainer.epochs}: mAP50 {score:.3f}", flush=True)


def _fast_on_a_cpu(trainer: Any) -> None:
    """Channels last: 1.5 times faster; bfloat16 where the processor has it: 1.5 times again (measured)."""
    import torch  # noqa: PLC0415 only the step that needs it

    torch.set_num_threads(os.cpu_count() or 1)  # Ultralytics leaves one core for others
    trainer.model.to(memory_format=torch.channels_last)
    if "avx512_bf16" not in Path("/proc/cpuinfo").read_text(encoding="ascii"):
        return
    once = trainer.model._predict_once  # noqa: SLF001 - the loss and the kept weights stay 32 bit

    def in_bfloat16(*args: Any, **options: Any) -> Any:
        with torch.autocast("cpu", torch.bfloat16):
            return _as_float(once(*args, **options))

    trainer.model._predict_once = in_bfloat16  # noqa: SLF001 - as above


def _as_float(output: Any) -> Any:
    if isinstance(output, dict):
        return {key: _as_float(value) for key, value in output.items()}
    if isinstance(output, list | tuple):
        return type(output)(_as_float(value) for value in output)
    return output.float() if hasattr(output, "float") else output


def export_onnx(work: Path, out: Path, image_size: int | Sequence[int], weights: Path | None = None) -> None:
    """Export the best epoch as ONNX, opset 17, batch 1, no NMS inside; sizes are height, width."""
    model = workbench(work)(str(weights or work / "run" / "weights" / "best.pt"))
    made = model.export(format="onnx", imgsz=image_size, opset=17, simplify=True, dynamic=False, device="cpu")
    copy_described(Path(made), out)
    print(f"{out.name}: {out.stat().st_size} bytes")


def copy_described(made: Path, out: Path) -> None:
    """The exported model as it is kept: its own description names a folder of whoever trained it."""
    import onnx  # noqa: PLC0415 only the step that needs it

    model = onnx.load(made)
    for entry in model.metadata_props:
        if entry.key == "description":
            entry.value = f"{out.stem}: see {out.stem}.md"
    onnx.save(model, out)


def pin_digest(out: Path) -> None:
    """Write the digest of the exported file into its class map."""
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    set_line(out.with_suffix(".yaml"), "sha256", digest)
    print(f"{out.stem}: {digest}")


def set_line(path: Path, key: str, value: str) -> None:
    """Give a key of a class map this value; at its end where it has none."""
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [f"{key}: {value}" if line.startswith(f"{key}:") else line for line in lines]
    if kept == lines and f"{key}: {value}" not in lines:
        kept.append(f"{key}: {value}")
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")


def calibrate(out: Path, pictures: Path, classes: Sequence[str]) -> None:
    """Write into the class map how often boxes of each score are right on labelled pictures.

    Groups of boxes are pooled with their neighbours until the shares rise (isotonic regression).
    """
    import cv2  # noqa: PLC0415 only the step that needs it

    from edge_agent.devices.detector import Detector, DetectorSettings  # noqa: PLC0415 same

    set_line(out.with_suffix(".yaml"), "calibration", "[]")
    detector = Detector(DetectorSettings(model=str(out), min_score=0.05))
    judged: list[tuple[int, bool]] = []
    for picture in sorted(pictures.glob("*.jpg")):
        [found] = detector.detect([cv2.imread(str(picture))])
        left = drawn_truth(picture, classes)
        for detection, box in zip(found, boxes_of(found), strict=True):
            same = [other for other in left if other[0] == box[0]]
            best = max(same, key=lambda other: overlap(box, other), default=None)
            right = best is not None and overlap(box, best) >= 500
            if best is not None and right:
                left.remove(best)
            judged.append((detection.score, right))
    points = [[round(score / 1000, 3), round(share, 3)] for score, share in rising(sorted(judged))]
    set_line(out.with_suffix(".yaml"), "calibration", str(points))
    print(f"calibrated on {len(judged)} boxes: {points}")


def rising(judged: Sequence[tuple[int, bool]], groups: int = 16) -> list[tuple[float, float]]:
    """(mean score, share right) of equally large groups, neighbours pooled until both rise."""
    pools: list[list[float]] = []  # boxes, sum of scores, right ones
    for k in range(groups):
        part = judged[k * len(judged) // groups : (k + 1) * len(judged) // groups]
        pools.append([len(part), sum(score for score, _ in part), sum(right for _, right in part)])
        while len(pools) > 1 and pools[-2][2] * pools[-1][0] >= pools[-1][2] * pools[-2][0]:
            last = pools.pop()
            pools[-1] = [a + b for a, b in zip(pools[-1], last, strict=True)]
    return [(scores / n, right / n) for n, scores, right in pools if n and 0 < right < n]


@dataclass
class Score:
    """Boxes found against boxes that should have been found, at an overlap of one half."""

    right: int = 0
    invented: int = 0
    missed: int = 0

    def add(self, found: list[Box], true: list[Box]) -> None:
        """Match greedily, surest first."""
        left = list(true)
        for box in found:
            best = max(left, key=lambda other: overlap(box, other), default=None)
            if best is not None and overlap(box, best) >= 500:
                left.remove(best)
                self.right += 1
            else:
                self.invented += 1
        self.missed += len(left)

    def __str__(self) -> str:
        found, true = self.right + self.invented, self.right + self.missed
        return (
            f"precision {self.right / max(1, found):.3f} ({self.right} of {found}), "
            f"recall {self.right / max(1, true):.3f} ({self.right} of {true})"
        )


def overlap(a: Box, b: Box) -> int:
    """Intersection over union, permille."""
    w, h = min(a[3], b[3]) - max(a[1], b[1]), min(a[4], b[4]) - max(a[2], b[2])
    if w <= 0 or h <= 0:
        return 0
    both = (a[3] - a[1]) * (a[4] - a[2]) + (b[3] - b[1]) * (b[4] - b[2])
    return w * h * 1000 // (both - w * h)


def report(
    title: str, pairs: list[tuple[list[Box], list[Box]]], labels: Sequence[str], any_label: str
) -> None:
    """Print a score for any label (whatever each box is called) and one for each."""
    print(title)
    for label in (any_label, *labels):
        score = Score()
        for found, true in pairs:
            keep = [[b for b in boxes if label in (b[0], any_label)] for boxes in (found, true)]
            score.add(keep[0], keep[1])
        print(f"  {label:18} {score}")


def write_numbers(card: Path, text: str) -> None:
    """Put what was printed into the model's card, between its two marks."""
    start, end = "<!-- numbers -->\n", "<!-- /numbers -->"
    whole = card.read_text(encoding="utf-8")
    before, rest = whole.split(start, 1)
    _, after = rest.split(end, 1)
    card.write_text(f"{before}{start}```text\n{text.rstrip()}\n```\n{end}{after}", encoding="utf-8")


def boxes_of(detections: Iterable[Any], tallest: int = 0) -> list[Box]:
    """Detections as plain boxes; those lower than `tallest` permille are left out."""
    return [(d.label, d.x_min, d.y_min, d.x_max, d.y_max) for d in detections if d.y_max - d.y_min >= tallest]


def drawn_truth(picture: Path, classes: Sequence[str]) -> list[Box]:
    """The labels that were written with a drawn picture."""
    label = Path(str(picture).replace("/images/", "/labels/")).with_suffix(".txt")
    out: list[Box] = []
    for line in label.read_text(encoding="utf-8").splitlines():
        number, u, v, w, h = (float(word) for word in line.split())
        edges = (u - w / 2, v - h / 2, u + w / 2, v + h / 2)
        out.append((classes[int(number)], *(round(e * 1000) for e in edges)))  # type: ignore[arg-type]  # four
    return out


def every_nth(clip: Path, nth: int = 5) -> Iterator[Any]:
    """Pictures of a clip, BGR."""
    import av  # noqa: PLC0415 only the step that needs it

    with av.open(str(clip)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % nth == 0:
                yield frame.to_ndarray(format="bgr24")
