"""Pages, one after the other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.pagination import Cursor, paginate


@given(st.lists(st.lists(st.integers()), min_size=1))
def test_everything_of_every_page_comes_once_and_in_order(pages: list[list[int]]) -> None:
    def page(cursor: Cursor) -> tuple[list[int], Cursor]:
        number = int(cursor or 0)
        return pages[number], str(number + 1) if number + 1 < len(pages) else None

    assert list(paginate(page)) == [thing for things in pages for thing in things]


def test_a_page_is_loaded_when_it_is_needed() -> None:
    asked: list[Cursor] = []

    def page(cursor: Cursor) -> tuple[list[int], Cursor]:
        asked.append(cursor)
        return [1, 2], "more"

    coming = paginate(page)
    assert [next(coming), next(coming)] == [1, 2]
    assert asked == [None]
    next(coming)
    assert asked == [None, "more"]
