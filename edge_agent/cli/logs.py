"""The one place that sets up what a daemon logs: text for people, or one JSON object a line for machines.

One event is one line, whatever a device put into it, so that nobody can forge an entry. A password that
came in with an address does not go out.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from enum import StrEnum

TEXT = "%(asctime)s %(levelname)s %(message)s"
# scheme://user:password@host; up to the last @, since cameras' passwords hold one unescaped
PASSWORD = re.compile(r"://[^/\s\"']*@")
# What every record has: everything else was given by the caller, as `extra`.
USUAL = {*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName"}


class LogFormat(StrEnum):
    """How a line looks."""

    TEXT = "text"
    JSON = "json"


class TextLines(logging.Formatter):
    """Time, level, message. A traceback follows in lines of its own."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """One line."""
        return _safe(super().formatMessage(record)).replace("\n", "\\n").replace("\r", "\\r")

    def formatException(self, ei: object) -> str:  # noqa: N802 - logging's own name
        """The traceback, without passwords."""
        return _safe(super().formatException(ei))  # type: ignore[arg-type]  # a tuple of logging's


class JsonLines(logging.Formatter):
    """`ts` (UTC), `level`, `logger`, `part` (the thread), `msg`, what the caller added, `exc`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        said: dict[str, object] = {
            "ts": f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S.%f}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "part": record.threadName,
            "msg": record.getMessage(),
        }
        said |= {name: value for name, value in record.__dict__.items() if name not in USUAL | said.keys()}
        if record.exc_info:
            said["exc"] = self.formatException(record.exc_info)
        return _safe(json.dumps(said, ensure_ascii=False, default=str))


def set_up(form: LogFormat, level: int = logging.INFO) -> None:
    """To standard error, from now on."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form is LogFormat.JSON else TextLines(TEXT))
    logging.basicConfig(level=level, handlers=[handler], force=True)


def _safe(text: str) -> str:
    return PASSWORD.sub("://***@", text)
