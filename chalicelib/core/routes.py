"""Routes about the service itself: health, the OpenAPI document, and a page that shows it."""

from __future__ import annotations

import html
from typing import Any

from chalice.app import Blueprint

from chalicelib.core import health, openapi
from chalicelib.core.authentication import Call
from chalicelib.core.errors import Unavailable
from chalicelib.core.http import ROUTES, Route, route
from chalicelib.core.responses import Reply
from chalicelib.core.schemas import HealthAnswer
from chalicelib.core.version import VERSION

blueprint = Blueprint(__name__)


@route(blueprint, "GET", "/health", answers=HealthAnswer)
def get_health(call: Call[None]) -> HealthAnswer:
    """Get the service's health

    Answers 503 with the name of a part that is down.
    """
    parts = health.parts(call.now_ms)
    down = [name for name, state in parts.items() if state != "ok"]
    if down:
        what = ", ".join(f"{name} ({parts[name]})" for name in down)
        raise Unavailable(f"Down: {what}.", code="degraded", field=down[0], retry_after_seconds=5)
    return HealthAnswer(status="ok", parts=parts, version=VERSION)


@route(blueprint, "GET", "/openapi.json", answers=dict[str, Any])
def get_openapi(call: Call[None]) -> Reply:
    """Get the OpenAPI document

    Answers this contract as OpenAPI 3.1.
    """
    return Reply(openapi.document())


@route(blueprint, "GET", "/docs", answers=str)
def get_docs(call: Call[None]) -> Reply:
    """Get the documentation

    Answers this contract as a page.
    """
    rows = "".join(
        f"<tr><td>{shown.method}</td><td>/api{html.escape(openapi.public_path(shown.path))}</td>"
        f"<td>{_caller(shown)}</td><td>{html.escape(openapi.title(shown))}</td></tr>"
        for shown in sorted(ROUTES, key=lambda shown: (shown.path, shown.method))
    )
    page = (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Ghostwatt API</title><h1>Ghostwatt API</h1>"
        "<p>The whole contract: <a href=openapi.json>openapi.json</a></p>"
        f"<table><tr><th>Method<th>Path<th>Who<th>What</tr>{rows}</table></html>"
    )
    return Reply(page, content_type="text/html; charset=utf-8")


def _caller(shown: Route) -> str:
    return "anybody" if shown.who is None else shown.who.label
