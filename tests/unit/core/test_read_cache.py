"""A process that alone writes the tables remembers what it has read until it writes it, and no longer."""

from __future__ import annotations

from dataclasses import replace
from threading import Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import read_cache
from chalicelib.core.read_cache import ReadCache, note_unanswered_write, note_write
from chalicelib.core.settings import Settings, settings

TABLE = "ghostwatt-local-things"


@pytest.fixture(autouse=True)
def _only_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_cache, "_in_doubt_until", 0.0)
    set_up(monkeypatch, replace(settings(), is_only_writer=True))


def set_up(patch: pytest.MonkeyPatch, of_process: Settings) -> None:
    patch.setattr(read_cache, "settings", lambda: of_process)


class Stored:
    """A table of texts, which counts how often it is read."""

    def __init__(self) -> None:
        self.items: dict[str, str] = {}
        self.reads = 0

    def read(self, key: str) -> str | None:
        self.reads += 1
        return self.items.get(key)

    def write(self, key: str, text: str) -> None:
        self.items[key] = text
        note_write(TABLE, key)


def test_what_was_read_is_not_read_again() -> None:
    stored = Stored()
    load = ReadCache(TABLE, stored.read)
    assert [load("a"), load("a")] == [None, None], "also that there is none"
    assert stored.reads == 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.text(max_size=3))))
def test_every_read_gives_what_was_written_last(steps: list[tuple[str, str | None]]) -> None:
    stored = Stored()
    by_key, by_table = ReadCache(TABLE, stored.read), ReadCache(TABLE, stored.read, by_key=False)
    for key, text in steps:
        if text is not None:
            stored.write(key, text)
        assert by_key(key) == by_table(key) == stored.items.get(key)


def test_what_was_read_while_it_was_written_is_not_kept() -> None:
    stored, reading, written = Stored(), Event(), Event()

    def slow_read(key: str) -> str | None:
        found = stored.read(key)
        reading.set()
        written.wait(60)
        return found

    load = ReadCache(TABLE, slow_read)
    reader = Thread(target=load, args=("a",))
    reader.start()
    reading.wait(60)
    stored.write("a", "new")
    written.set()
    reader.join()
    assert load("a") == "new"


def test_after_a_write_that_nobody_answered_nothing_is_remembered() -> None:
    stored = Stored()
    load = ReadCache(TABLE, stored.read)
    load("a")
    note_unanswered_write()
    stored.items["a"] = "carried out late"
    assert load("a") == "carried out late"
    stored.items["a"] = "later still"
    assert load("a") == "later still"


def test_where_others_write_too_every_call_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(monkeypatch, replace(settings(), is_only_writer=False))
    stored = Stored()
    load = ReadCache(TABLE, stored.read)
    load("a"), load("a")
    assert stored.reads == 2


def test_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_cache, "MOST", 3)
    stored = Stored()
    load = ReadCache(TABLE, stored.read)
    for key in "abcda":
        load(key)
    assert stored.reads == 5, "the oldest one was forgotten"
