"""How many connections the MQTT broker takes: in all, from one address, and of one device."""

from __future__ import annotations

import ipaddress
import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

SECONDS_BETWEEN_LINES = 60.0
"""Between two lines in the log about connections that are turned away: anybody can cause them."""
NETWORK_BITS = 64
"""An IPv6 host has a whole /64 to choose its addresses from."""
LOG = logging.getLogger("ghostwatt.mqtt")


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """The most connections at a time; past `per_device` the oldest of the device ends, past the others new ones do."""

    total: int = 1_000
    per_address: int = 250
    per_device: int = 10


class TooManyConnections(OSError):
    """A connection is turned away."""


class Connections:
    """Counts those that are open; used from one thread."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self._limits = limits
        self._open: Counter[str] = Counter()
        self._told_at = float("-inf")

    @contextmanager
    def one(self, peer: tuple[str, int] | None) -> Iterator[None]:
        """While a connection is open. Raises TooManyConnections."""
        address = _address(peer[0]) if peer else ""
        if self._open.total() >= self._limits.total or self._open[address] >= self._limits.per_address:
            self._tell()
            raise TooManyConnections("too many connections")
        self._open[address] += 1
        try:
            yield
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]

    def _tell(self) -> None:
        if time.monotonic() - self._told_at >= SECONDS_BETWEEN_LINES:
            self._told_at = time.monotonic()
            LOG.warning("connections are turned away: too many are open, in all or from one address")


def _address(host: str) -> str:
    """The address, of IPv6 its network."""
    try:
        ip = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is None:
        return str(ipaddress.ip_network((ip, NETWORK_BITS), strict=False))
    return str(ip)
