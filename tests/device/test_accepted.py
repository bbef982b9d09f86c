"""Spans and readings without volts go to a cloud that accepts them, and to no other; nothing is lost in between."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.measurement import Measurement, now_ms
from ghostwatt_pi.outlets.records import OutletRecord, to_json

from .conftest import RecordedLog, RunningAgent, ScriptedMeter, StartAgent, until
from .fake_cloud import ACCEPTS, Body, FakeCloud
from .processes import Started, next_event

STEADY = [2.8] * 20
SPANS_OF_STEADY = [(0, 2.8, None), (60, 2.8, 60_000), (95, 2.8, 35_000)]
"""Readings of STEADY at one measurement in 5 s: (seconds, watts, heldMs)."""


def polled(watts: Sequence[float], start_ms: int, **fields: Any) -> list[Measurement]:
    """Measurements 5 s apart. They lie ahead, so that no real time makes a silence of them."""
    return [
        replace(Measurement(1, start_ms + 5000 * index, 230.0, 0.1, each), **fields) for index, each in enumerate(watts)
    ]


def stored(cloud: FakeCloud) -> list[tuple[float, float, int | None]]:
    """(seconds since the first, watts, heldMs) of what is stored, by time."""
    readings = sorted(cloud.stored.values(), key=lambda reading: reading["timestampMs"])
    first_ms = readings[0]["timestampMs"] if readings else 0
    return [((each["timestampMs"] - first_ms) / 1000, each["power"], each.get("heldMs")) for each in readings]


def as_measured(watts: Sequence[float]) -> list[tuple[float, float, int | None]]:
    return [(5.0 * index, each, None) for index, each in enumerate(watts)]


def buffered_spans(directory: DataDirectory, *, in_batch: bool = False) -> None:
    """Spans in the buffer, as a run that knew a newer cloud left them."""
    start_ms = now_ms()
    first, *_ = polled(STEADY, start_ms)
    spans = [
        first,
        replace(first, timestamp_ms=start_ms + 60_000, held_ms=60_000),
        replace(first, timestamp_ms=start_ms + 95_000, held_ms=35_000),
    ]
    with closing(ReadingStore(directory.buffer_path)) as store:
        store.set_accepted(frozenset(ACCEPTS))
        store.add(spans)
        if in_batch:
            assert store.next_batch({1: "port-1"})


def rejected(directory: DataDirectory) -> int:
    with closing(ReadingStore(directory.buffer_path)) as store:
        return store.rejected()


@pytest.fixture
def meter() -> ScriptedMeter:
    return ScriptedMeter()


def play(meter: ScriptedMeter, measurements: Sequence[Measurement]) -> None:
    for each in measurements:
        meter.say(each)
    meter.end()


@pytest.mark.parametrize("accepts", [None, (), ("nullVolts",)])
def test_a_cloud_that_knows_no_spans_gets_every_measurement(
    cloud: FakeCloud, meter: ScriptedMeter, start_agent: StartAgent, accepts: tuple[str, ...] | None
) -> None:
    cloud.accepts = accepts
    play(meter, polled(STEADY, now_ms()))
    start_agent(meter).wait()
    assert stored(cloud) == as_measured(STEADY)


def test_a_cloud_that_accepts_spans_gets_a_reading_a_minute_and_every_change(
    cloud: FakeCloud, directory: DataDirectory, meter: ScriptedMeter, start_agent: StartAgent
) -> None:
    cloud.accepts = ACCEPTS
    agent = start_agent(ScriptedMeter())
    until(directory.accepted_path.exists)
    agent.stop()
    assert json.loads(directory.accepted_path.read_text()) == {"accepts": sorted([*ACCEPTS, "somethingNew"])}
    play(meter, polled([*STEADY, 90.0, 90.0, 2.8], now_ms()))
    summary = start_agent(meter).wait()
    assert stored(cloud) == [
        *SPANS_OF_STEADY, (100, 90.0, None), (105, 90.0, 5000), (110, 2.8, None)
    ]  # fmt: skip
    assert summary
    assert (summary.measured, summary.kept, summary.acknowledged["stored"]) == (23, 6, 6)


def test_what_is_measured_before_the_first_answer_ever_is_kept_as_measured(
    cloud: FakeCloud, meter: ScriptedMeter, start_agent: StartAgent, log: RecordedLog
) -> None:
    cloud.accepts = ACCEPTS
    cloud.fail("/device/heartbeat", 503)
    play(meter, polled(STEADY, now_ms()))
    start_agent(meter).wait()
    assert stored(cloud) == as_measured(STEADY)


def test_in_an_outage_after_a_restart_spans_are_kept_for_a_cloud_that_accepted_them(
    cloud: FakeCloud, directory: DataDirectory, meter: ScriptedMeter, start_agent: StartAgent
) -> None:
    cloud.accepts = ACCEPTS
    directory.accepted_path.write_text('{"accepts": ["heldMs"]}')
    cloud.fail("/device/heartbeat", 503)
    play(meter, polled(STEADY, now_ms()))
    start_agent(meter).wait()
    assert stored(cloud) == SPANS_OF_STEADY


@pytest.mark.parametrize("text", ['{"accepts": ["heldMs"', '{"accepts": 5}', "[]"])
def test_a_damaged_memory_of_what_is_accepted_stops_nothing(
    cloud: FakeCloud, directory: DataDirectory, meter: ScriptedMeter, start_agent: StartAgent, text: str
) -> None:
    directory.accepted_path.write_text(text)
    play(meter, polled([2.8], now_ms()))
    start_agent(meter).wait()
    assert stored(cloud) == as_measured([2.8])
    assert directory.accepted_path.with_name("accepted.json-damaged-1").exists()


@pytest.mark.parametrize("in_batch", [False, True])
@pytest.mark.parametrize("refuses_whole_batches", [False, True])
def test_spans_that_wait_are_sent_as_plain_readings_to_an_older_cloud(
    cloud: FakeCloud,
    directory: DataDirectory,
    meter: ScriptedMeter,
    start_agent: StartAgent,
    in_batch: bool,
    refuses_whole_batches: bool,
) -> None:
    cloud.refuses_whole_batches = refuses_whole_batches
    buffered_spans(directory, in_batch=in_batch)
    meter.end()
    start_agent(meter).wait()
    assert stored(cloud) == [(seconds, power, None) for seconds, power, _ in SPANS_OF_STEADY]
    assert not any("heldMs" in reading for _, readings in cloud.attempts for reading in readings)


class Downgraded(FakeCloud):
    """A cloud that is replaced by an older one between the answer to a heartbeat and the first batch."""

    def answer(self, path: str, body: Body, authorization: str) -> tuple[int, Body, dict[str, str]]:
        if path == "/sensor/readings":
            self.accepts = None
        return super().answer(path, body, authorization)


@pytest.mark.parametrize("refuses_whole_batches", [False, True])
def test_a_cloud_that_becomes_an_older_one_rejects_no_reading_for_good(
    directory: DataDirectory, meter: ScriptedMeter, log: RecordedLog, refuses_whole_batches: bool
) -> None:
    cloud = Downgraded(accepts=ACCEPTS, refuses_whole_batches=refuses_whole_batches)
    cloud.add_port(1)
    buffered_spans(directory)
    with closing(ReadingStore(directory.buffer_path)) as store:
        store.add(polled([2.8], now_ms() + 100_000, voltage=None, current=None))
    agent = RunningAgent(directory, cloud, meter, log)
    until(lambda: log.of("no_volts"))
    agent.stop()
    plain = 0 if refuses_whole_batches else 1  # the rest of channel 1 waits for a cloud that takes its newest reading
    assert len(cloud.stored) == plain
    newer = FakeCloud(accepts=ACCEPTS)
    newer.add_port(1)
    meter.end()
    RunningAgent(directory, newer, meter, log).wait()
    newer.close()
    cloud.close()
    assert len(newer.stored) == 4 - plain
    assert cloud.complaints == newer.complaints == []
    assert rejected(directory) == 0


def test_a_refusal_that_has_another_reason_is_final(
    cloud: FakeCloud, directory: DataDirectory, meter: ScriptedMeter, start_agent: StartAgent, log: RecordedLog
) -> None:
    cloud.accepts = ACCEPTS
    for _ in range(2):
        cloud.fail("/sensor/readings", 422, {"code": "bad_field", "field": "batchId"})
    buffered_spans(directory)
    meter.end()
    start_agent(meter).wait()
    assert log.of("rejected") == [{"readings": 3, "code": "bad_field"}]
    assert cloud.stored == {}


def test_readings_without_volts_wait_for_a_cloud_that_takes_them(
    cloud: FakeCloud, meter: ScriptedMeter, start_agent: StartAgent, log: RecordedLog
) -> None:
    cloud.add_port(2)
    cloud.accepts = ("heldMs",)
    start_agent(meter)
    until(lambda: cloud.reported(1))
    meter.say(*polled([2.8], now_ms(), voltage=None, current=None), *polled([5.0], now_ms(), channel=2))
    until(lambda: cloud.stored)
    until(lambda: log.of("no_volts") == [{"channel": 1}])
    assert [each["portId"] for each in cloud.stored.values()] == ["port-2"]
    cloud.accepts = ACCEPTS
    until(lambda: len(cloud.stored) == 2)
    (reading,) = [each for each in cloud.stored.values() if each["portId"] == "port-1"]
    assert (reading["voltage"], reading["current"], reading["power"]) == (None, None, 2.8)


def test_a_run_ends_though_readings_without_volts_wait(
    cloud: FakeCloud, meter: ScriptedMeter, start_agent: StartAgent
) -> None:
    cloud.accepts = None
    play(meter, polled([2.8], now_ms(), voltage=None, current=None))
    summary = start_agent(meter).wait()
    assert summary
    assert (summary.complete, summary.left, cloud.stored) == (True, 1, {})


def test_the_span_under_way_is_kept_when_the_agent_is_stopped(
    cloud: FakeCloud, directory: DataDirectory, meter: ScriptedMeter, start_agent: StartAgent
) -> None:
    cloud.accepts = ACCEPTS
    cloud.interval_seconds = 600
    directory.accepted_path.write_text('{"accepts": ["heldMs"]}')
    agent = start_agent(meter)
    meter.say(*polled([2.8] * 3, now_ms()))
    until(lambda: cloud.stored)
    agent.stop()
    with closing(ReadingStore(directory.buffer_path)) as store:
        store.set_accepted(frozenset(ACCEPTS))
        batch = store.next_batch({1: "port-1"})
    assert batch
    assert [(reading.power, reading.held_ms) for reading in batch.readings] == [(2.8, 10_000)]


def test_after_a_switch_the_next_measurement_goes_out_though_the_watts_stay(
    cloud: FakeCloud, directory: DataDirectory, meter: ScriptedMeter, start_agent: StartAgent
) -> None:
    cloud.accepts = ACCEPTS
    cloud.interval_seconds = 600
    directory.accepted_path.write_text('{"accepts": ["heldMs"]}')
    directory.outlets_path.write_text(to_json({1: OutletRecord("port-1", 1, "on", reported=True)}))
    start_agent(meter)
    start_ms = now_ms()
    meter.say(*polled([0.1] * 3, start_ms))
    until(lambda: cloud.stored)
    cloud.command(1, "off", 2)
    until(lambda: any(report["version"] == 2 for report in cloud.reported(1)))
    meter.say(*polled([0.1], start_ms + 15_000))
    until(lambda: len(cloud.stored) == 3)
    assert stored(cloud) == [(0, 0.1, None), (10, 0.1, 10_000), (15, 0.1, None)]


def spans_in(directory: DataDirectory) -> list[tuple[float, int]]:
    """(watts, held milliseconds) of the spans that wait."""
    with closing(sqlite3.connect(directory.buffer_path)) as db:
        return db.execute("SELECT power, held_ms FROM readings WHERE held_ms > 0 ORDER BY id").fetchall()


STEADY_SIMULATION = ["simulate", "--profile", "fridge", "--seed", "1", "--interval", "0.1"]
"""Its meter's values wander by 1.5 %, so that some spans end by themselves."""


def test_the_service_manager_s_stop_keeps_the_span_under_way(
    cloud: FakeCloud, directory: DataDirectory, pi: Started
) -> None:
    cloud.accepts = ACCEPTS
    cloud.interval_seconds = 600
    process = pi.start(*STEADY_SIMULATION)
    next_event(process, "uploaded")
    until(lambda: spans_in(directory))
    process.terminate()
    newest_ms = now_ms()
    assert process.wait(60) == 0
    with closing(sqlite3.connect(directory.buffer_path)) as db:
        (last_ms,) = db.execute("SELECT max(timestamp_ms) FROM readings").fetchone()
    assert last_ms >= newest_ms - 5_000


def test_a_kill_loses_no_reading_that_was_kept_and_the_next_run_goes_on(
    cloud: FakeCloud, directory: DataDirectory, pi: Started
) -> None:
    cloud.accepts = ACCEPTS
    process = pi.start(*STEADY_SIMULATION, "--span-seconds", "1")
    next_event(process, "uploaded")
    until(lambda: spans_in(directory))
    process.kill()
    process.wait()
    waited = spans_in(directory)
    before = {key for key, reading in cloud.stored.items() if reading.get("heldMs")}
    next_event(pi.start(*STEADY_SIMULATION, "--span-seconds", "1"), "uploaded")
    until(lambda: len({key for key, reading in cloud.stored.items() if reading.get("heldMs")} - before) > len(waited))
    assert all(0 < reading.get("heldMs", 1) <= 1000 for reading in cloud.stored.values())


OLD_SCHEMA = """
CREATE TABLE readings (
    id INTEGER PRIMARY KEY, channel INTEGER NOT NULL, timestamp_ms INTEGER NOT NULL,
    voltage REAL NOT NULL, current REAL NOT NULL, power REAL NOT NULL,
    batch_id TEXT, port_id TEXT, boot INTEGER) STRICT;
CREATE INDEX waiting ON readings (channel, id) WHERE batch_id IS NULL;
CREATE INDEX batched ON readings (batch_id, id) WHERE batch_id IS NOT NULL;
CREATE TABLE rejected (
    id INTEGER PRIMARY KEY, rejected_at_ms INTEGER NOT NULL, port_id TEXT NOT NULL, timestamp_ms INTEGER NOT NULL,
    voltage REAL NOT NULL, current REAL NOT NULL, power REAL NOT NULL, code TEXT NOT NULL, field TEXT) STRICT;
CREATE TABLE boots (
    id INTEGER PRIMARY KEY, boot_id TEXT NOT NULL UNIQUE, base_ms INTEGER NOT NULL,
    correction_ms INTEGER NOT NULL DEFAULT 0, is_known INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE edges (
    id INTEGER PRIMARY KEY, channel INTEGER NOT NULL, timestamp_ms INTEGER NOT NULL) STRICT;
CREATE TABLE totals (id INTEGER PRIMARY KEY CHECK (id = 1), dropped INTEGER NOT NULL) STRICT;
INSERT INTO readings VALUES (1, 1, 1000, 230.1, 0.4, 92.0, 'batch-a', 'port-1', NULL);
INSERT INTO readings VALUES (2, 1, 2000, 230.1, 0.4, 93.0, NULL, NULL, NULL);
INSERT INTO readings VALUES (3, 2, 2500, 230.1, 0.4, 94.0, NULL, NULL, 1);
INSERT INTO boots VALUES (1, 'an earlier boot', 0, 500, 1);
INSERT INTO rejected VALUES (1, 9, 'port-1', 500, 230.0, 0.1, 5.0, 'too_old', 'timestampMs');
INSERT INTO totals VALUES (1, 7);
"""
"""The file of version 0.2.0, and some rows of it."""


def test_the_file_of_the_release_before_is_taken_over_with_all_that_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "spool.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.executescript(OLD_SCHEMA)
    batch = None
    for _ in range(2):  # the second start finds the new file
        with closing(ReadingStore(path)) as store:
            store.set_accepted(frozenset(ACCEPTS))
            assert (store.recovery, store.total(), store.rejected(), store.dropped()) == (None, 3, 1, 7)
            batch = store.next_batch({1: "port-1", 2: "port-2"})
            assert batch
            assert [reading.values() for reading in batch.readings] == [("port-1", 1000, 230.1, 0.4, 92.0, 0)]
    with closing(ReadingStore(path)) as store:
        store.set_accepted(frozenset(ACCEPTS))
        assert batch
        store.release(batch)
        store.add([Measurement(1, now_ms(), None, None, 2.8, held_ms=60_000)])
        batch = store.next_batch({1: "port-1", 2: "port-2"})
        assert batch
        assert [reading.values()[2:] for reading in batch.readings] == [
            (230.1, 0.4, 92.0, 0), (230.1, 0.4, 93.0, 0), (230.1, 0.4, 94.0, 0)
        ]  # fmt: skip
        assert batch.readings[2].timestamp_ms == 3000
    with closing(sqlite3.connect(path)) as db:
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}
        assert {"waiting", "batched"} <= names
        assert not any(name.startswith("old_") for name in names)


def test_a_damaged_file_of_the_release_before_gives_up_what_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "spool.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(OLD_SCHEMA)
        row = (1, 230.1, 0.4, 92.0)
        db.executemany(
            "INSERT INTO readings (id, channel, timestamp_ms, voltage, current, power) VALUES (?, ?, ?, ?, ?, ?)",
            [(number, row[0], 3000 + number, *row[1:]) for number in range(4, 3000)],
        )
        db.commit()
    damaged = bytearray(path.read_bytes())
    middle = len(damaged) // 4096 // 2 * 4096
    damaged[middle : middle + 4096] = b"\x17" * 4096
    path.write_bytes(damaged)
    with closing(ReadingStore(path)) as store:
        assert store.recovery
        assert store.recovery.saved > 1000
        assert store.total() == store.recovery.saved
