"""What a person chooses about how the platform shows evidence to people and tells other systems of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from edge_agent.core.records import UseClass
from edge_agent.core.settings import Settings
from edge_agent.evidence.settings import Name
from edge_agent.evidence.statement import CASE_KINDS, STREET_KINDS, Kind
from edge_agent.loopback import is_loopback
from edge_agent.web.settings import WebSettings

Route = Literal["owner", "officer", "platform"]
Tier = Literal["red", "yellow", "green"]


class InboxSettings(WebSettings):
    """`edge-agent inbox serve` reads this."""

    public_url: Annotated[str, Field(pattern=r"^$|^https?://[^\s/?#]+(/[^\s?#]*)?$")] = ""
    """How people reach the pages, for the links in webhooks: https://evidence.bureau.example"""
    sites_dir: Path | None = None
    """Copies of the boxes' configurations, `<device_id>.yaml` each: with them the weigh trace can be drawn
    and shops have names. Evidence does not need them."""


class WebhookSettings(Settings):
    """One system that is told of every statement that becomes complete and fits."""

    name: Name
    """In logs, lists and delivery ids. Another name is another hook: it has its own deliveries."""
    route: Route
    """Who is told. `owner` gets no more than a shop's owner may see."""
    url: str
    """https, off this machine. Taken as it stands: it may well be inside of your own network."""
    ca_file: Path | None = None
    """The only authority that is trusted for its certificate; without it the system's list."""
    token_file: Path | None = None
    """File that holds the token alone, readable by this user only: `Authorization: Bearer ...`."""
    kinds: frozenset[Kind] = CASE_KINDS
    """Kinds of statements; those of cases unless said otherwise."""
    use_classes: frozenset[UseClass] | None = None
    """Default: enforcement and reference; for owners enforcement alone."""
    tiers: frozenset[Tier] | None = None
    """Grades of shops; a statement without a grade never fits a list. Default: all, and none."""
    timeout_s: float = Field(default=10.0, gt=0, le=120)
    """For one attempt as a whole."""
    give_up_days: float = Field(default=3.0, gt=0, le=60)
    """After so long without success it is an alarm in the inbox."""

    @property
    def classes(self) -> frozenset[UseClass]:
        """Use classes that fit."""
        if self.use_classes is not None:
            return self.use_classes
        if self.route == "owner":
            return frozenset({UseClass.ENFORCEMENT})
        return frozenset({UseClass.ENFORCEMENT, UseClass.REFERENCE})

    @property
    def fitting_kinds(self) -> frozenset[Kind]:
        """Kinds that fit: a shop's owner is told of nothing but the street."""
        return self.kinds & STREET_KINDS if self.route == "owner" else self.kinds

    @model_validator(mode="after")
    def _goes_where_it_may(self) -> Self:
        url = urlsplit(self.url)
        if url.scheme not in {"https", "http"} or not url.hostname or url.port == 0:
            raise ValueError(f"url: {self.url} is no https address")
        if url.username or url.password:
            raise ValueError("url: a password belongs in token_file")
        if url.scheme == "http" and not is_loopback(url.hostname):
            raise ValueError(f"url: {url.hostname} is another machine: https")
        if not self.fitting_kinds:
            raise ValueError("kinds: none of them is ever told to a shop's owner")
        return self
