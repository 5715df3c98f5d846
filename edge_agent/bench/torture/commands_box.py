"""A box that does nothing but obey: real store, desk, orders and uplink; a drawn camera, a set clock.

Every picture it takes and every event that it would tell the core is a line in `done`, written before the
result is sealed: what was really carried out, whatever became of the process.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_agent.bench.kill_box import DEVICE, IDENTITY, TENANT, open_store
from edge_agent.core.events import ClockSource, ClockStatus, Event, InspectionOrdered, NoticeGiven, TierSet
from edge_agent.core.units import US, Ns
from edge_agent.devices.camera.frame import Frame
from edge_agent.devices.camera.settings import CameraSettings
from edge_agent.evidence import dsse
from edge_agent.evidence.command_desk import CommandDesk
from edge_agent.evidence.command_log import Logged
from edge_agent.evidence.commands import Issuers
from edge_agent.evidence.keys import KeyRing, read_public_keys
from edge_agent.evidence.uplink.settings import UplinkSettings
from edge_agent.evidence.uplink.uplink import Uplink
from edge_agent.orders import Orders

ACCEPTED, CARRIED_OUT, ANSWERED = "accepted", "carried_out", "answered"


@dataclass(frozen=True, slots=True)
class BoxPlan:
    """What one life of the box gets."""

    folder: Path
    uplink: UplinkSettings
    issuers: Issuers
    die: str = ""  # at its first command: after which step it is killed; empty: never


class _DyingDesk(CommandDesk):
    """Kills its own process with SIGKILL when a step is over."""

    die = ""

    def take(self, envelope: bytes) -> Logged | None:
        """The counter is on the disk when this returns."""
        accepted = super().take(envelope)
        if accepted is not None:
            self._perhaps(ACCEPTED)
        return accepted

    def finish(self, *args: Any, **options: Any) -> None:
        """The result is on the disk when this returns."""
        self._perhaps(CARRIED_OUT)
        super().finish(*args, **options)
        self._perhaps(ANSWERED)

    def _perhaps(self, step: str) -> None:
        if self.die == step and self.counters.accepted:
            os.kill(os.getpid(), signal.SIGKILL)


class _Camera:
    """A grey picture of now; each is a line in the file."""

    settings = CameraSettings(url="drawn.mp4")

    def __init__(self, name: str, note: Callable[[str], None]) -> None:
        self.id = name
        self._note = note

    def wait_for(self, _t: Ns, _until: Ns, /) -> bool:
        return True

    def frames_at(self, times: Sequence[Ns], /) -> list[Frame | None]:
        self._note(f"picture {self.id}")
        return [Frame(np.full((48, 64, 3), 128, np.uint8), t, Ns(0)) for t in times]

    def clip(self, _t0: Ns, _t1: Ns, /) -> bytes:
        raise NotImplementedError


class _Cameras(dict[str, _Camera]):
    """One of any name."""

    def __init__(self, note: Callable[[str], None]) -> None:
        super().__init__()
        self._note = note

    def __contains__(self, _name: object) -> bool:
        return True

    def __missing__(self, name: str) -> _Camera:
        return _Camera(name, self._note)


class CommandBox:
    """One life, in this process."""

    def __init__(self, plan: BoxPlan) -> None:
        self._done = os.open(plan.folder / "done", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.later_us = 0  # by how much its clock is put on
        self.store = open_store(plan.folder)
        self.desk = _DyingDesk(
            self.store,
            plan.issuers,
            tenant=TENANT,
            device_id=DEVICE,
            config_sha256=IDENTITY.config_sha256,
            clock=self._clock,
        )
        self.desk.die = plan.die
        cameras: Mapping[str, Any] = _Cameras(self._note)
        self.orders = Orders(
            self.desk,
            self.store,
            emit=self._emit,
            cameras=cameras,
            clock=self._clock,
            wake_uplink=self._wake,
            failed=lambda _fault: None,
            restart=lambda: None,
            trial_s=1,
            reached=lambda: True,
        )
        ring = KeyRing({dsse.RECEIPT_TYPE: read_public_keys(plan.folder / "receipts.pub.pem")})
        self.uplink = Uplink(
            self.store, plan.uplink, ring, tenant=TENANT, device_id=DEVICE, on_command=self.orders.deliver
        )
        self.orders.begin()
        self.orders.start()
        self.uplink.start()

    def end(self, idle_s: float) -> bool:
        """Send what is left; True when all of it was receipted."""
        self.orders.close()
        idle = self.uplink.wait_idle(idle_s)
        self.uplink.stop()
        self.store.close()
        os.close(self._done)
        return idle

    def _wake(self) -> None:
        self.uplink.wake()

    def _emit(self, event: Event) -> None:
        """Instead of the core, which would say nothing against it."""
        assert isinstance(event, TierSet | InspectionOrdered | NoticeGiven)
        self._note(f"told {event.order}")
        self.orders.stepped(event, ())

    def _note(self, line: str) -> None:
        os.write(self._done, f"{line}\n".encode())

    def _clock(self) -> ClockStatus:
        at = time.monotonic_ns()
        offset = Ns(time.time_ns() + self.later_us * US - at)
        return ClockStatus(
            Ns(at), offset, ClockSource.NTP, synced=True, offset=Ns(0), est_error=Ns(1_000_000)
        )


def live(plan: BoxPlan) -> None:
    """Until killed, or told to stop by a file."""
    box = CommandBox(plan)
    stop = plan.folder / "stop"
    while not stop.exists():
        threading.Event().wait(0.02)
    if box.end(20):
        (plan.folder / "idle").touch()
