"""What the smoke script calls with: HTTP that says what was seen instead, and waiting for what comes later."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar

import requests

TIMEOUT_SECONDS = 30
"""API Gateway gives up after 29."""
POLL_SECONDS = 0.5
PATIENCE_SECONDS = 60.0
"""The stream's first reading meets a cold start, and its function gathers for a second."""

Found = TypeVar("Found")


class Failed(Exception):
    """A step did not go as it should; the message says what was seen. It never holds a token, key or password."""


class Client:
    """Calls the API below base_url, the page's address."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._http = requests.Session()
        self._http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # each call says who it is

    def call(self, method: str, path: str, body: Any = None, *, who: str = "", expect: int = 200) -> Any:
        """The decoded answer. `who` is the Authorization header. Raises Failed for any other status."""
        answer = self.send(method, f"/api{path}", body, who)
        decoded = _json(answer)
        if answer.status_code != expect:
            said = f"{decoded.get('code')}: {decoded.get('error')}" if isinstance(decoded, dict) else "not ours"
            raise Failed(f"{method} {path} answered {answer.status_code} ({said}), {expect} was due.")
        if decoded is None:
            raise Failed(f"{method} {path} answered {answer.status_code} without JSON.")
        return decoded

    def send(self, method: str, path: str, body: Any = None, who: str = "") -> requests.Response:
        """The answer, whatever it is. Raises Failed when there is none."""
        headers = {"Authorization": who} if who else {}
        url = self.base_url + path
        try:
            return self._http.request(method, url, json=body, headers=headers, timeout=TIMEOUT_SECONDS)
        except requests.RequestException as error:
            raise Failed(f"{method} {path} got no answer ({type(error).__name__}).") from error


def check(holds: object, seen: str) -> None:
    """Raises Failed, saying what was seen, unless it holds."""
    if not holds:
        raise Failed(seen)


def wait_for(look: Callable[[], Found | None], what: str, seconds: float = PATIENCE_SECONDS) -> Found:
    """What is looked for, once it is there. Raises Failed when it does not come in time."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise Failed(f"{what}: not within {seconds:.0f} s.")
        time.sleep(POLL_SECONDS)
    return found


def _json(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except requests.JSONDecodeError:
        return None
