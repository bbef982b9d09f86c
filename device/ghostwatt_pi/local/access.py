"""Decides who may call the local page, and checks the form of each call.

A web page in a browser on this machine can reach loopback, and one in a browser at home can reach the local network. So
a call must name this Pi by an address: a foreign name that resolves to it (DNS rebinding) is refused. Its Origin, if it
has one, must be the cloud's page, a loopback page, or one that a person at the Pi has allowed. Any other page is told
why it is refused, and nothing else. Its body must be JSON, which no form can send. A call from the network that pairs
the device must also bring the word that the Pi printed.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import re
import secrets
import socket
import threading
from collections.abc import Callable
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
NULL_ORIGIN = "null"
"""The origin of a page that was opened as a file, and of frames that may be anybody's."""
LEAST_WORD_LENGTH = 6
WEB_ORIGIN = re.compile(r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.ASCII)
"""The origin of a page on the web, as browsers write it."""
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
    """Accepts calls from loopback pages, from the page of the cloud, and from the page that a person has allowed.

    Args:
        api: The cloud's address.
        lan: Accept this machine's network address and name as the called host too.
        allowed: Returns the origin of the page that is allowed at this moment, if any.
    """

    def __init__(self, api: str, *, lan: bool, allowed: Callable[[], str | None] = lambda: None) -> None:
        parts = urlsplit(api)
        self._cloud_origin = f"{parts.scheme}://{parts.netloc}"
        name = socket.gethostname().lower()
        self._lan_names = {name, f"{name}.local"} if lan else set()
        self._lan = lan
        self._allowed = allowed

    def check_host(self, headers: Message) -> None:
        """Raise CallRefused unless the called host is this Pi's own."""
        if not self._is_called_by_own_name(headers):
            sentence = "Call this page by the Pi's own address."
            raise CallRefused(HTTPStatus.FORBIDDEN, "bad_host", sentence)

    def check(self, headers: Message) -> None:
        """Raise CallRefused unless host and origin are accepted."""
        self.check_host(headers)
        origin = headers.get("Origin")
        if origin is not None and not self._is_allowed(origin):
            raise CallRefused(HTTPStatus.FORBIDDEN, "bad_origin", _why_not(origin))

    def _is_allowed(self, origin: str) -> bool:
        is_loopback = origin.startswith(("http://", "https://")) and _host(origin) in LOOPBACK
        return origin == self._cloud_origin or is_loopback or (_is_origin(origin) and origin == self._allowed())

    def cors_headers(self, headers: Message) -> dict[str, str]:
        """Return the headers that let the calling page read the answer, and let Chrome call into a private network.

        A page that is refused gets them too, so that it can show why: its answer holds nothing else.
        """
        origin = headers.get("Origin", "")
        if not self._is_called_by_own_name(headers) or not (_is_origin(origin) or self._is_allowed(origin)):
            return {}
        cors = {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Headers": "Content-Type",
            "Vary": "Origin",
        }
        if headers.get("Access-Control-Request-Private-Network") == "true":
            cors["Access-Control-Allow-Private-Network"] = "true"
        return cors

    def _is_called_by_own_name(self, headers: Message) -> bool:
        return self._is_ours(_host(f"//{headers.get('Host', '')}"))

    def _is_ours(self, host: str) -> bool:
        return host in LOOPBACK or host in self._lan_names or (self._lan and _is_address(host))


def _is_origin(origin: str) -> bool:
    return origin == NULL_ORIGIN or WEB_ORIGIN.fullmatch(origin) is not None


def _why_not(origin: str) -> str:
    if not _is_origin(origin):
        return "That page may not call this device."
    page = "A page that was opened as a file" if origin == NULL_ORIGIN else f"The page {origin}"
    command = f"ghostwatt-pi claim --allow-page {origin}"
    return f"{page} may not call this device. Run this at the Pi, and try again within ten minutes: {command}"


class ConfirmationWord:
    """A word that only somebody at the Pi knows.

    Args:
        word: The word; by default one that the Pi makes up, and prints when it starts.
        source: Where a person finds it, as the end of a sentence about the word.
    """

    def __init__(self, word: str | None = None, source: str = "that the Pi printed when it started") -> None:
        letters = "".join(secrets.choice(ALPHABET) for _ in range(WORD_LENGTH))
        self.word = f"{letters[:3]}-{letters[3:]}" if word is None else word
        self._source = source
        self._wrong = 0
        self._lock = threading.Lock()

    @property
    def is_strong(self) -> bool:
        """Whether it has enough letters and digits that ten guesses do not find it."""
        return len(normalize(self.word)) >= LEAST_WORD_LENGTH

    def check(self, typed: object) -> None:
        """Raise CallRefused unless this is the word; case and hyphens do not matter."""
        if typed is None or typed == "":
            sentence = f"Send the word {self._source}, as `word`."
            raise CallRefused(HTTPStatus.FORBIDDEN, "word_needed", sentence)
        with self._lock:
            if self._wrong >= MAX_WRONG_WORDS:
                sentence = "Too many wrong words: pair at the Pi itself, or restart its agent."
                raise CallRefused(HTTPStatus.TOO_MANY_REQUESTS, "too_many_words", sentence)
            if not self.is_strong or not hmac.compare_digest(normalize(str(typed)), normalize(self.word)):
                self._wrong += 1
                raise CallRefused(HTTPStatus.FORBIDDEN, "bad_word", f"That is not the word {self._source}.")


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


def normalize(word: str) -> bytes:
    """Return the letters and digits of a word, in capitals."""
    return "".join(letter for letter in word.upper() if letter.isalnum()).encode()
