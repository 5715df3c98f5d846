"""The child process that holds Ultralytics: one request on stdin, JSON lines on stdout, its log on stderr.

    parent --> {"task": "train", "data": "data.yaml", "epochs": 50, ...}
    child  --> {"event": "epoch", "epoch": 1, "of": 50, "map50": 0.12}
               {"event": "done", "result": {...}}     or     {"event": "failed", "reason": "..."}

It may run in another Python than the parent's (`EDGE_AGENT_TRAIN_PYTHON`), so it imports nothing of ours
but this file and `offline`, and of the rest only what the extra `train` brings.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from edge_agent.workbench.offline import stay_offline

OPSET = 17  # what ONNX Runtime 1.20 and OpenVINO of 2024 and later know


class Work:
    """One request, carried out."""

    def __init__(self, request: Mapping[str, Any], out: TextIO) -> None:
        self._request = request
        self._out = out

    def say(self, event: str, **what: Any) -> None:
        """One line to the parent."""
        print(json.dumps({"event": event, **what}), file=self._out, flush=True)

    def run(self) -> dict[str, Any]:
        """The request's task."""
        tasks = {"train": self._train, "val": self._val, "export": self._export, "versions": self._versions}
        return tasks[self._request["task"]]()

    def _versions(self) -> dict[str, Any]:
        import torch  # noqa: PLC0415 only the task that needs it
        import ultralytics  # noqa: PLC0415 same

        return {
            "ultralytics": str(ultralytics.__version__),
            "torch": str(torch.__version__),
            "python": sys.version.split()[0],
            "gpus": torch.cuda.device_count(),
        }

    def _model(self, path: str) -> Any:
        import ultralytics  # noqa: PLC0415 seconds, and only after the network is shut

        ultralytics.settings.update({"sync": False})
        return ultralytics.YOLO(path, task="detect")

    def _train(self) -> dict[str, Any]:
        r = self._request
        model = self._model(r["start"])
        model.add_callback("on_fit_epoch_end", self._epoch)
        model.train(
            data=r["data"], epochs=r["epochs"], imgsz=r["imgsz"], batch=r["batch"], device=r["device"],
            seed=r["seed"], deterministic=True, workers=r["workers"], project=r["out"], name="run",
            exist_ok=True, pretrained=False, amp=r["device"] != "cpu", plots=False, verbose=False,
            patience=r["patience"],
        )  # fmt: skip
        best = Path(model.trainer.best)
        weights = best if best.exists() else Path(model.trainer.last)
        return {"weights": str(weights), "metrics": _numbers(model.trainer.metrics), **self._versions()}

    def _epoch(self, trainer: Any) -> None:
        if trainer.epoch >= trainer.epochs:  # called once more, for the best epoch at the end
            return
        map50 = float((trainer.metrics or {}).get("metrics/mAP50(B)", 0.0))
        self.say("epoch", epoch=int(trainer.epoch) + 1, of=int(trainer.epochs), map50=round(map50, 4))

    def _val(self) -> dict[str, Any]:
        r = self._request
        metrics = self._model(r["model"]).val(
            data=r["data"], split=r["split"], imgsz=r["imgsz"], device=r["device"], batch=1, workers=0,
            rect=False, plots=False, verbose=False, project=r["out"], name="val", exist_ok=True,
        )  # fmt: skip
        box = metrics.box
        classes = [
            {
                "name": str(metrics.names[int(number)]),
                "precision": round(float(box.p[i]), 4),
                "recall": round(float(box.r[i]), 4),
                "map50": round(float(box.ap50[i]), 4),
                "map50_95": round(float(box.ap[i]), 4),
            }
            for i, number in enumerate(box.ap_class_index)
        ]
        return {
            "split": r["split"],
            "precision": round(float(box.mp), 4),
            "recall": round(float(box.mr), 4),
            "map50": round(float(box.map50), 4),
            "map50_95": round(float(box.map), 4),
            "classes": classes,
            **self._versions(),
        }

    def _export(self) -> dict[str, Any]:
        r = self._request
        model = self._model(r["model"])
        made = model.export(
            format="onnx", imgsz=r["imgsz"], opset=OPSET, simplify=True, dynamic=False, device="cpu"
        )
        parameters = sum(p.numel() for p in model.model.parameters())
        return {"onnx": str(made), "parameters": int(parameters), **self._versions()}


def _numbers(metrics: Mapping[str, Any] | None) -> dict[str, float]:
    return {str(k): round(float(v), 5) for k, v in (metrics or {}).items()}


def main() -> int:
    """Read the request, do it, say how it went."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints belongs into the log
    stay_offline()
    work = Work(json.load(sys.stdin), out)
    try:
        work.say("done", result=work.run())
    except Exception as problem:  # noqa: BLE001 the parent tells a person; the log has the traceback
        import traceback  # noqa: PLC0415 only now

        traceback.print_exc()
        reason = " ".join(str(problem).split())[:500]
        work.say("failed", reason=f"{type(problem).__name__}: {reason}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
