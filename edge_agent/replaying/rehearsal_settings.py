"""To whom a rehearsal publishes, and as which box: never to the site's own broker, never as itself."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from edge_agent.config import recorded
from edge_agent.config.loader import load_as
from edge_agent.config.settings import SiteConfig
from edge_agent.core.records import UseClass
from edge_agent.errors import ConfigError, UsageError
from edge_agent.evidence.settings import Name
from edge_agent.evidence.uplink.settings import BrokerSettings, UplinkSettings
from edge_agent.journal.reader import Recording
from edge_agent.loopback import is_loopback

LONGEST_NAME = 64
PREFIX = "replay-"  # of the names of boxes that do not exist


class RehearsalSettings(UplinkSettings):
    """A test platform's broker, and as which box to appear there. `uplink` of a site's file, and more."""

    tenant: Name = "replay"
    """Second level of every topic."""
    device_id: Name | None = None
    """Third level; default: `replay-` and the name of the recording's box."""
    devices_dir: Path | None = None
    """Folder of the test platform's enrolled boxes: the throw-away key's public half is put there, so that
    what arrives can be checked and receipted."""


def rehearsal_settings(text: str) -> RehearsalSettings:
    """What `--publish` says: HOST:PORT of this machine, or a YAML file.

    Raises:
        UsageError: it is neither.
        ConfigError: with every problem of the file.
    """
    if text.endswith((".yaml", ".yml")):
        return load_as(Path(text), RehearsalSettings)
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit():
        raise UsageError(f"--publish {text}: write HOST:PORT, or BROKER.yaml")
    host = host.removeprefix("[").removesuffix("]")
    if not is_loopback(host):
        raise UsageError(f"--publish {text}: another machine needs TLS: give a BROKER.yaml (docs/replay.md)")
    try:
        return RehearsalSettings(mqtt=BrokerSettings(host=host, port=int(port)))
    except ValidationError as error:
        raise UsageError(f"--publish {text}: {error.errors()[0]['msg']}") from None


def as_test(config: SiteConfig, chosen: RehearsalSettings) -> SiteConfig:
    """The site as another box whose every statement is of use class `test`.

    Raises:
        UsageError: the broker or the box is the site's own.
    """
    not_its_own(config, chosen)
    legal = config.site.legal.model_copy(update={"use_class": UseClass.TEST})
    box = {"tenant": chosen.tenant, "device_id": _device(config, chosen)}
    site = config.site.model_copy(update={**box, "legal": legal})
    return config.model_copy(update={"site": site})


def not_its_own(config: SiteConfig, chosen: RehearsalSettings) -> None:
    """Refuse a site's own broker and its own name.

    Raises:
        UsageError: it is one of them, or a key would be put among those of boxes that exist.
    """
    broker, own = chosen.mqtt, config.uplink.mqtt if config.uplink else None
    if own and own.port == broker.port and not is_loopback(broker.host) and _same_host(own.host, broker.host):
        raise UsageError(f"{broker.host}:{broker.port} is the site's own broker; a replay goes to a test's")
    device = _device(config, chosen)
    if (chosen.tenant, device) == (config.site.tenant, config.site.device_id):
        raise UsageError(f"{chosen.tenant}/{device} is the site's own box; give another tenant or device_id")
    if chosen.devices_dir is not None and not device.startswith(PREFIX):
        raise UsageError(
            f"device_id: {device}: a key that is thrown away is put into devices_dir under that name; a real "
            f"box would be believed by it: begin it with {PREFIX}"
        )


def as_recorded(recordings: Sequence[Recording]) -> Iterator[SiteConfig]:
    """The sites that made the recordings, whatever they are replayed with, as far as they can be read."""
    for text in dict.fromkeys(recording.config_text for recording in recordings):
        try:
            if text:
                yield recorded.from_text(text)
        except ConfigError:
            continue


def _device(config: SiteConfig, chosen: RehearsalSettings) -> str:
    return chosen.device_id or f"{PREFIX}{config.site.device_id}"[:LONGEST_NAME]


def _same_host(one: str, other: str) -> bool:
    return one.lower() == other.lower() or bool(_addresses(one) & _addresses(other))


def _addresses(host: str) -> set[str]:
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except OSError:
        return set()
