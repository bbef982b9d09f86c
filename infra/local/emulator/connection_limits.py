"""Limits of connections: file descriptors, shared between the listeners, and the connections of each listener."""

from __future__ import annotations

import logging
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from chalicelib.core.client_address import address_bucket

OWN_USE = 256
"""Kept for the stack itself: the database calls of 40 threads, the page's files, logs, pipes, the management port."""
MOST_MANAGEMENT = 64
"""Of the app's own calls; they come from threads of this process."""
MOST_HTTP = 2_000
MOST_MQTT = 1_000
MOST_PER_CLIENT = 256
"""A household behind one address: fifty pages, as many Pis, and browsers with six connections each."""


@dataclass(frozen=True, slots=True)
class Shares:
    """How many connections the HTTP port and the MQTT port may hold."""

    http: int
    mqtt: int


def raise_descriptor_limit() -> int:
    """Raise the soft limit of open files to the hard one; the limit as it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard if hard != resource.RLIM_INFINITY else MOST_HTTP + MOST_MQTT + OWN_USE


def share_descriptors(descriptors: int) -> Shares:
    """What is left of so many descriptors beside the stack's own use: two thirds for HTTP, a third for MQTT."""
    left = max(descriptors - OWN_USE, 6)
    return Shares(http=min(left * 2 // 3, MOST_HTTP), mqtt=min(left // 3, MOST_MQTT))


@dataclass(eq=False, slots=True)
class Connection:
    """One open connection. It is idle while it waits for a request; only then may it give way."""

    client: str
    close: Callable[[], None]
    idle: bool = True


@dataclass(slots=True)
class HttpLimits:
    """The open connections of one listener; for the thread of its event loop only.

    A client is an IPv4 address or an IPv6 /64. Past a limit the idle connection that is open longest gives way to the
    new one: a flood of half requests then pushes out itself, and not those who ask for something. Where all are busy,
    the new one is refused.

    Attributes:
        most: Connections in all.
        most_per_client: Connections of one client.
        is_proxy: Whether an address is a proxy's, whose connections are those of many clients.
    """

    most: int
    most_per_client: int
    is_proxy: Callable[[str], bool] = lambda _address: False
    _open: dict[Connection, None] = field(default_factory=dict)
    _of_client: Counter[str] = field(default_factory=Counter)

    def admit(self, address: str, close: Callable[[], None]) -> Connection | None:
        """Count a new connection; None when it is refused.

        Args:
            address: Where it comes from.
            close: Closes it at once; it is called when it has to give way.
        """
        client = address_bucket(address)
        if not self.is_proxy(address) and self._of_client[client] >= self.most_per_client:
            if not self._give_way(client):
                return None
        elif len(self._open) >= self.most and not self._give_way(self._greediest()):
            return None
        connection = Connection(client, close)
        self._open[connection] = None
        self._of_client[client] += 1
        return connection

    def release(self, connection: Connection) -> None:
        """A connection has ended; a second call changes nothing."""
        if connection not in self._open:
            return
        del self._open[connection]
        self._of_client[connection.client] -= 1
        if not self._of_client[connection.client]:
            del self._of_client[connection.client]

    def _greediest(self) -> str:
        """The client with the most idle connections: in a flood, the flooder."""
        idle = Counter(connection.client for connection in self._open if connection.idle)
        return max(idle, key=idle.__getitem__, default="")

    def _give_way(self, client: str) -> bool:
        """Close the idle connection of a client that is open longest; False when it has none."""
        oldest = next(
            (connection for connection in self._open if connection.idle and connection.client == client), None
        )
        if oldest is None:
            return False
        self.release(oldest)
        oldest.close()
        return True


SECONDS_BETWEEN_LINES = 60.0
"""Between two lines in the log about connections that are turned away: anybody can cause them."""
LOG = logging.getLogger("ghostwatt.mqtt")


@dataclass(frozen=True, slots=True)
class MqttLimits:
    """The most connections at a time; past `per_device` the oldest of the device ends, past the others new ones do."""

    total: int = 1_000
    per_address: int = 250
    per_device: int = 10


class TooManyConnections(OSError):
    """A connection is turned away."""


class MqttConnectionCounter:
    """Counts those that are open; used from one thread."""

    def __init__(self, limits: MqttLimits) -> None:
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
