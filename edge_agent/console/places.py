"""Where the console keeps its own files: beside the evidence store, in the daemon's state."""

from __future__ import annotations

from pathlib import Path

from edge_agent.config.settings import SiteConfig
from edge_agent.web.settings import ConsoleSettings


def console_folder(config: SiteConfig) -> Path:
    """The console's own."""
    return config.evidence.store.directory.parent / "console"


def users_file(config: SiteConfig) -> Path:
    """Who may log in."""
    settings = config.console or ConsoleSettings()
    return settings.users_file or console_folder(config) / "users.json"


def certificate_files(config: SiteConfig) -> tuple[Path, Path]:
    """Certificate and key of the pages: as configured, else where `console certificate` makes them."""
    settings, folder = config.console, console_folder(config)
    return (settings.tls if settings else None) or (folder / "certificate.pem", folder / "key.pem")
