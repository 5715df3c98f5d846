"""Accepted pictures of the clear pavement: what is accepted, and how one more comes to be.

    take ── the live picture at full resolution ── what speaks against it ── accept ──> the bank, the chain

The daemon looks at the bank by itself (`devices/scene/renewal.py`): nothing has to be restarted.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from edge_agent.config.street import StreetCameraConfig, StreetConfig
from edge_agent.console.accounts import TECHNICIAN
from edge_agent.console.audit import Audit
from edge_agent.console.box import Box
from edge_agent.devices.scene.bank import CONDITIONS, Reference, ReferenceBank
from edge_agent.devices.scene.checks import Concern
from edge_agent.errors import ConfigError, DeviceError, UsageError
from edge_agent.web.gate import Gate, NotHere, Visit
from edge_agent.web.look import Look

MAX_CANDIDATES = 6  # JPEGs at full resolution, in memory
MAX_THUMBNAILS = 64
MIN_REASON, MAX_REASON = 5, 300
REFUSED, AWAY = 422, 503


@dataclass(frozen=True, slots=True)
class _Held:
    """A picture that waits for somebody's decision."""

    camera: str
    data: bytes
    origin: str
    against: tuple[Concern, ...]


class ReferencePages:
    """See above.

    Args:
        look: of the pages.
        box: the daemon.
        audit: takes a note of each that is accepted.
    """

    def __init__(self, look: Look, box: Box, audit: Audit) -> None:
        self._look = look
        self._box = box
        self._audit = audit
        self._candidates: OrderedDict[str, _Held] = OrderedDict()
        self._thumbnails: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def routes(self, gate: Gate) -> list[Route]:
        """Its addresses."""
        one = "/references/{camera}"
        return [
            gate.page("/references", self.show),
            gate.page(f"{one}/picture/{{id}}", self.picture),
            gate.page(f"{one}/thumbnail/{{id}}", self.thumbnail),
            gate.page(f"{one}/take", self.take, method="POST", role=TECHNICIAN),
            gate.page(f"{one}/candidate/{{token}}", self.candidate, role=TECHNICIAN),
            gate.page(f"{one}/candidate/{{token}}", self.accept, method="POST", role=TECHNICIAN),
            gate.page(f"{one}/candidate/{{token}}/picture", self.candidate_picture, role=TECHNICIAN),
        ]

    # -- what is accepted --------------------------------------------------------------------------

    def show(self, visit: Visit) -> Response:
        """Every street camera's."""
        values = {"cameras": list(self._cameras()), "may_accept": visit.role == TECHNICIAN, "problem": ""}
        return self._look.page(visit, "references.html", values)

    def _cameras(self) -> Iterator[dict[str, Any]]:
        street = self._box.config.street
        for name in street.cameras if street else ():
            try:
                accepted, problem = self._bank(name).all[::-1], ""
            except ConfigError as error:
                accepted, problem = (), str(error)
            active = [one for one in accepted if not one.replaced_by]
            past = [one for one in accepted if one.replaced_by]
            yield {"name": name, "active": active, "past": past, "problem": problem}

    def picture(self, visit: Visit) -> Response:
        """One as it was accepted."""
        reference, data = self._accepted(visit)
        return Response(data, media_type="image/png" if reference.file.endswith("png") else "image/jpeg")

    def thumbnail(self, visit: Visit) -> Response:
        """The same, small."""
        reference, data = self._accepted(visit)
        with self._lock:
            if reference.sha256 not in self._thumbnails:
                self._thumbnails[reference.sha256] = _small(data)
                while len(self._thumbnails) > MAX_THUMBNAILS:
                    self._thumbnails.popitem(last=False)
            return Response(self._thumbnails[reference.sha256], media_type="image/jpeg")

    def _accepted(self, visit: Visit) -> tuple[Reference, bytes]:
        bank = self._bank(visit.path("camera"))
        for reference in bank.all:
            if reference.id == visit.path("id"):
                return reference, bank.data(reference)
        raise NotHere("no such picture")

    # -- one more ----------------------------------------------------------------------------------

    def take(self, visit: Visit) -> Response:
        """Take the live picture, and look what speaks against it."""
        name, settings = self._camera(visit)
        try:
            held = self._taken(name, settings)
        except (DeviceError, ConfigError) as error:
            values = {"cameras": list(self._cameras()), "may_accept": True, "problem": str(error)}
            return self._look.page(visit, "references.html", values, AWAY)
        token = secrets.token_hex(16)
        with self._lock:
            self._candidates[token] = held
            while len(self._candidates) > MAX_CANDIDATES:
                self._candidates.popitem(last=False)
        return RedirectResponse(f"/references/{name}/candidate/{token}", 303)

    def _taken(self, name: str, settings: StreetCameraConfig) -> _Held:
        from edge_agent.devices.scene import accepting  # noqa: PLC0415 - OpenCV when somebody looks

        frame = self._box.cameras[name].newest()
        if frame is None:
            raise DeviceError(f"nothing has come of camera {name}")
        utc_us = self._box.utc_us(frame.captured_at)
        when = f", {datetime.fromtimestamp(utc_us // 1_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}" if utc_us else ""
        origin = f"live {settings.video.safe_url}{when}"
        candidate = accepting.Candidate.of_video(frame.image, origin)
        zones = {zone: one.polygon for zone, one in settings.zones.items()}
        detector = self._box.street_detector
        found = accepting.against(candidate, zones, settings.scene, self._bank(name), detector)
        return _Held(name, candidate.data, origin, tuple(found))

    def candidate(self, visit: Visit) -> Response:
        """The picture, what speaks against it, and the form."""
        return self._candidate_page(visit, self._held(visit))

    def candidate_picture(self, visit: Visit) -> Response:
        """The picture itself, as it would be kept."""
        return Response(self._held(visit).data, media_type="image/jpeg")

    def accept(self, visit: Visit) -> Response:
        """Accept it."""
        from edge_agent.devices.scene import accepting  # noqa: PLC0415 - OpenCV when somebody looks

        held, form = self._held(visit), visit.form
        by = visit.user or form.get("by", "").strip()[:100]
        reason = form.get("reason", "").strip()[:MAX_REASON]
        problem = _missing(held, form.get("condition", ""), by, reason, looked=form.get("looked") == "yes")
        if problem:
            return self._candidate_page(visit, held, problem)
        beside = form.get("beside") == "yes"
        with self._lock:
            if self._candidates.pop(visit.path("token"), None) is None:
                raise NotHere("no such candidate")
            try:
                candidate = accepting.Candidate.of_file(held.data, held.origin)
                bank = self._bank(held.camera)
                accepted = accepting.accept(candidate, bank, form["condition"], by=by, beside=beside)
            except (OSError, UsageError, ConfigError) as error:
                self._candidates[visit.path("token")] = held
                self._note(visit, held, f"by {by}: {error}", "failed")
                return self._candidate_page(visit, held, "references_not_kept")
        self._note(visit, held, _told(accepted, held, reason, beside=beside), "done")
        return self._look.page(visit, "references_accepted.html", {"camera": held.camera, "one": accepted})

    def _note(self, visit: Visit, held: _Held, detail: str, outcome: Any) -> None:
        self._audit.act(visit, "reference_accepted", f"camera/{held.camera}", detail, outcome)

    def _candidate_page(self, visit: Visit, held: _Held, problem: str = "") -> Response:
        words = self._look.words(visit)
        values = {
            "camera": held.camera,
            "token": visit.path("token"),
            "origin": held.origin,
            "against": [one.zh if words.chinese else one.en for one in held.against],
            "conditions": CONDITIONS,
            "problem": problem,
            "overlay": self._overlay(held.camera),
        }
        return self._look.page(visit, "references_candidate.html", values, REFUSED if problem else 200)

    def _overlay(self, camera: str) -> list[tuple[str, str]]:
        """(name, corners in thousandths) of each zone."""
        zones = self._street().cameras[camera].zones
        return [
            (name, " ".join(f"{x * 1000:.1f},{y * 1000:.1f}" for x, y in zone.polygon))
            for name, zone in zones.items()
        ]

    # -- what is there -----------------------------------------------------------------------------

    def _held(self, visit: Visit) -> _Held:
        with self._lock:
            held = self._candidates.get(visit.path("token"))
        if held is None or held.camera != visit.path("camera"):
            raise NotHere("no such candidate")
        return held

    def _street(self) -> StreetConfig:
        street = self._box.config.street
        if street is None:
            raise NotHere("no street")
        return street

    def _camera(self, visit: Visit) -> tuple[str, StreetCameraConfig]:
        name, cameras = visit.path("camera"), self._street().cameras
        if name not in cameras:
            raise NotHere("no such camera")
        return name, cameras[name]

    def _bank(self, camera: str) -> ReferenceBank:
        if camera not in self._street().cameras:
            raise NotHere("no such camera")
        return ReferenceBank(self._street().references_dir, camera)


def _missing(held: _Held, condition: str, by: str, reason: str, *, looked: bool) -> str:
    """What is not said yet, as the key of its text; empty when all is."""
    if condition not in CONDITIONS:
        return "references_no_condition"
    if not by:
        return "references_no_name"
    if not looked:
        return "references_not_looked"
    return "references_no_reason" if held.against and len(reason) < MIN_REASON else ""


def _told(accepted: Reference, held: _Held, reason: str, *, beside: bool) -> str:
    """For the chain."""
    parts = [f"{accepted.id} sha256 {accepted.sha256} by {accepted.accepted_by} from {accepted.origin}"]
    parts += ["beside the earlier ones"] if beside else []
    if held.against:
        parts.append(f"reason: {reason}; in spite of: {' | '.join(one.en for one in held.against)}")
    return "; ".join(parts)


def _small(data: bytes) -> bytes:
    from edge_agent.devices.camera.stills import to_jpeg  # noqa: PLC0415 - OpenCV when somebody looks
    from edge_agent.devices.scene.bank import decode  # noqa: PLC0415 same
    from edge_agent.devices.scene.pixels import shrink  # noqa: PLC0415 same

    return to_jpeg(shrink(decode(data, "the picture")), 80)
