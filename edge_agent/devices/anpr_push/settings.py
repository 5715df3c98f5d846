"""Which cameras may push reads, how they prove who they are, and how their words map to ours."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from edge_agent.core.settings import Settings
from edge_agent.loopback import is_loopback


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(f"not an address or network: {error}") from error
    return text


Network = Annotated[str, AfterValidator(_network)]
"""An address ("192.168.8.11") or a network ("192.168.8.0/24")."""


class AnprCameraSettings(Settings):
    """One camera that pushes reads to `/anpr/<protocol>/<its id>`."""

    protocol: Literal["isapi", "json"]
    """isapi: Hikvision EventNotificationAlert; json: the form of docs/protocols/anpr-json.md."""
    auth: Literal["basic", "none"] = "basic"
    """none is accepted only where the server listens on this machine alone."""
    username: str = ""
    """For HTTP Basic."""
    password_file: Path | None = None
    """File that holds the password, readable by its owner only. There is no default password."""
    allow: tuple[Network, ...] = ()
    """Addresses it may come from; required unless the server listens on this machine alone."""
    lanes: dict[str, str] = Field(default_factory=dict)
    """The camera's own lane numbers -> lanes of this site. Where some are listed, reads of other
    lanes are dropped unseen: nobody's plate is kept who did not cross a scale."""
    lane: str | None = None
    """The lane of a read that names none; leave out where the camera sees several."""
    utc_offset_minutes: Annotated[int, Field(ge=-720, le=840)] = 480
    """The camera's local time less UTC, for times that it sends without a zone."""
    forward: Literal["approaching", "leaving"] = "approaching"
    """What the camera means by "forward"."""

    @model_validator(mode="after")
    def _proof(self) -> Self:
        if self.auth == "basic" and (not self.username or self.password_file is None):
            raise ValueError("auth basic needs username and password_file")
        if self.auth == "none" and (self.username or self.password_file is not None):
            raise ValueError("auth none takes neither username nor password_file")
        if ":" in self.username:
            raise ValueError("a username of HTTP Basic cannot contain ':'")
        return self


class AnprSettings(Settings):
    """The HTTP server for pushed reads. Plain HTTP: it belongs on the cameras' own network."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 8470
    """Port to listen on; 0 takes a free one."""
    cameras: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")], AnprCameraSettings] = Field(
        default_factory=dict
    )
    """By the id that the camera has in this configuration."""
    max_body_bytes: Annotated[int, Field(ge=1024, le=64 * 1024 * 1024)] = 8 * 1024 * 1024
    """Largest push that is read."""
    body_timeout_ms: Annotated[int, Field(ge=100, le=60_000)] = 10_000
    """A push must have arrived whole within this."""
    max_parts: Annotated[int, Field(ge=1, le=64)] = 16
    """Most parts of a multipart push."""
    max_connections: Annotated[int, Field(ge=1, le=1024)] = 64
    """More at once are answered 503."""

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if is_loopback(self.host):
            return self
        for name, camera in self.cameras.items():
            if camera.auth == "none":
                raise ValueError(
                    f"cameras.{name}.auth: none is accepted only on a loopback host, not on {self.host}"
                )
            if not camera.allow:
                raise ValueError(f"cameras.{name}.allow: required when listening on {self.host}")
        return self
