"""Which site a browser calls from, and whether that site may have the refresh cookie.

A browser says where a call comes from: in Origin (every POST has one) and in Sec-Fetch-Site, neither of which a page
can forge. A program that is no browser sends neither.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address
from typing import Any

from chalice.app import Request

from chalicelib.core.settings import settings

ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[^\s/?#@\\:,\[\]]+)(?::(\d{1,5}))?", re.ASCII)
"""A serialised origin (RFC 6454, section 6.1), in lower case: scheme, host and perhaps a port, and nothing else."""
DEFAULT_PORTS = {"http": "80", "https": "443"}
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
UNDELEGATED = ("localhost", "local", "internal", "home.arpa")
"""Names that public DNS does not have (RFC 6761, 6762, 8375, ICANN 2024): no stranger can point one at this machine."""


class Site(Enum):
    """What a call's origin may get: OWN the cookie, ALLOWED its tokens in the body only, FOREIGN nothing."""

    OWN = "own"
    ALLOWED = "allowed"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class BrowserHeaders:
    """What a request says about where it comes from: all values of each header."""

    origin: Sequence[str] = ()
    sec_fetch_site: Sequence[str] = ()
    referer: Sequence[str] = ()
    host: Sequence[str] = ()


def caller_site(request: Request) -> Site:
    """The site that a request comes from: the page's own, the one that CORS allows, or a foreign one."""
    values = _all_values(request.to_original_event())
    headers = BrowserHeaders(
        origin=values.get("origin", ()),
        sec_fetch_site=values.get("sec-fetch-site", ()),
        referer=values.get("referer", ()),
        host=values.get("host", ()),
    )
    return site_of(headers, settings().public_url, settings().web_origin)


def _all_values(event: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """All values of each header by its name in lower case: a second Origin must not hide behind the first."""
    several: Mapping[str, Sequence[str]] = event.get("multiValueHeaders") or {}
    single: Mapping[str, str] = event.get("headers") or {}
    pairs = several.items() or ((name, [value]) for name, value in single.items())
    return {name.lower(): values for name, values in pairs}


def site_of(headers: BrowserHeaders, public_url: str, web_origin: str) -> Site:
    """Where a call comes from.

    Args:
        headers: What the request says.
        public_url: Where people reach the page.
        web_origin: The one origin that CORS allows.

    Returns:
        OWN for the page itself and for programs, which send neither Origin nor Sec-Fetch-Site; ALLOWED for the origin
        that CORS allows; FOREIGN for every other, also where the headers contradict each other.
    """
    claimed = headers.origin or [_origin_of_url(url) for url in headers.referer]
    fetched = {value.strip().lower() for value in headers.sec_fetch_site} - {"", "none", "same-origin"}
    if not claimed:
        return Site.FOREIGN if fetched else Site.OWN
    origin = normalized_origin(claimed[0]) if len(claimed) == 1 else None
    if origin is None:
        return Site.FOREIGN
    if _is_own(origin, public_url, headers.host):
        return Site.FOREIGN if fetched else Site.OWN
    return Site.ALLOWED if origin == _origin_of_url(web_origin) else Site.FOREIGN


def normalized_origin(text: str) -> str | None:
    """An origin in the form that browsers send: lower case, without the scheme's default port; None if it is none."""
    shape = ORIGIN.fullmatch(text.strip().lower())
    if shape is None:
        return None
    scheme, host, port = shape.groups()
    return f"{scheme}://{host}" if port in (None, DEFAULT_PORTS.get(scheme)) else f"{scheme}://{host}:{int(port)}"


def _is_own(origin: str, public_url: str, host: Sequence[str]) -> bool:
    """Whether this is the page's own origin: that of public_url, or the one at which a browser reached this machine.

    A PC has many addresses (localhost, 127.0.0.1, that in its network). The Host header counts only where no stranger
    could have made a name of their own lead here.
    """
    if origin == _origin_of_url(public_url):
        return True
    if len(host) != 1:
        return False
    scheme = public_url.partition("://")[0]
    reached = {normalized_origin(f"{scheme}://{host[0]}"), _loopback_origin(host[0])}
    return origin in reached and _cannot_be_rebound(origin)


def _loopback_origin(host: str) -> str | None:
    """The origin of a page on this machine itself, which is http whatever other machines use; None for other hosts."""
    origin = normalized_origin(f"http://{host}")
    shape = ORIGIN.fullmatch(origin) if origin else None
    return origin if shape and shape.group(2) in LOOPBACK_HOSTS else None


def _cannot_be_rebound(origin: str) -> bool:
    shape = ORIGIN.fullmatch(origin)
    host = shape.group(2).strip("[]") if shape else ""
    if "." not in host or host.endswith(tuple(f".{name}" for name in UNDELEGATED)):
        return bool(host)
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def _origin_of_url(url: str) -> str:
    """The origin of a URL; "null", as browsers have it, when it has none."""
    scheme, separator, rest = url.strip().partition("://")
    return normalized_origin(f"{scheme}{separator}{re.split(r'[/?#]', rest, maxsplit=1)[0]}") or "null"
