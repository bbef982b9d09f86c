"""All of what the storage loads page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Found = TypeVar("Found")
Cursor = str | None


def every(page: Callable[[Cursor], tuple[Sequence[Found], Cursor]]) -> Iterator[Found]:
    """Each thing of each page, given what loads the page at a cursor (None: the first); the next when it is needed."""
    cursor: Cursor = None
    while True:
        found, cursor = page(cursor)
        yield from found
        if cursor is None:
            return
