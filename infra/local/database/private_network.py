"""Connect to a server in a private network: its helper (parent_death_wrapper.py) hands over sockets of that network.

A connection, once made, is the kernel's own: no byte of it passes through the helper.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
import threading
from collections.abc import Callable
from typing import Any

import urllib3.util.connection

LOG = logging.getLogger("ghostwatt.database")
Address = tuple[str, int]
SocketFactory = Callable[[], socket.socket]

HELPER_SECONDS = 10.0
"""How long the helper may take on a busy machine; it only makes a socket."""
_connect_by_urllib3 = urllib3.util.connection.create_connection
_routes: dict[Address, SocketFactory] = {}


class PrivateNetwork:
    """Our end of the socket whose other end belongs to the parent-death wrapper."""

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()
        self._ours.settimeout(HELPER_SECONDS)
        self._lock = threading.Lock()

    @property
    def descriptor(self) -> int:
        """The descriptor of the wrapper's end; the wrapper must inherit it."""
        return self._theirs.fileno()

    def refusal(self) -> str:
        """Wait for the helper. Returns "" when the network stands, else the reason why it does not."""
        self._theirs.close()
        answer = self._ours.recv(1_000).decode(errors="replace")
        return "" if answer == "+" else answer or "the program did not start"

    def new_socket(self) -> socket.socket:
        """A TCP socket of that network, not connected yet. Raises OSError when the helper is gone."""
        with self._lock:
            self._ours.sendall(b"s")
            answer, descriptors, _, _ = socket.recv_fds(self._ours, 1, 1, socket.MSG_CMSG_CLOEXEC)
        if not answer:
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        if not descriptors:  # this process has no room for one more
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return socket.socket(fileno=descriptors[0])

    def wait_until_gone(self) -> None:
        """Wait until the helper has ended, and close."""
        with self._lock:
            try:
                while self._ours.recv(1):
                    pass
            except ConnectionResetError:
                LOG.debug("the helper of the private network ended with a request unread")
            except OSError as error:
                LOG.warning("the helper of the private network may still run: %s", error)
            self._ours.close()


def route(address: Address, new_socket: SocketFactory) -> None:
    """Let all HTTP clients of this process (urllib3, so botocore too) reach an address by this factory's sockets."""
    _routes[address] = new_socket
    urllib3.util.connection.create_connection = _create_connection


def end_route(address: Address) -> None:
    """Reach the address as any other again."""
    _routes.pop(address, None)


def _create_connection(
    address: Address, timeout: Any = None, source_address: Address | None = None, socket_options: Any = None
) -> socket.socket:
    """As urllib3's function of this name."""
    new_socket = _routes.get(address)
    if new_socket is None:
        return _connect_by_urllib3(address, timeout, source_address, socket_options)
    made = new_socket()
    try:
        for option in socket_options or ():
            made.setsockopt(*option)
        made.settimeout(timeout if isinstance(timeout, (int, float)) else None)
        made.connect(address)
    except BaseException:
        made.close()
        raise
    return made
