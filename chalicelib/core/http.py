"""The route decorator: it decodes a request, authenticates the caller, calls the handler and answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib.core import clock, telemetry
from chalicelib.core.authentication import Authentication, Call, authenticate
from chalicelib.core.client_address import address_bucket, client_address
from chalicelib.core.decoding import decode, decode_query, raw_body
from chalicelib.core.errors import Forbidden, not_found
from chalicelib.core.origins import Site, caller_site
from chalicelib.core.responses import respond
from chalicelib.core.schemas import MAX_ID_LENGTH, Query
from chalicelib.core.scopes import Scope

Handler = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Route:
    """A declared route.

    Attributes:
        name: The handler's name.
        method: The HTTP method.
        path: The path under /api; its parameters are named as the handler's.
        handler: The function that answers.
        answers: The type of a successful answer, or a tuple of them.
        body: The type of the body, None without one.
        body_optional: Whether an empty body stands for {}.
        query: The type of the query, None without one.
        status: The status of success.
        other_status: A second one, which the handler's Reply names.
        who: How callers are authenticated; None lets anybody call.
        scope: The least scope of an API token that may call it; None when no token may.
        uses_cookie: Whether it reads, sets or clears the refresh cookie; it then refuses the pages of other sites.
    """

    name: str
    method: str
    path: str
    handler: Handler
    answers: object
    body: type | None
    body_optional: bool
    query: type[Query] | None
    status: int
    other_status: int | None
    who: Authentication | None
    scope: Scope | None
    uses_cookie: bool


ROUTES: list[Route] = []
"""All routes of the modules that were imported."""


def route(
    blueprint: Blueprint,
    method: str,
    path: str,
    *,
    answers: object,
    body: type | None = None,
    body_optional: bool = False,
    query: type[Query] | None = None,
    status: int = 200,
    other_status: int | None = None,
    who: Authentication | None = None,
    scope: Scope | None = None,
    uses_cookie: bool = False,
) -> Callable[[Handler], Handler]:
    """Register a handler. It gets a Call, its `query` if the route has one, and the path's parameters.

    It returns the answer or a Reply. The first line of its docstring is the title in the OpenAPI document, the rest
    the description. See Route for the arguments.
    """

    def register(handler: Handler) -> Handler:
        declared = Route(
            name=handler.__name__,
            method=method,
            path=path,
            handler=handler,
            answers=answers,
            body=body,
            body_optional=body_optional,
            query=query,
            status=status,
            other_status=other_status,
            who=who,
            scope=scope,
            uses_cookie=uses_cookie,
        )
        ROUTES.append(declared)

        def view(**path_parameters: str) -> Response:
            request = blueprint.current_request
            with telemetry.invocation(request.context.get("requestId", "")):
                telemetry.bind(**telemetry.loggable(path_parameters))
                return respond(lambda: _handle(declared, request, path_parameters), status)

        blueprint.route(path, methods=[method], name=handler.__name__, content_types=["*/*"])(view)
        return handler

    return register


def _handle(declared: Route, request: Request, path_parameters: Mapping[str, str]) -> object:
    site = _allowed_site(request) if declared.uses_cookie else Site.OWN
    call = _call(declared, request, site)
    if any(len(value) > MAX_ID_LENGTH for value in path_parameters.values()):
        raise not_found("thing")
    if declared.query is None:
        return declared.handler(call, **path_parameters)
    query = decode_query(dict(request.query_params or {}), declared.query)
    return declared.handler(call, query=query, **path_parameters)


def _allowed_site(request: Request) -> Site:
    site = caller_site(request)
    if site is Site.FOREIGN:
        raise Forbidden("This site may not log anybody in or out here: use the page itself.", code="bad_origin")
    return site


def _call(declared: Route, request: Request, site: Site) -> Call[Any]:
    """The decoded call. The caller is authenticated before the body is decoded, unless the credential stands in it."""
    now_ms = clock.now_ms()
    source_ip = client_address(request.headers, request.context.get("identity", {}).get("sourceIp", ""))
    who = declared.who
    early = _body(declared, request) if who is not None and who.credential_in_body else None
    caller = authenticate(who, declared.scope, request.headers, early, address_bucket(source_ip), now_ms)
    return (Call if who is None else who.call_type)(
        body=_body(declared, request) if early is None else early,
        now_ms=now_ms,
        headers=request.headers,
        source_ip=source_ip,
        caller=caller,
        site=site,
    )


def _body(declared: Route, request: Request) -> Any:
    if declared.body is None:
        return None
    return decode(raw_body(request), declared.body, optional=declared.body_optional)
