"""One camera's view: whether it can be judged, said once when it begins and once when it ends.

fit ──unfit for unfit_after_ms──> told blind ──fit for as long──> told ok
 └────no picture for the silence──────^
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.core.decisions import Fault, FaultKind, Status
from edge_agent.core.units import MS, Ns

DOWN = "camera_down"
SILENT = "silent"
NO_PICTURE = "no_picture"  # not yet since it came up


@dataclass(slots=True)
class CameraView:
    """What is known of one camera's pictures.

    Attributes:
        camera: its name; told as part `view/<camera>`, beside the connection, `camera/<camera>`.
        after_ms: a change is told when it has lasted so long.
        silence: no picture for so long: blind.
        heard_at: when the last picture came, or since when one is waited for.
        reason: why nothing can be judged now; empty when the view is fit.
    """

    camera: str
    after_ms: int
    silence: Ns
    heard_at: Ns
    reason: str = NO_PICTURE
    _since: Ns | None = None  # from when on the reason, or its absence, differs from what was told
    _told: str | None = None  # the reason that was told; empty: that all is well

    def looked(self, now: Ns, at: Ns, reason: str) -> tuple[Fault | Status, ...]:
        """A picture taken at `at` was looked at."""
        self.heard_at, self.reason = now, reason
        if self._told is not None and bool(reason) == bool(self._told):
            self._since = None
            return ()
        if self._since is None:
            self._since = at
        waits = self._told is not None or reason  # the first good picture is told at once
        if waits and at - self._since < self.after_ms * MS:
            return ()
        return self._tell(at, reason)

    def lost(self, at: Ns, *, down: bool) -> tuple[Fault | Status, ...]:
        """The connection went, or no picture came for too long."""
        self.reason = DOWN if down else SILENT
        if self._told:
            self._told = self.reason
            return ()
        told = self._tell(at, self.reason)
        return told[-1:] if down else told  # that a device is down has been said as a fault already

    def came_up(self, at: Ns) -> None:
        """The connection is back: pictures are waited for."""
        self.reason, self.heard_at = NO_PICTURE, at

    @property
    def silent_at(self) -> Ns | None:
        """When it will be called silent; None when it is known to be away."""
        return None if self.reason in (DOWN, SILENT) else Ns(self.heard_at + self.silence)

    def _tell(self, at: Ns, reason: str) -> tuple[Fault | Status, ...]:
        self._told, self._since = reason, None
        part = f"view/{self.camera}"
        if not reason:
            return (Status(at, part, "ok", "the view can be judged"),)
        return (Fault(at, part, FaultKind.CAMERA, reason), Status(at, part, "blind", reason))
