"""Work for many, each of which stands for itself."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from chalicelib.core.error_collector import ErrorCollector

LOG = logging.getLogger("ghostwatt.test")


def fail(error: BaseException) -> None:
    raise error


def work_on(pieces: dict[str, Callable[[], None]]) -> None:
    with ErrorCollector(LOG) as errors:
        for name, piece in pieces.items():
            with errors.collect(f"piece {name}"):
                piece()


def test_what_fails_for_one_holds_up_no_other_and_the_first_error_is_raised_in_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done: list[str] = []
    pieces = {
        "a": lambda: done.append("a"),
        "b": lambda: fail(ValueError("first")),
        "c": lambda: done.append("c"),
        "d": lambda: fail(ValueError("second")),
        "e": lambda: done.append("e"),
    }
    with pytest.raises(ValueError, match="first"):
        work_on(pieces)
    assert done == ["a", "c", "e"]
    assert [record.getMessage() for record in caplog.records] == ["piece b failed", "piece d failed"]


def test_where_nothing_fails_nothing_is_raised() -> None:
    done: list[str] = []
    work_on({"a": lambda: done.append("a")})
    assert done == ["a"]


def test_what_ends_the_whole_is_not_hidden_by_what_failed_before() -> None:
    with pytest.raises(KeyboardInterrupt):
        work_on({"a": lambda: fail(ValueError()), "b": lambda: fail(KeyboardInterrupt())})
