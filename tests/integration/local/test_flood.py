"""Many half requests against a stack with few descriptors: others are served, and the log stays small."""

from __future__ import annotations

import resource
import socket
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from infra.local.runner.process import RunningStack, running_stack
from tests.conftest import eventually

HALF = b"GET / HTTP/1.1\r\n"
MOST_LOG_BYTES = 20_000


def flood(stack: RunningStack, connections: int, ending: ExitStack) -> None:
    """Open so many connections that say half a request and fall silent."""
    address = (str(urlsplit(stack.base_url).hostname), urlsplit(stack.base_url).port or 0)
    for _ in range(connections):
        ending.enter_context(socket.create_connection(address, timeout=60)).sendall(HALF)


def status_from(source: str, stack: RunningStack) -> int | None:
    """What a client at this address is answered; None when the connection broke."""
    with requests.Session() as session:
        adapter = HTTPAdapter()
        adapter.init_poolmanager(1, 1, source_address=(source, 0))
        session.mount("http://", adapter)
        try:
            return session.get(f"{stack.base_url}/api/health", timeout=60).status_code
        except requests.ConnectionError:
            return None


def test_half_requests_past_the_limit_keep_nobody_out(tmp_path: Path) -> None:
    settings = {"MAX_CONNECTIONS": "40", "MAX_CONNECTIONS_PER_CLIENT": "20", "TRUSTED_PROXY": "127.0.0.3"}
    with running_stack(tmp_path, environment=settings) as stack, ExitStack() as ending:
        flood(stack, 100, ending)
        assert status_from("127.0.0.1", stack) == 200
        assert status_from("127.0.0.2", stack) == 200
        assert len((tmp_path / "stack.log").read_text()) < MOST_LOG_BYTES


def test_a_stack_without_descriptors_says_so_once_and_goes_on_when_there_are_some(tmp_path: Path) -> None:
    with running_stack(tmp_path, environment={"REQUEST_SECONDS": "1"}) as stack, ExitStack() as ending:
        pid = stack.process.pid
        some = len(list(Path(f"/proc/{pid}/fd").iterdir())) + 20
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (some, some))
        flood(stack, 60, ending)
        eventually(lambda: "Too many open files" in (tmp_path / "stack.log").read_text(), "they are all in use")
        eventually(lambda: status_from("127.0.0.1", stack) == 200, "it answers again", seconds=40)
        log = (tmp_path / "stack.log").read_text()
        assert log.count("Too many open files") <= 5
        assert len(log) < MOST_LOG_BYTES
