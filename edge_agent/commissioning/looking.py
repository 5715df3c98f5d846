"""Who looks at the box for a report: the running daemon examines itself; cameras are looked at from here."""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.config.settings import SiteConfig
from edge_agent.doctor.examine import examine
from edge_agent.doctor.finding import Finding
from edge_agent.doctor.observed import Eyes
from edge_agent.doctor.own_eyes import OwnEyes
from edge_agent.doctor.report import finding_of
from edge_agent.local_door import ask_doctor

Progress = Callable[[str], None]


def findings(config: SiteConfig, told: Progress) -> list[Finding]:
    """What the doctor says, wherever it looks from."""
    answer = ask_doctor(config, [], 0.0)
    if answer is None:
        return examine(config, eyes(config), told)
    return [finding_of(one) for one in answer["findings"]]


def eyes(config: SiteConfig) -> Eyes:
    """For the cameras: a network camera serves a second reader beside the daemon."""
    return OwnEyes(config)
