"""The Pi's own small web server: GET /, /device-id, /metrics, /status; POST /device-register, /save-api-key.

It answers on loopback, and with `lan` on the local network too. A caller from the network sees the device's id and
state, but not the outlets and their power. To see the claim code or to hand over a key, it needs the word that the Pi
printed when it started. The key itself is never shown.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ghostwatt_pi.cloud.claim import ClaimState
from ghostwatt_pi.cloud.errors import CloudError, KeyRefused
from ghostwatt_pi.cloud.http import HttpClient
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.identity import key_device_id
from ghostwatt_pi.local import metrics, page
from ghostwatt_pi.local.access import (
    NULL_ORIGIN,
    CallRefused,
    ConfirmationWord,
    OriginPolicy,
    is_loopback,
    read_json,
)
from ghostwatt_pi.local.allowed_page import AllowedPage
from ghostwatt_pi.local.snapshot import Snapshot
from ghostwatt_pi.platforms.listening import REUSES_ADDRESS
from ghostwatt_pi.version import VERSION

READ_SECONDS = 10.0
MAX_CALLS = 16
"""The most calls at the same time; more are closed, so that no caller can take all threads."""
KEY_PATHS = frozenset({"/device-register", "/save-api-key"})
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": page.SECURITY_POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""Headers of every answer."""


class LocalApi(ThreadingHTTPServer):
    """Answers from its own threads between `start` and `stop`.

    Args:
        port: The port; 0 for any free one.
        directory: The data folder.
        device_id: This device.
        api: The cloud's address.
        claim: The state of the pairing.
        lan: Answer on the local network too.
        ca_file: The certificate authority that vouches for the cloud; "" for the usual ones.
        snapshot: Returns the agent's snapshot.

    Raises:
        OSError: The port is taken.
    """

    daemon_threads = True
    allow_reuse_address = REUSES_ADDRESS

    def __init__(
        self,
        port: int,
        directory: DataDirectory,
        device_id: str,
        api: str,
        claim: ClaimState,
        *,
        lan: bool = False,
        ca_file: str = "",
        snapshot: Callable[[], Snapshot] = Snapshot,
    ) -> None:
        super().__init__(("0.0.0.0" if lan else "127.0.0.1", port), Handler)  # noqa: S104 - only when asked for
        self.directory, self.device_id, self.api, self.claim, self.snapshot = directory, device_id, api, claim, snapshot
        self.ca_file = ca_file
        self.allowed_page = AllowedPage(directory.allowed_page_path)
        self.origins = OriginPolicy(api, lan=lan, allowed=self.allowed_page.origin)
        self.confirmation = ConfirmationWord()
        self._key_lock = threading.Lock()
        self._calls = threading.BoundedSemaphore(MAX_CALLS)

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://127.0.0.1:{self.server_port}/"

    def start(self) -> None:
        """Start to answer."""
        threading.Thread(target=self.serve_forever, name="local-api", daemon=True).start()

    def stop(self) -> None:
        """Stop answering."""
        self.shutdown()
        self.server_close()

    def process_request(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        """Answer a call in its own thread, unless there are too many."""
        if self._calls.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        """Answer a call, in its thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._calls.release()

    def save_key(self, api_key: str) -> None:
        """Save a key. Raises CallRefused if there is one already, or the key is not this device's or not known."""
        with self._key_lock:
            if self.directory.read_key():
                raise CallRefused(HTTPStatus.CONFLICT, "already_registered", "This device is paired already.")
            check_key_is_ours(self.device_id, api_key)
            check_key_with_cloud(self.api, api_key, self.ca_file)
            self.directory.save_key(api_key)


def check_key_is_ours(device_id: str, api_key: str) -> None:
    """Raise CallRefused unless the key is this device's: a key names its device, `gwk.<deviceId>.<secret>`."""
    named = key_device_id(api_key)
    if named is None:
        sentence = f"This is not a device key: one of this device begins with gwk.{device_id}."
        raise CallRefused(HTTPStatus.UNAUTHORIZED, "bad_key", sentence)
    if named != device_id:
        sentence = f"This key is of another device, {named}. This one is {device_id}: register that, and use its key."
        raise CallRefused(HTTPStatus.UNPROCESSABLE_ENTITY, "other_device", sentence)


def check_key_with_cloud(api: str, api_key: str, ca_file: str = "") -> None:
    """Raise CallRefused unless the cloud knows the key."""
    try:
        with HttpClient(api, ca_file=ca_file) as cloud:
            cloud.heartbeat(api_key, [])
    except KeyRefused:
        raise CallRefused(HTTPStatus.UNAUTHORIZED, "bad_key", "The cloud does not know this key.") from None
    except CloudError as error:
        sentence = f"The key could not be checked with the cloud: {error}"
        raise CallRefused(HTTPStatus.SERVICE_UNAVAILABLE, "cloud_away", sentence) from error


class Handler(BaseHTTPRequestHandler):
    """One call."""

    server: LocalApi
    server_version = f"ghostwatt-pi/{VERSION}"
    sys_version = ""
    timeout = READ_SECONDS

    def do_GET(self) -> None:
        """Answer with the page, the state or the metrics."""
        self._run(self._get)

    def do_POST(self) -> None:
        """Accept a key."""
        self._run(self._take_key)

    def do_OPTIONS(self) -> None:
        """Answer a browser that asks before it sends JSON to another origin (a CORS preflight)."""
        self._run(lambda: self._answer(HTTPStatus.NO_CONTENT, b"", "text/plain"), self.server.origins.check_host)

    def _run(self, call: Callable[[], None], check: Callable[[Message], None] | None = None) -> None:
        try:
            (check or self.server.origins.check)(self.headers)
            call()
        except CallRefused as refused:
            self._refuse(refused)

    def _get(self) -> None:
        server = self.server
        paired = server.directory.read_key() is not None
        where = urlsplit(self.path)
        if self._is_file_page():
            self.server.allowed_page.check_word(_word_of(where.query))
        if where.path == "/":
            hint = "" if paired else self._word_hint(where.query)
            claim = None if hint else server.claim.claim
            content = page.PageContent(server.device_id, paired, claim, self._snapshot(), hint)
            self._answer(HTTPStatus.OK, page.render(content).encode(), "text/html; charset=utf-8")
        elif where.path == "/device-id":
            self._answer_json(HTTPStatus.OK, {"success": True, "deviceId": server.device_id, "registered": paired})
        elif self.path == "/status":
            state = {"deviceId": server.device_id, "registered": paired, **asdict(self._snapshot())}
            self._answer_json(HTTPStatus.OK, {"success": True, **state})
        elif self.path == "/metrics":
            text = metrics.render(self._snapshot(), server.device_id)
            self._answer(HTTPStatus.OK, text.encode(), metrics.CONTENT_TYPE)
        else:
            raise CallRefused(HTTPStatus.NOT_FOUND, "not_found", "There is no such page.")

    def _is_at_the_pi(self) -> bool:
        return is_loopback(self.client_address[0])

    def _is_file_page(self) -> bool:
        return bool(self.headers.get("Origin") == NULL_ORIGIN)

    def _word_hint(self, query: str) -> str:
        """Return what a caller has to do before it may see the claim code; empty if nothing."""
        if self._is_at_the_pi():
            return ""
        try:
            self.server.confirmation.check(_word_of(query))
        except CallRefused as refused:
            return page.ASK_FOR_WORD if refused.code == "word_needed" else str(refused)
        return ""

    def _snapshot(self) -> Snapshot:
        """Return what the caller may see."""
        snapshot = self.server.snapshot()
        return snapshot if self._is_at_the_pi() else snapshot.redacted()

    def _take_key(self) -> None:
        if self.path not in KEY_PATHS:
            raise CallRefused(HTTPStatus.NOT_FOUND, "not_found", "There is no such call.")
        body = read_json(self.headers, self.rfile)
        if self._is_file_page():
            self.server.allowed_page.check_word(body.get("word"))
        elif not self._is_at_the_pi():
            self.server.confirmation.check(body.get("word"))
        api_key = body.get("apiKey")
        if not isinstance(api_key, str) or not api_key.isascii() or not api_key.isprintable() or not api_key.strip():
            raise CallRefused(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_field", "apiKey must be the key as text.")
        self.server.save_key(api_key.strip())
        self._answer_json(HTTPStatus.OK, {"success": True, "deviceId": self.server.device_id, "registered": True})

    def send_error(self, code: int, message: str | None = None, _explain: str | None = None) -> None:
        """Answer a call that the library refuses by itself, in our own form."""
        status = HTTPStatus(code)
        self._refuse(CallRefused(status, status.name.lower(), message or status.phrase))

    def _refuse(self, refused: CallRefused) -> None:
        self._answer_json(refused.status, {"success": False, "error": str(refused), "code": refused.code})

    def _answer_json(self, status: HTTPStatus, body: Mapping[str, object]) -> None:
        self._answer(status, json.dumps(body).encode(), "application/json")

    def _answer(self, status: HTTPStatus, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        asked = getattr(self, "headers", Message())  # there are none yet when the first line was malformed
        for name, value in {**HEADERS, **self.server.origins.cors_headers(asked)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing: a journal needs no line for each view of the page."""


def _word_of(query: str) -> str:
    return parse_qs(query).get("word", [""])[0]
