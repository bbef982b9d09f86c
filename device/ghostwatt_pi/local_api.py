"""The page and calls that the Pi itself answers, on loopback: who it is, and a way to hand it a key.

A web page in a browser on this machine can reach loopback too. So a call must name a loopback host (a foreign name that
resolves to 127.0.0.1 is refused), bring JSON, and come from the cloud's page or a loopback one if it says where from;
and once the device is paired no key is taken any more.
"""

from __future__ import annotations

import html
import json
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from ghostwatt_pi import __version__
from ghostwatt_pi.claim import ClaimState
from ghostwatt_pi.cloud import Cloud, CloudError, KeyRefused
from ghostwatt_pi.config import LOOPBACK
from ghostwatt_pi.home import Home

MAX_BODY_BYTES = 4096
READ_SECONDS = 10.0
KEY_PATHS = frozenset({"/device-register", "/save-api-key"})
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Ghostwatt</title>
<h1>Ghostwatt</h1><p>Device <code>{device_id}</code></p>{state}</html>"""


class CallRefused(Exception):
    """A call that gets an error answer."""

    def __init__(self, status: HTTPStatus, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.code = status, code


class LocalApi(ThreadingHTTPServer):
    """Answers on 127.0.0.1:`port` (0: any free one) from its own thread, between `start` and `stop`.

    Raises OSError when the port is taken.
    """

    daemon_threads = True

    def __init__(self, port: int, home: Home, device_id: str, api: str, claim: ClaimState) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.home, self.device_id, self.api, self.claim = home, device_id, api, claim
        self.key_lock = threading.Lock()

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

    def save_key(self, api_key: str) -> None:
        """Keep the key if none is kept yet and the cloud knows it. Raises CallRefused."""
        with self.key_lock:
            if self.home.read_key():
                raise CallRefused(HTTPStatus.CONFLICT, "already_registered", "This device is paired already.")
            try:
                with Cloud(self.api) as cloud:
                    cloud.heartbeat(api_key, [])
            except KeyRefused:
                raise CallRefused(HTTPStatus.UNAUTHORIZED, "bad_key", "The cloud does not know this key.") from None
            except CloudError as error:
                sentence = f"The key could not be checked with the cloud: {error}"
                raise CallRefused(HTTPStatus.SERVICE_UNAVAILABLE, "cloud_away", sentence) from error
            self.home.save_key(api_key)

    def page(self) -> str:
        """The state, and the claim code while there is one."""
        claim = self.claim.claim
        if self.home.read_key():
            state = "<p>Paired.</p>"
        elif claim:
            code, uri = html.escape(claim.user_code), html.escape(claim.verification_uri_complete)
            state = f'<p>To pair it, enter <strong>{code}</strong> at <a href="{uri}">{uri}</a></p>'
        else:
            state = "<p>Not paired yet.</p>"
        return PAGE.format(device_id=html.escape(self.device_id), state=state)


class Handler(BaseHTTPRequestHandler):
    """One call."""

    server: LocalApi
    server_version = f"ghostwatt-pi/{__version__}"
    sys_version = ""
    timeout = READ_SECONDS

    def do_GET(self) -> None:
        """GET / and /device-id."""
        self._run(self._get)

    def do_POST(self) -> None:
        """POST /device-register and /save-api-key."""
        self._run(self._take_key)

    def do_OPTIONS(self) -> None:
        """A browser asks before it sends JSON to another origin."""
        self._run(lambda: self._answer(HTTPStatus.NO_CONTENT, b"", "text/plain"))

    def _run(self, call: Callable[[], None]) -> None:
        try:
            self._check_caller()
            call()
        except CallRefused as refused:
            self._answer_json(refused.status, {"success": False, "error": str(refused), "code": refused.code})

    def _get(self) -> None:
        server = self.server
        if self.path == "/":
            self._answer(HTTPStatus.OK, server.page().encode(), "text/html; charset=utf-8")
        elif self.path == "/device-id":
            registered = server.home.read_key() is not None
            self._answer_json(HTTPStatus.OK, {"success": True, "deviceId": server.device_id, "registered": registered})
        else:
            raise CallRefused(HTTPStatus.NOT_FOUND, "not_found", "There is no such page.")

    def _take_key(self) -> None:
        if self.path not in KEY_PATHS:
            raise CallRefused(HTTPStatus.NOT_FOUND, "not_found", "There is no such call.")
        api_key = self._body().get("apiKey")
        if not isinstance(api_key, str) or not api_key.isascii() or not api_key.isprintable() or not api_key.strip():
            raise CallRefused(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_field", "apiKey must be the key as text.")
        self.server.save_key(api_key.strip())
        self._answer_json(HTTPStatus.OK, {"success": True, "deviceId": self.server.device_id, "registered": True})

    def _body(self) -> dict[str, Any]:
        if self.headers.get_content_type() != "application/json":
            raise CallRefused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not_json", "Send application/json.")
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            raise CallRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", f"At most {MAX_BODY_BYTES} bytes.")
        try:
            body = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise CallRefused(HTTPStatus.BAD_REQUEST, "not_json", "The body is not a JSON object.")
        return body

    def _check_caller(self) -> None:
        if urlsplit(f"//{self.headers.get('Host', '')}").hostname not in LOOPBACK:
            raise CallRefused(HTTPStatus.FORBIDDEN, "bad_host", "Call this page by a loopback address.")
        if self.headers.get("Origin") and self._allowed_origin() is None:
            raise CallRefused(HTTPStatus.FORBIDDEN, "bad_origin", "That page may not call this device.")

    def _allowed_origin(self) -> str | None:
        """The Origin of the call if it is the cloud's or a loopback page."""
        origin = self.headers.get("Origin", "")
        cloud = urlsplit(self.server.api)
        is_cloud = origin == f"{cloud.scheme}://{cloud.netloc}"
        return origin if is_cloud or urlsplit(origin).hostname in LOOPBACK else None

    def _answer_json(self, status: HTTPStatus, body: dict[str, object]) -> None:
        self._answer(status, json.dumps(body).encode(), "application/json")

    def _answer(self, status: HTTPStatus, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", "default-src 'none'")
        if origin := self._allowed_origin():
            self.send_header("Access-Control-Allow-Origin", origin)
            self.send_header("Access-Control-Allow-Headers", "Content-Type")
            self.send_header("Vary", "Origin")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: a journal has no use for each look at the page."""
