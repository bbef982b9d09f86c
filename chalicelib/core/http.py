"""From HTTP to a verb and back, in one place: who is calling, errors as statuses, and the list of all routes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar

import msgspec
from chalice.app import Blueprint, Request, Response

from chalicelib.accounts import quotas
from chalicelib.accounts.api_tokens import authenticate_api_token, is_api_token, scope_allows
from chalicelib.accounts.model import Scope, Session
from chalicelib.accounts.sessions import authenticate_session
from chalicelib.core import clock, telemetry
from chalicelib.core.addresses import address_bucket
from chalicelib.core.bodies import raw_body
from chalicelib.core.caller_site import caller_site
from chalicelib.core.client_ip import client_address
from chalicelib.core.decoding import decode
from chalicelib.core.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    GhostwattError,
    Invalid,
    NotFound,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
    not_found,
)
from chalicelib.core.origins import Site
from chalicelib.core.query import MAX_ID_LENGTH
from chalicelib.core.schemas import Failure
from chalicelib.devices import service as devices
from chalicelib.devices.model import Device

STATUS = {
    BadRequest: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    Invalid: 422,
    TooMany: 429,
    Unavailable: 503,
}
LOG = logging.getLogger("ghostwatt.api")

Body = TypeVar("Body")


class Who(Enum):
    """Who may call a route; the value names the scheme in the OpenAPI document."""

    NOBODY = ""
    SESSION = "session"
    DEVICE = "device"
    DEVICE_IN_BODY = "device in body"


@dataclass(frozen=True, slots=True)
class Call(Generic[Body]):
    """One decoded request. `session` or `device` is there when the route asks for it; header names are lower case.

    `site` is where a browser calls from; routes that use the refresh cookie are not called for foreign ones.
    """

    body: Body
    now_ms: int
    query: Mapping[str, str]
    headers: Mapping[str, str]
    source_ip: str
    caller: Session | Device | None = None
    site: Site = Site.OWN

    @property
    def session(self) -> Session:
        """The person's session; only on routes for SESSION."""
        if not isinstance(self.caller, Session):
            raise TypeError("this route has no session")
        return self.caller

    @property
    def address_bucket(self) -> str:
        """The name under which limits count the client's address: that of an IPv6 client is its /64."""
        return address_bucket(self.source_ip)

    @property
    def owner_id(self) -> str:
        """The id of the person who calls."""
        return self.session.user_id

    @property
    def device(self) -> Device:
        """The device that calls; only on routes for DEVICE or DEVICE_IN_BODY."""
        if not isinstance(self.caller, Device):
            raise TypeError("this route has no device")
        return self.caller


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that needs headers (several of one name as a list), or is not a Struct (an HTML page, a bare array)."""

    answer: object
    headers: Mapping[str, str | list[str]] = field(default_factory=dict)
    content_type: str = "application/json"
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """What the OpenAPI document says of a route."""

    name: str
    method: str
    path: str
    who: Who
    status: int
    body: type | None
    body_optional: bool
    answers: object
    summary: str
    scope: Scope | None
    other_status: int | None


ROUTES: list[Route] = []
Handler = Callable[..., Any]


def route(
    blueprint: Blueprint,
    method: str,
    path: str,
    *,
    answers: object,
    body: type | None = None,
    status: int = 200,
    who: Who = Who.NOBODY,
    body_optional: bool = False,
    scope: Scope | None = None,
    uses_cookie: bool = False,
    other_status: int | None = None,
) -> Callable[[Handler], Handler]:
    """Register a handler: it gets a Call and the path's parameters, and returns an answer Struct or a Reply.

    `scope` is the least scope of an API token that may call it; without one a route for SESSION wants a log-in.
    A route that uses_cookie reads, sets or clears the refresh cookie: it refuses the pages of other sites.
    `other_status` is a second status of success, for replies that name it.
    """

    def register(handler: Handler) -> Handler:
        summary = (handler.__doc__ or handler.__name__.replace("_", " ")).strip().partition("\n")[0]
        ROUTES.append(
            Route(
                handler.__name__, method, path, who, status, body, body_optional, answers, summary, scope, other_status
            )
        )

        def view(**path_parameters: str) -> Response:
            def answer() -> object:
                site = _own_or_allowed(blueprint.current_request) if uses_cookie else Site.OWN
                call = _call(blueprint.current_request, body, who, body_optional, scope, site)
                if any(len(value) > MAX_ID_LENGTH for value in path_parameters.values()):
                    raise not_found("thing")
                return handler(call, **path_parameters)

            with telemetry.invocation(blueprint.current_request.context.get("requestId", "")):
                telemetry.bind(**telemetry.tellable(path_parameters))
                return _respond(answer, status)

        blueprint.route(path, methods=[method], name=handler.__name__, content_types=["*/*"])(view)
        return handler

    return register


def _respond(answer: Callable[[], object], status: int) -> Response:
    try:
        return _success(answer(), status)
    except GhostwattError as error:
        return _refusal(error)
    except Exception:
        LOG.exception("unexpected")
        return _json(Failure(error="Something went wrong on our side.", code="internal_error"), 500)


def _success(answer: object, status: int) -> Response:
    if not isinstance(answer, Reply):
        return _json(answer, status)
    status = answer.status or status
    if answer.content_type != "application/json":
        named: dict[str, Any] = {"Content-Type": answer.content_type, "Cache-Control": "no-store", **answer.headers}
        return Response(answer.answer, named, status)
    return _json(answer.answer, status, answer.headers)


def _refusal(error: GhostwattError) -> Response:
    failure = Failure(error=error.message, code=error.code, field=error.field)
    seconds = error.retry_after_seconds
    return _json(failure, _status(error), {"Retry-After": str(seconds)} if seconds is not None else {})


def _status(error: GhostwattError) -> int:
    """That of the nearest class of the tree that has one; 500 for a refusal of no known class."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def _json(answer: object, status: int, headers: Mapping[str, str | list[str]] | None = None) -> Response:
    no_store = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return Response(msgspec.json.encode(answer).decode(), {**no_store, **(headers or {})}, status)


def _own_or_allowed(request: Request) -> Site:
    site = caller_site(request)
    if site is Site.FOREIGN:
        raise Forbidden("This site may not log anybody in or out here: use the page itself.", code="bad_origin")
    return site


def _call(
    request: Request, body: type | None, who: Who, body_optional: bool, scope: Scope | None, site: Site
) -> Call[Any]:
    now_ms = clock.now_ms()
    source_ip = client_address(request.headers, request.context.get("identity", {}).get("sourceIp", ""))
    in_body = decode(raw_body(request), body) if body and who is Who.DEVICE_IN_BODY else None
    caller = _caller(request.headers, in_body, who, scope, address_bucket(source_ip), now_ms)
    return Call(
        body=in_body or (decode(raw_body(request), body, optional=body_optional) if body else None),
        now_ms=now_ms,
        query=dict(request.query_params or {}),
        headers=request.headers,
        source_ip=source_ip,
        caller=caller,
        site=site,
    )


def _caller(
    headers: Mapping[str, str], body: Any, who: Who, needed: Scope | None, address: str, now_ms: int
) -> Session | Device | None:
    """Who calls, after the call was counted: what is past its limit costs no look into the database."""
    credential = _credential(headers, body, who)
    known = quotas.begin(credential, address, now_ms)
    if who is Who.NOBODY:
        return None
    try:
        caller = _authenticated(credential, who, needed, now_ms)
    except Unauthenticated:
        quotas.forget(credential)
        raise
    if known is None:
        quotas.confirm(credential, _subject(caller), address, now_ms)
    return caller


def _credential(headers: Mapping[str, str], body: Any, who: Who) -> str:
    """The session token or device key that a route asks for; empty without one."""
    if who is Who.SESSION:
        return headers.get("x-session-token", "") or _credentials(headers, "bearer")
    if who is Who.NOBODY:
        return ""
    return getattr(body, "device_token", None) or _credentials(headers, "device")


def _authenticated(credential: str, who: Who, needed: Scope | None, now_ms: int) -> Session | Device:
    if who is Who.SESSION:
        return _person(credential, needed, now_ms)
    if not credential:
        raise Unauthenticated("A device shows its key here: Authorization: Device <key>.", code="bad_device_key")
    device = devices.authenticate(credential, now_ms)
    telemetry.bind(device=telemetry.hashed(device.device_id))
    return device


def _subject(caller: Session | Device) -> quotas.Subject:
    return quotas.of_device(caller.device_id) if isinstance(caller, Device) else quotas.of_user(caller.user_id)


def _person(token: str, needed: Scope | None, now_ms: int) -> Session:
    """Whose session this is; an API token opens only the routes that name its scope."""
    if not token:
        said = "This needs a session: log in, and send its token as x-session-token or Authorization: Bearer <token>."
        raise Unauthenticated(said, code="bad_session")
    if not is_api_token(token):
        return authenticate_session(token, now_ms)
    session = authenticate_api_token(token, now_ms)
    if not scope_allows(session.scope, needed):
        code = "read_only" if session.scope == "read" else "out_of_scope"
        raise Forbidden(f"A token with the scope {session.scope} may not do this: log in.", code=code)
    return session


def _credentials(headers: Mapping[str, str], wanted: str) -> str:
    """What follows the name of a scheme in the Authorization header; empty for another scheme."""
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    return credentials.strip() if scheme.lower() == wanted else ""
