"""The networks: there, the accepted ones, loadable, and fast enough on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from edge_agent.config.settings import SiteConfig
from edge_agent.devices.detector.settings import DetectorSettings
from edge_agent.doctor.finding import Finding, State
from edge_agent.doctor.observed import Eyes
from edge_agent.errors import ConfigError, UserError

RUNS = 3  # the fastest counts: others may have had the processor meanwhile
PICTURE = (720, 1280, 3)
# Street cameras with something in view: a network that takes more of the time leaves none for anything else.
BUSY_SHARE = 0.8
# A bridge looks at two pictures of an overweight vehicle, while its match waits some seconds anyway.
BRIDGE_MS = 3_000.0


def model_findings(config: SiteConfig, _eyes: Eyes) -> Iterator[Finding]:
    """Look at every network that the configuration names."""
    if config.detector is not None:
        yield from _detector("detector", config.detector, BRIDGE_MS)
    street = config.street
    if street is not None and street.detector is not None:
        a_ms = sum(1 / camera.busy_period_ms for camera in street.cameras.values())  # pictures
        yield from _detector("street.detector", street.detector, BUSY_SHARE / a_ms)
    if config.reads_plates:
        yield from _plates(config)


def _detector(subject: str, chosen: DetectorSettings, allowed_ms: float) -> Iterator[Finding]:
    from edge_agent.devices.detector.detector import Detector  # noqa: PLC0415 - the inference runtime

    wrong = [*_wrong_file(subject, chosen)]
    yield from wrong
    if wrong:
        return
    try:
        detector = Detector(chosen)
    except ConfigError as error:
        yield Finding("model.unusable", subject, State.FAULT, {"why": str(error)})
        return
    ms = _fastest_ms(lambda: detector.detect([np.zeros(PICTURE, np.uint8)]))
    values = {
        "ms": ms,
        "allowed_ms": round(allowed_ms),
        "runtime": detector.runtime,
        "digest": detector.model_sha256[:12],
    }
    if ms > allowed_ms:
        yield Finding("model.slow", subject, State.WARNING, values)
    else:
        yield Finding("model.ok", subject, State.OK, values)


def _wrong_file(subject: str, chosen: DetectorSettings) -> Iterator[Finding]:
    """Whether the file is there, and the one that was accepted: the commonest mistakes, by name."""
    from edge_agent.devices.detector.class_map import read_class_map  # noqa: PLC0415 - as above
    from edge_agent.devices.detector.model_files import model_sha256  # noqa: PLC0415 - as above

    path = Path(chosen.model)
    card = Path(chosen.classes) if chosen.classes else path.with_suffix(".yaml")
    if not path.exists():
        yield Finding("model.missing", subject, State.FAULT, {"file": str(path)})
        return
    try:
        accepted = chosen.sha256 or read_class_map(card).sha256
        digest = model_sha256(path)
    except ConfigError as error:
        yield Finding("model.unusable", subject, State.FAULT, {"why": str(error)})
        return
    if accepted and digest != accepted:
        values = {"file": str(path), "digest": digest[:12], "accepted": accepted[:12]}
        yield Finding("model.wrong_digest", subject, State.FAULT, values)


def _plates(config: SiteConfig) -> Iterator[Finding]:
    from edge_agent.devices.plate_reader.opening import open_reader  # noqa: PLC0415 - the inference runtime

    subject, chosen = "plate_reader", config.plate_reader
    try:
        reader = open_reader(chosen)
    except UserError as error:
        yield Finding("model.unusable", subject, State.FAULT, {"why": str(error)})
        return
    ms = _fastest_ms(lambda: reader.read(np.zeros(PICTURE, np.uint8)))
    values = {"ms": ms, "allowed_ms": chosen.budget_ms, "runtime": "onnxruntime", "digest": ""}
    slow = ms * chosen.enough > chosen.budget_ms
    yield Finding("model.slow" if slow else "model.ok", subject, State.WARNING if slow else State.OK, values)


def _fastest_ms(run: Callable[[], object]) -> float:
    taken = []
    for _ in range(RUNS):
        began_s = time.perf_counter()
        run()
        taken.append((time.perf_counter() - began_s) * 1000)
    return round(min(taken), 1)
