"""Webhooks: which address may be called, and how a call is signed. Pure: the resolving is done by the caller.

A person names a URL and we call it from inside our own network, so that a URL, or the name in it, must not lead there.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from chalicelib.core.errors import Invalid

FIELD = "webhook.url"
MAX_URL_CHARACTERS = 2_000
WEB_PORTS = frozenset({80, 443})
FIRST_FREE_PORT = 1_024
"""Below it, but for the web's own, live services that understand something else than HTTP: mail, DNS, SSH."""
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
"""Beyond what ipaddress itself calls not global: whatever carries another address inside could lead in."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a webhook goes: a name or an address, a port, the path with its query."""

    is_https: bool
    host: str
    port: int
    path: str


def target(url: str, *, http_allowed: bool) -> Target:
    """The parts of a webhook's URL. Raises Invalid: webhook.url, for what no webhook needs."""
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
    """Whether an IP address lies on the public Internet, for all that is known of it."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    refused = isinstance(ip, IPv4Address) and any(ip in network for network in REFUSED_V4)
    refused |= isinstance(ip, IPv6Address) and (ip.scope_id is not None or any(ip in net for net in REFUSED_V6))
    special = ip.is_private or ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_reserved
    return ip.is_global and not (refused or special or ip.is_unspecified)


def signature(secret: str, body: bytes, at_seconds: int) -> str:
    """The value of X-Ghostwatt-Signature: t=<unix time>,v1=<HMAC-SHA-256 of "t.body" in hexadecimal>.

    The time is signed too, so that a receiver can refuse what is old.
    """
    signed = hmac.new(secret.encode(), f"{at_seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at_seconds},v1={signed}"
