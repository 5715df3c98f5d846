"""What a person chooses about the platform's side."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from edge_agent.core.settings import Settings
from edge_agent.evidence.settings import Name
from edge_agent.evidence.uplink.settings import BrokerSettings
from edge_agent.web.settings import MetricsSettings

KIB = 1024
MIB = 1024 * KIB


class AssemblySettings(Settings):
    """Bounds on attachments that are still arriving, so that no device can fill the disk or memory."""

    max_attachment_bytes: int = Field(default=64 * MIB, ge=1 * KIB)
    """Largest attachment that is taken at all."""
    per_device_count: int = Field(default=32, ge=1, le=10_000)
    """Attachments of one device that may be incomplete at once; the least recently fed goes first."""
    per_device_bytes: int = Field(default=256 * MIB, ge=1 * KIB)
    """Bytes they may hold together."""
    ranges: int = Field(default=256, ge=1, le=10_000)
    """Disjoint pieces that one incomplete attachment may consist of."""


class IngestSettings(Settings):
    """`edge-agent ingest --config` reads this."""

    mqtt: BrokerSettings = BrokerSettings(client_id="edge-agent-ingest")
    """The broker that the boxes publish to."""
    topic_root: str = Field(default="ea/v1", pattern=r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+){0,2}$")
    """First levels of every topic; the same on the boxes."""
    tenant: Name
    """The tenant whose boxes are served."""
    share_group: str = Field(default="ingest", pattern=r"^[A-Za-z0-9_.-]{0,64}$")
    """MQTT 5 shared subscription, so that a standby can take over; empty for a plain one. Only one
    process may use a data directory at a time."""
    data_dir: Path
    """Database and attachments. Made when missing."""
    devices_dir: Path
    """Enrolled boxes: one PEM file `<device_id>.pem` each, with its public keys, oldest first."""
    receipt_key_file: Path
    """The key that signs receipts, mode 0600; made at the first start. Boxes hold its public half."""
    freeze_on_equivocation: bool = True
    """A box that signed two different statements for one place in its chain gets no more receipts until
    a person has looked and said `edge-agent ingest unfreeze`."""
    need_grace_s: float = Field(default=2.0, ge=0, le=600)
    """How long after the last sign of an attachment the rest of it is asked for."""
    batch_messages: int = Field(default=64, ge=1, le=1000)
    """Messages stored in one durable commit; also the most that the broker may leave unacknowledged."""
    max_packet_bytes: int = Field(default=2 * MIB, ge=16 * KIB)
    """Largest message that is read at all."""
    rejected_per_device: int = Field(default=1000, ge=1)
    """Refused messages kept aside for each box; the oldest go first."""
    assembly: AssemblySettings = AssemblySettings()
    metrics: MetricsSettings | None = None
    """The page for Prometheus; left out: there is none."""
