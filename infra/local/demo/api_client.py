"""A client of the API for the demo's account."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import requests
from websockets.sync.client import ClientConnection, connect

from infra.local.demo.household import OUTLETS

TIMEOUT_SECONDS = 30
NARRATED_EVENTS = 10
Json = dict[str, Any]


class AccountClient:
    """The calls that a person makes through the page."""

    def __init__(self, url: str, email: str, password: str) -> None:
        self._url = url
        self._credentials = {"email": email, "password": password}
        self._http = requests.Session()

    def call(self, method: str, path: str, body: Json | None = None) -> Json:
        """One call; raises RuntimeError with the API's own sentence when it is refused."""
        response = self._request(method, path, body)
        if response.status_code == HTTPStatus.UNAUTHORIZED:  # a session lasts minutes, the demo may run for days
            self.log_in()
            response = self._request(method, path, body)
        answer: Json = response.json()
        if not response.ok:
            raise RuntimeError(f"{method} {path}: {answer.get('error')}")
        return answer

    def sign_up(self) -> None:
        """Make the account; refused, which is well, if it is there."""
        self._request("POST", "/account/signup", self._credentials)

    def log_in(self) -> None:
        """Begin a session; raises RuntimeError when it is refused."""
        response = self._request("POST", "/account/login", self._credentials)
        if not response.ok:
            raise RuntimeError(f"The demo cannot log in: {response.json().get('error')}")
        self._http.headers["x-session-token"] = response.json()["sessionToken"]

    def _request(self, method: str, path: str, body: Json | None) -> requests.Response:
        return self._http.request(method, f"{self._url}/api{path}", json=body, timeout=TIMEOUT_SECONDS)

    def live(self) -> ClientConnection:
        """Open the WebSocket that the page uses too."""
        return connect(self.call("POST", "/live/ticket", {})["url"])

    def approve(self, user_code: str) -> None:
        """Let the Pi that shows this code in."""
        self.call("POST", "/device/claim/approve", {"userCode": user_code, "deviceName": "Demo Pi"})

    def ports(self) -> list[Json]:
        """The outlets, as the API lists them."""
        return list(self.call("GET", "/port/list")["ports"])

    def events(self) -> list[Json]:
        """The last phantom events, the newest last."""
        return list(reversed(self.call("GET", f"/phantom-event/list?limit={NARRATED_EVENTS}")["events"]))

    def add_missing_ports(self) -> bool:
        """Give each device without outlets those of the demo; True when there was one."""
        bare = [device for device in self.call("GET", "/device/list")["devices"] if not device["ports"]]
        for device in bare:
            for outlet in OUTLETS:
                self.call("POST", "/port", {"deviceId": device["deviceId"], **outlet.as_json()})
        return bool(bare)
