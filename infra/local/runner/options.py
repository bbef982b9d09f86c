"""Options of the command line and of the environment: their types, and the sentences that refuse a wrong one."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from infra.local.emulator.connection_limits import MOST_HTTP, MOST_PER_CLIENT
from infra.local.emulator.http_protocols import REQUEST_SECONDS
from infra.local.emulator.trusted_proxies import TrustedProxies, networks
from infra.local.tls.host_names import checked_name

MAX_PORT = 65_535
DEFAULT_PORTS = {"http": 80, "https": 443}
LEAST_SECONDS, MOST_SECONDS = 0.01, 86_400.0


def port(text: str) -> int:
    """A TCP port, 0 for a free one."""
    if not (text.isascii() and text.isdigit() and int(text) <= MAX_PORT):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a whole number from 0 to {MAX_PORT}.")
    return int(text)


def count(text: str) -> int:
    """A number of things, at least one."""
    if not (text.isascii() and text.isdigit() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number: give a whole number from 1 on.")
    return int(text)


def seconds(text: str) -> float:
    """A duration in seconds."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not LEAST_SECONDS <= value <= MOST_SECONDS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of seconds from {LEAST_SECONDS} to {MOST_SECONDS:.0f}."
        )
    return value


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


def is_on(text: str) -> bool:
    """1 or yes, 0 or no; "" is no. Raises ArgumentTypeError."""
    if text.lower() not in ("", "0", "no", "1", "yes"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither 1 nor 0")
    return text.lower() in ("1", "yes")


def name_list(text: str) -> tuple[str, ...]:
    """Names and addresses of this machine, parted by commas. Raises ArgumentTypeError."""
    try:
        return tuple(checked_name(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _refused(text: str) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(f"{text!r} is no address like https://home.example (in ASCII, without a path)")


SETTINGS = {
    "PUBLIC_URL": Setting(web_address, "where people reach it, as https://home.example (default: where it listens)"),
    "WEB_ORIGIN": Setting(web_address, "the one other origin whose pages may call the API (default: none)"),
    "TLS": Setting(is_on, "1: HTTPS and MQTTS for other machines, with a CA of this PC's own; HTTP stays here"),
    "TLS_NAMES": Setting(name_list, "more names and addresses of this machine for its certificate, by commas"),
    "HTTPS_PORT": Setting(port, "of HTTPS, with TLS=1; 0 takes a free one (default: %(default)s)", "8443"),
    "MQTTS_PORT": Setting(port, "of MQTT over TLS, with TLS=1; 0 takes a free one (default: %(default)s)", "8883"),
    "TRUSTED_PROXY": Setting(network_list, "reverse proxies that are believed: addresses and networks, by commas"),
    "MAX_CONNECTIONS": Setting(count, "at the HTTP port, in all (default: %(default)s)", str(MOST_HTTP)),
    "MAX_CONNECTIONS_PER_CLIENT": Setting(count, "of one address (default: %(default)s)", str(MOST_PER_CLIENT)),
    "REQUEST_SECONDS": Setting(float, "for the head of a request (default: %(default)s)", str(REQUEST_SECONDS)),
}
