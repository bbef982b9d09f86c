"""Switching by hand through the running agent: a Unix socket in its folder, which nobody but its owner can enter.

One JSON line each way: {"channel": 1, "state": "off"}, then {"error": null} or {"error": "why not"}.
"""

from __future__ import annotations

import json
import os
import queue
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from ghostwatt_pi.outlets.relays import RelayError
from ghostwatt_pi.wire import RelayState

ANSWER_SECONDS = 90.0
"""The agent may just wait for two answers of the cloud, 40 s each."""
MAX_LINE_BYTES = 1024
Switch = Callable[[int, RelayState], None]


class NoAgent(Exception):
    """No agent listens in this folder."""


class HandServer(socketserver.ThreadingUnixStreamServer):
    """Takes requests on the socket at `path` from its own threads; `serve` does them in the agent's."""

    daemon_threads = True

    def __init__(self, path: Path) -> None:
        self._asked: queue.SimpleQueue[tuple[int, RelayState, Future[None]]] = queue.SimpleQueue()
        path.unlink(missing_ok=True)
        with _reachable(path) as address:
            super().__init__(address, _Handler)

    def serve(self, switch: Switch) -> None:
        """Do what was asked since the last call; `switch` raises RelayError."""
        while not self._asked.empty():
            channel, state, answer = self._asked.get_nowait()
            try:
                switch(channel, state)
            except RelayError as error:
                answer.set_exception(error)
            else:
                answer.set_result(None)

    def ask(self, channel: int, state: RelayState) -> None:
        """Wait until it is done. Raises RelayError, TimeoutError."""
        answer: Future[None] = Future()
        self._asked.put((channel, state, answer))
        answer.result(ANSWER_SECONDS)

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
        try:
            channel, state = _parse(self.rfile.readline(MAX_LINE_BYTES))
            self.server.ask(channel, state)
            error = None
        except TimeoutError:
            error = "the agent is busy; look at it again in a minute"
        except (RelayError, ValueError) as failed:
            error = str(failed)
        self.wfile.write(json.dumps({"error": error}).encode() + b"\n")


def switch_through_agent(path: Path, channel: int, state: RelayState) -> None:
    """Ask the running agent. Raises NoAgent, RelayError."""
    with socket.socket(socket.AF_UNIX) as line, _reachable(path) as address:
        line.settimeout(ANSWER_SECONDS + 10)
        try:
            line.connect(address)
        except (FileNotFoundError, ConnectionRefusedError):
            raise NoAgent from None
        line.sendall(json.dumps({"channel": channel, "state": state}).encode() + b"\n")
        answer = line.makefile("rb").readline(MAX_LINE_BYTES)
    if not answer:
        raise RelayError("the agent ended before it answered")
    if error := json.loads(answer)["error"]:
        raise RelayError(str(error))


def _parse(line: bytes) -> tuple[int, RelayState]:
    """Raises ValueError."""
    request = json.loads(line)
    try:
        channel, state = int(request["channel"]), request["state"]
    except (KeyError, TypeError) as error:
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
