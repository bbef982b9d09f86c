"""What the parts of the cloud side may cost, as claims; and that the bench counts right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest

import app
from chalicelib.core.dynamo import Transaction
from chalicelib.core.times import MINUTE_MS
from chalicelib.devices.presence_store import save_call
from chalicelib.devices.store import load_device, put_new_device
from tests.benchmarks import cost
from tests.benchmarks.event_work import HOUR, chunk_name, stream_work, sweep_work
from tests.benchmarks.household import Household
from tests.benchmarks.meter import Cost, DatabaseCall, Meter, Work, measure
from tests.benchmarks.place import Entry, Records
from tests.benchmarks.plain import plain_work
from tests.benchmarks.route_work import (
    MINUTES_BEAT,
    MOVING_BEAT,
    SILENT_BEAT,
    batch_name,
    device_list_work,
    device_work,
    one_batch_work,
    with_devices,
)
from tests.conftest import new_person, now_ms


@pytest.fixture
def entry(database: str) -> Entry:
    return Entry(app.app)


def measured(works: Iterable[Work], name: str) -> Cost:
    """Not the first of its kind, so that what is only done once is over."""
    return measure(replace(next(work for work in works if work.name == name), repeats=3))


def writes(found: Cost) -> list[frozenset[str]]:
    """The tables of each write call."""
    return [call.tables for call in found.calls if not call.reads]


def test_a_batch_of_150_readings_of_4_ports_is_one_write_and_that_is_on_readings(entry: Entry) -> None:
    found = measure(replace(one_batch_work(entry, 150), repeats=3))
    assert writes(found) == [{"readings"}]
    assert [call.operation for call in found.calls if not call.reads] == ["PutItem"]


def test_a_minute_of_4_ports_is_two_write_units_the_chunk_and_its_place_in_time(entry: Entry) -> None:
    assert measure(replace(one_batch_work(entry, 120), repeats=3)).write_units == 2


def test_a_batch_sent_again_writes_nothing(entry: Entry) -> None:
    assert writes(measure(replace(one_batch_work(entry, 150, again=True), repeats=3))) == []


def test_on_the_stream_150_readings_of_4_ports_are_one_state_write(entry: Entry, database: str) -> None:
    found = measured(stream_work(entry, Records(database)), chunk_name(150))
    assert writes(found) == [{"states"}]
    assert found.write_units == 1, "four outlets that have learnt are less than a kilobyte"
    assert [call.operation for call in found.calls if not call.reads] == ["PutItem"]


def test_a_cut_is_one_transaction(entry: Entry, database: str) -> None:
    found = measured(stream_work(entry, Records(database)), "stream: chunk of 150, one cut")
    assert writes(found) == [{"states", "phantom-events", "ports", "notifications"}]


def test_the_list_takes_as_many_calls_for_200_devices_as_for_60(entry: Entry) -> None:
    few, many = (
        measure(replace(device_list_work(entry, with_devices(entry, length), length), repeats=1))
        for length in (60, 200)
    )
    assert few.operations == many.operations == "1 Get, 2 Query, 2 BatchGet"


def test_a_heartbeat_that_changes_nothing_writes_nothing_within_the_minute(entry: Entry) -> None:
    assert writes(measured(device_work(entry), SILENT_BEAT)) == []


def test_a_heartbeat_that_changes_nothing_writes_one_item_in_the_next_minute(entry: Entry) -> None:
    found = measured(device_work(entry), MINUTES_BEAT)
    assert writes(found) == [{"devices"}]
    assert [call.operation for call in found.calls if not call.reads] == ["UpdateItem"]


def test_a_sweep_with_nothing_due_reads_no_device_item(entry: Entry) -> None:
    found = measured(sweep_work(entry, online=100), "sweep: 100 devices online, 0 due")
    looked = [(call.operation, call.units) for call in found.calls if "devices" in call.tables]
    assert looked == [("Query", 0.5)] * 4, "an empty look at each shard is half a unit"


def test_the_meter_counts_the_units_of_indexes(entry: Entry) -> None:
    device = Household(new_person(entry.call), now_ms()).device
    with Meter() as meter:
        for minutes in (1, 2, 3):
            loaded = load_device(device.device_id)
            assert loaded is not None
            save_call(loaded, replace(loaded.presence, pace_unknown=False), now_ms() + minutes * MINUTE_MS)
    units = [call.units for call in meter.calls if call.operation == "UpdateItem"]
    assert units == [4.0, 2.0, 4.0], "item 1, by_owner 1; and each second time by_due 2"


def test_the_plain_design_beside_ours_is_what_it_says(database: str) -> None:
    one, listed = (measure(replace(work, repeats=1)) for work in plain_work(database, length=3))
    assert one.operations == "1 Get, 1 Put, 1 Update"
    assert (one.read_units, one.write_units) == (0.5, 2)
    assert listed.operations == "1 Scan, 3 Query"


def test_the_meter_ends_at_a_write_that_is_refused(entry: Entry) -> None:
    device = Household(new_person(entry.call), now_ms()).device
    loaded = load_device(device.device_id)
    assert loaded is not None
    write = Transaction()
    put_new_device(write, loaded)
    with Meter(), pytest.raises(RuntimeError, match="TransactionCanceled"):
        write.commit()


def costs(cpu_ms: float, *calls: DatabaseCall) -> Iterator[tuple[str, Cost]]:
    over_http = (batch_name(120), MINUTES_BEAT, MOVING_BEAT, SILENT_BEAT)
    for name in (*over_http, chunk_name(120), HOUR):
        work = Work(name, lambda: lambda: None, lambda _: None, over_http=name in over_http)
        yield name, Cost(work, calls, cpu_ms)


def test_a_port_month_is_calls_times_prices() -> None:
    put = DatabaseCall("PutItem", frozenset({"readings"}), 2.0)
    get = DatabaseCall("GetItem", frozenset({"devices"}), 1.0)
    price = cost.port_month(dict(costs(0.0, put, get)), upload_seconds=60, batches=1)
    minutes, hours, ports = 43_200, 720, 4
    assert price.gateway == pytest.approx(minutes * 3.50e-6 / ports)
    assert price.writes == pytest.approx((minutes * 2 + hours) * 2 * 0.625e-6 / ports)
    assert price.reads == pytest.approx((minutes * 2 + hours) * 0.125e-6 / ports)
    billed_gb = minutes * 1.0 + (minutes + hours) * 0.5  # 1,024 MB behind the gateway, 512 else; 10 ms each
    invoked = (minutes * 2 + hours) * 0.20e-6
    assert price.functions == pytest.approx((invoked + billed_gb * 0.010 * 0.0000133334) / ports)
