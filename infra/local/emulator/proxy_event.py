"""API Gateway's REST proxy event (payload version 1) from a request, and its result as a response."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from infra.local.emulator.route_matching import Match

STAGE = "api"
API_ID = "local"


class BadResult(Exception):
    """What the function returned is no proxy result."""


def proxy_event(request: Request, match: Match, path: str, body: bytes, binary_types: Sequence[str]) -> dict[str, Any]:
    """The event of one request; `path` is without the stage."""
    headers = _grouped([*request.headers.items(), *_forwarding(request)])
    query = _grouped(parse_qsl(request.url.query, keep_blank_values=True))
    text, is_base64 = _body(body, request.headers.get("content-type", ""), binary_types)
    return {
        "resource": match.pattern,
        "path": path,
        "httpMethod": request.method,
        "headers": _last(headers),
        "multiValueHeaders": headers,
        "queryStringParameters": _last(query) or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(match.path_parameters) or None,
        "stageVariables": None,
        "requestContext": _request_context(request, match, path),
        "body": text,
        "isBase64Encoded": is_base64,
    }


def to_response(result: Any, accept: str, binary_types: Sequence[str]) -> Response:
    """The response of a proxy result; raises BadResult.

    A base64 body is decoded only for a client that accepts a binary media type, as API Gateway has it.
    """
    if not isinstance(result, Mapping) or not isinstance(result.get("statusCode"), int):
        raise BadResult("the result has no statusCode")
    body = result.get("body") or ""
    if not isinstance(body, str):
        raise BadResult("the body is not text")
    decode = result.get("isBase64Encoded") and _media_type(accept) in binary_types
    response = Response(base64.b64decode(body) if decode else body, result["statusCode"])
    multiple: Mapping[str, Sequence[str]] = result.get("multiValueHeaders") or {}
    single: Mapping[str, str] = result.get("headers") or {}
    for name, value in single.items():
        response.headers[name] = str(value)
    for name, values in multiple.items():
        del response.headers[name]
        for value in values:
            response.headers.append(name, str(value))
    response.headers.setdefault("content-type", "application/json")
    return response


def _request_context(request: Request, match: Match, path: str) -> dict[str, Any]:
    now = time.time()
    return {
        "accountId": "000000000000",
        "apiId": API_ID,
        "domainName": request.url.hostname,
        "httpMethod": request.method,
        "identity": {"sourceIp": _source_ip(request), "userAgent": request.headers.get("user-agent")},
        "path": f"/{STAGE}{path}",
        "protocol": f"HTTP/{request.scope['http_version']}",
        "requestId": str(uuid.uuid4()),
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "requestTimeEpoch": int(now * 1_000),
        "resourcePath": match.pattern,
        "stage": STAGE,
    }


def _forwarding(request: Request) -> list[tuple[str, str]]:
    """What API Gateway adds, after whatever the client itself claims."""
    return [
        ("x-forwarded-for", _source_ip(request)),
        ("x-forwarded-port", str(request.url.port or 80)),
        ("x-forwarded-proto", request.url.scheme),
    ]


def _source_ip(request: Request) -> str:
    return request.client.host if request.client else ""


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


def _last(grouped: Mapping[str, list[str]]) -> dict[str, str]:
    return {name: values[-1] for name, values in grouped.items()}


def _body(body: bytes, content_type: str, binary_types: Sequence[str]) -> tuple[str | None, bool]:
    if not body:
        return None, False
    if _media_type(content_type) not in binary_types and _is_text(body):
        return body.decode(), False
    return base64.b64encode(body).decode(), True


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _media_type(header: str) -> str:
    """The first media type of a Content-Type or Accept header, without parameters."""
    return header.partition(",")[0].partition(";")[0].strip().lower()
