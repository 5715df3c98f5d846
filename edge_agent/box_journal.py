"""The daemon's own journal: what stands on top of it, when it makes room for evidence, where it is now."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any

from edge_agent import __version__
from edge_agent.config import recorded
from edge_agent.config.settings import SiteConfig
from edge_agent.evidence import pressure
from edge_agent.health import Health
from edge_agent.journal.black_box import BlackBox
from edge_agent.journal.recorder import Recorder
from edge_agent.journal.segments import Segments
from edge_agent.journal.writer import RecordingHeader

FLUSH_S = 10.0  # when somebody records a session


def black_box_of(
    config: SiteConfig,
    recorded_as: SiteConfig,
    models: tuple[tuple[str, str], ...],
    boot_id: str,
    health: Health,
) -> BlackBox | None:
    """What writes the journal; None where none is kept.

    Args:
        config: of the site.
        recorded_as: the configuration that its recordings say they were made with.
        models: (name, SHA-256) of every network.
        boot_id: of this run.
        health: told how the journal is.
    """
    chosen = config.journal
    folder = chosen.dir
    if folder is None:
        return None
    header = RecordingHeader(
        __version__, recorded_as.sha256(), recorded.to_text(recorded_as), models, boot_id=boot_id
    )

    def make() -> Recorder:
        pressed = partial(_evidence_is_pressed, config, health)
        return Recorder(folder, chosen, header, Segments(folder, chosen, pressed))

    return BlackBox(make, health.say)


def journal_now(box: BlackBox, config: SiteConfig, health: Health, *, flush: bool) -> dict[str, Any]:
    """For `record`: where the journal is, once all until now is in its files."""
    mark = box.mark()
    return {
        **asdict(mark),
        "flushed": box.flush(FLUSH_S) if flush else False,
        "folder": str(config.journal.dir),
        "video": config.journal.video,
        "crossings": sum(health.crossings.values()),
    }


def _evidence_is_pressed(config: SiteConfig, health: Health, free: int) -> bool:
    """Pictures would be left out for want of disk, with so much of the journal's disk free."""
    store, folder = config.evidence.store, config.journal.dir
    if folder is None or folder.stat().st_dev != store.directory.stat().st_dev:
        return False
    if free - pressure.RESERVE_BYTES >= store.quota_bytes:
        return False
    return pressure.disk_is_short(health.volumes()[1], store.quota_bytes, free)
