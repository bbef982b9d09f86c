"""Security headers, as CloudFront sends them: both its policies are in the template."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.local.emulator.template import Template

PAGE_POLICY = "PageHeaders"
API_POLICY = "ApiHeaders"
STARTS = ("http.response.start", "websocket.http.response.start")


def policy_headers(template: Template, policy_name: str, *, https: bool = False) -> dict[str, str]:
    """The headers of a CloudFront response headers policy of the template.

    Strict-Transport-Security is among them only where people reach this place by https: elsewhere browsers ignore it.
    """
    policy = template.properties(policy_name)["ResponseHeadersPolicyConfig"]
    security = policy["SecurityHeadersConfig"]
    transport = security["StrictTransportSecurity"]
    subdomains = "; includeSubDomains" if transport["IncludeSubdomains"] else ""
    hsts = {"Strict-Transport-Security": f"max-age={transport['AccessControlMaxAgeSec']}{subdomains}"}
    return {
        "Content-Security-Policy": security["ContentSecurityPolicy"]["ContentSecurityPolicy"],
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": security["FrameOptions"]["FrameOption"],
        "Referrer-Policy": security["ReferrerPolicy"]["ReferrerPolicy"],
        **(hsts if https else {}),
        **{item["Header"]: item["Value"] for item in policy["CustomHeadersConfig"]["Items"]},
    }


class SecurityHeaders:
    """An ASGI app around another one: every answer that lacks one of the headers gets it, also a refused WebSocket."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] in STARTS:
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
