"""The control socket: a Unix socket in the data folder, by which commands talk to the running agent.

Only the owner of the folder can reach it. One JSON line each way:

- To switch an outlet by hand: {"channel": 1, "state": "off"}, answered by {"error": null} or {"error": "why not"}.
- To read the agent's state: {"ask": "state"}, answered by {"error": null, "state": {...}}.
"""

from __future__ import annotations

import json
import queue
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.outlets.relays import Done, RelayError
from ghostwatt_pi.platforms.local_sockets import HAS_UNIX_SOCKETS, UnixServer, short_name, unix_socket
from ghostwatt_pi.schemas import RelayState
from ghostwatt_pi.small_files import quarantine

ANSWER_SECONDS = 90.0
"""The agent may be waiting for two answers of the cloud, 40 s each."""
STATE_SECONDS = 5.0
"""The longest that the agent takes to return its state, which waits for nothing."""
MAX_LINE_BYTES = 1024
MAX_ANSWER_BYTES = 65_536
Switch = Callable[[int, RelayState, Done], None]
State = Callable[[], Mapping[str, object]]


class NoAgent(Exception):
    """No agent listens on this socket."""


class ControlServer(UnixServer):
    """Takes requests in its own threads; `serve` carries them out in the agent's.

    Args:
        path: The socket.
        state: Returns the agent's state; called from any thread.

    Raises:
        OSError: The socket cannot be made.
    """

    daemon_threads = True

    def __init__(self, path: Path, state: State = dict) -> None:
        self.state = state
        self._requests: queue.SimpleQueue[tuple[int, RelayState, Future[None]]] = queue.SimpleQueue()
        path.unlink(missing_ok=True)
        with short_name(path) as address:
            super().__init__(address, _Handler)

    def serve(self, switch: Switch) -> None:
        """Begin the switches that were requested since the last call, unless nobody waits for them any more."""
        while not self._requests.empty():
            channel, state, answer = self._requests.get_nowait()
            if answer.set_running_or_notify_cancel():
                switch(channel, state, partial(_settle, answer))

    def request_switch(self, channel: int, state: RelayState) -> None:
        """Have an outlet switched, and wait for it.

        Raises:
            RelayError: The relay failed, or the agent was too busy to begin.
            TimeoutError: The agent has begun, but the relay has not answered.
        """
        answer: Future[None] = Future()
        self._requests.put((channel, state, answer))
        try:
            answer.result(ANSWER_SECONDS)
        except TimeoutError:
            if answer.cancel():
                raise RelayError("the agent is busy, and the outlet was not switched; try again in a minute") from None
            raise

    @contextmanager
    def running(self) -> Iterator[None]:
        """Listen inside the `with` block."""
        thread = threading.Thread(target=self.serve_forever, args=[0.2], name="control-socket", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.shutdown()
            self.server_close()


@contextmanager
def open_control_socket(
    path: Path, state: Callable[[], Mapping[str, object]], log: EventLog
) -> Iterator[ControlServer | None]:
    """Listen on the control socket; yield None, which is logged, where there can be none."""
    try:
        if path.is_dir():
            quarantine(path)
        server = ControlServer(path, state)
    except OSError as error:
        log("warning", text=f"{path}: {error.strerror}; outlets cannot be switched by hand meanwhile")
        yield None
        return
    with server.running():
        yield server


class _Handler(socketserver.StreamRequestHandler):
    server: ControlServer
    timeout = 10.0

    def handle(self) -> None:
        answer: dict[str, object] = {"error": None}
        try:
            request = json.loads(self.rfile.readline(MAX_LINE_BYTES))
            if isinstance(request, dict) and request.get("ask") == "state":
                answer["state"] = self.server.state()
            else:
                self.server.request_switch(*_parse(request))
        except TimeoutError:
            answer["error"] = "the relay has not answered yet; look at it again in a minute"
        except (RelayError, ValueError) as failed:
            answer["error"] = str(failed)
        with suppress(OSError):  # the client has gone
            self.wfile.write(json.dumps(answer).encode() + b"\n")


def _settle(answer: Future[None], error: RelayError | None) -> None:
    if error:
        answer.set_exception(error)
    else:
        answer.set_result(None)


def switch_through_agent(path: Path, channel: int, state: RelayState) -> None:
    """Have the running agent switch an outlet. Raises NoAgent, RelayError."""
    try:
        answer = _call(path, {"channel": channel, "state": state}, ANSWER_SECONDS + 10)
    except (OSError, ValueError) as error:
        raise RelayError(f"the agent ended before it answered ({error})") from error
    if why := answer.get("error"):
        raise RelayError(str(why))


def request_state(path: Path) -> Mapping[str, Any]:
    """Read the running agent's state. Raises NoAgent, also when the agent does not answer in time."""
    try:
        state = _call(path, {"ask": "state"}, STATE_SECONDS).get("state")
    except (OSError, ValueError):
        raise NoAgent from None
    if not isinstance(state, dict):
        raise NoAgent
    return state


def _call(path: Path, request: Mapping[str, object], seconds: float) -> dict[str, Any]:
    """Send one request. Raises NoAgent when nobody listens, OSError, ValueError."""
    if not HAS_UNIX_SOCKETS:
        raise NoAgent
    with unix_socket() as line, short_name(path) as address:
        line.settimeout(seconds)
        try:
            line.connect(address)
        except OSError:
            raise NoAgent from None
        line.sendall(json.dumps(request).encode() + b"\n")
        answer = json.loads(line.makefile("rb").readline(MAX_ANSWER_BYTES))
    if not isinstance(answer, dict):
        raise ValueError("not an answer")  # noqa: TRY004 - the same error as for JSON that cannot be read
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
