"""Hostile requests against a running PC stack, with well-behaved clients beside them.

    python -m tests.fuzz.attack --requests 100000 --seed 1

The exit code is 1 when an answer was a 5xx or was not shaped as the contract says, when the stack logged a traceback,
when a well-behaved call failed, or when the victim's data changed.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import urlsplit

import requests

from infra.local.runner.process import RunningStack, running_stack
from tests.conftest import Answered, Call, Device, Person, new_person, now_ms, reading
from tests.contract.household import Household, settle
from tests.contract.openapi import operations
from tests.fuzz.generator import Attacker, Generator, Request

THREADS = 6
CALL_SECONDS = 30.0
PAUSE_SECONDS = 0.1
ENDS_A_SESSION = re.compile(r"DELETE /account|PATCH /account$|POST /account/logout")
"""Routes after which the attacker would only be told that he is nobody."""
REQUESTS_OF_AN_ATTACKER = 2_000
"""Then another comes, with new outlets and devices: by then this one has deleted most of his own."""
SERVER_ERROR = 500
CLIENT_ERROR = 400


@dataclass
class Result:
    """What an attack came to; `wrong` is empty when the stack held."""

    statuses: Counter[int] = field(default_factory=Counter)
    friendly_seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def p50_p99_ms(self) -> tuple[float, float]:
        """How long the well-behaved calls took."""
        cuts = quantiles(self.friendly_seconds, n=100)
        return cuts[49] * 1_000, cuts[98] * 1_000


def attack(directory: Path, number: int, seed: int, environment: Mapping[str, str] | None = None) -> Result:
    """Send so many hostile requests to a new stack and check that it held."""
    result = Result()
    with running_stack(directory, environment=environment) as stack, requests.Session() as session:
        call = caller(f"{stack.base_url}/api", session)
        victim = settle(call)
        before = _belongings(victim)
        friend = new_person(call)
        device = friend.device("Friendly Pi")
        port_id = str(friend.port(device)["portId"])
        end = threading.Event()
        friendly = threading.Thread(target=_be_friendly, args=(friend, device, port_id, end, result))
        friendly.start()
        try:
            for first in range(0, number, REQUESTS_OF_AN_ATTACKER):
                requests_to_send = _requests(call, victim, settle(call), seed + first)
                _send_all(stack, islice(requests_to_send, min(REQUESTS_OF_AN_ATTACKER, number - first)), result)
        finally:
            end.set()
            friendly.join()
        if _belongings(victim) != before:
            result.wrong.append("the victim's data changed")
        if stack.process.poll() is not None:
            result.wrong.append("the stack ended")
        result.wrong += _tracebacks((stack.data_dir / "stack.log").read_text(errors="replace"))[:5]
    return result


def _belongings(household: Household) -> list[Any]:
    """All that its owner can read, but for the notifications: those tell of attempts to pair the devices."""
    return [answer for answer in household.seen() if "notifications" not in answer]


def _tracebacks(log: str) -> list[str]:
    """Each traceback of a log, with the line before it."""
    return [f"the log has: {found}" for found in re.findall(r"[^\n]*\nTraceback .*(?:\n .*)*\n.*", log)]


def _requests(call: Call, victim: Household, attacker: Household, seed: int) -> Iterator[Request]:
    session = {"x-session-token": attacker.person.token}
    key = {"Authorization": f"Device {attacker.device.api_key}"}
    headers = [session, key, {"Authorization": f"Bearer {attacker.person.token}"}, {**session, **key}, {}]
    known = [op for op in operations(call("GET", "/openapi.json").body) if not ENDS_A_SESSION.match(str(op))]
    return iter(Generator(known, Attacker(headers, [victim.ids, attacker.ids]), seed))


def _send_all(stack: RunningStack, to_send: Iterator[Request], result: Result) -> None:
    lock = threading.Lock()

    def work() -> None:
        with closing(_Connection(stack.base_url)) as connection:
            while True:
                with lock:
                    request = next(to_send, None)
                if request is None:
                    return
                status, wrong = connection.send(request)
                with lock:
                    result.statuses[status] += 1
                    if wrong:
                        result.wrong.append(wrong)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class _Connection:
    """A kept-alive connection that sends what a well-mannered client would not."""

    def __init__(self, base_url: str) -> None:
        self._address = urlsplit(base_url)
        self._connection: http.client.HTTPConnection | None = None

    def close(self) -> None:
        """Close it; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def send(self, request: Request) -> tuple[int, str | None]:
        """Send a request; returns its status, and what is wrong with the answer if anything is."""
        try:
            status, kind, body = self._exchange(request)
        except (OSError, http.client.HTTPException):
            self.close()  # the other side did, for example after a body that was too large: once more, anew
            try:
                status, kind, body = self._exchange(request)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                return (0, None) if request.body and len(request.body) > 256_000 else (0, f"{request}: {error!r}")
        if status >= SERVER_ERROR:
            return status, f"{status} for {request}: {body[:300]!r}"
        if status >= CLIENT_ERROR and request.method != "HEAD" and not _is_error_of_the_contract(kind, body):
            return status, f"{status} without the contract's error for {request}: {body[:300]!r}"
        return status, None

    def _exchange(self, request: Request) -> tuple[int, str, bytes]:
        if self._connection is None:
            address = self._address
            self._connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=CALL_SECONDS)
        connection = self._connection
        connection.putrequest(request.method, f"/api{request.path}", skip_accept_encoding=True)
        for name, value in request.headers.items():
            connection.putheader(name, value.encode("latin-1", "replace"))
        if request.body is not None:
            connection.putheader("Content-Length", str(len(request.body)))
        connection.endheaders(request.body)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Content-Type", ""), answer.read()


def _is_error_of_the_contract(kind: str, body: bytes) -> bool:
    if not kind.startswith("application/json"):
        return False
    said = json.loads(body)
    return said.get("success") is False and bool(said.get("code")) and bool(said.get("error"))


def _be_friendly(person: Person, device: Device, port_id: str, end: threading.Event, result: Result) -> None:
    """Upload and look at the page's list, again and again, and note how long each call takes."""
    sent = 0
    while not end.wait(PAUSE_SECONDS):
        started = time.monotonic()
        answer = device.send([reading(port_id, now_ms(), 60.0)])
        result.friendly_seconds.append(time.monotonic() - started)
        if answer.status != 200 or answer.body["results"][0]["status"] != "stored":
            result.wrong.append(f"a well-behaved upload was answered {answer.status}: {answer.body}")
        started = time.monotonic()
        listed = person.call("GET", "/port/list")
        result.friendly_seconds.append(time.monotonic() - started)
        if listed.status != 200:
            result.wrong.append(f"a well-behaved list was answered {listed.status}: {listed.body}")
        sent += 1


def caller(api: str, session: requests.Session) -> Call:
    """Call the API at this address, without a memory of cookies."""

    def call(method: str, path: str, body: Any = None, **headers: str) -> Answered:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = session.request(method, api + path, json=body, headers=named, timeout=CALL_SECONDS)
        session.cookies.clear()
        is_json = answer.headers.get("Content-Type", "").startswith("application/json")
        return Answered(answer.status_code, answer.json() if is_json else answer.text, answer.headers)

    return call


def main(arguments: Sequence[str] | None = None) -> int:
    """Attack from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.attack", description="Attack a PC stack of its own.")
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="ghostwatt-fuzz-") as directory:
        result = attack(Path(directory), options.requests, options.seed)
    p50_ms, p99_ms = result.p50_p99_ms
    statuses = ", ".join(f"{status}: {number:,}" for status, number in sorted(result.statuses.items()))
    sys.stdout.write(
        f"{result.statuses.total():,} hostile requests with seed {options.seed}; answers by status: {statuses}\n"
        f"{len(result.friendly_seconds):,} well-behaved calls beside them: p50 {p50_ms:.0f} ms, p99 {p99_ms:.0f} ms\n"
    )
    sys.stdout.write("\n".join(["nothing wrong" if not result.wrong else "WRONG:", *result.wrong[:50]]) + "\n")
    return 1 if result.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
