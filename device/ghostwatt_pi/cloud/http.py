"""The cloud over HTTP: one method for each call of the contract."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Self

import requests

from ghostwatt_pi.buffer.batches import Batch
from ghostwatt_pi.cloud.errors import CloudAway, KeyRefused, RateLimited, Refused, parsing
from ghostwatt_pi.cloud_time import Clock
from ghostwatt_pi.schemas import (
    BatchReply,
    Claim,
    ClaimedKey,
    DeviceReply,
    Json,
    RelayReport,
    heartbeat_body,
    parse_batch_reply,
    parse_claim,
    parse_claimed_key,
    parse_reply,
)
from ghostwatt_pi.version import VERSION

TIMEOUT_SECONDS = (5, 35)
"""To connect, and between bytes of the answer: a little over the 29 s after which API Gateway gives up."""
REFUSALS = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)


class HttpClient:
    """The cloud at `base_url`, which ends in `/api`.

    TLS certificates are verified: against the certificate authority in `ca_file`, without one against the usual ones.

    Every device reply sets `clock`, and `sentAtMs` is read from it. Use an instance in one thread, and in a `with`
    statement, which closes its connections.
    """

    def __init__(self, base_url: str, clock: Clock | None = None, ca_file: str = "") -> None:
        self.clock = clock or Clock()
        self._base_url = base_url.rstrip("/")
        self._verify = ca_file or True  # with each request: the environment would go before the session's own
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"ghostwatt-pi/{VERSION}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._session.close()

    def start_claim(self, device_id: str) -> Claim:
        """Open a claim.

        Raises:
            Refused: With the code `owned` if the device has an owner.
            CloudAway: No answer.
        """
        answer = self._post("/device/claim", {"deviceId": device_id})
        with parsing():
            return parse_claim(answer)

    def poll_claim(self, device_code: str) -> ClaimedKey:
        """Return the key once a person has approved.

        Raises:
            Refused: Not yet, or never. Source of its codes: RFC 8628, section 3.5.
            CloudAway: No answer.
        """
        answer = self._post("/device/claim/token", {"deviceCode": device_code})
        with parsing():
            return parse_claimed_key(answer)

    def heartbeat(self, api_key: str, reports: Sequence[RelayReport], dropped_readings: int = 0) -> DeviceReply:
        """Report that the device lives, what its relays did, and how many readings its full buffer ever dropped.

        Raises KeyRefused, Refused, CloudAway.
        """
        body = heartbeat_body(self.clock.now_ms(), reports, dropped_readings)
        called_ms = self.clock.timer.since_boot_ms()
        answer = self._post("/device/heartbeat", body, api_key)
        with parsing():
            return self._learn(parse_reply(answer), called_ms)

    def send_batch(self, api_key: str, batch: Batch) -> BatchReply:
        """Send a batch; `sentAtMs` is this attempt's. Raises KeyRefused, Refused, CloudAway."""
        called_ms = self.clock.timer.since_boot_ms()
        answer = self._post("/sensor/readings", batch.to_json(self.clock.now_ms()), api_key)
        with parsing():
            reply = parse_batch_reply(answer, len(batch.readings))
            self._learn(reply.reply, called_ms)
            return reply

    def listen(self, wake: Callable[[], None]) -> None:
        """Do nothing: over HTTP the cloud sends nothing by itself."""

    def pushed(self) -> Sequence[DeviceReply]:
        """Return nothing: over HTTP the cloud sends nothing by itself."""
        return ()

    def _learn(self, reply: DeviceReply, called_ms: int) -> DeviceReply:
        self.clock.learn(reply.server_time_ms, called_ms, self.clock.timer.since_boot_ms())
        return reply

    def _post(self, path: str, body: Json, api_key: str | None = None) -> Json:
        def authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
            if api_key:
                request.headers["Authorization"] = f"Device {api_key}"
            return request

        try:  # auth, not headers: a line for this host in ~/.netrc would take the header's place
            response = self._session.post(
                self._base_url + path,
                json=body,
                auth=authorize,
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
                verify=self._verify,
            )
        except requests.RequestException as error:
            raise CloudAway(type(error).__name__) from error  # the name says enough for a journal's line
        return _answer(path, response)


def _answer(path: str, response: requests.Response) -> Json:
    """Return the decoded body of a 2xx; raise every other answer as an error."""
    try:
        body = response.json()
    except requests.JSONDecodeError:
        body = None
    if response.ok and isinstance(body, dict):
        return body
    failure = body if isinstance(body, dict) else {}
    message = str(failure.get("error") or f"{path} answered {response.status_code}")
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        raise KeyRefused(message)
    if response.status_code in REFUSALS and failure.get("code"):
        raise Refused(message, response.status_code, str(failure["code"]), failure.get("field"))
    kind = RateLimited if response.status_code == HTTPStatus.TOO_MANY_REQUESTS else CloudAway
    raise kind(message, _retry_after_seconds(response))


def _retry_after_seconds(response: requests.Response) -> float | None:
    """Return Retry-After in seconds. Its other form, a date, needs a right clock, which a Pi may not have."""
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else None
