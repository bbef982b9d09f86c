"""/: the static page, with the headers that CloudFront will send."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.local.template import Template

POLICY = "AWS::CloudFront::ResponseHeadersPolicy"


def page_headers(template: Template) -> dict[str, str]:
    """The headers of the template's policy, without HSTS: on plain HTTP browsers ignore it.

    Files may be kept, but are asked for again each time: a changed file is seen at once, the same one costs a 304.
    """
    policy = template.of_type(POLICY)[0]["ResponseHeadersPolicyConfig"]
    security = policy["SecurityHeadersConfig"]
    return {
        "Content-Security-Policy": security["ContentSecurityPolicy"]["ContentSecurityPolicy"],
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": security["FrameOptions"]["FrameOption"],
        "Referrer-Policy": security["ReferrerPolicy"]["ReferrerPolicy"],
        "Cache-Control": "no-cache",
        **{item["Header"]: item["Value"] for item in policy["CustomHeadersConfig"]["Items"]},
    }


class Pages:
    """An ASGI app that serves a directory as it is; `index.html` stands for `/`. Every answer carries the headers."""

    def __init__(self, directory: Path, headers: dict[str, str]) -> None:
        self._files: ASGIApp = StaticFiles(directory=directory, html=True)
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        try:
            await self._files(scope, receive, send_with_headers)
        except HTTPException as error:
            await PlainTextResponse(error.detail, error.status_code)(scope, receive, send_with_headers)
