"""What runs here, whether its libraries load, and what of the configuration is perhaps not meant."""

from __future__ import annotations

import contextlib
import importlib
import platform
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, metadata

from edge_agent import __version__
from edge_agent.config.notes import notes
from edge_agent.config.settings import SiteConfig
from edge_agent.doctor.box import DaemonSeen, box_of
from edge_agent.doctor.finding import Finding, State
from edge_agent.doctor.observed import Eyes

SOFTWARE, CONFIG = "software", "config"
# Debian's package of a library that a wheel loads and does not bring.
PACKAGES = {
    "libGL.so.1": "libgl1",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgomp.so.1": "libgomp1",
    "libstdc++.so.6": "libstdc++6",
}
# Lines of their own say these better.
PARTS_ELSEWHERE = frozenset({"clock", "disk", "uplink"})
SAID_ELSEWHERE = ("certificate", "scale.calibration", "clock.source", "uplink", "uplink.receipt_keys_file")


def check_modules(wanted: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the heavy modules load. `wanted`: module, and what needs it."""
    for name, purpose in wanted.items():
        try:
            importlib.import_module(name)
        except ImportError as error:
            why = str(error)
            package = next((found for library, found in PACKAGES.items() if library in why), "")
            values = {"module": name, "purpose": purpose, "why": why, "package": package}
            key = "software.library" if package else "software.module"
            yield Finding(key, SOFTWARE, State.FAULT, values)


def check_python(found: tuple[int, int], allowed: str) -> Iterator[Finding]:
    """Whether this Python is one that the package was made for (`>=3.11,<3.13`)."""
    version = f"{found[0]}.{found[1]}"
    least, below = (
        tuple(map(int, part.strip("<>=").split("."))) for part in sorted(allowed.split(","))[::-1]
    )
    if not least <= found < below:
        yield Finding("software.python", SOFTWARE, State.WARNING, {"found": version, "allowed": allowed})


def software_findings(config: SiteConfig, eyes: Eyes) -> Iterator[Finding]:
    """Look at the software, the daemon's parts and the configuration."""
    troubles = [*check_modules(_wanted(config))]
    with contextlib.suppress(PackageNotFoundError):  # it runs out of its sources
        troubles += check_python(sys.version_info[:2], metadata("edge-agent")["Requires-Python"])
    yield from troubles
    if not troubles:
        values = {"version": __version__, "python": platform.python_version()}
        yield Finding("software.ok", SOFTWARE, State.OK, values)
    daemon = box_of(config, eyes).daemon()
    if daemon is None:
        yield Finding("daemon.none", "daemon", State.OK)
    elif not daemon.answers:
        yield Finding("daemon.silent", "daemon", State.UNKNOWN)
    else:
        yield from check_daemon(daemon)
    yield from config_notes(config)


def check_daemon(daemon: DaemonSeen) -> Iterator[Finding]:
    """What the daemon says of its parts."""
    unwell = [told for told in daemon.unwell if told[0] not in PARTS_ELSEWHERE]
    if not unwell:
        yield Finding("daemon.ok", "daemon", State.OK, {"hours": round(daemon.uptime_s / 3600, 1)})
    for part, state, detail in unwell:
        values = {"part": part, "state": state, "detail": detail}
        bad = State.FAULT if state in {"fault", "stuck"} else State.WARNING
        yield Finding("daemon.unwell", "daemon", bad, values)


def config_notes(config: SiteConfig) -> Iterator[Finding]:
    """What the configuration allows and perhaps does not mean."""
    for note in notes(config):
        if not note.key.endswith(SAID_ELSEWHERE):
            values = {"key": note.key.rstrip(":"), "note_zh": note.chinese, "note_en": note.english}
            yield Finding("config.note", CONFIG, State.WARNING, values)


def _wanted(config: SiteConfig) -> dict[str, str]:
    """The modules that this site needs, of those that load more than themselves."""
    videos = config.street is not None or any(camera.video for camera in config.cameras.values())
    networks = config.detector or config.reads_plates or (config.street and config.street.detector)
    wanted = {"cv2": "pictures", "av": "video"} if videos else {}
    return wanted | ({"onnxruntime": "models"} if networks else {})
