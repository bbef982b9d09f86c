"""The answers that API Gateway gives by itself and the security headers of CloudFront; both stand in the template."""

from __future__ import annotations

import json
from collections.abc import Mapping, MutableMapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.local.emulator.template import Template

REST_API = "AWS::Serverless::Api"
_STATUS = {
    "MISSING_AUTHENTICATION_TOKEN": (403, "DEFAULT_4XX"),
    "REQUEST_TOO_LARGE": (413, "DEFAULT_4XX"),
    "INTEGRATION_FAILURE": (502, "DEFAULT_5XX"),
    "INTEGRATION_TIMEOUT": (504, "DEFAULT_5XX"),
}
"""Of the response types that the PC stack needs: API Gateway's own status, and the type that stands in for it."""


class GatewayAnswers:
    """The gateway's answers by response type, for example MISSING_AUTHENTICATION_TOKEN (an unknown route)."""

    def __init__(self, template: Template) -> None:
        self._by_type = answers_of(template)

    def render(self, response_type: str, message: str) -> Response:
        """The answer of this type, or of its default; `message` is API Gateway's own sentence."""
        own_status, default = _STATUS[response_type]
        definition = self._by_type.get(response_type) or self._by_type[default]
        return Response(
            _body(definition, message),
            int(definition.get("StatusCode", own_status)),
            headers=_headers(definition),
            media_type="application/json",
        )


def answers_of(template: Template) -> dict[str, dict[str, Any]]:
    """The gateway responses of the template's REST API, by their type."""
    return {
        name: definition for api in template.of_type(REST_API) for name, definition in api["GatewayResponses"].items()
    }


def _body(definition: dict[str, Any], message: str) -> str:
    body: str = definition["ResponseTemplates"]["application/json"]
    return body.replace("$context.error.messageString", json.dumps(message))


def _headers(definition: dict[str, Any]) -> dict[str, str]:
    """The template spells a fixed header as Name: "'value'"."""
    headers: dict[str, str] = definition.get("ResponseParameters", {}).get("Headers", {})
    return {name: value.strip("'") for name, value in headers.items()}


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
