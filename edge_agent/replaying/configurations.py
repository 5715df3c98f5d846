"""What each recording is replayed with: its own configuration, or another, and what a person changes of it.

A box is restarted to take another configuration into use, and its journal goes on. So each recording has its
own, and the core is made anew where the next one's is another, as the daemon was.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge_agent.config.loader import load
from edge_agent.config.recorded import from_text
from edge_agent.config.settings import SiteConfig
from edge_agent.core.decisions import Decision
from edge_agent.core.events import Event
from edge_agent.core.match.rivals import Rivals
from edge_agent.core.site import Site
from edge_agent.core.units import Ns
from edge_agent.errors import UsageError
from edge_agent.journal.reader import Recording
from edge_agent.replaying.what_if import changed


def configurations(
    recordings: Sequence[Recording], path: Path | None, settings: Sequence[str]
) -> tuple[SiteConfig, ...]:
    """One for each recording; equal ones are the same object.

    Args:
        recordings: in their order.
        path: of a file that takes the place of their own; None: their own.
        settings: as `what_if.changed` takes them.

    Raises:
        UsageError: the first has none; a later one goes on with that of the one before.
        ConfigError: with everything that is wrong with it.
    """
    if path is not None:
        return (changed(load(path), settings),) * len(recordings)
    text = recordings[0].config_text
    if not text:
        raise UsageError(f"{recordings[0].path} holds no configuration: give one with --config SITE.yaml")
    made: dict[str, SiteConfig] = {}
    found: list[SiteConfig] = []
    for recording in recordings:
        text = recording.config_text or text
        if text not in made:
            made[text] = changed(from_text(text), settings)
        found.append(made[text])
    return tuple(found)


class CoreOfRuns:
    """The core over recordings with configurations of their own."""

    def __init__(self, config: SiteConfig) -> None:
        """With the first recording's."""
        self.config = config
        self._site = Site(config.core())

    def configure(self, config: SiteConfig) -> None:
        """The next event is of a recording with this configuration."""
        if config is not self.config:
            self.config = config
            self._site = Site(config.core())

    def step(self, event: Event) -> tuple[Decision, ...]:
        """The core's own answer."""
        return self._site.step(event)

    def rivals(self, lane: str, crossing: int) -> Rivals | None:
        """The core's own."""
        return self._site.rivals(lane, crossing)

    @property
    def deadline(self) -> Ns | None:
        """The core's own."""
        return self._site.deadline
