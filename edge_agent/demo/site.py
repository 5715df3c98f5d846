"""The demo's folder, and the stage's site moved into it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.config.settings import SiteConfig
from edge_agent.demo.stage import Stage, moved
from edge_agent.demo.street import CAMERA
from edge_agent.errors import UsageError
from edge_agent.evidence.keys import load_or_generate
from edge_agent.evidence.uplink.settings import BrokerSettings, UplinkSettings
from edge_agent.ingest.settings import IngestSettings

INGEST_ID = "ea-platform"


@dataclass(frozen=True, slots=True)
class Places:
    """The demo's folder."""

    root: Path

    @property
    def devices(self) -> Path:
        """Enrolled boxes, on the platform's side."""
        return self.root / "platform" / "devices"

    @property
    def references(self) -> Path:
        """Accepted pictures of the street's clear pavement."""
        return self.root / "box" / "references"

    @property
    def receipt_key(self) -> Path:
        """The platform's receipt key; its public half is `receipt.pub.pem` beside it."""
        return self.root / "platform" / "receipt.pem"

    @property
    def receipt_public(self) -> Path:
        """What the box believes."""
        return self.root / "platform" / "receipt.pub.pem"


def site_of(
    stage: Stage, places: Places, device: str, video: Path, broker: BrokerSettings, street_url: str = ""
) -> SiteConfig:
    """The stage's site on this run's port, videos, broker and folders."""
    uplink = stage.site.uplink or UplinkSettings()
    street: dict[tuple[str, ...], Any] = {}
    if stage.site.street is not None:
        street["street", "references_dir"] = str(places.references)
        street["street", "cameras", CAMERA, "video", "url"] = street_url
    return moved(
        stage.site,
        street
        | {
            ("ports", stage.port, "device"): device,
            ("cameras", stage.camera, "video", "url"): str(video),
            ("anpr",): {"port": 0, "cameras": {stage.camera: {"protocol": "json", "auth": "none"}}},
            ("evidence", "key_file"): str(places.root / "box" / "evidence.pem"),
            ("evidence", "store", "directory"): str(places.root / "box" / "evidence"),
            ("uplink",): uplink.model_dump(mode="json")
            | {
                "mqtt": broker.model_dump(mode="json"),
                "receipt_keys_file": str(places.receipt_public),
            },
            ("journal", "dir"): str(places.root / "journal"),
        },
    )


def ingest_settings(config: SiteConfig, places: Places, broker: BrokerSettings) -> IngestSettings:
    """The platform's side of the demo."""
    return IngestSettings(
        mqtt=broker,
        tenant=config.site.tenant,
        data_dir=places.root / "platform" / "data",
        devices_dir=places.devices,
        receipt_key_file=places.receipt_key,
    )


def introduce(config: SiteConfig, places: Places) -> None:
    """Make both keys and give each side the other's public half, as an enrolment does."""
    for folder in (places.devices, config.evidence_settings().key_file.parent):
        folder.mkdir(parents=True, exist_ok=True)
    box = load_or_generate(config.evidence_settings().key_file)
    (places.devices / f"{config.site.device_id}.pem").write_bytes(box.public.pem)
    platform = load_or_generate(places.receipt_key)
    places.receipt_public.write_bytes(platform.public.pem)


def prepare_folder(root: Path) -> Places:
    """An empty folder for the demo; a folder with somebody else's files in it is refused."""
    marker = root / ".edge-agent-demo"
    if root.exists() and any(root.iterdir()) and not marker.exists():
        raise UsageError(f"{root} is not empty and not an earlier demo's: give another --out")
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True, exist_ok=True)
    marker.touch()
    return Places(root.resolve())
