"""What is done by command line is in the box's chain as well."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_agent.config.settings import SiteConfig


def leave_action(site: SiteConfig, action: str, subject: str, detail: str = "") -> None:
    """Leave a note of it: sealed as soon as the daemon runs.

    Raises:
        UsageError: nobody has emptied the tray for long.
        OSError: the disk did not take it.
    """
    from edge_agent.evidence.intray import tray_of  # noqa: PLC0415 - help stays instant
    from edge_agent.evidence.statement_operator import OperatorAction  # noqa: PLC0415 - same

    record = OperatorAction(
        by=getpass.getuser(),
        role="",
        via="command_line",
        address="",
        action=action,
        subject=subject,
        outcome="done",
        detail=detail,
    )
    tray_of(site.evidence.store.directory).put(record)
