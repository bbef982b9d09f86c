"""Pages of lists: one page of a query with the cursor where it ended, and all pages one after the other."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, TypeVar

import msgspec
from pynamodb.exceptions import QueryError
from pynamodb.pagination import ResultIterator

from chalicelib.core.errors import Invalid

Entry = TypeVar("Entry")
Cursor = str | None
"""Where a page ended, opaque to clients; None stands for the start, and at the end for no more pages."""


def paginate(load: Callable[[Cursor], tuple[Sequence[Entry], Cursor]]) -> Iterator[Entry]:
    """Iterate over the entries of all pages; each page is loaded when its first entry is needed.

    Args:
        load: Loads the page at a cursor; returns its entries and the cursor of the next page.
    """
    cursor: Cursor = None
    while True:
        entries, cursor = load(cursor)
        yield from entries
        if cursor is None:
            return


def load_page(results: ResultIterator[Entry]) -> tuple[list[Entry], Cursor]:
    """The items of one page of a query, and the cursor of the next page.

    Raises:
        Invalid: The query went on from a cursor of another list.
    """
    try:
        items = list(results)
    except QueryError as error:
        if error.cause_response_code == "ValidationException":  # all else in a query is our own
            raise _bad_cursor() from error
        raise
    return items, _cursor(results.last_evaluated_key)


def start_key(cursor: Cursor) -> dict[str, dict[str, Any]] | None:
    """The DynamoDB key behind a cursor.

    Raises:
        Invalid: The text is no cursor of ours.
    """
    if not cursor:
        return None
    try:
        key = _KEYS.decode(base64.urlsafe_b64decode(cursor))
    except (ValueError, msgspec.MsgspecError) as error:
        raise _bad_cursor() from error
    if not key or any(part.keys() not in _KEY_TYPES for part in key.values()):
        raise _bad_cursor()
    return key


def _cursor(key: dict[str, dict[str, Any]] | None) -> Cursor:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode() if key else None


_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1_024)]
_KEYS = msgspec.json.Decoder(dict[str, dict[str, _Text]])
_KEY_TYPES = ({"S"}, {"N"})
"""Keys are texts and numbers: PynamoDB fails on any other type that a stranger puts into a cursor."""


def _bad_cursor() -> Invalid:
    return Invalid("This is not a cursor of this list.", code="invalid", field="cursor")
