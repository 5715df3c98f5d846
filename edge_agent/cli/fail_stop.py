"""After a disk failed a durable write: the process ends, and is started again, but not for ever.

A disk that fails at every start must not be hammered, nor may its box look as if it only restarted. The
supervisor waits a minute between two starts (`RestartSec=60`, docs/disk.md). After five starts in a row
without a single statement sealed, the next one leaves the disk alone for ten minutes, says in its log and on
its `state` topic what is wrong, and then tries again, as every later one until something was sealed.

The count lies in systemd's runtime directory, which is memory: the disk is what failed. Where there is no
such directory nobody restarts us either, and nothing is counted.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent import __version__
from edge_agent.devices.systemd import Notifier
from edge_agent.errors import StoreFault

if TYPE_CHECKING:
    from edge_agent.config.settings import SiteConfig

log = logging.getLogger(__name__)

IN_A_ROW = 5
SHOUT_S = 600.0
SHOUT_EVERY_S = 60.0
AGAIN_S = 10.0  # between two attempts to reach the platform


class FaultCount:
    """How many starts in a row ended with a fault, and what the last one said."""

    def __init__(self, directory: str | None) -> None:
        self._path = Path(directory) / "faults" if directory else None
        self.value, self.last = _read(self._path)

    @classmethod
    def of_environment(cls) -> FaultCount:
        """Where systemd says (`RuntimeDirectory=`)."""
        return cls(os.environ.get("RUNTIME_DIRECTORY"))

    def add(self, fault: str) -> None:
        """One more."""
        self.value, self.last = self.value + 1, fault
        self._save()

    def clear(self) -> None:
        """Something was sealed: all is well again."""
        if self.value and self._path is not None:
            self._path.unlink(missing_ok=True)
        self.value = 0

    def _save(self) -> None:
        if self._path is not None:
            try:
                self._path.write_text(f"{self.value} {self.last}", encoding="utf-8")
            except OSError as error:  # the fault itself is what has to be heard of
                log.warning("the starts in vain are not counted: %s", error)


def shout(site: SiteConfig, faults: FaultCount, stop: threading.Event) -> None:
    """Stay up without the store, and say so, until it is time to try again.

    Raises:
        StoreFault: `stop` was set.
    """
    manager = Notifier()
    text = f"{faults.value} starts in a row could seal nothing, nothing is sealed now: {faults.last}"
    until_s = time.monotonic() + SHOUT_S
    threading.Thread(target=_tell_platform, args=(site, faults.last, until_s, stop), daemon=True).start()
    manager.ready(text)
    said_s = -SHOUT_EVERY_S
    while (left_s := until_s - time.monotonic()) > 0:
        if time.monotonic() - said_s >= SHOUT_EVERY_S:
            said_s = time.monotonic()
            log.critical("%s", text)
        if stop.wait(min(manager.watchdog_s / 2 or SHOUT_EVERY_S, SHOUT_EVERY_S, left_s)):
            raise StoreFault(text)
        manager.send(WATCHDOG=1)
    manager.setting_up("trying the disk again")


def _tell_platform(site: SiteConfig, fault: str, until_s: float, stop: threading.Event) -> None:
    """The retained state, as often as the connection has to be made; the log has it whatever happens."""
    from edge_agent.evidence.uplink.mqtt import MqttLink, Waker  # noqa: PLC0415 - only where a disk failed
    from edge_agent.evidence.uplink.port import (  # noqa: PLC0415 - same
        Closed,
        Connected,
        LinkDown,
        LinkEvent,
        LinkOptions,
        Message,
    )
    from edge_agent.evidence.uplink.state import MAX_DETAIL, BoxState, PartState  # noqa: PLC0415 - same
    from edge_agent.evidence.uplink.topics import Topics  # noqa: PLC0415 - same

    chosen = site.uplink
    if chosen is None:
        return
    topics = Topics(chosen.topic_root, site.site.tenant, site.site.device_id)
    part = PartState(part="store", state="fault", detail=fault[:MAX_DETAIL])
    said = BoxState(state="online", health="fault", sealing=False, parts=(part,), software=__version__)
    message = Message(topics.state, said.to_bytes(), retain=True, content_type="application/json")
    mqtt5 = chosen.mqtt.protocol != "3.1.1"
    options = LinkOptions(chosen.mqtt.client_id or site.site.device_id, mqtt5=mqtt5)
    while not stop.is_set() and time.monotonic() < until_s:
        with contextlib.closing(Waker()) as waker:
            events: list[LinkEvent] = []
            try:
                link = MqttLink(chosen.mqtt, options, waker)
                with contextlib.ExitStack() as end:
                    end.callback(link.abort)
                    link.open()
                    while not stop.is_set() and not any(isinstance(e, Closed) for e in events):
                        events = link.poll(1.0)
                        if any(isinstance(e, Connected) for e in events):
                            link.publish(message)
            except LinkDown as error:  # also of files that cannot be read
                log.info("uplink: %s", error)
        stop.wait(AGAIN_S)


def _read(path: Path | None) -> tuple[int, str]:
    try:
        number, _, text = path.read_text(encoding="utf-8").partition(" ") if path else ("0", "", "")
        return int(number), text
    except (OSError, ValueError):
        return 0, ""
