"""Decides who may call the local page, and checks the form of each call.

A web page in a browser on this machine can reach loopback, and one in a browser at home can reach the local network. So
a call must name this Pi by an address: a foreign name that resolves to it (DNS rebinding) is refused. Its Origin, if it
has one, must be the cloud's page or a loopback page. Its body must be JSON, which a foreign page cannot send without
asking first. A call from the network that pairs the device must also bring the word that the Pi printed.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import secrets
import socket
import threading
from email.message import Message
from http import HTTPStatus
from io import BufferedIOBase
from typing import Any
from urllib.parse import urlsplit

from ghostwatt_pi.settings.config import LOOPBACK

MAX_BODY_BYTES = 4096
MAX_DISCARDED_BYTES = 1_000_000
"""How much of a body that is too large is read, so that the sender gets the answer before the connection ends."""
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""Consonants, as in a claim code: no look-alikes, and no words by chance."""
WORD_LENGTH = 6
MAX_WRONG_WORDS = 10
"""Of 64 million words. Then the local network can pair nothing until the agent starts again."""


class CallRefused(Exception):
    """A call that gets an error answer.

    Attributes:
        status: The HTTP status.
        code: The machine-readable code.
    """

    def __init__(self, status: HTTPStatus, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.code = status, code


class OriginPolicy:
    """Accepts calls from loopback pages and from the page of the cloud.

    Args:
        api: The cloud's address.
        lan: Accept this machine's network address and name as the called host too.
    """

    def __init__(self, api: str, *, lan: bool) -> None:
        parts = urlsplit(api)
        self._cloud_origin = f"{parts.scheme}://{parts.netloc}"
        name = socket.gethostname().lower()
        self._lan_names = {name, f"{name}.local"} if lan else set()
        self._lan = lan

    def check(self, headers: Message) -> None:
        """Raise CallRefused unless host and origin are accepted."""
        if not self._is_ours(_host(f"//{headers.get('Host', '')}")):
            sentence = "Call this page by the Pi's own address."
            raise CallRefused(HTTPStatus.FORBIDDEN, "bad_host", sentence)
        if headers.get("Origin") is not None and self.allowed_origin(headers) is None:
            raise CallRefused(HTTPStatus.FORBIDDEN, "bad_origin", "That page may not call this device.")

    def allowed_origin(self, headers: Message) -> str | None:
        """Return the Origin of the call if it is the cloud's or a loopback page's."""
        origin = headers.get("Origin", "")
        is_loopback = origin.startswith(("http://", "https://")) and _host(origin) in LOOPBACK
        return origin if origin == self._cloud_origin or is_loopback else None

    def cors_headers(self, headers: Message) -> dict[str, str]:
        """Return the headers that let the calling page read the answer, and let Chrome call into a private network."""
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


class ConfirmationWord:
    """A word that the Pi prints at its start: a caller from the network who knows it has been at the Pi."""

    def __init__(self) -> None:
        letters = "".join(secrets.choice(ALPHABET) for _ in range(WORD_LENGTH))
        self.word = f"{letters[:3]}-{letters[3:]}"
        self._wrong = 0
        self._lock = threading.Lock()

    def check(self, typed: object) -> None:
        """Raise CallRefused unless this is the word; case and hyphens do not matter."""
        if typed is None or typed == "":
            sentence = "Over the network, send the word that the Pi printed when it started, as `word`."
            raise CallRefused(HTTPStatus.FORBIDDEN, "word_needed", sentence)
        with self._lock:
            if self._wrong >= MAX_WRONG_WORDS:
                sentence = "Too many wrong words: pair at the Pi itself, or restart its agent."
                raise CallRefused(HTTPStatus.TOO_MANY_REQUESTS, "too_many_words", sentence)
            if not hmac.compare_digest(_normalize(str(typed)), _normalize(self.word)):
                self._wrong += 1
                raise CallRefused(HTTPStatus.FORBIDDEN, "bad_word", "That is not the word that the Pi printed.")


def is_loopback(address: str) -> bool:
    """Whether the address of a caller is this machine's own."""
    ip = ipaddress.ip_address(address)
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback


def read_json(headers: Message, body: BufferedIOBase) -> dict[str, Any]:
    """Read the JSON object of a call. Raises CallRefused."""
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
    """Return the host of an address, without its port; empty if there is none or it is malformed."""
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


def _normalize(word: str) -> bytes:
    return "".join(letter for letter in word.upper() if letter.isalnum()).encode()
