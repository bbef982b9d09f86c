"""Turns: so many requests of a caller at once, in the order in which they came; nothing is kept of who is done."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio

from infra.local.emulator.request_queue import Turns, caller_of


def run(act: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run in a thread of its own: in this one, a browser of other tests may have a loop that runs."""
    with ThreadPoolExecutor(1) as threads:
        threads.submit(anyio.run, act).result()


def test_a_caller_has_so_many_turns_at_once_and_another_caller_has_its_own() -> None:
    async def act() -> None:
        turns, most, now, done = Turns(2), 0, 0, 0

        async def work() -> None:
            nonlocal most, now, done
            async with turns.turn("noisy"):
                now += 1
                most = max(most, now)
                await anyio.lowlevel.checkpoint()
                now, done = now - 1, done + 1

        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(work)
            async with turns.turn("quiet"), turns.turn("quiet too"):
                assert done < 20
        assert (most, done) == (2, 20)
        assert len(turns) == 0

    run(act)


def test_a_request_that_is_given_up_makes_room() -> None:
    async def act() -> None:
        turns = Turns(1)
        for _ in range(3):
            with anyio.move_on_after(0.01):
                async with turns.turn("ann"):
                    await anyio.sleep_forever()
        async with turns.turn("ann"):
            pass
        assert len(turns) == 0

    run(act)


def test_a_caller_is_known_by_its_credential() -> None:
    assert caller_of({"x-session-token": "s", "authorization": "Bearer b"}) == "s"
    assert caller_of({"authorization": "Device d"}) == "Device d"
    assert caller_of({}) == ""
