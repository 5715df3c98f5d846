"""The configuration as it goes into a recording: everything that was chosen, no secret."""

from __future__ import annotations

import yaml

from edge_agent.config.settings import SiteConfig


def to_text(config: SiteConfig) -> str:
    """YAML of the whole tree, defaults included; passwords in camera addresses are left out."""
    tree = config.model_dump(mode="json", by_alias=True)
    for name, camera in config.cameras.items():
        if camera.video is not None:
            tree["cameras"][name]["video"]["url"] = camera.video.safe_url
    text: str = yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)
    return text


def from_text(text: str) -> SiteConfig:
    """The configuration of a recording that `to_text` wrote."""
    return SiteConfig.model_validate(yaml.safe_load(text))
