"""Turns: how many requests of one caller are worked on at once; the others wait without a thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import anyio

AT_ONCE = 4
"""The threads share one CPU: forty requests of one caller would get forty shares of it, and all others one each."""


class Turns:
    """Used from one thread, that of the event loop."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._limiters: dict[str, anyio.CapacityLimiter] = {}
        self._requests: Counter[str] = Counter()

    def __len__(self) -> int:
        """How many callers are known: those with a request under way."""
        return len(self._limiters)

    @asynccontextmanager
    async def turn(self, caller: str) -> AsyncIterator[None]:
        """Wait for a turn, and hold it meanwhile. Callers without a name ("") do not wait: they are many."""
        if not caller:
            yield
            return
        limiter = self._limiters.setdefault(caller, anyio.CapacityLimiter(self._at_once))
        self._requests[caller] += 1
        try:
            async with limiter:
                yield
        finally:
            self._requests[caller] -= 1
            if not self._requests[caller]:
                del self._requests[caller], self._limiters[caller]


def caller_of(headers: Mapping[str, str]) -> str:
    """The credential of a request, which stands for a device, or a session, or a program; "" without one."""
    return headers.get("x-session-token") or headers.get("authorization") or ""
