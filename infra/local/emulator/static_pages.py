"""/: the static page, with the headers of CloudFront."""

from __future__ import annotations

import json
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.local.emulator.edge_responses import PAGE_POLICY, policy_headers
from infra.local.emulator.template import Template


def page_headers(template: Template, *, https: bool = False) -> dict[str, str]:
    """The headers of the page.

    Files may be kept, but are asked for again each time: a changed file is seen at once, the same one costs a 304.
    """
    return {**policy_headers(template, PAGE_POLICY, https=https), "Cache-Control": "no-cache"}


class Pages:
    """An ASGI app that serves a directory as it is; `index.html` stands for `/` and for the paths of views.json.

    Every answer carries the headers.
    """

    def __init__(self, directory: Path, headers: dict[str, str]) -> None:
        self._files: ASGIApp = StaticFiles(directory=directory, html=True)
        self._headers = headers
        self._views: dict[str, str] = json.loads((directory / "views.json").read_text())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        if scope["path"] in self._views:
            scope = {**scope, "path": "/"}
        try:
            await self._files(scope, receive, send_with_headers)
        except HTTPException as error:
            await PlainTextResponse(error.detail, error.status_code)(scope, receive, send_with_headers)
