"""The technician's configuration as pages change it: validated, written, noted in the chain."""

from __future__ import annotations

from datetime import UTC, datetime

from edge_agent.config.loader import load_text
from edge_agent.config.saving import Draft, Overtaken, Saved, read, save
from edge_agent.config.settings import SiteConfig
from edge_agent.console.audit import Audit
from edge_agent.console.box import Box
from edge_agent.devices import clock
from edge_agent.errors import ConfigError, UsageError
from edge_agent.web.gate import NotHere, Visit


class Changes:
    """Any thread.

    Args:
        box: the daemon.
        audit: takes a note of each change.
    """

    def __init__(self, box: Box, audit: Audit) -> None:
        self._box = box
        self._audit = audit

    def draft(self) -> Draft:
        """The file as it is now.

        Raises:
            NotHere: the daemon was not started from one.
            UsageError: it cannot be read.
        """
        if self._box.config_file is None:
            raise NotHere("no configuration file")
        return read(self._box.config_file)

    def save(self, visit: Visit, draft: Draft, text: str, subject: str) -> Saved:
        """Write it in the place of the file, and leave a note of who did.

        Args:
            visit: whose change it is.
            draft: what it was made on.
            text: the new one.
            subject: what was changed, for the note.

        Raises:
            ConfigError: the text is no good configuration; nothing was written.
            Overtaken: the file was changed meanwhile; nothing was written.
            UsageError: it could not be written.
        """
        after = load_text(text, draft.path)
        try:
            saved = save(draft, text, datetime.fromtimestamp(_utc_s(), UTC))
        except Overtaken:
            raise
        except UsageError as error:
            self._audit.act(visit, "config_saved", subject, str(error), "failed")
            raise
        settings = f"settings {_digest(draft)} -> {after.sha256()}"
        files = f"file {saved.old_sha256} -> {saved.new_sha256}, before: {saved.kept.name}"
        self._audit.act(visit, "config_saved", subject, f"{settings}; {files}")
        return saved

    def running_differs(self, config: SiteConfig) -> bool:
        """Whether the daemon runs something else than the file says."""
        return self._box.config.sha256() != config.sha256()


def _digest(draft: Draft) -> str:
    """Of what the file said before, as the chain's `config_change` names it."""
    try:
        return load_text(draft.text, draft.path).sha256()
    except ConfigError:
        return "no good configuration"


def _utc_s() -> int:
    return (clock.monotonic() + clock.utc_minus_mono()) // 1_000_000_000
