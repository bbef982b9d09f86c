"""Reports the service's state to systemd: READY, WATCHDOG, STATUS, STOPPING (sd_notify(3))."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

from ghostwatt_pi.platforms.local_sockets import unix_socket


class Notifier:
    """Sends datagrams to the socket in NOTIFY_SOCKET, if there is one.

    A leading @ there stands for the zero byte of an abstract socket.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        name = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + name[1:] if name.startswith("@") else name
        self._every_seconds = int(environment.get("WATCHDOG_USEC") or 0) / 1e6 / 4
        self._next_alive = 0.0

    def ready(self, status: str) -> None:
        """Report that the service is ready."""
        self._send(f"READY=1\nSTATUS={_one_line(status)}")

    def status(self, status: str) -> None:
        """Report a line for `systemctl status`."""
        self._send(f"STATUS={_one_line(status)}")

    def alive(self) -> None:
        """Report that the main loop runs, four times within the watchdog's time. Call it at each turn of the loop."""
        now = time.monotonic()
        if self._every_seconds and now >= self._next_alive:
            self._next_alive = now + self._every_seconds
            self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """Report that the service is stopping."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with unix_socket(socket.SOCK_DGRAM) as sender:
                sender.sendto(message.encode(), self._address)
        except OSError as error:
            raise OSError(f"systemd's socket {self._address!r} does not take messages: {error}") from error


def _one_line(text: str) -> str:
    return " ".join(text.split())
