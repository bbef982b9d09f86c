"""One visit to a running Ghostwatt: who came, with which device, and how all of it is taken away again."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from websockets.sync.client import ClientConnection

from infra.smoke.client import Client, Failed

UNKNOWN = 401
"""There is no account of this address and password."""
TRIES = 5
FIRST_PAUSE_SECONDS = 1.0


@dataclass
class Visit:
    """Names are made up anew each time; what a step finds out, later steps read here.

    The address is of a domain that is nobody's (RFC 2606). mqtt_url is the broker to try, "" for none.
    """

    client: Client
    mqtt_url: str = ""
    email: str = field(default_factory=lambda: f"smoke-{secrets.token_hex(6)}@example.com")
    password: str = field(default_factory=secrets.token_urlsafe)
    device_id: str = field(default_factory=lambda: f"SMOKE-{secrets.token_hex(6)}")
    came: bool = False
    session_token: str = ""
    api_key: str = ""
    port_id: str = ""
    page: ClientConnection | None = None
    batch: dict[str, Any] = field(default_factory=dict)

    @property
    def credentials(self) -> dict[str, str]:
        """What a person types."""
        return {"email": self.email, "password": self.password}

    def person(self, method: str, path: str, body: Any = None, *, expect: int = 200) -> Any:
        """Call with the person's session."""
        return self.client.call(method, path, body, who=f"Bearer {self.session_token}", expect=expect)

    def device(self, method: str, path: str, body: Any = None) -> Any:
        """Call with the device's key."""
        return self.client.call(method, path, body, who=f"Device {self.api_key}")

    def leave(self) -> None:
        """Close the page and delete the account with all that hangs on it. Raises Failed when that cannot be done.

        A sign-up without an answer may have made the account all the same: so this logs in to find out.
        """
        if self.page:
            self.page.close()
            self.page = None
        if self.came:
            _patiently(self._delete)
            self.came = False

    def _delete(self) -> bool:
        answer = self.client.send("POST", "/api/account/login", self.credentials)
        if answer.status_code == UNKNOWN:
            return True
        if not answer.ok:
            return False
        who = f"Bearer {answer.json()['sessionToken']}"
        return self.client.send("DELETE", "/api/account", {"currentPassword": self.password}, who=who).ok


def _patiently(done: Callable[[], bool]) -> None:
    pause = FIRST_PAUSE_SECONDS
    for _ in range(TRIES):
        try:
            if done():
                return
        except Failed:
            pass
        time.sleep(pause)
        pause *= 2
    raise Failed("It could not be deleted.")
