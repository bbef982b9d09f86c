"""The Pi's own small web server: GET /, /device-id, /metrics, /status; POST /device-register, /save-api-key.

It answers on loopback, with `lan` on the local network too. A stranger there sees the device's id and its state, but
not the outlets and what they draw. To see the claim code or hand over a key, a caller there needs the word that the Pi
printed when it started. The key is never shown to anyone.
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

from ghostwatt_pi import __version__
from ghostwatt_pi.cloud.claim import ClaimState
from ghostwatt_pi.cloud.errors import CloudError, KeyRefused
from ghostwatt_pi.cloud.http import HttpClient
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.identity import key_device_id
from ghostwatt_pi.local import metrics, page
from ghostwatt_pi.local.confirm_word import ConfirmWord
from ghostwatt_pi.local.guard import CallRefused, Guard, is_loopback, read_json
from ghostwatt_pi.local.snapshot import Snapshot

READ_SECONDS = 10.0
MAX_CALLS = 16
"""At the same time; more are turned away, so that nobody can take all threads."""
KEY_PATHS = frozenset({"/device-register", "/save-api-key"})
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": page.SECURITY_POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""Of every answer."""


class LocalApi(ThreadingHTTPServer):
    """Answers on `port` (0: any free one) from its own threads, between `start` and `stop`.

    `snapshot` says how the agent does. Raises OSError when the port is taken.
    """

    daemon_threads = True

    def __init__(
        self,
        port: int,
        directory: DataDirectory,
        device_id: str,
        api: str,
        claim: ClaimState,
        *,
        lan: bool = False,
        snapshot: Callable[[], Snapshot] = Snapshot,
    ) -> None:
        super().__init__(("0.0.0.0" if lan else "127.0.0.1", port), Handler)  # noqa: S104 - only when asked for
        self.directory, self.device_id, self.api, self.claim, self.snapshot = directory, device_id, api, claim, snapshot
        self.guard = Guard(api, lan=lan)
        self.confirm = ConfirmWord()
        self._key_lock = threading.Lock()
        self._calls = threading.BoundedSemaphore(MAX_CALLS)

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.server_port}/"

    def start(self) -> None:
        """Begin to answer."""
        threading.Thread(target=self.serve_forever, name="local-api", daemon=True).start()

    def stop(self) -> None:
        """Answer no more."""
        self.shutdown()
        self.server_close()

    def process_request(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        """Answer in a thread of its own, unless there are too many."""
        if self._calls.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        """The call's thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._calls.release()

    def save_key(self, api_key: str) -> None:
        """Keep the key if none is kept yet, it is this device's, and the cloud knows it. Raises CallRefused."""
        with self._key_lock:
            if self.directory.read_key():
                raise CallRefused(HTTPStatus.CONFLICT, "already_registered", "This device is paired already.")
            check_names(self.device_id, api_key)
            check_key(self.api, api_key)
            self.directory.save_key(api_key)


def check_names(device_id: str, api_key: str) -> None:
    """Raises CallRefused unless this is a key of this device: a key names its device, `gwk.<deviceId>.<secret>`."""
    named = key_device_id(api_key)
    if named is None:
        sentence = f"This is not a device key: one of this device begins with gwk.{device_id}."
        raise CallRefused(HTTPStatus.UNAUTHORIZED, "bad_key", sentence)
    if named != device_id:
        sentence = f"This key is of another device, {named}. This one is {device_id}: register that, and use its key."
        raise CallRefused(HTTPStatus.UNPROCESSABLE_ENTITY, "other_device", sentence)


def check_key(api: str, api_key: str) -> None:
    """Raises CallRefused unless the cloud knows the key."""
    try:
        with HttpClient(api) as cloud:
            cloud.heartbeat(api_key, [])
    except KeyRefused:
        raise CallRefused(HTTPStatus.UNAUTHORIZED, "bad_key", "The cloud does not know this key.") from None
    except CloudError as error:
        sentence = f"The key could not be checked with the cloud: {error}"
        raise CallRefused(HTTPStatus.SERVICE_UNAVAILABLE, "cloud_away", sentence) from error


class Handler(BaseHTTPRequestHandler):
    """One call."""

    server: LocalApi
    server_version = f"ghostwatt-pi/{__version__}"
    sys_version = ""
    timeout = READ_SECONDS

    def do_GET(self) -> None:
        """What can be seen."""
        self._run(self._get)

    def do_POST(self) -> None:
        """Take a key."""
        self._run(self._take_key)

    def do_OPTIONS(self) -> None:
        """A browser asks before it sends JSON to another origin."""
        self._run(lambda: self._answer(HTTPStatus.NO_CONTENT, b"", "text/plain"))

    def _run(self, call: Callable[[], None]) -> None:
        try:
            self.server.guard.check(self.headers)
            call()
        except CallRefused as refused:
            self._refuse(refused)

    def _get(self) -> None:
        server = self.server
        paired = server.directory.read_key() is not None
        where = urlsplit(self.path)
        if where.path == "/":
            hint = "" if paired else self._word_hint(where.query)
            claim = None if hint else server.claim.claim
            shown = page.Shown(server.device_id, paired, claim, self._snapshot(), hint)
            self._answer(HTTPStatus.OK, page.render(shown).encode(), "text/html; charset=utf-8")
        elif self.path == "/device-id":
            self._answer_json(HTTPStatus.OK, {"success": True, "deviceId": server.device_id, "registered": paired})
        elif self.path == "/status":
            known = {"deviceId": server.device_id, "registered": paired, **asdict(self._snapshot())}
            self._answer_json(HTTPStatus.OK, {"success": True, **known})
        elif self.path == "/metrics":
            text = metrics.render(self._snapshot(), server.device_id)
            self._answer(HTTPStatus.OK, text.encode(), metrics.CONTENT_TYPE)
        else:
            raise CallRefused(HTTPStatus.NOT_FOUND, "not_found", "There is no such page.")

    def _is_at_the_pi(self) -> bool:
        return is_loopback(self.client_address[0])

    def _word_hint(self, query: str) -> str:
        """What a caller from the network has to do before it may see the claim code; empty if nothing."""
        if self._is_at_the_pi():
            return ""
        try:
            self.server.confirm.check(parse_qs(query).get("word", [""])[0])
        except CallRefused as refused:
            return page.ASK_FOR_WORD if refused.code == "word_needed" else str(refused)
        return ""

    def _snapshot(self) -> Snapshot:
        """What the caller may know."""
        snapshot = self.server.snapshot()
        return snapshot if self._is_at_the_pi() else snapshot.for_strangers()

    def _take_key(self) -> None:
        if self.path not in KEY_PATHS:
            raise CallRefused(HTTPStatus.NOT_FOUND, "not_found", "There is no such call.")
        body = read_json(self.headers, self.rfile)
        if not self._is_at_the_pi():
            self.server.confirm.check(body.get("word"))
        api_key = body.get("apiKey")
        if not isinstance(api_key, str) or not api_key.isascii() or not api_key.isprintable() or not api_key.strip():
            raise CallRefused(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_field", "apiKey must be the key as text.")
        self.server.save_key(api_key.strip())
        self._answer_json(HTTPStatus.OK, {"success": True, "deviceId": self.server.device_id, "registered": True})

    def send_error(self, code: int, message: str | None = None, _explain: str | None = None) -> None:
        """What the library refuses by itself, in our own form."""
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
        for name, value in {**HEADERS, **self.server.guard.cors_headers(asked)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: a journal has no use for each look at the page."""
