"""Talking to the running agent: a Unix socket in its folder, which nobody but its owner can enter.

One JSON line each way. To switch by hand: {"channel": 1, "state": "off"}, then {"error": null} or {"error": "why not"}.
To ask how the agent is: {"ask": "state"}, then {"error": null, "state": {...}}.
"""

from __future__ import annotations

import json
import os
import queue
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from ghostwatt_pi.outlets.relays import RelayError
from ghostwatt_pi.schemas import RelayState

ANSWER_SECONDS = 90.0
"""The agent may just wait for two answers of the cloud, 40 s each."""
ASK_SECONDS = 5.0
MAX_LINE_BYTES = 1024
MAX_ANSWER_BYTES = 65_536
Done = Callable[[RelayError | None], None]
Switch = Callable[[int, RelayState, Done], None]
State = Callable[[], Mapping[str, object]]


class NoAgent(Exception):
    """No agent listens in this folder."""


class HandServer(socketserver.ThreadingUnixStreamServer):
    """Takes requests on the socket at `path` from its own threads; `serve` does them in the agent's.

    `state` says how the agent is, and may be called from any thread. Raises OSError when there can be no socket.
    """

    daemon_threads = True

    def __init__(self, path: Path, state: State = dict) -> None:
        self.state = state
        self._asked: queue.SimpleQueue[tuple[int, RelayState, Future[None]]] = queue.SimpleQueue()
        path.unlink(missing_ok=True)
        with _reachable(path) as address:
            super().__init__(address, _Handler)

    def serve(self, switch: Switch) -> None:
        """Begin what was asked since the last call, unless nobody waits for it any more."""
        while not self._asked.empty():
            channel, state, answer = self._asked.get_nowait()
            if answer.set_running_or_notify_cancel():
                switch(channel, state, partial(_settle, answer))

    def ask(self, channel: int, state: RelayState) -> None:
        """Wait until it is done. Raises RelayError, TimeoutError; what was not begun by then is not done any more."""
        answer: Future[None] = Future()
        self._asked.put((channel, state, answer))
        try:
            answer.result(ANSWER_SECONDS)
        except TimeoutError:
            if answer.cancel():
                raise RelayError("the agent is busy, and the outlet was not switched; try again in a minute") from None
            raise

    @contextmanager
    def running(self) -> Iterator[None]:
        """Listen meanwhile."""
        thread = threading.Thread(target=self.serve_forever, args=[0.2], name="by-hand", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.shutdown()
            self.server_close()


class _Handler(socketserver.StreamRequestHandler):
    server: HandServer
    timeout = 10.0

    def handle(self) -> None:
        answer: dict[str, object] = {"error": None}
        try:
            request = json.loads(self.rfile.readline(MAX_LINE_BYTES))
            if isinstance(request, dict) and request.get("ask") == "state":
                answer["state"] = self.server.state()
            else:
                self.server.ask(*_parse(request))
        except TimeoutError:
            answer["error"] = "the relay has not answered yet; look at it again in a minute"
        except (RelayError, ValueError) as failed:
            answer["error"] = str(failed)
        with suppress(OSError):  # whoever asked has gone
            self.wfile.write(json.dumps(answer).encode() + b"\n")


def _settle(answer: Future[None], error: RelayError | None) -> None:
    if error:
        answer.set_exception(error)
    else:
        answer.set_result(None)


def switch_through_agent(path: Path, channel: int, state: RelayState) -> None:
    """Ask the running agent. Raises NoAgent, RelayError."""
    try:
        answer = _call(path, {"channel": channel, "state": state}, ANSWER_SECONDS + 10)
    except (OSError, ValueError) as error:
        raise RelayError(f"the agent ended before it answered ({error})") from error
    if why := answer.get("error"):
        raise RelayError(str(why))


def ask_agent(path: Path) -> Mapping[str, Any]:
    """How the running agent is. Raises NoAgent; also for an agent that is too busy, or too old, to say it."""
    try:
        state = _call(path, {"ask": "state"}, ASK_SECONDS).get("state")
    except (OSError, ValueError):
        raise NoAgent from None
    if not isinstance(state, dict):
        raise NoAgent
    return state


def _call(path: Path, request: Mapping[str, object], seconds: float) -> dict[str, Any]:
    """Raises NoAgent when nobody listens, OSError, ValueError."""
    with socket.socket(socket.AF_UNIX) as line, _reachable(path) as address:
        line.settimeout(seconds)
        try:
            line.connect(address)
        except OSError:
            raise NoAgent from None
        line.sendall(json.dumps(request).encode() + b"\n")
        answer = json.loads(line.makefile("rb").readline(MAX_ANSWER_BYTES))
    if not isinstance(answer, dict):
        raise ValueError("not an answer")  # noqa: TRY004 - as of JSON that cannot be read
    return answer


def _parse(request: Any) -> tuple[int, RelayState]:
    """Raises ValueError."""
    try:
        channel, state = int(request["channel"]), request["state"]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a request: {error!r}") from error
    if state not in ("on", "off"):
        raise ValueError(f"state is {state!r}: it is on or off")
    return channel, state


@contextmanager
def _reachable(path: Path) -> Iterator[str]:
    """A short name of the socket: the kernel takes 107 bytes, and a folder's name may be longer."""
    folder = os.open(path.parent, os.O_PATH)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
