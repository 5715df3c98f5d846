"""What a person chooses about the platform's side."""

from __future__ import annotations

from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, model_validator

from edge_agent.core.settings import Settings
from edge_agent.evidence.settings import Name
from edge_agent.evidence.uplink.settings import BrokerSettings
from edge_agent.ingest.settings_outward import InboxSettings, WebhookSettings
from edge_agent.loopback import is_loopback
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


class IssuingSettings(Settings):
    """How the platform commands its boxes."""

    issuer: Name
    """The name under which the boxes know the key: `commands.issuers` of their configuration."""
    key_file: Path
    """The key that signs commands and nothing else, mode 0600; made when first needed. Boxes hold its
    public half."""


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
    """Database and attachments, where `database` is empty. Made when missing."""
    database: str = ""
    """Empty: SQLite in `data_dir`, for one process. Or `postgresql://user@host/name`, for several: with
    `?sslmode=verify-full&sslrootcert=/path/ca.pem` when it is on another machine, with
    `postgresql:///name?host=/run/postgresql` over a socket of this one. Never with a password."""
    database_password_file: Path | None = None
    """File that holds the password alone. Without it PGPASSFILE, a client certificate or peer
    authentication must do."""
    feed: bool = False
    """Whether every statement that becomes complete is also noted in table `fresh`, from which a consumer
    takes it. Without a consumer that table would grow. Webhooks are a consumer: not beside them."""
    devices_dir: Path
    """Enrolled boxes: one PEM file `<device_id>.pem` each, with its public keys, oldest first."""
    receipt_key_file: Path
    """The key that signs receipts, mode 0600; made at the first start. Boxes hold its public half."""
    commands: IssuingSettings | None = None
    """Left out: this platform commands nobody."""
    freeze_on_equivocation: bool = True
    """A box that signed two different statements for one place in its chain gets no more receipts until
    a person has looked and said `edge-agent ingest unfreeze`."""
    need_grace_s: float = Field(default=2.0, ge=0, le=600)
    """How long after the last sign of an attachment the rest of it is asked for."""
    batch_messages: int = Field(default=64, ge=1, le=1000)
    """Messages stored in one durable commit; the broker may leave twice as many unacknowledged. (Mosquitto
    sends 20 at a time unless its `max_inflight_messages` says more.)"""
    max_packet_bytes: int = Field(default=2 * MIB, ge=16 * KIB)
    """Largest message that is read at all."""
    rejected_per_device: int = Field(default=1000, ge=1)
    """Refused messages kept aside for each box; the oldest go first."""
    assembly: AssemblySettings = AssemblySettings()
    metrics: MetricsSettings | None = None
    """The page for Prometheus; left out: there is none."""
    inbox: InboxSettings = InboxSettings()
    """The pages on which people review what came in."""
    webhooks: tuple[WebhookSettings, ...] = ()
    """Who is told of it. The inbox's process does the telling: docs/webhooks.md."""

    @model_validator(mode="after")
    def _webhooks_are_told_apart_and_alone(self) -> Self:
        names = [hook.name for hook in self.webhooks]
        if len(set(names)) != len(names):
            raise ValueError("webhooks: two have the same name")
        if names and self.feed:
            raise ValueError("feed: the webhooks empty table `fresh`; another consumer would miss statements")
        return self

    @model_validator(mode="after")
    def _database_is_safe(self) -> Self:
        if not self.database:
            return self
        url = urlsplit(self.database)
        options = parse_qs(url.query)
        if url.scheme != "postgresql":
            raise ValueError("database: give postgresql://..., or nothing for SQLite in data_dir")
        if url.password is not None or "password" in options:
            raise ValueError("database: the password belongs in database_password_file")
        hosts = [
            *options.get("host", ()),
            *options.get("hostaddr", ()),
            *([url.hostname] if url.hostname else ()),
        ]
        if len(hosts) != 1 or "service" in options:
            raise ValueError("database: name one host, or the socket's folder as ?host=/run/postgresql")
        here = all(host.startswith("/") or is_loopback(host) for host in hosts[0].split(","))
        if not here and options.get("sslmode") != ["verify-full"]:
            raise ValueError(
                f"database: {hosts[0]} is another machine: add ?sslmode=verify-full&sslrootcert=..."
            )
        return self
