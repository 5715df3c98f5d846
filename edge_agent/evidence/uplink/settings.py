"""What a person chooses about the way to the platform."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from edge_agent.core.settings import Settings
from edge_agent.loopback import is_loopback

KIB = 1024


class BrokerSettings(Settings):
    """One MQTT broker, as either side reaches it.

    TLS is not optional off this machine and there is no switch that skips a check of certificates.
    """

    host: str = "127.0.0.1"
    """Name or address; with TLS it must be what the broker's certificate says."""
    port: int = Field(default=1883, ge=1, le=65_535)
    """8883 with TLS by custom."""
    client_id: str = Field(default="", max_length=128)
    """Empty: the device id. With client certificates it must equal the certificate's common name."""
    user: str = ""
    """User name, where the broker asks for one."""
    password_file: Path | None = None
    """File that holds the password alone; a password in the configuration would end up in backups."""
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    """`auto` speaks MQTT 5 and falls back to 3.1.1 only when the broker says that it cannot."""
    keepalive_s: int = Field(default=30, ge=2, le=3600)
    """The link is called dead after 1.5 times this long without a byte from the broker."""
    connect_timeout_s: float = Field(default=10.0, gt=0, le=120)
    """For TCP, TLS and CONNACK, each."""
    backoff_max_s: float = Field(default=60.0, gt=0, le=3600)
    """Ceiling of the waits between attempts; each wait is drawn at random from zero to a doubling bound that
    begins at 2 s. It begins anew when evidence arrived, or after a connection of a minute."""
    tls_ca_certs: Path | None = None
    """The only authority that is trusted for the broker's certificate; the system's list is not used."""
    tls_client_cert: Path | None = None
    """This side's certificate (PEM)."""
    tls_client_key: Path | None = None
    """Its key (PEM)."""

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if (self.tls_client_cert is None) != (self.tls_client_key is None):
            raise ValueError("tls_client_cert and tls_client_key come together: give both or neither")
        if self.tls_client_cert is not None and self.tls_ca_certs is None:
            raise ValueError("tls_client_cert without tls_ca_certs: name the authority of the broker too")
        if self.tls_ca_certs is None and not is_loopback(self.host):
            raise ValueError(
                f"{self.host} is another machine: give tls_ca_certs (evidence never travels in the clear)"
            )
        return self


class UplinkSettings(Settings):
    """How the outbox is emptied."""

    mqtt: BrokerSettings = BrokerSettings()
    """The broker."""
    receipt_keys_file: Path | None = None
    """The platform's public receipt keys (PEM, oldest first). Without it no receipt can be believed:
    everything is sent and nothing is ever purged."""
    topic_root: str = Field(default="ea/v1", pattern=r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+){0,2}$")
    """First levels of every topic."""
    window_bytes: int = Field(default=512 * KIB, ge=16 * KIB, le=64 * 1024 * KIB)
    """Most bytes that may wait for PUBACK. On a slow line it is what the line takes in a second, found out
    from the PUBACKs, and at least 16 KiB: an alarm waits behind them."""
    window_count: int = Field(default=20, ge=1, le=1000)
    """Messages that may wait for PUBACK; the broker's Receive Maximum lowers it."""
    chunk_bytes: int = Field(default=96 * KIB, ge=1 * KIB, le=1024 * KIB)
    """Largest body of an attachment chunk; the broker's Maximum Packet Size lowers it."""
    max_packet_bytes: int = Field(default=128 * KIB, ge=8 * KIB, le=256 * 1024 * KIB)
    """Largest message sent even when the broker allows more (AWS IoT ends at 128 KB)."""
    receipt_window: int = Field(default=64, ge=1, le=4096)
    """Statements that may wait for a signed receipt at once; beyond it new ones stay in the outbox."""
    live_share_permille: int = Field(default=300, ge=50, le=950)
    """Share of the bytes that the live lane (cases, newest first) may take while a backlog waits."""
    live_burst_bytes: int = Field(default=4 * 1024 * KIB, ge=64 * KIB)
    """What the live lane may send at once before that share is enforced."""
    resend_min_s: float = Field(default=30.0, gt=0)
    """First wait for a receipt before a statement is sent again; doubles, with jitter."""
    resend_max_s: float = Field(default=3600.0, gt=0)
    """Longest such wait."""
    head_interval_s: float = Field(default=600.0, gt=0)
    """How often the signed head is published, so that lost receipts come back."""
    ack_timeout_s: float = Field(default=30.0, gt=0)
    """A PUBACK later than this means that the connection is dead, whatever it says."""
    poison_pause_s: float = Field(default=600.0, ge=0)
    """How long a statement is set aside after three connections ended right after it was sent; when it
    then happens again, the statement is quarantined."""
    will_delay_s: int = Field(default=5, ge=0, le=3600)
    """How long the broker waits before it tells that the box is offline."""

    @model_validator(mode="after")
    def _sizes_agree(self) -> Self:
        if self.resend_max_s < self.resend_min_s:
            raise ValueError("resend_max_s must not be below resend_min_s")
        if self.max_packet_bytes > self.window_bytes:
            raise ValueError("max_packet_bytes must fit in window_bytes, else a message could never be sent")
        return self
