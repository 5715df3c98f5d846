"""From settings to a reader that is ready: which files, and that they are the accepted ones."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from edge_agent.devices.detector.model_files import read_model, refused
from edge_agent.devices.detector.networks import OnnxRuntimeNetwork
from edge_agent.devices.detector.onnx_backend import OnnxBackend
from edge_agent.devices.detector.settings import DetectorSettings
from edge_agent.devices.plate_reader.calibration import SHIPPED, UNCALIBRATED, Calibration, read_calibration
from edge_agent.devices.plate_reader.grounds import ColouredGrounds
from edge_agent.devices.plate_reader.plate_boxes import PlateBoxes
from edge_agent.devices.plate_reader.reader import PlateReader
from edge_agent.devices.plate_reader.recogniser import Recogniser
from edge_agent.devices.plate_reader.settings import PlateReaderSettings
from edge_agent.devices.plate_reader.strips import Localiser
from edge_agent.devices.plate_reader.text_lines import TextLines
from edge_agent.errors import UsageError

# PP-OCRv4 (Apache-2.0) as rapidocr-onnxruntime 1.4.4 carries it. Only the files are used: the package's own
# way of running them takes three times the time and memory (facts on plates, measured).
PACKAGE = "rapidocr_onnxruntime"
TEXT = ("ch_PP-OCRv4_det_infer.onnx", "d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9")
LINE = ("ch_PP-OCRv4_rec_infer.onnx", "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b")


def open_reader(settings: PlateReaderSettings, calibration: Calibration | None = None) -> PlateReader:
    """Load the networks.

    Args:
        settings: which.
        calibration: what the recogniser's likelihoods are worth; None: what the settings name, if it was
            measured for this recogniser.

    Raises:
        UsageError: the extra `plates` is not installed, and no other models are named.
        ConfigError: a model is missing, another one than accepted, or cannot be driven.
    """
    text, text_sha256 = _chosen(settings.text_model, settings.text_sha256, TEXT)
    line, line_sha256 = _chosen(settings.line_model, settings.line_sha256, LINE)
    data, text_sha256 = read_model(text, text_sha256)
    network = OnnxRuntimeNetwork(text, data, settings.threads)
    # The cheapest first; each is asked only while nothing sure was found.
    sides = [side for side in (settings.first_side,) if 0 < side < settings.text_side]
    localisers: list[Localiser] = [
        *_plate_boxes(settings),
        *(TextLines(network, text_sha256, side) for side in (*sides, settings.text_side)),
    ]
    if settings.by_colour:
        localisers.append(ColouredGrounds())
    recogniser = Recogniser(line, line_sha256, settings.threads)
    return PlateReader(localisers, recogniser, calibration or _calibration(settings, line_sha256))


def _plate_boxes(settings: PlateReaderSettings) -> list[Localiser]:
    """The operator's own plate detector, where there is one."""
    if not settings.plate_model:
        return []
    path, sha256 = _chosen(settings.plate_model, settings.plate_sha256, TEXT)
    chosen = DetectorSettings(
        model=str(path), min_score=settings.plate_score, threads=settings.threads, runtime="onnxruntime"
    )
    return [PlateBoxes(OnnxBackend(chosen, sha256))]


def _calibration(settings: PlateReaderSettings, recogniser: str) -> Calibration:
    found = read_calibration(Path(settings.calibration) if settings.calibration else SHIPPED)
    if found.recogniser_sha256 == recogniser:
        return found
    if settings.calibration:
        raise refused(
            Path(settings.calibration),
            f"is of the recogniser {found.recogniser_sha256}, not of {recogniser}",
            "leave it out: likelihoods are then taken as they are",
        )
    return UNCALIBRATED


def _chosen(path: str, sha256: str, shipped: tuple[str, str]) -> tuple[Path, str]:
    if path and not sha256:
        raise refused(Path(path), "is not pinned", "give its SHA-256 beside it: `sha256sum FILE`")
    return (Path(path), sha256) if path else (_package() / shipped[0], shipped[1])


def _package() -> Path:
    """Where the package's models lie. It is not imported: that would bring two libraries more."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise UsageError("no plate models: pip install 'edge-agent[plates]', or name your own")
    return Path(next(iter(spec.submodule_search_locations))) / "models"
