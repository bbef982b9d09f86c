"""Addresses of webhooks: which URLs and IP addresses may be called, and looking up names in bounded time.

A person gives a URL, and we call it from inside our own network: neither the URL nor its name may lead there. The
operating system's own look-up of a name may take half a minute, or never end.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from chalicelib.core.errors import Invalid, Undeliverable

FIELD = "webhook.url"
MAX_URL_CHARACTERS = 2_000
WEB_PORTS = frozenset({80, 443})
FIRST_FREE_PORT = 1_024
"""Ports below, but for those of the web, belong to services that speak something else: mail, DNS, SSH."""
REFUSED_V4 = (
    IPv4Network("100.64.0.0/10"),  # shared by providers (RFC 6598)
    IPv4Network("192.0.0.0/24"),  # protocol assignments (RFC 6890)
    IPv4Network("192.88.99.0/24"),  # once the relays of 6to4 (RFC 7526)
)
REFUSED_V6 = (
    IPv6Network("::/96"),  # IPv4 inside IPv6 (RFC 4291)
    IPv6Network("::ffff:0:0/96"),  # the same, mapped
    IPv6Network("::ffff:0:0:0/96"),  # the same, translated (RFC 2765)
    IPv6Network("64:ff9b::/96"),  # NAT64 (RFC 6052)
    IPv6Network("64:ff9b:1::/48"),  # NAT64 of one's own (RFC 8215)
    IPv6Network("2001::/23"),  # protocol assignments, Teredo among them (RFC 2928)
    IPv6Network("2002::/16"),  # 6to4 (RFC 3056)
    IPv6Network("3fff::/20"),  # documentation (RFC 9637)
    IPv6Network("5f00::/16"),  # segment identifiers (RFC 9602)
    IPv6Network("fec0::/10"),  # site-local, given up (RFC 3879)
)
"""More than ipaddress itself calls not global: an address that carries another one inside could lead in."""
Resolve = Callable[[str, int], list[str]]
LOOK_UPS_AT_ONCE = 64
"""A look-up that never ends holds a thread; past so many, further look-ups fail when their time is over."""
_free = threading.BoundedSemaphore(LOOK_UPS_AT_ONCE)


@dataclass(frozen=True, slots=True)
class Target:
    """A parsed webhook URL: scheme, a name or an address, port, and the path with its query."""

    is_https: bool
    host: str
    port: int
    path: str


def parse_webhook_url(url: str, *, http_allowed: bool) -> Target:
    """Parse the URL of a webhook.

    Args:
        url: The URL, as a person gave it.
        http_allowed: Whether it may go without TLS.

    Raises:
        Invalid: It has something that no webhook needs (field webhook.url).
    """
    if len(url) > MAX_URL_CHARACTERS or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise _invalid(f"A webhook's URL has at most {MAX_URL_CHARACTERS} printable ASCII characters and no blank.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _invalid("This is not a URL.") from error
    schemes = ("https", "http") if http_allowed else ("https",)
    if parts.scheme not in schemes or not parts.hostname:
        raise _invalid("A webhook's URL begins with https:// and a name.")
    if "@" in parts.netloc or parts.fragment:
        raise _invalid("A webhook's URL has no user, no password and no #: the signature shows who calls.")
    is_https = parts.scheme == "https"
    port = port if port is not None else 443 if is_https else 80
    if port not in WEB_PORTS and port < FIRST_FREE_PORT:
        raise _invalid(f"A webhook's port is 443, 80, or {FIRST_FREE_PORT} and above.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(is_https, parts.hostname, port, path)


def _invalid(message: str) -> Invalid:
    return Invalid(message, code="invalid", field=FIELD)


def is_public(address: str) -> bool:
    """Say whether an IP address lies on the public Internet."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    refused = isinstance(ip, IPv4Address) and any(ip in network for network in REFUSED_V4)
    refused |= isinstance(ip, IPv6Address) and (ip.scope_id is not None or any(ip in net for net in REFUSED_V6))
    special = ip.is_private or ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_reserved
    return ip.is_global and not (refused or special or ip.is_unspecified)


def resolve(host: str, port: int) -> list[str]:
    """Look up all IP addresses of a name.

    Raises:
        OSError: The name has none.
    """
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for _, _, _, _, address in infos))


def look_up(host: str, port: int, resolver: Resolve, seconds: float) -> list[str]:
    """Look up all IP addresses of a name in bounded time.

    Args:
        host: The name, or an address in any notation.
        port: The port that will be called.
        resolver: Does the look-up.
        seconds: How long it may take. A look-up cannot be aborted: it goes on in its own thread.

    Raises:
        Undeliverable: The name is not known, or the time is over.
    """
    answers: queue.SimpleQueue[list[str] | OSError | UnicodeError] = queue.SimpleQueue()
    free = _free  # release the semaphore that was acquired, however late the look-up ends

    def ask() -> None:
        try:
            answers.put(resolver(host, port))
        except (OSError, UnicodeError) as error:
            answers.put(error)
        finally:
            free.release()

    deadline = time.monotonic() + seconds
    late = Undeliverable(f"The name {host} could not be looked up in time.")
    if not free.acquire(timeout=seconds):
        raise late
    threading.Thread(target=ask, name=f"look-up of {host}", daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.0, deadline - time.monotonic()))
    except queue.Empty:
        raise late from None
    if not isinstance(answer, list):
        raise Undeliverable(f"The name {host} is not known.") from answer
    if not answer:
        raise Undeliverable(f"The name {host} has no address.")
    return answer
