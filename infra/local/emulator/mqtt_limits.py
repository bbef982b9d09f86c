"""How many connections the MQTT broker takes: in all, from one address, and of one device."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chalicelib.core.client_address import address_bucket

SECONDS_BETWEEN_LINES = 60.0
"""Between two lines in the log about connections that are turned away: anybody can cause them."""
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
        self._logged_at = float("-inf")

    @contextmanager
    def counted(self, peer: tuple[str, int] | None) -> Iterator[None]:
        """Count a connection while it is open. Raises TooManyConnections."""
        address = address_bucket(peer[0]) if peer else ""
        if self._open.total() >= self._limits.total or self._open[address] >= self._limits.per_address:
            self._log_refusal()
            raise TooManyConnections("too many connections")
        self._open[address] += 1
        try:
            yield
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]

    def _log_refusal(self) -> None:
        if time.monotonic() - self._logged_at >= SECONDS_BETWEEN_LINES:
            self._logged_at = time.monotonic()
            LOG.warning("connections are turned away: too many are open, in all or from one address")
