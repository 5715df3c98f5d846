"""What a person chooses about a page that this program serves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge_agent.core.settings import Settings
from edge_agent.loopback import is_loopback


class WebSettings(Settings):
    """Where pages are served. Off this machine they are served over TLS or not at all."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=8443, ge=0, le=65_535)
    """0 takes a free one."""
    tls_cert: Path | None = None
    """This server's certificate with its chain (PEM)."""
    tls_key: Path | None = None
    """Its key (PEM)."""
    behind_proxy: bool = False
    """A reverse proxy does TLS and passes on, as the last entry of `X-Forwarded-For`, who asks. Nobody but
    the proxy may reach the port."""

    @property
    def tls(self) -> tuple[Path, Path] | None:
        """Certificate and key; None without TLS."""
        return (self.tls_cert, self.tls_key) if self.tls_cert and self.tls_key else None

    @property
    def secure(self) -> bool:
        """Whether browsers come over TLS."""
        return self.tls is not None or self.behind_proxy

    @model_validator(mode="after")
    def _passwords_stay_private(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key come together: give both or neither")
        if not is_loopback(self.host) and not self.secure:
            raise ValueError(
                f"{self.host} is not this machine alone: give tls_cert and tls_key, or behind_proxy: true"
            )
        return self


class ConsoleSettings(WebSettings):
    """The technician's pages, served by the box itself."""

    port: int = Field(default=8480, ge=0, le=65_535)
    """0 takes a free one."""
    login: Literal["off_localhost", "always"] = "off_localhost"
    """off_localhost: who sits at the box itself, or has come to it by SSH, needs no password."""
    users_file: Path | None = None
    """Who may log in (`edge-agent console user`); left out: `console/users.json` beside the
    evidence store."""


class MetricsSettings(Settings):
    """Where metrics are served, to anybody who can connect: there is no password."""

    host: str = "127.0.0.1"
    """Another address only where the network itself keeps strangers out."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 9469
