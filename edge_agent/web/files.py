"""Scripts and styles that are served by us: files of the package, read once, never a path of the request."""

from __future__ import annotations

import hashlib
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


class OwnFiles:
    """Serves `/static/<name>`; `address` carries the content's digest, so that a new version is fetched."""

    def __init__(self, *places: tuple[str, str]) -> None:
        """Args.

        places: package and name of each file under its `static/`.
        """
        self._held = {name: (files(package) / "static" / name).read_bytes() for package, name in places}

    def address(self, name: str) -> str:
        """For a page to link."""
        return f"/static/{name}?{hashlib.sha256(self._held[name]).hexdigest()[:12]}"

    def route(self) -> Route:
        """Open to everybody: the login page needs them."""

        async def serve(request: Request) -> Response:
            name = request.path_params["name"]
            if name not in self._held:
                return Response(status_code=404)
            kind = _TYPES[name.rsplit(".", 1)[-1]]
            return Response(
                self._held[name], media_type=kind, headers={"cache-control": "public, max-age=86400"}
            )

        return Route("/static/{name}", serve)
