"""Functions that are started and left to themselves: Lambda's Invoke with the type Event."""

from __future__ import annotations

import json
import logging
import queue
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.local.lambda_context import LambdaContext

Handler = Callable[[dict[str, Any], LambdaContext], Any]
TIMEOUT_SECONDS = 900.0
LOG = logging.getLogger("ghostwatt.invocations")


class Invocations:
    """Takes what is to be done from requests, and does it, one after the other, in the thread that calls run()."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers
        self._waiting: queue.Queue[tuple[str, dict[str, Any]] | None] = queue.Queue()
        self._stopping = False

    async def take(self, request: Request) -> Response:
        """Queue an event for a function; 404 for one that is not there."""
        name = request.path_params["name"]
        if name not in self._handlers:
            return _error(404, "ResourceNotFoundException")
        if request.headers.get("x-amz-invocation-type") != "Event":
            return _error(400, "InvalidParameterValueException")
        try:
            event = json.loads(await request.body())
        except (ClientDisconnect, ValueError):
            return _error(400, "InvalidRequestContentException")
        self._waiting.put((name, event))
        return Response(status_code=202)

    def service(self) -> Route:
        """Where the app calls Lambda."""
        return Route("/2015-03-31/functions/{name}/invocations", self.take, methods=["POST"])

    def run(self) -> None:
        """Work until stop() is called; a call that fails is logged, and the next one comes."""
        while (job := self._waiting.get()) is not None and not self._stopping:
            name, event = job
            try:
                self._handlers[name](event, LambdaContext(name, TIMEOUT_SECONDS))
            except Exception:  # whatever failed, it is the function's own matter, as on AWS
                LOG.exception("%s failed", name)

    def stop(self) -> None:
        """Stop after the call under way; what waits is not done."""
        self._stopping = True
        self._waiting.put(None)


def _error(status: int, kind: str) -> Response:
    return JSONResponse({"Message": kind}, status, headers={"x-amzn-ErrorType": kind})
