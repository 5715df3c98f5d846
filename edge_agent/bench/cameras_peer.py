"""Ultralytics' own streaming, for `bench cameras`: run by a Python that has it, and needs nothing of ours.

PYTHON cameras_peer.py '["weights", "clip", [height, width], stride]' prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

os.environ["YOLO_AUTOINSTALL"] = "false"  # it would fetch what it misses
os.environ["YOLO_OFFLINE"] = "true"
os.environ["YOLO_VERBOSE"] = "false"


def measure(weights: str, clip: str, size: list[int], stride: int) -> dict[str, Any]:
    """CPU seconds of tracking through the clip at one picture in `stride`; loading is not counted."""
    import cv2  # noqa: PLC0415 - of the other Python
    import numpy as np  # noqa: PLC0415 - same
    import torch  # noqa: PLC0415 - same
    import ultralytics  # noqa: PLC0415 - same

    torch.set_num_threads(1)  # what costs it least CPU time
    cv2.setNumThreads(1)
    model = ultralytics.YOLO(weights, task="detect")
    settings: dict[str, Any] = {"imgsz": size, "device": "cpu", "verbose": False}
    model.predict(np.zeros((1080, 1920, 3), np.uint8), **settings)
    before, pictures = time.process_time(), 0
    for _ in model.track(clip, stream=True, vid_stride=stride, **settings):
        pictures += 1
    return {
        "cpu_s": time.process_time() - before,
        "pictures": pictures,
        "what": f"ultralytics {ultralytics.__version__}, torch {torch.__version__}",
    }


if __name__ == "__main__":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(json.dumps(measure(*json.loads(sys.argv[1]))))
