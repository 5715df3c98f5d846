"""What runs on the box: software, configuration, models by the digest of their bytes."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from edge_agent import __version__
from edge_agent.config.settings import SiteConfig
from edge_agent.devices.plate_reader.opening import LINE, TEXT


def software() -> dict[str, str]:
    """Name and version."""
    return {"edge-agent": __version__, "Python": platform.python_version(), "system": platform.platform()}


def models(config: SiteConfig) -> dict[str, str]:
    """SHA-256 of each network that the configuration uses, by its path; empty where the file is missing."""
    return {os.path.normpath(path): digest for path, digest in _networks(config)}


def _networks(config: SiteConfig) -> Iterator[tuple[str, str]]:
    if config.detector is not None:
        yield config.detector.model, _digest(config.detector.model)
    if config.street is not None and config.street.detector is not None:
        yield config.street.detector.model, _digest(config.street.detector.model)
    if config.reads_plates:
        chosen = config.plate_reader
        for path, packaged in (
            (chosen.plate_model, None),
            (chosen.text_model, TEXT),
            (chosen.line_model, LINE),
        ):
            if path:
                yield path, _digest(path)
            elif packaged is not None:
                yield packaged  # the reader runs no other bytes under this name


def _digest(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
