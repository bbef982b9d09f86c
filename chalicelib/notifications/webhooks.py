"""Webhooks: post notifications to a person's own server, signed, in bounded time, at public addresses only.

The address that was checked is the address that is called: the name is not looked up again in between, so that a name
server cannot give two answers. TLS still proves the name.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from chalicelib.core.errors import Invalid, Undeliverable
from chalicelib.core.settings import settings
from chalicelib.core.times import SECOND_MS, iso
from chalicelib.core.version import VERSION
from chalicelib.notifications.model import Notification
from chalicelib.notifications.preferences import Webhook
from chalicelib.notifications.webhook_addresses import (
    FIELD,
    Resolve,
    Target,
    is_public,
    look_up,
    parse_webhook_url,
    resolve,
)

TIMEOUT_SECONDS = 5.0
"""For the whole call, the look-up of the name included, however slowly the servers answer."""


def check_webhook_url(url: str, resolver: Resolve = resolve) -> None:
    """Check that a webhook may be called.

    Raises:
        Invalid: It leads inside, or its name is not known (field webhook.url).
    """
    target = parse_webhook_url(url, http_allowed=settings().webhook_allow_private)
    try:
        _look_up_public(target, resolver, TIMEOUT_SECONDS)
    except Undeliverable as error:
        raise Invalid(str(error), code="invalid", field=FIELD) from error


def _look_up_public(target: Target, resolver: Resolve, seconds: float) -> str:
    """The address to call. One that is not public rules out all others: no name has such an address by chance."""
    addresses = look_up(target.host, target.port, resolver, seconds)
    if not settings().webhook_allow_private and not all(is_public(address) for address in addresses):
        raise Undeliverable(f"{target.host} does not lie on the public Internet.")
    return addresses[0]


def post_webhook(webhook: Webhook, notification: Notification, now_ms: int, resolver: Resolve = resolve) -> None:
    """Post a notification once.

    Raises:
        Undeliverable: The receiver did not answer 2xx within TIMEOUT_SECONDS, or may not be called.
    """
    try:
        target = parse_webhook_url(webhook.url, http_allowed=settings().webhook_allow_private)
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
    address = _look_up_public(target, resolver, TIMEOUT_SECONDS)
    status = _post(target, address, body, headers, deadline)
    if not 200 <= status < 300:  # noqa: PLR2004 - the statuses of success
        redirect = ", and redirects are not followed" if 300 <= status < 400 else ""  # noqa: PLR2004 - those of redirects
        raise Undeliverable(f"The webhook answered with status {status}{redirect}.")


def payload(notification: Notification) -> bytes:
    """Write the body of a post: the notification as the list of notifications shows it."""
    fields = {
        "notificationId": notification.notification_id,
        "kind": notification.kind,
        "message": notification.message,
        "at": iso(notification.at_ms),
        "portId": notification.port_id,
        "deviceId": notification.device_id,
    }
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def signature(secret: str, body: bytes, at_seconds: int) -> str:
    """Compute X-Ghostwatt-Signature: t=<unix time>,v1=<HMAC-SHA-256 of "t.body" in hexadecimal>.

    The time is signed too, so that a receiver can refuse an old post.
    """
    signed = hmac.new(secret.encode(), f"{at_seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at_seconds},v1={signed}"


def _post(target: Target, address: str, body: bytes, headers: dict[str, str], deadline: float) -> int:
    connection = _PinnedConnection(target, address, max(0.001, deadline - time.monotonic()))
    try:
        with _aborted_at(deadline, connection):
            connection.request("POST", target.path, body, headers)
            return connection.getresponse().status  # the rest of the answer is not read, however long it is
    except ssl.SSLError as error:
        raise Undeliverable(f"The webhook's TLS failed: {error.reason or 'no reason given'}.") from error
    except (OSError, http.client.HTTPException) as error:
        raise Undeliverable(f"The webhook did not answer within {TIMEOUT_SECONDS:.0f} s.") from error
    finally:
        connection.close()


class _PinnedConnection(http.client.HTTPConnection):
    """A connection to a pinned IP address; the Host header and TLS name the host of the URL."""

    def __init__(self, target: Target, address: str, seconds: float) -> None:
        super().__init__(target.host, target.port, timeout=seconds)
        self._target, self._address = target, address
        self._is_over = False
        self.default_port = 443 if target.is_https else 80  # the Host header leaves it out

    def connect(self) -> None:
        """Connect to the pinned address, whatever the name resolves to now."""
        self.sock = socket.create_connection((self._address, self._target.port), self.timeout)
        if self._target.is_https:
            self.sock = _tls().wrap_socket(self.sock, server_hostname=self._target.host, do_handshake_on_connect=False)
        if self._is_over:
            raise TimeoutError
        if isinstance(self.sock, ssl.SSLSocket):
            self.sock.do_handshake()

    def abort(self) -> None:
        """End every wait for the receiver: the time is over."""
        self._is_over = True
        try:
            if self.sock is not None:
                self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:  # it was closed at this moment
            return


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


@contextmanager
def _aborted_at(deadline: float, connection: _PinnedConnection) -> Iterator[None]:
    """Abort when the time is over: the socket's own time-out begins again with each byte that arrives."""
    timer = threading.Timer(max(0.0, deadline - time.monotonic()), connection.abort)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
