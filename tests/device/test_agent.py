from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from ghostwatt_pi.agent.agent import Agent
from ghostwatt_pi.buffer.store import MAX_IN_ORDER, ReadingStore
from ghostwatt_pi.cloud.http import HttpClient
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.measurement import Measurement, now_ms

from .conftest import RecordedLog, ScriptedMeter, StartAgent, until
from .fake_cloud import FakeCloud

READINGS = "/sensor/readings"


def reading(watts: float = 50.0, channel: int = 1, at_ms: int | None = None) -> Measurement:
    return Measurement(channel, at_ms or now_ms(), 230.0, 0.2, watts)


def stored_watts(cloud: FakeCloud) -> list[float]:
    return sorted(reading["power"] for reading in cloud.stored.values())


@pytest.fixture
def meter() -> ScriptedMeter:
    return ScriptedMeter()


def test_a_reading_reaches_the_cloud_as_measured(
    cloud: FakeCloud, meter: ScriptedMeter, start_agent: StartAgent
) -> None:
    measured = Measurement(1, now_ms(), 230.15, 0.4013, 92.34)
    meter.say(measured)
    start_agent(meter)
    until(lambda: cloud.stored)
    assert list(cloud.stored.values()) == [
        {"portId": "port-1", "timestampMs": measured.timestamp_ms, "voltage": 230.15, "current": 0.4013,
         "power": 92.34}
    ]  # fmt: skip


@pytest.mark.parametrize("status", [0, 429, 500, 503])
def test_a_failed_send_is_repeated_with_the_same_batch(
    cloud: FakeCloud, meter: ScriptedMeter, start_agent: StartAgent, log: RecordedLog, status: int
) -> None:
    cloud.fail(READINGS, status)
    meter.say(reading(at_ms=1000), reading(at_ms=2000))
    start_agent(meter)
    until(lambda: len(cloud.attempts) + (status != 0) == 2)
    until(lambda: log.of("back"))
    assert all(attempt == cloud.attempts[0] for attempt in cloud.attempts)
    assert len(cloud.stored) == 2
    assert len(log.of("away")) == 1


def test_new_readings_do_not_join_a_batch_that_was_sent(
    cloud: FakeCloud, meter: ScriptedMeter, start_agent: StartAgent
) -> None:
    cloud.fail(READINGS, 0)
    meter.say(reading(at_ms=1000))
    start_agent(meter)
    until(lambda: cloud.count(READINGS) >= 1)
    meter.say(reading(at_ms=2000))
    until(lambda: len(cloud.stored) == 2)
    sizes = {batch_id: len(readings) for batch_id, readings in cloud.attempts}
    assert list(sizes.values()) == [1, 1]


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(cloud: FakeCloud, meter: ScriptedMeter, start_agent: StartAgent, status: int) -> None:
    cloud.fail(READINGS, status, None, **{"Retry-After": "2"})
    meter.say(reading())
    start_agent(meter)
    until(lambda: cloud.stored)
    refused_at, next_at = [at for _, at in cloud.calls][1:3]
    assert next_at - refused_at >= 2


def test_an_outage_is_told_once_however_long(cloud: FakeCloud, start_agent: StartAgent, log: RecordedLog) -> None:
    for _ in range(3):
        cloud.fail("/device/heartbeat", 503)
    start_agent(ScriptedMeter())
    until(lambda: log.of("back"))
    assert [event for event, _ in log if event != "call_failed"] == ["away", "back"]
    assert len(log.of("call_failed")) == 3


def test_a_refused_key_stops_the_calls_until_there_is_another(
    cloud: FakeCloud, directory: DataDirectory, meter: ScriptedMeter, start_agent: StartAgent, log: RecordedLog
) -> None:
    directory.save_key("old")
    meter.say(reading())
    start_agent(meter)
    until(lambda: log.of("key_refused"))
    assert len(cloud.calls) == 1
    directory.save_key("key-1")
    until(lambda: cloud.stored)


def test_rejected_readings_are_told_with_their_reason_and_not_sent_again(
    cloud: FakeCloud, meter: ScriptedMeter, start_agent: StartAgent, log: RecordedLog
) -> None:
    cloud.reject = lambda reading: "out_of_range" if reading["power"] > 1000 else None
    meter.say(reading(50.0, at_ms=1000), reading(9000.0, at_ms=2000), reading(51.0, at_ms=3000))
    meter.end()
    summary = start_agent(meter).wait()
    assert stored_watts(cloud) == [50.0, 51.0]
    assert log.of("rejected") == [{"readings": 1, "code": "out_of_range"}]
    assert summary
    assert (summary.measured, summary.acknowledged["stored"], summary.acknowledged["rejected"], summary.left) == (
        3,
        2,
        1,
        0,
    )


def test_a_batch_conflict_is_sent_again_under_another_id(
    cloud: FakeCloud, meter: ScriptedMeter, start_agent: StartAgent
) -> None:
    cloud.fail(READINGS, 409, {"code": "batch_conflict"})
    meter.say(reading())
    start_agent(meter)
    until(lambda: len(cloud.stored) == 1)


def test_a_batch_that_is_too_large_is_halved_until_it_fits(
    cloud: FakeCloud, meter: ScriptedMeter, start_agent: StartAgent
) -> None:
    cloud.max_batch = 3
    meter.say(*(reading(at_ms=1000 + index) for index in range(20)))
    meter.end()
    start_agent(meter).wait()
    assert len(cloud.stored) == 20


def test_a_batch_refused_as_a_whole_is_kept_aside_and_does_not_block(
    cloud: FakeCloud, meter: ScriptedMeter, start_agent: StartAgent, log: RecordedLog
) -> None:
    cloud.fail(READINGS, 422, {"code": "bad_field", "field": "batchId"})
    meter.say(reading(at_ms=1000))
    start_agent(meter)
    until(lambda: log.of("rejected"))
    meter.say(reading(at_ms=2000))
    until(lambda: ("port-1", 2000) in cloud.stored)


def test_an_answer_without_a_result_for_each_reading_counts_as_none(
    cloud: FakeCloud, meter: ScriptedMeter, start_agent: StartAgent, log: RecordedLog
) -> None:
    cloud.fail(READINGS, 200, {"results": [], "serverTimeMs": 1, "intervalSeconds": 1, "heartbeatSeconds": 1,
                               "relays": []})  # fmt: skip
    meter.say(reading())
    start_agent(meter)
    until(lambda: cloud.stored)
    assert "unexpected answer" in str(log.of("away")[0]["error"])


def test_readings_wait_until_their_channel_has_a_port(
    cloud: FakeCloud, meter: ScriptedMeter, start_agent: StartAgent
) -> None:
    meter.say(reading(1.0, channel=1), reading(2.0, channel=2))
    start_agent(meter)
    until(lambda: cloud.stored)
    assert stored_watts(cloud) == [1.0]
    cloud.add_port(2)
    until(lambda: len(cloud.stored) == 2)


def test_the_servers_pace_is_kept_and_a_quicker_one_taken_up(cloud: FakeCloud, start_agent: StartAgent) -> None:
    cloud.interval_seconds, cloud.heartbeat_seconds = 600, 1
    meter = ScriptedMeter()
    start_agent(meter)
    meter.say(reading(at_ms=1000))
    until(lambda: cloud.count(READINGS) == 1)
    meter.say(reading(at_ms=2000))
    until(lambda: cloud.count("/device/heartbeat") >= 4)
    assert cloud.count(READINGS) == 1
    cloud.interval_seconds = 1
    until(lambda: len(cloud.stored) == 2)


def test_an_upload_is_a_heartbeat_too(cloud: FakeCloud, meter: ScriptedMeter, start_agent: StartAgent) -> None:
    cloud.interval_seconds, cloud.heartbeat_seconds = 1, 3
    start_agent(meter)
    until(lambda: cloud.reported(1))  # the first answer's commands are acknowledged in a beat of their own
    beats: list[int] = []
    for number in range(1, 5):
        meter.say(reading(at_ms=1000 * number))
        until(lambda number=number: cloud.count(READINGS) == number)  # type: ignore[misc]  # bound at once
        beats.append(cloud.count("/device/heartbeat"))
    assert len(set(beats)) == 1


def test_a_full_batch_does_not_wait_for_the_interval(
    cloud: FakeCloud, meter: ScriptedMeter, start_agent: StartAgent
) -> None:
    cloud.interval_seconds = cloud.heartbeat_seconds = 600
    start_agent(meter)
    until(lambda: cloud.count("/device/heartbeat") >= 1)
    meter.say(*(reading(at_ms=1000 + index) for index in range(501)))
    until(lambda: len(cloud.stored) == 500)


def test_a_switch_is_obeyed_and_acknowledged_at_once(
    cloud: FakeCloud, meter: ScriptedMeter, start_agent: StartAgent
) -> None:
    cloud.interval_seconds, cloud.heartbeat_seconds = 600, 600
    cloud.command(1, "off", 7)
    start_agent(meter)
    until(lambda: cloud.reported(1))
    assert cloud.reported(1) == [{"portId": "port-1", "state": "off", "version": 7}]
    assert not meter.relays.is_on(1)


def test_a_command_in_the_answer_to_readings_is_obeyed_too(
    cloud: FakeCloud, meter: ScriptedMeter, start_agent: StartAgent
) -> None:
    cloud.heartbeat_seconds = 600
    start_agent(meter)
    until(lambda: cloud.reported(1))
    cloud.command(1, "off", 2, onlyBelowWatts=10, expiresAtMs=now_ms() + 60_000)
    meter.say(reading(2.8))
    until(lambda: len(cloud.reported(1)) == 2)
    assert cloud.reported(1)[1] == {"portId": "port-1", "state": "off", "version": 2}


def test_the_measurement_that_proves_a_switch_is_sent_at_once(
    cloud: FakeCloud, meter: ScriptedMeter, start_agent: StartAgent
) -> None:
    cloud.interval_seconds = 600
    start_agent(meter)
    meter.say(reading(90.0))
    until(lambda: cloud.stored)
    cloud.command(1, "off", 2)
    until(lambda: not meter.relays.is_on(1))
    meter.say(reading(0.0, at_ms=now_ms() + 1))
    until(lambda: stored_watts(cloud) == [0.0, 90.0])


def test_an_acknowledgement_outlives_an_outage(cloud: FakeCloud, start_agent: StartAgent) -> None:
    start_agent(ScriptedMeter())
    until(lambda: cloud.reported(1))
    cloud.command(1, "off", 2)
    until(lambda: cloud.count("/device/heartbeat") >= 3)
    cloud.fail("/device/heartbeat", 503)
    cloud.command(1, "on", 3)
    until(lambda: any(report["version"] == 3 for report in cloud.reported(1)))


def test_freshness_is_judged_by_the_servers_clock(
    cloud: FakeCloud, meter: ScriptedMeter, start_agent: StartAgent
) -> None:
    cloud.server_time_ms = 5_000_000
    meter.say(reading(2.8))
    start_agent(meter)
    until(lambda: cloud.stored)
    cloud.command(1, "off", 2, onlyBelowWatts=10.0, expiresAtMs=5_030_000)
    until(lambda: any(report["version"] == 2 for report in cloud.reported(1)))
    assert cloud.reported(1)[-1]["state"] == "off"


def test_nothing_is_sent_before_this_run_has_heard_the_time(
    cloud: FakeCloud, directory: DataDirectory, meter: ScriptedMeter, start_agent: StartAgent
) -> None:
    with closing(ReadingStore(directory.buffer_path)) as buffer:
        buffer.add([reading(at_ms=1000)])
        buffer.next_batch({1: "port-1"})
    start_agent(meter)
    until(lambda: cloud.stored)
    assert [path for path, _ in cloud.calls][:2] == ["/device/heartbeat", READINGS]


def test_after_a_day_away_the_present_passes_the_past_and_the_batch_that_the_outage_caught(
    cloud: FakeCloud, directory: DataDirectory, meter: ScriptedMeter, start_agent: StartAgent
) -> None:
    cloud.interval_seconds = cloud.heartbeat_seconds = 600
    with closing(ReadingStore(directory.buffer_path)) as buffer:
        buffer.add([reading(at_ms=1)])
        buffer.next_batch({1: "port-1"})
        buffer.add([reading(at_ms=1000 + number) for number in range(2 * MAX_IN_ORDER)])
    start_agent(meter)
    until(lambda: len(cloud.attempts) >= 2)
    firsts = [readings[0]["timestampMs"] for _, readings in cloud.attempts[:2]]
    assert firsts == [1000 + 2 * MAX_IN_ORDER - 500, 1]


def test_a_short_outage_is_sent_at_once_and_in_order(
    cloud: FakeCloud, directory: DataDirectory, meter: ScriptedMeter, start_agent: StartAgent
) -> None:
    cloud.interval_seconds = cloud.heartbeat_seconds = 600
    with closing(ReadingStore(directory.buffer_path)) as buffer:
        buffer.add([reading(at_ms=1000 + number) for number in range(1700)])
    start_agent(meter)
    until(lambda: len(cloud.stored) == 1700)
    stamps = [each["timestampMs"] for _, readings in cloud.attempts for each in readings]
    assert stamps == sorted(stamps)


def test_watts_that_change_by_a_step_are_uploaded_early(
    cloud: FakeCloud, meter: ScriptedMeter, start_agent: StartAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ghostwatt_pi.agent.schedule.EARLY_GAP_SECONDS", 0.5)
    cloud.interval_seconds = cloud.heartbeat_seconds = 600
    start_agent(meter)
    meter.say(reading(5.0, at_ms=1000))
    until(lambda: cloud.stored)
    meter.say(reading(6.0, at_ms=2000))
    meter.say(reading(90.0, at_ms=3000))
    meter.say(reading(91.0, at_ms=4000))
    until(lambda: len(cloud.stored) == 4)


def test_dropped_readings_are_reported_to_the_cloud_and_told_once(
    cloud: FakeCloud, directory: DataDirectory, meter: ScriptedMeter, start_agent: StartAgent
) -> None:
    with closing(ReadingStore(directory.buffer_path, max_readings=2)) as buffer:
        buffer.add([reading(at_ms=number, channel=2) for number in range(5)])
    start_agent(meter)
    until(lambda: cloud.dropped_readings == 3)


def test_a_command_that_went_stale_on_its_way_is_not_obeyed(
    cloud: FakeCloud, meter: ScriptedMeter, start_agent: StartAgent
) -> None:
    start_agent(meter)
    meter.say(reading(2.8))
    until(lambda: cloud.stored)
    cloud.command(1, "off", 2, onlyBelowWatts=10.0, expiresAtMs=now_ms() - 1)
    until(lambda: any(report["version"] == 2 for report in cloud.reported(1)))
    assert cloud.reported(1)[-1] == {"portId": "port-1", "state": "on", "version": 2, "reason": "expired"}


def test_a_watchdog_hears_of_the_agent_also_while_the_key_is_refused(
    cloud: FakeCloud, directory: DataDirectory, meter: ScriptedMeter, log: RecordedLog
) -> None:
    directory.save_key("old")
    stop, beats = threading.Event(), []
    with HttpClient(cloud.url) as client, closing(ReadingStore(directory.buffer_path)) as buffer:
        agent = Agent(directory, client, buffer, meter, log, stop, alive=lambda: beats.append(1))
        thread = threading.Thread(target=agent.run)
        thread.start()
        until(lambda: log.of("key_refused"))
        before = len(beats)
        until(lambda: len(beats) > before)
        stop.set()
        thread.join()


def test_a_meter_that_fails_for_good_ends_the_agent_with_its_error(start_agent: StartAgent) -> None:
    class Broken(ScriptedMeter):
        def measurements(self, _stop: threading.Event) -> Iterator[list[Measurement]]:
            raise OSError("no such meter")

    agent = start_agent(Broken())
    agent.wait()
    assert str(agent.error) == "no such meter"


def test_a_measurement_outside_of_the_contract_is_not_plausible() -> None:
    good = reading()
    assert good.is_plausible()
    for voltage, current, power in [(501, 0, 0), (230, -0.1, 0), (230, 0, math.nan), (230, math.inf, 0)]:
        assert not Measurement(1, 0, voltage, current, power).is_plausible()
    assert not reading(channel=33).is_plausible()
