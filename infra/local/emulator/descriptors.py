"""File descriptors: as many as the system gives, shared between the listeners."""

from __future__ import annotations

import resource
from dataclasses import dataclass

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


def raise_limit() -> int:
    """Raise the soft limit of open files to the hard one; the limit as it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard if hard != resource.RLIM_INFINITY else MOST_HTTP + MOST_MQTT + OWN_USE


def shares(descriptors: int) -> Shares:
    """What is left of so many descriptors beside the stack's own use: two thirds for HTTP, a third for MQTT."""
    left = max(descriptors - OWN_USE, 6)
    return Shares(http=min(left * 2 // 3, MOST_HTTP), mqtt=min(left // 3, MOST_MQTT))
