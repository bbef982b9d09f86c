"""Asynchronous functions: Lambda's Invoke with the type Event."""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.local.emulator.lambda_context import LambdaContext

Handler = Callable[[dict[str, Any], LambdaContext], Any]
TIMEOUT_SECONDS = 900.0
LOG = logging.getLogger("ghostwatt.invocations")


class Invocations:
    """Queues invocations, and runs those of each function one after the other."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers
        self._waiting: dict[str, queue.Queue[dict[str, Any] | None]] = {name: queue.Queue() for name in handlers}
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
        self._waiting[name].put(event)
        return Response(status_code=202)

    def service(self) -> Route:
        """The route by which the app calls Lambda."""
        return Route("/2015-03-31/functions/{name}/invocations", self.take, methods=["POST"])

    def run(self) -> None:
        """Work until stop() is called, in a thread for each function: no mail waits for an export."""
        threads = [threading.Thread(target=self._work, args=(name,), name=name, daemon=True) for name in self._waiting]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _work(self, name: str) -> None:
        """A call that fails is logged, and the next one comes."""
        while (event := self._waiting[name].get()) is not None and not self._stopping:
            try:
                self._handlers[name](event, LambdaContext(name, TIMEOUT_SECONDS))
            except Exception:  # whatever failed, it is the function's own matter, as on AWS
                LOG.exception("%s failed", name)

    def stop(self) -> None:
        """Stop after the calls under way; what waits is not done."""
        self._stopping = True
        for waiting in self._waiting.values():
            waiting.put(None)


def _error(status: int, kind: str) -> Response:
    return JSONResponse({"Message": kind}, status, headers={"x-amzn-ErrorType": kind})
