"""Settings of a person's own that name addresses: read strictly, since a wrong one opens or closes doors silently."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from infra.local.emulator.descriptors import MOST_HTTP, MOST_PER_CLIENT
from infra.local.emulator.http_protocols import REQUEST_SECONDS
from infra.local.emulator.trusted_proxies import TrustedProxies, networks

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that an option or a variable of the environment (and so of make) gives."""

    read: Callable[[str], object]
    meaning: str
    default: str = ""


def web_address(text: str) -> str:
    """http(s)://host or http(s)://host:port, as browsers write an origin; "" stays so. Raises ArgumentTypeError."""
    if not text:
        return ""
    try:
        url = urlsplit(text)
        host, port = url.hostname or "", url.port
    except ValueError as error:
        raise _refused(text) from error
    rest = url._replace(scheme="", netloc="").geturl()
    if url.scheme not in DEFAULT_PORTS or not host or not text.isascii() or rest not in ("", "/") or url.username:
        raise _refused(text)
    bracketed = f"[{host}]" if ":" in host else host
    return f"{url.scheme}://{bracketed}" + ("" if port in (None, DEFAULT_PORTS[url.scheme]) else f":{port}")


def network_list(text: str) -> TrustedProxies:
    """Addresses and networks, parted by commas. Raises ArgumentTypeError."""
    try:
        return networks(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of addresses or networks: {error}") from error


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of connections")
    return int(text)


def _refused(text: str) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(f"{text!r} is no address like https://home.example (in ASCII, without a path)")


SETTINGS = {
    "PUBLIC_URL": Setting(web_address, "where people reach it, as https://home.example (default: where it listens)"),
    "WEB_ORIGIN": Setting(web_address, "the one other origin whose pages may call the API (default: none)"),
    "TRUSTED_PROXY": Setting(network_list, "reverse proxies that are believed: addresses and networks, by commas"),
    "MAX_CONNECTIONS": Setting(_count, "at the HTTP port, in all (default: %(default)s)", str(MOST_HTTP)),
    "MAX_CONNECTIONS_PER_CLIENT": Setting(_count, "of one address (default: %(default)s)", str(MOST_PER_CLIENT)),
    "REQUEST_SECONDS": Setting(float, "for the head of a request (default: %(default)s)", str(REQUEST_SECONDS)),
}
