"""Usage over the API: the same before and after it is rolled up, whatever the batches; late readings correct it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from chalicelib.core.deadlines import Deadline
from chalicelib.core.due_index import shard, shards
from chalicelib.core.times import DAY_MS, HOUR_MS, MINUTE_MS
from chalicelib.deletion.service import request_device_deletion
from chalicelib.deletion.worker import delete_requested
from chalicelib.detection.store import (
    StateItem,
    delete_device_state,
    load_device_state,
    load_due_devices,
    save_device_state,
)
from chalicelib.devices.store import load_device
from chalicelib.energy import roll_up, store, usage
from chalicelib.energy.model import Usage, watt_hours
from chalicelib.energy.slots import slots
from chalicelib.entrypoints.schedule import sweep
from chalicelib.entrypoints.stream import process_chunks
from chalicelib.ports import store as ports
from chalicelib.ports.model import device_uid_of
from chalicelib.ports.service import get_owned_port
from chalicelib.readings.model import Columns
from chalicelib.readings.store import ReadingItem, load_overlapping_chunks
from tests.conftest import Device, Person, now_ms, reading
from tests.integration.stream import Deliver

HOURS = 3
TICK = {
    **dict.fromkeys(("account", "time", "region", "detail", "detail-type", "source", "version", "id"), ""),
    "resources": [],
}
SETTINGS: dict[str, Any] = {"policy": "observe", "thresholdWatts": 5}


@pytest.fixture
def device(person: Person) -> Device:
    return person.device()


@pytest.fixture
def port_id(person: Person, device: Device) -> str:
    return str(person.port(device, **SETTINGS)["portId"])


@pytest.fixture
def start_ms() -> int:
    """An hour some hours ago."""
    return (now_ms() // HOUR_MS - HOURS - 2) * HOUR_MS


def made(rng: random.Random, port_id: str, start_ms: int, *, held: bool = False) -> list[dict[str, Any]]:
    """Three hours of an appliance in use, in standby and off, with some gaps; held: some readings held."""
    at_ms, found = start_ms, []
    while at_ms < start_ms + HOURS * HOUR_MS + 3 * MINUTE_MS:
        found.append(reading(port_id, at_ms, rng.choice([0.0, 3.2, 3.3, 90.5, round(rng.uniform(0, 2_000), 3)])))
        found[-1] |= {"heldMs": rng.choice([0, 1, 31_337, 300_000, 900_000])} if held else {}
        at_ms += rng.choice([7_001, 20_000, 31_337, 119_999, 120_000, 120_001, 400_000])
    return found


def send(device: Device, rng: random.Random, sent: Sequence[dict[str, Any]], deliver: Deliver) -> None:
    """In batches of any size, in any order, some of them again in another batch."""
    shuffled = [*sent, *rng.sample(list(sent), len(sent) // 5)]
    rng.shuffle(shuffled)
    while shuffled:
        batch = [shuffled.pop() for _ in range(min(len(shuffled), rng.randrange(1, 60)))]
        assert device.send(batch).status == 200
        if rng.random() < 0.3:
            deliver()
    deliver()


def expected(sent: Sequence[dict[str, Any]]) -> list[tuple[int, float, float, float]]:
    ordered = sorted(sent, key=lambda entry: entry["timestampMs"])
    none: list[int | None] = [None] * len(ordered)
    times_ms, milliwatts = [r["timestampMs"] for r in ordered], [round(r["power"] * 1_000) for r in ordered]
    columns = Columns(times_ms, milliwatts, none, none, none, [r.get("heldMs", 0) for r in ordered])
    return [
        (
            slot.start_ms,
            round(watt_hours(slot.in_use_microjoules), 6),
            round(watt_hours(slot.standby_microjoules), 6),
            slot.covered_ms / 1_000,
        )
        for slot in slots(columns, 5_000, 0, now_ms())
    ]


def shown(person: Person, port_id: str) -> list[tuple[int, float, float, float]]:
    rows: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = person.call("GET", f"/port/{port_id}/history?resolution=5m&cursor={cursor}")
        assert page.status == 200, page
        rows, cursor = rows + page.body["readings"], page.body["cursor"]
    return [(row["timestampMs"], row["inUseWattHours"], row["standbyWattHours"], row["coveredSeconds"]) for row in rows]


def a_minute_later(port_id: str, start_ms: int) -> None:
    """The stream brings a chunk again when all has been quiet for a minute."""
    device_uid = device_uid_of(port_id)
    process_chunks(load_overlapping_chunks(device_uid, start_ms, now_ms())[-1:], now_ms() + MINUTE_MS)


def all_rolled_up(port_id: str) -> None:
    """As when nothing has come for a while."""
    roll_up.roll_up_device(device_uid_of(port_id), Deadline(600), now_ms() + 2 * MINUTE_MS)


def dirty_hours(port_id: str) -> list[int]:
    return sorted(load_device_state(device_uid_of(port_id)).dirty_hours)


@pytest.mark.parametrize(("seed", "held"), [(0, False), (1, False), (2, False), (3, True), (4, True)])
def test_rows_are_the_same_before_and_after_they_are_rolled_up(
    person: Person, device: Device, deliver: Deliver, port_id: str, start_ms: int, seed: int, held: bool
) -> None:
    rng = random.Random(seed)  # noqa: S311 - a test's dice
    sent = made(rng, port_id, start_ms, held=held)
    send(device, rng, sent, deliver)
    assert store.load_slots(port_id, 0, now_ms()) == []
    assert shown(person, port_id) == expected(sent)

    a_minute_later(port_id, start_ms)
    stored = store.load_slots(port_id, start_ms, now_ms())
    assert {slot.start_ms // HOUR_MS for slot in stored} >= {start_ms // HOUR_MS + hour for hour in range(HOURS - 1)}
    assert dirty_hours(port_id)[0] >= start_ms // HOUR_MS + HOURS - 1, "only the newest are left"
    assert shown(person, port_id) == expected(sent)

    late = [reading(port_id, start_ms + HOUR_MS + 11 * second, 777.7) for second in (1, 2_000, 9_000, 60_000)]
    late = [entry for entry in late if entry["timestampMs"] not in {r["timestampMs"] for r in sent}]
    send(device, rng, late, deliver)
    assert start_ms // HOUR_MS + 1 in dirty_hours(port_id)
    assert shown(person, port_id) == expected([*sent, *late])
    all_rolled_up(port_id)
    assert dirty_hours(port_id) == []
    assert shown(person, port_id) == expected([*sent, *late])


def test_readings_that_the_stream_has_not_brought_yet_are_counted(
    person: Person, device: Device, deliver: Deliver, port_id: str, start_ms: int
) -> None:
    sent = [reading(port_id, start_ms + 30_000 * number, 60.0) for number in range(100)]
    device.send(sent[:50])
    assert shown(person, port_id) == expected(sent[:50])
    deliver()
    device.send(sent[50:])
    assert shown(person, port_id) == expected(sent)


def test_an_older_computation_never_takes_the_place_of_a_newer_one(port_id: str, start_ms: int) -> None:
    del start_ms
    newer, older = [Usage(HOUR_MS, 5 * MINUTE_MS, 2)], [Usage(HOUR_MS, 5 * MINUTE_MS, 1)]
    store.put_usage_hour(port_id, HOUR_MS, newer, revision=7)
    store.put_usage_hour(port_id, HOUR_MS, older, revision=6)
    assert store.load_slots(port_id, 0, DAY_MS) == newer
    store.put_usage_hour(port_id, HOUR_MS, older, revision=7)
    assert store.load_slots(port_id, 0, DAY_MS) == older, "the same computation, sent again after a crash"


def test_a_crash_before_the_marks_are_cleared_only_repeats(
    person: Person, device: Device, deliver: Deliver, port_id: str, start_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = made(random.Random(1), port_id, start_ms)  # noqa: S311 - a test's dice
    device.send(sent)
    deliver()
    before = dirty_hours(port_id)
    with monkeypatch.context() as broken:
        broken.setattr(roll_up, "save_device_state", lambda _: (_ for _ in ()).throw(RuntimeError("crash")))
        with pytest.raises(RuntimeError, match="crash"):
            all_rolled_up(port_id)
    assert dirty_hours(port_id) == before
    assert shown(person, port_id) == expected(sent)
    all_rolled_up(port_id)
    assert dirty_hours(port_id) == []
    assert shown(person, port_id) == expected(sent)


def test_a_finished_day_is_kept_by_quarter_hours_and_says_the_same(
    person: Person, device: Device, deliver: Deliver, port_id: str
) -> None:
    day_ms = (now_ms() // DAY_MS - 2) * DAY_MS
    device.send([reading(port_id, day_ms + 10 * HOUR_MS + MINUTE_MS * number, 120.0) for number in range(300)])
    deliver()
    port = get_owned_port(_owner_of(port_id), port_id)
    before = usage.load_usage(port, day_ms, day_ms + DAY_MS, 15 * MINUTE_MS, now_ms())
    device.send([reading(port_id, day_ms + DAY_MS + 10 * HOUR_MS, 0.0)])
    deliver()
    a_minute_later(port_id, day_ms)
    assert store.load_quarter_hours(port_id, day_ms, day_ms) == before
    assert usage.load_usage(port, day_ms, day_ms + DAY_MS, 15 * MINUTE_MS, now_ms()) == before
    assert sum(quarter.covered_ms for quarter in before) == 299 * MINUTE_MS
    rows = person.call("GET", f"/port/{port_id}/history?resolution=1d").body["readings"]
    assert [(row["timestampMs"], row["wattHours"]) for row in rows] == [(day_ms, 598.0), (day_ms + DAY_MS, 0.0)]
    assert person.call("PATCH", "/account", {"timezone": "Asia/Kathmandu"}).status == 200
    rows = person.call("GET", f"/port/{port_id}/history?resolution=1h").body["readings"]
    assert {row["timestampMs"] % HOUR_MS for row in rows} == {15 * MINUTE_MS}
    assert sum(row["wattHours"] for row in rows) == pytest.approx(598)


def _owner_of(port_id: str) -> str:
    found = ports.load_port(port_id)
    assert found is not None
    return found.owner_id


def test_what_has_expired_is_not_shown_though_it_is_still_stored(person: Person, device: Device, port_id: str) -> None:
    hour_ms = (now_ms() - store.SLOTS_KEPT_MS) // HOUR_MS * HOUR_MS - HOUR_MS
    day_ms = hour_ms // DAY_MS * DAY_MS
    store.put_usage_hour(port_id, hour_ms, [Usage(hour_ms, 5 * MINUTE_MS, 7_200_000_000, covered_ms=1)], 1)
    store.put_usage_day(port_id, day_ms, [Usage(hour_ms, 15 * MINUTE_MS, 7_200_000_000, covered_ms=1)], 1)
    assert shown(person, port_id) == []
    rows = person.call("GET", f"/port/{port_id}/history?resolution=1h").body["readings"]
    assert [row["wattHours"] for row in rows] == [2.0], "hours are kept for ever"


def test_a_released_devices_rollups_are_deleted_even_those_of_deleted_outlets(
    person: Person, device: Device, deliver: Deliver, port_id: str, start_ms: int
) -> None:
    device.send([reading(port_id, start_ms + MINUTE_MS * number, 9.0) for number in range(90)])
    deliver()
    all_rolled_up(port_id)
    assert store.load_slots(port_id, 0, now_ms())
    assert store.load_quarter_hours(port_id, 0, now_ms())
    person.call("DELETE", f"/port/{port_id}")
    found = load_device(device.device_id)
    assert found is not None
    request_device_deletion(found, now_ms())
    delete_requested(Deadline(600), now_ms())
    assert store.load_slots(port_id, 0, now_ms()) == []
    assert store.load_quarter_hours(port_id, 0, now_ms()) == []


def due_now(port_id: str, at_ms: int) -> bool:
    return any(device_uid_of(port_id) in load_due_devices(shard, at_ms) for shard in shards())


def test_a_device_that_beats_but_sends_no_readings_is_rolled_up_by_the_schedule(
    person: Person, device: Device, deliver: Deliver, port_id: str, start_ms: int
) -> None:
    device.send([reading(port_id, start_ms + MINUTE_MS * number, 9.0) for number in range(30)])
    deliver()
    assert dirty_hours(port_id)
    device.call("POST", "/device/heartbeat")
    assert not due_now(port_id, now_ms()), "the stream does it while readings come"
    later_ms = now_ms() + 2 * HOUR_MS
    assert due_now(port_id, later_ms)
    roll_up.roll_up_silent_devices(Deadline(600), later_ms)
    assert dirty_hours(port_id) == []
    assert not due_now(port_id, later_ms)
    assert sum(slot.covered_ms for slot in store.load_slots(port_id, start_ms, now_ms())) == 29 * MINUTE_MS
    assert sum(slot.covered_ms for slot in store.load_quarter_hours(port_id, 0, now_ms())) == 29 * MINUTE_MS


def test_without_time_the_schedule_leaves_what_is_due_for_the_next_minute(
    device: Device, deliver: Deliver, port_id: str, start_ms: int
) -> None:
    device.send([reading(port_id, start_ms + MINUTE_MS * number, 9.0) for number in range(30)])
    deliver()
    later_ms = now_ms() + 2 * HOUR_MS
    assert roll_up.roll_up_silent_devices(Deadline(0), later_ms) == 0
    assert due_now(port_id, later_ms)
    roll_up.roll_up_silent_devices(Deadline(600), later_ms)


def spoil(port_id: str, at_ms: int) -> None:
    """Break the stored chunk of a time."""
    (chunk,) = load_overlapping_chunks(device_uid_of(port_id), at_ms, at_ms)
    item = ReadingItem.get(chunk.device_uid, chunk.chunk_id)
    item.update(actions=[ReadingItem.watts.set(b"\x09what is this")])


def test_an_unreadable_chunk_holds_up_no_other_hour_and_is_left_alone_for_a_while(
    device: Device, deliver: Deliver, port_id: str, start_ms: int
) -> None:
    broken_ms, well_ms = start_ms - 20 * HOUR_MS + HOUR_MS // 2, start_ms + HOUR_MS // 2
    device.send([reading(port_id, broken_ms, 9.0)])
    device.send([reading(port_id, well_ms + MINUTE_MS * number, 9.0) for number in range(2)])
    deliver()
    spoil(port_id, broken_ms)
    later_ms = now_ms() + 2 * HOUR_MS
    roll_up.roll_up_silent_devices(Deadline(600), later_ms)
    assert dirty_hours(port_id) == [broken_ms // HOUR_MS]
    assert sum(slot.covered_ms for slot in store.load_slots(port_id, start_ms, now_ms())) == MINUTE_MS
    assert not due_now(port_id, later_ms)
    assert due_now(port_id, later_ms + 3 * HOUR_MS)
    assert device.send([reading(port_id, now_ms(), 9.0)]).status == 200
    deliver()  # it asserts that no record fails
    process_chunks(
        load_overlapping_chunks(device_uid_of(port_id), now_ms() - MINUTE_MS, now_ms()), later_ms + 3 * HOUR_MS
    )
    assert broken_ms // HOUR_MS in dirty_hours(port_id)


def test_a_device_that_cannot_be_rolled_up_holds_up_no_other(
    person: Person, device: Device, deliver: Deliver, port_id: str, start_ms: int
) -> None:
    port_ids = [port_id, *(str(person.port(person.device(), **SETTINGS)["portId"]) for _ in range(2))]
    device.send([reading(port_id, start_ms, 9.0)])
    deliver()
    first, *others = sorted(port_ids, key=lambda one: shard(device_uid_of(one)))
    for one in port_ids:
        state = replace(load_device_state(device_uid_of(port_id)), device_uid=device_uid_of(one))
        StateItem(device_uid_of(one), version=0, ports=b"").delete()
        assert save_device_state(replace(state, version=0))
    StateItem.get(device_uid_of(first)).update(actions=[StateItem.dirty_hours.set(b"\xc1")])
    later_ms = now_ms() + 2 * HOUR_MS
    with pytest.raises(msgspec.DecodeError):
        roll_up.roll_up_silent_devices(Deadline(600), later_ms)
    assert due_now(first, later_ms), "it stays due"
    assert not any(due_now(other, later_ms) for other in others)
    delete_device_state(device_uid_of(first))


def test_an_hour_whose_readings_may_be_gone_in_part_is_never_computed_again(
    person: Person, device: Device, deliver: Deliver, port_id: str
) -> None:
    start_ms = (now_ms() // HOUR_MS - 20 * 24) * HOUR_MS
    device.send([reading(port_id, start_ms + MINUTE_MS * number, 60.0) for number in range(1, 31)])
    deliver()
    all_rolled_up(port_id)
    before = store.load_slots(port_id, start_ms, start_ms + HOUR_MS)
    device.send([reading(port_id, start_ms + MINUTE_MS // 2, 60.0)])
    deliver()
    chunks = sorted(
        load_overlapping_chunks(device_uid_of(port_id), start_ms, start_ms + HOUR_MS), key=lambda c: c.last_ms
    )
    ReadingItem(chunks[-1].device_uid, chunks[-1].chunk_id).delete()  # as time to live does, in its own order
    assert dirty_hours(port_id) == [start_ms // HOUR_MS - 1, start_ms // HOUR_MS]
    later_ms = now_ms() + 12 * DAY_MS
    port = get_owned_port(_owner_of(port_id), port_id)
    assert usage.load_usage(port, start_ms, start_ms + HOUR_MS, 5 * MINUTE_MS, later_ms) == before
    roll_up.roll_up_silent_devices(Deadline(600), later_ms)
    assert dirty_hours(port_id) == []
    assert store.load_slots(port_id, start_ms, start_ms + HOUR_MS) == before


def test_after_a_long_backlog_pages_are_right_and_totals_wait(
    person: Person, device: Device, deliver: Deliver, port_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_ms = (now_ms() // HOUR_MS - 40) * HOUR_MS
    sent = [reading(port_id, start_ms + MINUTE_MS * number, 60.0) for number in range(20 * 60)]
    for first in range(0, len(sent), 400):
        device.send(sent[first : first + 400])
    deliver()
    monkeypatch.setattr(usage, "MOST_COMPUTED", 5)
    assert shown(person, port_id) == expected(sent)
    energy = person.call("GET", f"/port/{port_id}/energy")
    assert (energy.status, energy.body["code"]) == (503, "summing_up")
    all_rolled_up(port_id)
    assert person.call("GET", f"/port/{port_id}/energy").status == 200


def test_while_a_device_sends_its_due_time_changes_once_an_hour(device: Device, deliver: Deliver, port_id: str) -> None:
    begins_ms = now_ms()
    device.send([reading(port_id, begins_ms - 2 * HOUR_MS, 9.0)])
    deliver()
    chunks = load_overlapping_chunks(device_uid_of(port_id), begins_ms - 2 * HOUR_MS, begins_ms)
    due: set[int] = set()
    for minute in range(3 * 60):
        process_chunks(chunks, begins_ms // HOUR_MS * HOUR_MS + minute * MINUTE_MS)
        due.add(int(StateItem.get(device_uid_of(port_id)).due_at_ms))
    assert len(due) == 3


def test_the_schedules_tick_rolls_up_what_is_due(device: Device, deliver: Deliver, port_id: str, start_ms: int) -> None:
    device.send([reading(port_id, start_ms + MINUTE_MS * number, 9.0) for number in range(3)])
    chunks = load_overlapping_chunks(device_uid_of(port_id), start_ms, now_ms())
    process_chunks(chunks, now_ms() - 2 * HOUR_MS)
    assert sweep(TICK, None)["rolled_up"] >= 1
    assert dirty_hours(port_id) == []
    assert sum(slot.covered_ms for slot in store.load_quarter_hours(port_id, 0, now_ms())) == 2 * MINUTE_MS
    deliver()
