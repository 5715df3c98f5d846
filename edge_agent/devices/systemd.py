"""What the service manager is told: ready, alive, in a word what is the matter, about to end.

sd_notify(3): one datagram of KEY=value lines to the socket that $NOTIFY_SOCKET names. Without it (started
by hand) nothing is sent. Alive is told only while every part goes round (`progress.standing`), so a hang
of any part ends the process, and systemd starts it anew.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping, Sequence

from edge_agent.progress import Standing

log = logging.getLogger(__name__)

# How often is looked, where systemd wants no sign of life or wants it seldom.
LOOK_S = 5.0
# Parts may take so long to be ended and set up again within one process.
SETTING_UP_S = 600


class Notifier:
    """Sends to the service manager. Never raises: it may be gone, the work goes on."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        # Meant for another process (a wrapper's) where a pid is given that is not ours.
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.watchdog_s = int(environment.get("WATCHDOG_USEC") or 0) / 1e6 if ours else 0.0

    def ready(self, status: str) -> None:
        """Everything is up; from now on signs of life come."""
        usual = {"WATCHDOG_USEC": int(self.watchdog_s * 1e6)} if self.watchdog_s else {}
        self.send(READY=1, STATUS=status, **usual)

    def setting_up(self, status: str) -> None:
        """For a while no sign of life comes, and the process goes on: until `ready`.

        STOPPING=1 must not be said then: systemd would end the process when TimeoutStopSec is over.
        """
        longer = {"WATCHDOG_USEC": SETTING_UP_S * 1_000_000} if self.watchdog_s else {}
        self.send(STATUS=status, **longer)

    def send(self, **fields: object) -> None:
        """One message: `send(READY=1, STATUS="...")`."""
        if not self._address:
            return
        # A name that begins with @ is in Linux's abstract space, which a zero byte marks.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        text = "\n".join(f"{key}={str(value).replace(chr(10), ' ')}" for key, value in fields.items())
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
                line.settimeout(1.0)
                line.sendto(text.encode(), address)
        except OSError as error:
            log.warning("the service manager is not reached: %s", error)


class Watchdog:
    """Looks after all parts, from `start` (everything is up) to `stop` (about to end).

    Args:
        standing: which parts stand still.
        status: in a line, how things are.
        notifier: to whom that is told.
    """

    def __init__(
        self,
        standing: Callable[[], Sequence[Standing]],
        status: Callable[[], str],
        notifier: Notifier | None = None,
    ) -> None:
        self._standing = standing
        self._status = status
        self._notifier = notifier or Notifier()
        self._every_s = min(self._notifier.watchdog_s / 2 or LOOK_S, LOOK_S)
        self._told: tuple[str, ...] = ()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Everything is up."""
        self._notifier.ready(self._status())
        self._thread.start()

    def stop(self, *, beginning_anew: bool = False) -> None:
        """Everything is about to end, perhaps to begin anew in this process."""
        self._stop.set()
        self._thread.join()
        if beginning_anew:
            self._notifier.setting_up("beginning anew with a changed configuration")
        else:
            self._notifier.send(STOPPING=1)

    def look(self) -> None:
        """Once: a sign of life if everybody gives one."""
        found = self._standing()
        parts = tuple(one.part for one in found)
        if parts != self._told:
            self._told = parts
            for one in found:
                log.critical("%s", one)
        if found:
            self._notifier.send(STATUS="; ".join(map(str, found)))
        else:
            self._notifier.send(WATCHDOG=1, STATUS=self._status())

    def _watch(self) -> None:
        while not self._stop.wait(self._every_s):
            self.look()
