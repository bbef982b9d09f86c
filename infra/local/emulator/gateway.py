"""The REST gateway: HTTP requests under /api go to the real Chalice entry as API Gateway would send them."""

from __future__ import annotations

import logging
import threading
from typing import Any

import anyio
from anyio.to_thread import run_sync
from chalice.app import Chalice
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from infra.local.emulator.edge_responses import GatewayAnswers
from infra.local.emulator.lambda_context import LambdaContext
from infra.local.emulator.proxy_event import STAGE, BadResult, proxy_event, to_response
from infra.local.emulator.request_queue import Turns, caller_of
from infra.local.emulator.route_matching import Match, Routes

MAX_BODY_BYTES = 256 * 1024 + 4 * 1024
"""A little more than the app takes, which refuses what is in between itself. API Gateway takes 10 MB, but thirty such
bodies at once would fill the memory of a small PC."""
DISCARDED_BYTES = 10 * 1024 * 1024
DISCARD_SECONDS = 5.0
"""How much of a body that was refused is still read, and thrown away: a client that is cut off while it sends may never
read why."""
TIMEOUT_SECONDS = 29.0
"""API Gateway's limit on the time an integration takes."""
BODY_SECONDS = 60.0
"""How long a body may take to come: 256 KB over a line of 35 kbit/s."""
TOO_SLOW = {"success": False, "error": "The body did not come in time.", "code": "timeout"}
HASHING = {
    ("POST", "/account/signup"),
    ("POST", "/account/login"),
    ("POST", "/account/token"),
    ("POST", "/account/reset"),
    ("POST", "/account/totp"),
    ("DELETE", "/account/totp"),
    ("PATCH", "/account"),
    ("DELETE", "/account"),
}
LOG_IN = ("POST", "/account/login")
HASHING_AT_ONCE, OTHER_HASHING_AT_ONCE = 2, 1
"""Passwords cost 40 ms and 19 MiB each, on purpose. On AWS each has a Lambda to itself; here log-ins share two threads,
and all else that hashes a third one: a flood of sign-ups leaves log-in alone, and both leave all other requests."""
LOG = logging.getLogger("ghostwatt.gateway")


class BodyTooLarge(Exception):
    """More bytes than any route takes."""


class Gateway:
    """An ASGI app, mounted at the stage's name, in front of a Chalice app. Handlers run in threads."""

    def __init__(
        self,
        app: Chalice,
        answers: GatewayAnswers,
        timeout_seconds: float = TIMEOUT_SECONDS,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        _keep_requests_apart(app)
        self._app = app
        self._answers = answers
        self._routes = Routes(app.routes)
        self._binary_types: list[str] = app.api.binary_types
        self._timeout_seconds = timeout_seconds
        self._body_seconds = body_seconds
        log_in, others = anyio.CapacityLimiter(HASHING_AT_ONCE), anyio.CapacityLimiter(OTHER_HASHING_AT_ONCE)
        self._turns = Turns()
        self._limiters = {route: log_in if route == LOG_IN else others for route in HASHING}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "websocket":  # the API has none; its WebSocket is the live one
            await send({"type": "websocket.close", "code": 1008})
            return
        request = Request(scope, receive)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path = request.scope["raw_path"].decode("latin-1").removeprefix(f"/{STAGE}") or "/"
        match = self._routes.match(path)
        if match and request.method == "OPTIONS" and (preflight := _preflight(match)):
            return preflight
        if match is None or request.method not in match.entries:
            return self._answers.render("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token")
        try:
            with anyio.fail_after(self._body_seconds):
                body = await _bounded_body(request)
        except TimeoutError:
            return JSONResponse(TOO_SLOW, 408, {"Connection": "close"})
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        except BodyTooLarge:
            return AnswerFirst(self._answers.render("REQUEST_TOO_LARGE", "Request Too Long"))
        event = proxy_event(request, match, path, body, self._binary_types)
        return await self._invoke(event, request)

    async def _invoke(self, event: dict[str, Any], request: Request) -> Response:
        context = LambdaContext("api", self._timeout_seconds)
        try:
            with anyio.fail_after(self._timeout_seconds):
                limiter = self._limiters.get((event["httpMethod"], event["resource"]))
                async with self._turns.turn(caller_of(request.headers)):
                    result = await run_sync(self._app, event, context, abandon_on_cancel=True, limiter=limiter)
            return to_response(result, request.headers.get("accept", ""), self._binary_types)
        except TimeoutError:
            LOG.warning("%s %s took too long", event["httpMethod"], event["resource"])
            return self._answers.render("INTEGRATION_TIMEOUT", "Endpoint request timed out")
        except BadResult as error:
            LOG.warning("%s %s gave a bad result: %s", event["httpMethod"], event["resource"], error)
        except Exception:  # a function that dies is answered by the gateway, and the next request is another one
            LOG.exception("%s %s failed", event["httpMethod"], event["resource"])
        return self._answers.render("INTEGRATION_FAILURE", "Internal server error")


def _preflight(match: Match) -> Response | None:
    """What Chalice's deployed API answers to OPTIONS for routes with CORS; None without."""
    cors = next((entry.cors for entry in match.entries.values() if entry.cors), None)
    if cors is None:
        return None
    methods = ",".join([*match.entries, "OPTIONS"])
    return Response(headers={**cors.get_access_control_headers(), "Access-Control-Allow-Methods": methods})


async def _bounded_body(request: Request) -> bytes:
    """The body; raises BodyTooLarge as soon as it is known to be, however much is still to come."""
    body = bytearray()
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MAX_BODY_BYTES:
        raise BodyTooLarge
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            raise BodyTooLarge
    return bytes(body)


class AnswerFirst(Response):
    """A refusal that goes out at once, before the rest of the body; of that a bounded part is then thrown away."""

    def __init__(self, refusal: Response) -> None:
        super().__init__(refusal.body, refusal.status_code, dict(refusal.headers))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's
        """Answer, read on for a little, and end."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        with anyio.move_on_after(DISCARD_SECONDS):
            await _discard(receive)
        await send({"type": "http.response.body", "body": b""})


async def _discard(receive: Receive) -> None:
    discarded, more = 0, True
    while more and discarded < DISCARDED_BYTES:
        message = await receive()
        discarded += len(message.get("body", b""))
        more = message.get("more_body", False)


def _keep_requests_apart(app: Chalice) -> None:
    """Give each thread its own `current_request` and `lambda_context`.

    Chalice keeps both on the app, since a Lambda serves one request at a time; here many threads share the app.
    """
    local = threading.local()

    def per_thread(name: str) -> property:
        return property(lambda _: getattr(local, name, None), lambda _, value: setattr(local, name, value))

    attributes = {name: per_thread(name) for name in ("current_request", "lambda_context")}
    app.__class__ = type(f"PerThread{type(app).__name__}", (type(app),), attributes)
