"""What API Gateway answers by itself, rendered from the GatewayResponse resources of the template."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from infra.local.template import Template

GATEWAY_RESPONSE = "AWS::ApiGateway::GatewayResponse"
_HEADER = "gatewayresponse.header."
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
        self._by_type = {given["ResponseType"]: given for given in template.of_type(GATEWAY_RESPONSE)}

    def render(self, response_type: str, message: str) -> Response:
        """The answer of this type, or of its default; `message` is API Gateway's own sentence."""
        own_status, default = _STATUS[response_type]
        given = self._by_type.get(response_type) or self._by_type[default]
        return Response(
            _body(given, message),
            int(given.get("StatusCode", own_status)),
            headers=_headers(given),
            media_type="application/json",
        )


def _body(given: dict[str, Any], message: str) -> str:
    body: str = given["ResponseTemplates"]["application/json"]
    return body.replace("$context.error.messageString", json.dumps(message))


def _headers(given: dict[str, Any]) -> dict[str, str]:
    """The template spells a fixed header as 'gatewayresponse.header.Name': "'value'"."""
    parameters: dict[str, str] = given.get("ResponseParameters", {})
    return {name.removeprefix(_HEADER): value.strip("'") for name, value in parameters.items()}
