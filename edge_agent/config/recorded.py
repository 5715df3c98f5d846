"""The configuration as it goes into a recording: everything that was chosen, no secret."""

from __future__ import annotations

from typing import Any

import yaml

from edge_agent import plain_yaml
from edge_agent.config.migrations import lift
from edge_agent.config.settings import SiteConfig
from edge_agent.devices.camera.settings import CameraSettings
from edge_agent.errors import ConfigError, Problem


def to_text(config: SiteConfig) -> str:
    """YAML of the whole tree, defaults included; passwords in camera addresses are left out."""
    text: str = yaml.safe_dump(tree(config), allow_unicode=True, sort_keys=False)
    return text


def tree(config: SiteConfig) -> dict[str, Any]:
    """The same as plain data."""
    plain = config.model_dump(mode="json", by_alias=True)
    for name, camera in config.cameras.items():
        if camera.video is not None:
            _without_passwords(plain["cameras"][name]["video"], camera.video)
    if config.street is not None:
        for name, watched in config.street.cameras.items():
            _without_passwords(plain["street"]["cameras"][name]["video"], watched.video)
    return plain


def _without_passwords(written: dict[str, Any], video: CameraSettings) -> None:
    written["url"] = video.safe_url
    written["sub_url"] = video.for_sub.safe_url if video.sub_url else ""


def from_text(text: str) -> SiteConfig:
    """The configuration of a recording that `to_text` wrote.

    Raises:
        ConfigError: the recording holds something else.
    """
    try:
        data = plain_yaml.load(text)
        lift(data)
        return SiteConfig.model_validate(data)
    except ValueError as error:  # pydantic's is one
        reason = " ".join(str(error).split())[:500]
        raise ConfigError((Problem("the recording's configuration", 0, "", reason),)) from error
