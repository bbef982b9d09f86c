"""Who may call the local page, and how a call must look.

A web page in a browser on this machine can reach loopback, and one in a browser at home the local network. So a call
must name this Pi by an address (a foreign name that resolves to it, DNS rebinding, is refused), come from the cloud's
page or a loopback one if it says where from, and bring JSON, which no foreign page can send without asking first.
"""

from __future__ import annotations

import ipaddress
import json
import socket
from email.message import Message
from http import HTTPStatus
from io import BufferedIOBase
from typing import Any
from urllib.parse import urlsplit

from ghostwatt_pi.settings.config import LOOPBACK

MAX_BODY_BYTES = 4096
MAX_DISCARDED_BYTES = 1_000_000
"""So much of a body that is too large is read away, so that the sender hears the answer before the connection ends."""


class CallRefused(Exception):
    """A call that gets an error answer."""

    def __init__(self, status: HTTPStatus, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.code = status, code


class Guard:
    """Lets calls pass from loopback pages and the page of the cloud at `api`.

    With `lan` this machine may also be called by its network address or its name.
    """

    def __init__(self, api: str, *, lan: bool) -> None:
        parts = urlsplit(api)
        self._cloud_origin = f"{parts.scheme}://{parts.netloc}"
        name = socket.gethostname().lower()
        self._lan_names = {name, f"{name}.local"} if lan else set()
        self._lan = lan

    def check(self, headers: Message) -> None:
        """Raises CallRefused."""
        if not self._is_ours(_host(f"//{headers.get('Host', '')}")):
            sentence = "Call this page by the Pi's own address."
            raise CallRefused(HTTPStatus.FORBIDDEN, "bad_host", sentence)
        if headers.get("Origin") is not None and self.allowed_origin(headers) is None:
            raise CallRefused(HTTPStatus.FORBIDDEN, "bad_origin", "That page may not call this device.")

    def allowed_origin(self, headers: Message) -> str | None:
        """The Origin of the call if it is the cloud's or a loopback page's."""
        origin = headers.get("Origin", "")
        is_loopback = origin.startswith(("http://", "https://")) and _host(origin) in LOOPBACK
        return origin if origin == self._cloud_origin or is_loopback else None

    def cors_headers(self, headers: Message) -> dict[str, str]:
        """What lets the page that calls read the answer, and Chrome call from a public page into a private network."""
        origin = self.allowed_origin(headers)
        if origin is None:
            return {}
        cors = {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Headers": "Content-Type",
            "Vary": "Origin",
        }
        if headers.get("Access-Control-Request-Private-Network") == "true":
            cors["Access-Control-Allow-Private-Network"] = "true"
        return cors

    def _is_ours(self, host: str) -> bool:
        return host in LOOPBACK or host in self._lan_names or (self._lan and _is_address(host))


def is_loopback(address: str) -> bool:
    """Whether a caller's address is this machine's own."""
    ip = ipaddress.ip_address(address)
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback


def read_json(headers: Message, body: BufferedIOBase) -> dict[str, Any]:
    """The JSON object of a call. Raises CallRefused."""
    if headers.get_content_type() != "application/json":
        raise CallRefused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not_json", "Send application/json.")
    text = headers.get("Content-Length", "")
    if not (text.isascii() and text.isdecimal()):
        raise CallRefused(HTTPStatus.LENGTH_REQUIRED, "no_length", "Send a Content-Length.")
    length = int(text)
    if length > MAX_BODY_BYTES:
        body.read(min(length, MAX_DISCARDED_BYTES))
        raise CallRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", f"At most {MAX_BODY_BYTES} bytes.")
    try:
        decoded = json.loads(body.read(length))
    except (ValueError, RecursionError):
        decoded = None
    if not isinstance(decoded, dict):
        raise CallRefused(HTTPStatus.BAD_REQUEST, "not_json", "The body is not a JSON object.")
    return decoded


def _host(url: str) -> str:
    """The host of an address, without its port; empty if there is none or it is malformed."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
