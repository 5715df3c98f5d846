"""Zones, lanes, masks and tape measures, drawn over a camera's picture and put into the configuration.

    draw ── check (as often as something moves) ──> what is said of it
      └── review ──> the difference ── save ──> the file; the box begins anew with it when it is told to

The form carries the drawing and the digest of the file that it was drawn on, so that a file which was changed
meanwhile is never overwritten and no drawing is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge_agent.config.loader import load_text
from edge_agent.config.saving import Draft, Overtaken, difference
from edge_agent.config.settings import SiteConfig
from edge_agent.console.accounts import TECHNICIAN
from edge_agent.console.box import Box
from edge_agent.console.changes import Changes
from edge_agent.console.drawing import Drawing, as_json, drawing_of, is_street, parse
from edge_agent.console.drawing_hints import Judged, judged
from edge_agent.console.drawing_text import drawn_into
from edge_agent.console.pictures import LivePictures
from edge_agent.console.texts_zones import EDITOR
from edge_agent.devices.scene.bank import Reference, ReferenceBank
from edge_agent.errors import ConfigError, UsageError
from edge_agent.web.gate import Gate, NotHere, Visit
from edge_agent.web.look import Look
from edge_agent.web.words import Words

PICTURE_WIDTH = 1920
CONFLICT, REFUSED, UNWRITTEN = 409, 422, 503


@dataclass(frozen=True, slots=True)
class _Sent:
    """A drawing that can be saved."""

    draft: Draft
    config: SiteConfig
    drawing: Drawing
    found: tuple[Judged, ...]
    text: str  # of the file with the drawing in it


class ZonePages:
    """See above."""

    def __init__(self, look: Look, box: Box, pictures: LivePictures, changes: Changes) -> None:
        self._look = look
        self._box = box
        self._pictures = pictures
        self._changes = changes

    def routes(self, gate: Gate) -> list[Route]:
        """Its addresses."""
        one = "/zones/{camera}"
        return [
            gate.page("/zones", self.cameras),
            gate.page(one, self.edit),
            gate.page(one, self.back, method="POST", role=TECHNICIAN),
            gate.page(f"{one}/picture", self.picture),
            gate.page(f"{one}/reference/{{id}}", self.reference),
            gate.page(f"{one}/check", self.check, method="POST"),
            gate.page(f"{one}/review", self.review, method="POST", role=TECHNICIAN),
            gate.page(f"{one}/save", self.save, method="POST", role=TECHNICIAN),
        ]

    # -- looking -----------------------------------------------------------------------------------

    def cameras(self, visit: Visit) -> Response:
        """Every camera."""
        draft = self._changes.draft()
        try:
            config = load_text(draft.text, draft.path)
        except ConfigError as error:
            return self._unreadable(visit, error)
        cameras = [
            {"name": name, "street": is_street(config, name), "drawn": _counted(drawing_of(config, name))}
            for name in _cameras(config)
        ]
        values = {"cameras": cameras, "differs": self._changes.running_differs(config)}
        return self._look.page(visit, "zones.html", values)

    def edit(self, visit: Visit) -> Response:
        """The editor, with what the file says."""
        draft = self._changes.draft()
        try:
            config = self._config(visit, draft)
        except ConfigError as error:
            return self._unreadable(visit, error)
        return self._editor(visit, draft, config, drawing_of(config, visit.path("camera")))

    def back(self, visit: Visit) -> Response:
        """The editor, with what was drawn."""
        draft = self._changes.draft()
        try:
            return self._editor(
                visit, draft, self._config(visit, draft), parse(visit.form.get("drawing", ""))
            )
        except ConfigError as error:
            return self._unreadable(visit, error)
        except UsageError as error:
            return self._problem(visit, "zones_no_drawing", str(error))

    def picture(self, visit: Visit) -> Response:
        """The camera's picture of now."""
        return self._pictures.answer(visit, PICTURE_WIDTH)

    def reference(self, visit: Visit) -> Response:
        """An accepted picture, as it was accepted."""
        for reference in self._references(self._box.config, visit.path("camera")):
            if reference.id == visit.path("id"):
                data = self._bank(visit.path("camera")).data(reference)
                kind = "image/png" if reference.file.endswith("png") else "image/jpeg"
                return Response(data, media_type=kind)
        raise NotHere("no such picture")

    # -- judging -----------------------------------------------------------------------------------

    def check(self, visit: Visit) -> Response:
        """What is to be said of a drawing; changes nothing."""
        words = self._look.words(visit)
        draft = self._changes.draft()
        try:
            drawing = parse(visit.form.get("drawing", ""))
            config = self._config(visit, draft)
        except ConfigError as error:
            return JSONResponse({"problems": _said(error), "shapes": []}, CONFLICT)
        except UsageError as error:
            return JSONResponse({"problems": [str(error)], "shapes": []}, REFUSED)
        found, _, problems = self._judge(draft, config, visit.path("camera"), drawing)
        return JSONResponse({"problems": problems, "shapes": [_shape(one, words) for one in found]})

    def _judge(
        self, draft: Draft, config: SiteConfig, camera: str, drawing: Drawing
    ) -> tuple[tuple[Judged, ...], str, list[str]]:
        """(each shape, the new text, what speaks against it as a whole)."""
        found = judged(drawing, config, _zones_of_others(config, camera))
        if not all(one.good for one in found):
            return found, draft.text, []
        try:
            text = drawn_into(draft.text, config, camera, drawing)
            load_text(text, draft.path)
        except ConfigError as error:
            return found, draft.text, _said(error)
        except UsageError as error:
            return found, draft.text, [str(error)]
        return found, text, []

    # -- saving ------------------------------------------------------------------------------------

    def review(self, visit: Visit) -> Response:
        """What would change in the file."""
        sent = self._sent(visit)
        if isinstance(sent, Response):
            return sent
        values = {
            "camera": visit.path("camera"),
            "drawing": as_json(sent.drawing),
            "sha256": sent.draft.sha256,
            "difference": difference(sent.draft.text, sent.text, sent.draft.path.name),
            "hints": _to_weigh(sent.found, sent.drawing, self._look.words(visit)),
        }
        return self._look.page(visit, "zones_review.html", values)

    def save(self, visit: Visit) -> Response:
        """Change the file."""
        sent = self._sent(visit)
        if isinstance(sent, Response):
            return sent
        camera = visit.path("camera")
        try:
            saved = self._changes.save(visit, sent.draft, sent.text, f"camera/{camera}")
        except Overtaken:
            draft = self._changes.draft()
            return self._editor(visit, draft, sent.config, sent.drawing, "zones_overtaken", CONFLICT)
        except UsageError as error:
            said = [str(error)]
            return self._editor(
                visit, sent.draft, sent.config, sent.drawing, "zones_not_written", UNWRITTEN, said
            )
        return self._look.page(visit, "zones_saved.html", {"camera": camera, "saved": saved})

    def _sent(self, visit: Visit) -> _Sent | Response:
        """What was sent, good to be saved; else the page that says why not, with the drawing in it."""
        draft = self._changes.draft()
        try:
            drawing = parse(visit.form.get("drawing", ""))
            config = self._config(visit, draft)
        except ConfigError as error:
            return self._unreadable(visit, error)
        except UsageError as error:
            return self._problem(visit, "zones_no_drawing", str(error))
        if visit.form.get("sha256") != draft.sha256:
            return self._editor(visit, draft, config, drawing, "zones_overtaken", CONFLICT)
        found, text, problems = self._judge(draft, config, visit.path("camera"), drawing)
        if problems or not all(one.good for one in found):
            return self._editor(visit, draft, config, drawing, "zones_not_good", REFUSED, problems)
        return _Sent(draft, config, drawing, found, text)

    # -- pages -------------------------------------------------------------------------------------

    def _editor(
        self,
        visit: Visit,
        draft: Draft,
        config: SiteConfig,
        drawing: Drawing,
        message: str = "",
        status: int = 200,
        problems: list[str] | None = None,
    ) -> Response:
        camera, words = visit.path("camera"), self._look.words(visit)
        street = config.street if is_street(config, camera) else None
        values = {
            "camera": camera,
            "street": street is not None,
            "drawing": as_json(drawing),
            "saved": as_json(drawing_of(config, camera)),
            "sha256": draft.sha256,
            "rules": {
                name: rule.title_zh if words.chinese else rule.title_en for name, rule in street.rules.items()
            }
            if street
            else {},
            "shops": {name: shop.name or name for name, shop in street.shops.items()} if street else {},
            "references": self._references(config, camera),
            "words": {key: words(key) for key in EDITOR},
            "may_save": visit.role == TECHNICIAN,
            "message": message,
            "problems": problems or [],
        }
        return self._look.page(visit, "zones_edit.html", values, status)

    def _unreadable(self, visit: Visit, error: ConfigError) -> Response:
        return self._look.page(
            visit, "zones_problem.html", {"key": "zones_unreadable", "problems": _said(error)}, CONFLICT
        )

    def _problem(self, visit: Visit, key: str, detail: str) -> Response:
        return self._look.page(visit, "zones_problem.html", {"key": key, "problems": [detail]}, REFUSED)

    # -- what is there -----------------------------------------------------------------------------

    def _config(self, visit: Visit, draft: Draft) -> SiteConfig:
        """Raises ConfigError: the file is not good. NotHere: it has no such camera."""
        config = load_text(draft.text, draft.path)
        if visit.path("camera") not in _cameras(config):
            raise NotHere("no such camera")
        return config

    def _references(self, config: SiteConfig, camera: str) -> tuple[Reference, ...]:
        """Accepted pictures, newest first; none where they cannot be read."""
        if not is_street(config, camera):
            return ()
        try:
            return self._bank(camera).active[::-1]
        except (ConfigError, UsageError):
            return ()

    def _bank(self, camera: str) -> ReferenceBank:
        street = self._box.config.street
        return ReferenceBank(street.references_dir if street else Path(), camera)


def _cameras(config: SiteConfig) -> list[str]:
    """Those with a video, of the street first."""
    road = [name for name, camera in config.cameras.items() if camera.video is not None]
    return [*(config.street.cameras if config.street else ()), *road]


def _zones_of_others(config: SiteConfig, camera: str) -> dict[str, str]:
    cameras = config.street.cameras if config.street else {}
    return {zone: name for name, one in cameras.items() if name != camera for zone in one.zones}


def _counted(drawing: Drawing) -> dict[str, int]:
    views = [view for view in drawing.views if view.polygon]
    return {"zones": len(drawing.zones), "masks": len(drawing.masks), "views": len(views)}


def _said(error: ConfigError) -> list[str]:
    return [str(problem) for problem in error.problems]


def _shape(one: Judged, words: Words) -> dict[str, Any]:
    """For the page's own script."""
    return {
        "hints": [{"level": hint.level, "text": words(hint.key, **hint.values)} for hint in one.hints],
        "measured": _measured(one, words),
        "grid": one.measured.grid if one.measured else [],
    }


def _measured(one: Judged, words: Words) -> str:
    if one.measured is None:
        return ""
    values: Mapping[str, Any] = asdict(one.measured)
    return words("zones_measured", **values)


def _to_weigh(found: tuple[Judged, ...], drawing: Drawing, words: Words) -> list[str]:
    """What is no error, and should be read all the same."""
    out = []
    for one, shape in zip(found, drawing.shapes, strict=True):
        name = getattr(shape, "name", "") or getattr(shape, "lane", "") or words("ed_mask")
        out += [f"{name}: {words(hint.key, **hint.values)}" for hint in one.hints if hint.level == "warning"]
    return out
