"""How many connections a listener holds, in all and for one client, and which one gives way to a new one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from chalicelib.core.client_address import address_bucket


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
