"""One line of characters to columns of probabilities, by a network of the CTC family as PP-OCR exports it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge_agent.devices.detector.boxes import Floats, Image
from edge_agent.devices.detector.model_files import read_model, refused
from edge_agent.devices.detector.networks import OnnxRuntimeNetwork
from edge_agent.devices.plate_reader.spelling import Speller, missing_characters

HEIGHT, WIDTH = 48, 320  # px of the input; what is left of it beside the line is grey
# Plates are 440 x 140 mm. A little narrower than that the network reads them best (measured on crops).
LINE_WIDTH = 160


class Recogniser:
    """The network, and what its columns spell.

    Args:
        path: the ONNX file; its metadata `character` lists its characters, a line each.
        sha256: the digest that it must have.
        threads: cores that one line may use.

    Raises:
        ConfigError: it is missing, another one, or knows too few characters.
    """

    def __init__(self, path: Path, sha256: str, threads: int = 1) -> None:
        data, self.sha256 = read_model(path, sha256)
        self._network = OnnxRuntimeNetwork(path, data, threads)
        listed = self._network.metadata.get("character", "")
        characters = ["", *listed.splitlines(), " "]
        missing = missing_characters(characters)
        if missing:
            what = f"does not know {''.join(missing[:20])}"
            raise refused(path, what, "is it a recogniser of Chinese text?")
        self.speller = Speller(characters)

    def columns(self, line: Image) -> Floats:
        """(T, characters) of a line of any size, straightened, BGR."""
        import cv2  # noqa: PLC0415 heavy: only where pictures are looked at

        tall, wide = line.shape[:2]
        width = min(WIDTH, max(16, round(HEIGHT * wide / tall)))
        small = cv2.resize(line, (width, HEIGHT), interpolation=cv2.INTER_LINEAR)
        planes = np.zeros((1, 3, HEIGHT, WIDTH), np.float32)
        planes[0, :, :, :width] = (small.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)
        read: Floats = self._network.run(planes)[0]
        return read
