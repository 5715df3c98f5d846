"""Copies of the boxes' configurations, if any: names of shops, what an instrument speaks."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from pathlib import Path

from edge_agent.config.loader import load
from edge_agent.config.settings import SiteConfig
from edge_agent.errors import ConfigError
from edge_agent.ingest.device_files import DeviceFiles

MAX_SHOPS = 50


class Sites:
    """The configurations of a folder; none where there is no such folder."""

    def __init__(self, directory: Path | None) -> None:
        self._files = DeviceFiles(directory, ".yaml", _read) if directory is not None else None

    def of(self, device: str) -> SiteConfig | None:
        """A box's configuration; None when there is none here, or it cannot be read."""
        return self._files.of(device) if self._files else None

    def shop(self, device: str, shop: str) -> str:
        """A shop's name; its id where that is all that is known."""
        config = self.of(device)
        known = config.street.shops.get(shop) if config and config.street else None
        return known.name if known and known.name else shop

    def shops_named(self, word: str, devices: Collection[str]) -> list[tuple[str, str]]:
        """Device and id of the shops whose name has this word in it, at most `MAX_SHOPS`."""
        configs = ((device, self.of(device)) for device in devices)
        found = (
            (device, shop)
            for device, config in configs
            if config and config.street
            for shop, known in config.street.shops.items()
            if word in known.name.lower()
        )
        return list(islice(found, MAX_SHOPS))


def _read(path: Path) -> SiteConfig | None:
    try:
        return load(path)
    except ConfigError:
        return None
