from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from ghostwatt_pi.buffer.batches import MAX_BATCH_SPAN_MS, Batch
from ghostwatt_pi.buffer.store import MAX_IN_ORDER, ReadingStore
from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.schemas import ReadingResult
from hypothesis import given, settings
from hypothesis import strategies as st

PORTS = {1: "port-1", 2: "port-2"}


def reading(timestamp_ms: int, channel: int = 1) -> Measurement:
    return Measurement(channel, timestamp_ms, 230.1, 0.4, 92.03)


def times(batch: Batch | None) -> list[int]:
    return [reading.timestamp_ms for reading in batch.readings] if batch else []


def all_stored(batch: Batch) -> list[ReadingResult]:
    return [ReadingResult(index, "stored") for index in range(len(batch.readings))]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReadingStore]:
    made = ReadingStore(tmp_path / "spool.sqlite", max_readings=1000)
    yield made
    made.close()


def test_an_unanswered_batch_is_the_same_after_a_restart(store: ReadingStore, tmp_path: Path) -> None:
    store.add([reading(1), reading(2)])
    before = store.next_batch(PORTS)
    store.add([reading(3)])
    store.close()
    again = ReadingStore(tmp_path / "spool.sqlite")
    assert again.next_batch({1: "another-port"}) == before
    assert times(before) == [1, 2]
    again.close()


def test_batches_come_oldest_first_and_hold_no_more_than_the_limit(store: ReadingStore) -> None:
    store.add([reading(t, channel=1 + t % 2) for t in range(1, 8)])
    first = store.next_batch(PORTS, limit=5)
    assert first
    assert times(first) == [1, 2, 3, 4, 5]
    store.acknowledge(first, all_stored(first))
    second = store.next_batch(PORTS, limit=5)
    assert second
    assert times(second) == [6, 7]
    assert second.batch_id != first.batch_id


def test_a_batch_spans_at_most_a_day(store: ReadingStore) -> None:
    store.add([reading(5), reading(5 + MAX_BATCH_SPAN_MS), reading(4)])
    assert times(store.next_batch(PORTS)) == [5, 5 + MAX_BATCH_SPAN_MS]


def test_readings_without_a_port_wait_for_one(store: ReadingStore) -> None:
    store.add([reading(1, channel=3)])
    assert store.next_batch(PORTS) is None
    assert store.is_clear(PORTS)
    assert not store.is_clear([3])
    assert times(store.next_batch({3: "port-3"})) == [1]


def test_only_answered_readings_leave_and_rejected_ones_are_kept_with_the_reason(
    store: ReadingStore, tmp_path: Path
) -> None:
    store.add([reading(1), reading(2), reading(3), reading(4)])
    batch = store.next_batch(PORTS, limit=3)
    assert batch
    store.acknowledge(
        batch, [ReadingResult(0, "stored"), ReadingResult(1, "rejected", "too_old", "timestampMs"),
                ReadingResult(2, "duplicate")]
    )  # fmt: skip
    assert (store.total(), store.rejected()) == (1, 1)
    with sqlite3.connect(tmp_path / "spool.sqlite") as db:
        row = db.execute("SELECT port_id, timestamp_ms, power, code, field FROM rejected").fetchone()
    db.close()
    assert row == ("port-1", 2, 92.03, "too_old", "timestampMs")


def test_a_full_spool_drops_the_oldest_but_never_out_of_a_batch(tmp_path: Path) -> None:
    store = ReadingStore(tmp_path / "small.sqlite", max_readings=3)
    store.add([reading(1), reading(2)])
    batch = store.next_batch(PORTS)
    assert store.add([reading(t) for t in (3, 4, 5)]) == 0
    assert store.add([reading(t) for t in (6, 7)]) == 2
    assert store.next_batch(PORTS) == batch
    assert batch
    store.acknowledge(batch, all_stored(batch))
    assert times(store.next_batch(PORTS)) == [5, 6, 7]
    store.close()


def test_a_released_batch_goes_again_under_another_id(store: ReadingStore) -> None:
    store.add([reading(1), reading(2)])
    before = store.next_batch(PORTS)
    assert before
    store.release(before)
    assert store.waiting(PORTS) == 2
    after = store.next_batch(PORTS)
    assert after
    assert after.batch_id != before.batch_id
    assert after.readings == before.readings


def test_counts_survive_a_restart(store: ReadingStore, tmp_path: Path) -> None:
    store.add([reading(1), reading(2), reading(3, channel=2)])
    store.next_batch({1: "port-1"}, limit=1)
    store.close()
    again = ReadingStore(tmp_path / "spool.sqlite")
    assert (again.waiting([1]), again.waiting([1, 2]), again.total()) == (1, 2, 3)
    again.close()


def test_every_commit_is_synced_to_the_disk(store: ReadingStore) -> None:
    full = 2
    connection = store._db  # noqa: SLF001 - both settings belong to the connection: no other one can see them
    assert connection.execute("PRAGMA synchronous").fetchone() == (full,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_few_live_readings_go_in_order_and_no_backlog_is_made(store: ReadingStore) -> None:
    store.add([reading(t) for t in range(1, 8)])
    assert store.live(PORTS) == 7
    assert not store.has_backlog(PORTS)
    first = store.next_live_batch(PORTS, limit=5)
    assert times(first) == [1, 2, 3, 4, 5]
    assert store.live(PORTS) == 2


def test_after_a_long_outage_the_newest_go_first_and_the_rest_oldest_first(tmp_path: Path) -> None:
    store = ReadingStore(tmp_path / "long.sqlite")
    store.add([reading(t, channel=1 + t % 2) for t in range(1, MAX_IN_ORDER + 2)])
    live = store.next_live_batch(PORTS, limit=5)
    assert live
    assert times(live) == list(range(MAX_IN_ORDER - 3, MAX_IN_ORDER + 2))
    assert store.live(PORTS) == 0
    assert store.has_backlog(PORTS)
    store.acknowledge(live, all_stored(live))
    assert times(store.next_batch(PORTS, limit=3)) == [1, 2, 3]
    store.add([reading(90_000)])
    assert times(store.next_live_batch(PORTS)) == [90_000]
    store.close()


def test_no_more_than_two_batches_are_unanswered(store: ReadingStore) -> None:
    store.add([reading(1)])
    caught = store.next_live_batch(PORTS)
    store.add([reading(2)])
    live = store.next_live_batch(PORTS)
    store.add([reading(3)])
    assert store.next_live_batch(PORTS) == live
    assert store.next_batch(PORTS) == caught
    assert store.live(PORTS) == 1


def test_two_unanswered_batches_keep_their_order_after_a_restart(store: ReadingStore, tmp_path: Path) -> None:
    store.add([reading(1)])
    caught = store.next_live_batch(PORTS)
    store.add([reading(2)])
    live = store.next_live_batch(PORTS)
    store.close()
    again = ReadingStore(tmp_path / "spool.sqlite")
    assert (again.next_batch(PORTS), again.next_live_batch(PORTS)) == (caught, live)
    again.close()


def test_the_total_of_dropped_readings_outlives_a_restart(tmp_path: Path) -> None:
    for total in (2, 5):
        store = ReadingStore(tmp_path / "small.sqlite", max_readings=3)
        store.add([reading(t) for t in range(total)])
        store.close()
    store = ReadingStore(tmp_path / "small.sqlite", max_readings=3)
    assert store.dropped() == 4
    store.close()


@settings(max_examples=40, deadline=None)  # each example is a file on disk
@given(
    actions=st.lists(
        st.sampled_from(["add", "add many", "live", "backlog", "release", "restart"]), min_size=1, max_size=30
    )
)
def test_whatever_happens_each_reading_goes_out_in_one_batch_that_never_changes(
    tmp_path_factory: pytest.TempPathFactory, actions: list[str]
) -> None:
    path, added, settled = tmp_path_factory.mktemp("spool") / "spool.sqlite", 0, []
    store = ReadingStore(path)
    known: dict[str, Batch] = {}

    def take(batch: Batch | None) -> None:
        if batch:
            assert known.setdefault(batch.batch_id, batch) == batch

    for number, action in enumerate(actions):
        if action.startswith("add"):
            count = MAX_IN_ORDER if "many" in action else 7
            store.add([reading(added + n, channel=1 + n % 2) for n in range(count)])
            added += count
        elif action in ("live", "backlog"):
            batch = store.next_live_batch(PORTS) if action == "live" else store.next_batch(PORTS)
            take(batch)
            if batch and number % 3:
                store.acknowledge(batch, all_stored(batch))
                settled += times(batch)
        elif action == "release" and (batch := store.next_batch(PORTS)):
            store.release(batch)
            known.pop(batch.batch_id, None)
        elif action == "restart":
            store.close()
            store = ReadingStore(path)
    while batch := store.next_batch(PORTS):
        take(batch)
        store.acknowledge(batch, all_stored(batch))
        settled += times(batch)
    assert store.is_clear(PORTS)
    store.close()
    assert sorted(settled) == list(range(added))
