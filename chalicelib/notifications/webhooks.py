"""Posting notifications to a person's own server: signed, in bounded time, to public addresses only.

The address that was checked is the address that is called: between the two no name is resolved again, so that a name
server cannot answer twice in two ways. TLS still proves the name.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from chalicelib.core.errors import Invalid
from chalicelib.core.settings import VERSION, settings
from chalicelib.core.times import SECOND_MS, iso
from chalicelib.notifications.delivery import Undeliverable
from chalicelib.notifications.model import Notification
from chalicelib.notifications.name_lookup import Resolve, look_up, resolve
from chalicelib.notifications.preferences import Webhook
from chalicelib.notifications.webhook_rules import FIELD, Target, is_public, signature, target

TIMEOUT_SECONDS = 5.0
"""For the whole call, its name's look-up included, however slowly the servers answer."""


def check(url: str, resolver: Resolve = resolve) -> None:
    """Raises Invalid: webhook.url, for one that may not be called, or whose name is not known."""
    there = target(url, http_allowed=settings().webhook_allow_private)
    try:
        _address(there, resolver, TIMEOUT_SECONDS)
    except Undeliverable as error:
        raise Invalid(str(error), code="invalid", field=FIELD) from error


def _address(there: Target, resolver: Resolve, seconds: float) -> str:
    """The address to call: one that is not public spoils them all, since nobody has such a name by chance."""
    addresses = look_up(there.host, there.port, resolver, seconds)
    if not settings().webhook_allow_private and not all(is_public(address) for address in addresses):
        raise Undeliverable(f"{there.host} does not lie on the public Internet.")
    return addresses[0]


def post(webhook: Webhook, notification: Notification, now_ms: int, resolver: Resolve = resolve) -> None:
    """Post a notification once. Raises Undeliverable when the receiver does not answer 2xx in time."""
    try:
        there = target(webhook.url, http_allowed=settings().webhook_allow_private)
    except Invalid as error:
        raise Undeliverable(error.message) from error
    body = payload(notification)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"ghostwatt/{VERSION}",
        "Connection": "close",
        "Idempotency-Key": notification.notification_id,
        "X-Ghostwatt-Signature": signature(webhook.secret, body, now_ms // SECOND_MS),
    }
    deadline = time.monotonic() + TIMEOUT_SECONDS
    address = _address(there, resolver, TIMEOUT_SECONDS)
    status = _post(there, address, body, headers, deadline)
    if not 200 <= status < 300:  # noqa: PLR2004 - the statuses of success
        also = ", and redirects are not followed" if 300 <= status < 400 else ""  # noqa: PLR2004 - those of redirects
        raise Undeliverable(f"The webhook answered with status {status}{also}.")


def payload(notification: Notification) -> bytes:
    """What is posted: the notification as the list of notifications shows it."""
    shown = {
        "notificationId": notification.notification_id,
        "kind": notification.kind,
        "message": notification.message,
        "at": iso(notification.at_ms),
        "portId": notification.port_id,
        "deviceId": notification.device_id,
    }
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()


def _post(there: Target, address: str, body: bytes, headers: dict[str, str], deadline: float) -> int:
    connection = _PinnedConnection(there, address, max(0.001, deadline - time.monotonic()))
    try:
        with _hung_up_at(deadline, connection):
            connection.request("POST", there.path, body, headers)
            return connection.getresponse().status  # what it says beyond that is not read, however long it is
    except ssl.SSLError as error:
        raise Undeliverable(f"The webhook's TLS failed: {error.reason or 'no reason given'}.") from error
    except (OSError, http.client.HTTPException) as error:
        raise Undeliverable(f"The webhook did not answer within {TIMEOUT_SECONDS:.0f} s.") from error
    finally:
        connection.close()


class _PinnedConnection(http.client.HTTPConnection):
    """A connection to one address that speaks to a name: in the Host header, and in TLS where there is TLS."""

    def __init__(self, there: Target, address: str, seconds: float) -> None:
        super().__init__(there.host, there.port, timeout=seconds)
        self._target, self._address = there, address
        self._is_over = False
        self.default_port = 443 if there.is_https else 80  # the port that the Host header leaves out

    def connect(self) -> None:
        """Connect to the address, whatever the name resolves to by now."""
        self.sock = socket.create_connection((self._address, self._target.port), self.timeout)
        if self._target.is_https:
            self.sock = _tls().wrap_socket(self.sock, server_hostname=self._target.host, do_handshake_on_connect=False)
        if self._is_over:
            raise TimeoutError
        if isinstance(self.sock, ssl.SSLSocket):
            self.sock.do_handshake()

    def hang_up(self) -> None:
        """The time is over: whatever waits for the other side ends now."""
        self._is_over = True
        try:
            if self.sock is not None:
                self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:  # it was closed in this moment: that is what was wanted
            return


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


@contextmanager
def _hung_up_at(deadline: float, connection: _PinnedConnection) -> Iterator[None]:
    """Hang up when the time is over: the socket's own time-out starts again with each byte that drips in."""
    timer = threading.Timer(max(0.0, deadline - time.monotonic()), connection.hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
