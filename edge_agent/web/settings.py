"""What a person chooses about pages."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge_agent.core.settings import Settings


class MetricsSettings(Settings):
    """Where metrics are served, to anybody who can connect: there is no password."""

    host: str = "127.0.0.1"
    """Another address only where the network itself keeps strangers out."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 9469
