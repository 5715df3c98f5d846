"""Looking at the whole box once: chain, cameras, what the doctor found, what runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edge_agent.commissioning.chain import Chain
from edge_agent.commissioning.inventory import models, software
from edge_agent.commissioning.lanes import lanes
from edge_agent.commissioning.proof import proofs
from edge_agent.commissioning.report import Examined
from edge_agent.commissioning.views import View, views
from edge_agent.config.settings import SiteConfig
from edge_agent.devices.camera.stills import VehicleDetector
from edge_agent.devices.detector.settings import DetectorSettings
from edge_agent.doctor.finding import Finding
from edge_agent.doctor.observed import Eyes
from edge_agent.errors import UserError

Progress = Callable[[str], None]

LEAST_SCORE = 0.05


def examine_box(
    config: SiteConfig,
    chain: Chain,
    eyes: Eyes,
    findings: Sequence[Finding],
    since_utc_us: int,
    progress: Progress,
) -> Examined:
    """Everything that the report shows.

    Args:
        config: of the site.
        chain: what was sealed.
        eyes: who looks at the cameras.
        findings: of the doctor.
        since_utc_us: tests sealed from then on; 0: all of the chain.
        progress: told of each camera.
    """
    return Examined(
        config=config,
        lanes=lanes(config, chain),
        views=_views(config, eyes, progress),
        proofs=proofs(chain, since_utc_us),
        findings=findings,
        software=software(),
        models=models(config),
        keyid=chain.keyid(),
        since_utc_us=since_utc_us,
    )


def _views(config: SiteConfig, eyes: Eyes, progress: Progress) -> list[View]:
    bridge = _detector(config.detector) if config.cameras else None
    street = _detector(config.street.detector) if config.street else None
    found = []
    for view in views(config, eyes, bridge, street):
        progress(view.camera)
        found.append(view)
    return found


def _detector(chosen: DetectorSettings | None) -> VehicleDetector | None:
    """The model, at the least score that it takes: who is masked needlessly loses nothing.

    None where it cannot be loaded: the doctor says so, and the picture is shown coarse.
    """
    if chosen is None:
        return None
    from edge_agent.devices.detector.detector import Detector  # noqa: PLC0415 - the inference runtime

    try:
        return Detector(chosen.model_copy(update={"min_score": LEAST_SCORE}))
    except UserError:
        return None
