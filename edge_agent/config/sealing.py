"""Who seals, as a configuration says it."""

from __future__ import annotations

from edge_agent.config.settings import SiteConfig
from edge_agent.evidence.identity import Identity


def identity(config: SiteConfig, boot_id: str) -> Identity:
    """Who seals, as statements say it."""
    certificates = {name: lane.certificate for name, lane in config.lanes.items() if lane.certificate}
    return Identity(
        settings=config.evidence_settings(),
        legal=config.site.legal,
        certificates=certificates,
        keyid="",
        boot_id=boot_id,
        config_sha256=config.sha256(),
        rules=config.street.rules if config.street else {},
    )
