"""Looking up names in bounded time: the operating system's own look-up may take half a minute, or never come back."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable

from chalicelib.notifications.delivery import Undeliverable

Resolve = Callable[[str, int], list[str]]
LOOK_UPS_AT_ONCE = 64
"""Those that never come back hold a thread each; past so many a look-up fails once its time is over."""
_free = threading.BoundedSemaphore(LOOK_UPS_AT_ONCE)


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a name; raises OSError when it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for _, _, _, _, address in found))


def look_up(host: str, port: int, resolver: Resolve, seconds: float) -> list[str]:
    """All addresses of a name.

    Args:
        host: The name, or an address in whatever way it is written.
        port: Where it will be called.
        resolver: Does the look-up.
        seconds: How long it may take. The look-up itself cannot be broken off: it is left to itself.

    Raises:
        Undeliverable: The name is not known, or not within the time.
    """
    answers: queue.SimpleQueue[list[str] | OSError | UnicodeError] = queue.SimpleQueue()
    free = _free  # the place that is taken is the one given back, however late the look-up ends

    def ask() -> None:
        try:
            answers.put(resolver(host, port))
        except (OSError, UnicodeError) as error:
            answers.put(error)
        finally:
            free.release()

    deadline = time.monotonic() + seconds
    late = Undeliverable(f"The name {host} could not be looked up in time.")
    if not free.acquire(timeout=seconds):
        raise late
    threading.Thread(target=ask, name=f"look-up of {host}", daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.0, deadline - time.monotonic()))
    except queue.Empty:
        raise late from None
    if not isinstance(answer, list):
        raise Undeliverable(f"The name {host} is not known.") from answer
    if not answer:
        raise Undeliverable(f"The name {host} has no address.")
    return answer
