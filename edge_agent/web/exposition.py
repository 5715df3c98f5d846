"""The `/metrics` page, for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge_agent.web.server import HttpServer
from edge_agent.web.settings import MetricsSettings

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

SCRAPERS = 8  # at once; a page takes milliseconds


def metrics_server(settings: MetricsSettings, registry: CollectorRegistry) -> HttpServer:
    """Serves `/metrics` of the registry; not started yet."""

    def page(request: Request) -> Response:
        from prometheus_client.exposition import choose_encoder  # noqa: PLC0415 - help stays instant

        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"content-type": content_type})

    return HttpServer([Route("/metrics", page)], settings.host, settings.port, SCRAPERS)
