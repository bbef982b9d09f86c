"""The stream handler and the sweep as work to measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from chalicelib.core.deadlines import Deadline
from chalicelib.core.times import HOUR_MS
from chalicelib.detection.store import load_device_state
from chalicelib.energy.roll_up import roll_up_device
from chalicelib.entrypoints.schedule import sweep
from chalicelib.entrypoints.stream import examine, process_chunks
from tests.benchmarks.household import CUT, Household, fill_devices, fill_history, owner_of, silent_for, teach
from tests.benchmarks.meter import Work
from tests.benchmarks.place import Entry, Records
from tests.benchmarks.route_work import HISTORY_MS
from tests.conftest import Person, new_person, now_ms

Run = Callable[[], object]
ONLINE = 1_000
DUE = (0, 10)
SILENT_MS = 151_000
"""Just past the silence after which a device is offline."""
CHUNKS = (120, 150, 300)
HOUR = "rolling up an hour of 4 ports"
TICK = {
    **dict.fromkeys(("account", "time", "region", "detail", "detail-type", "source", "version", "id"), ""),
    "resources": [],
}


def chunk_name(readings: int) -> str:
    """The name of examining a chunk of so many readings."""
    return f"stream: chunk of {readings}"


def stream_work(entry: Entry, records: Records) -> Iterator[Work]:
    """Chunks of four ports in which nothing happens, and one in which an outlet is cut."""
    for number in CHUNKS:
        household = Household(new_person(entry.call), now_ms() - HISTORY_MS)
        teach(household, now_ms() - HISTORY_MS)
        yield Work(
            chunk_name(number), _chunk(household, records, number), _none_failed, readings=number, over_http=False
        )
    person = new_person(entry.call)
    yield Work(
        "stream: chunk of 150, one cut",
        lambda: _cut(person, records),
        _none_failed,
        readings=150,
        over_http=False,
        repeats=10,
    )


def _chunk(household: Household, records: Records, number: int) -> Callable[[], Run]:
    return lambda: _sent(household, records, household.batch(number))


def _cut(person: Person, records: Records) -> Run:
    household = Household(person, now_ms() - 200_000, **CUT)
    _sent(household, records, household.batch(150))()
    return _sent(household, records, household.batch(150, asleep=1))


def _sent(household: Household, records: Records, batch: dict[str, Any]) -> Run:
    """Have a batch stored; what is left is the stream handler's work on its record."""
    records.new()
    answer = household.device.call("POST", "/sensor/readings", batch)
    event = {"Records": records.new()}
    if answer.status != 200 or len(event["Records"]) != 1:
        raise RuntimeError(f"{answer}, {len(event['Records'])} records")
    return partial(examine, event, None)


def _none_failed(done: Mapping[str, Any]) -> None:
    if done["batchItemFailures"]:
        raise RuntimeError(done)


def hour_work(entry: Entry) -> Iterator[Work]:
    """Rolling up an hour that came in a batch a minute; its day is not over, so that only the hour is computed."""
    yield Work(HOUR, lambda: _hour(new_person(entry.call)), _is_rolled_up, readings=7_200, over_http=False, repeats=3)


def _hour(person: Person) -> Run:
    start_ms = now_ms() // HOUR_MS * HOUR_MS - HOUR_MS
    chunks = fill_history(Household(person, start_ms), readings_a_batch=120, span_ms=HOUR_MS)
    process_chunks(chunks, now_ms())
    device_uid = chunks[0].device_uid

    def rolled_up() -> str:
        roll_up_device(device_uid, Deadline(600), now_ms() + HOUR_MS)
        return device_uid

    return rolled_up


def _is_rolled_up(device_uid: str) -> None:
    if load_device_state(device_uid).dirty_hours:
        raise RuntimeError(f"hours of {device_uid} are left")


def sweep_work(entry: Entry, online: int = ONLINE) -> Iterator[Work]:
    """The schedule's minute while many devices are online, and none or some of them fall due."""
    device_ids = fill_devices(owner_of(new_person(entry.call).device()), online)

    def after(due: int) -> Callable[[], Run]:
        def prepare() -> Run:
            sweep(TICK, None)
            for device_id in device_ids[:due]:
                silent_for(device_id, SILENT_MS)
            return partial(sweep, TICK, None)

        return prepare

    for due in DUE:
        name = f"sweep: {online:,} devices online, {due} due"
        yield Work(name, after(due), partial(_found, due), over_http=False, repeats=10)


def _found(due: int, done: Mapping[str, int]) -> None:
    if done["offline"] != due:
        raise RuntimeError(f"{done}, not {due}")
