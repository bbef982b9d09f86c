"""A meter's own counter over the API: its gaps are filled, the same before and after they are rolled up."""

from __future__ import annotations

import hashlib
import random
from typing import Any

import msgspec
import pytest

from chalicelib.core.deadlines import Deadline
from chalicelib.core.times import DAY_MS, HOUR_MS, MINUTE_MS
from chalicelib.detection.store import load_device_state
from chalicelib.energy import roll_up, store
from chalicelib.energy.model import watt_hours
from chalicelib.energy.slots import slots
from chalicelib.ports.model import device_uid_of
from chalicelib.readings.model import Columns
from chalicelib.readings.store import load_overlapping_chunks
from chalicelib.realtime import device_channel
from tests.conftest import Device, Person, now_ms, reading
from tests.integration.devices.test_mqtt import publish
from tests.integration.stream import Deliver


@pytest.fixture
def device(person: Person) -> Device:
    return person.device()


@pytest.fixture
def port_id(person: Person, device: Device) -> str:
    return str(person.port(device, policy="observe", thresholdWatts=5)["portId"])


def counted(port_id: str, at_ms: int, watts: float, watt_hours: float | None) -> dict[str, Any]:
    return reading(port_id, at_ms, watts) | ({} if watt_hours is None else {"energy": watt_hours})


def made(rng: random.Random, port_id: str, start_ms: int) -> list[dict[str, Any]]:
    """A day and a half with gaps of minutes and of hours, a counter that is reset, and some readings without it."""
    at_ms, total, found = start_ms, 100.0, []
    while at_ms < start_ms + 36 * HOUR_MS:
        found.append(counted(port_id, at_ms, rng.choice([0.0, 3.0, 80.0]), rng.choice([total, total, total, None])))
        step_ms = rng.choice([30_000, 60_000, 60_000, 7 * MINUTE_MS, 3 * HOUR_MS + 11, 9 * HOUR_MS])
        at_ms, total = at_ms + step_ms, round(total + step_ms / HOUR_MS * rng.choice([0, 2, 70]), 3)
        total = 1.5 if rng.random() < 0.05 else total
    return found


def rows(person: Person, port_id: str) -> list[tuple[int, float, float, float]]:
    page = person.call("GET", f"/port/{port_id}/history?resolution=5m&limit=2000")
    assert (page.status, page.body["cursor"]) == (200, None), page
    return [
        (row["timestampMs"], row["inUseWattHours"], row["standbyWattHours"], row["coveredSeconds"])
        for row in page.body["readings"]
    ]


def expected(sent: list[dict[str, Any]]) -> list[tuple[int, float, float, float]]:
    ordered = sorted(sent, key=lambda entry: entry["timestampMs"])
    counts = [None if "energy" not in entry else round(entry["energy"] * 1_000) for entry in ordered]
    none: list[int | None] = [None] * len(ordered)
    watts = [round(entry["power"] * 1_000) for entry in ordered]
    columns = Columns([entry["timestampMs"] for entry in ordered], watts, none, none, counts)
    return [
        (
            slot.start_ms,
            round(watt_hours(slot.in_use_microjoules), 6),
            round(watt_hours(slot.standby_microjoules), 6),
            slot.covered_ms / 1_000,
        )
        for slot in slots(columns, 5_000, 0, now_ms())
    ]


@pytest.mark.parametrize("seed", range(4))
def test_counted_gaps_are_the_same_in_any_order_before_and_after_they_are_rolled_up(
    person: Person, device: Device, deliver: Deliver, port_id: str, seed: int
) -> None:
    rng = random.Random(seed)  # noqa: S311 - a test's dice
    sent = made(rng, port_id, now_ms() - 2 * DAY_MS)
    for entry in [*(rng.sample(sent, len(sent)) if seed % 2 else sent), *rng.sample(sent, 5)]:
        assert device.send([entry]).body["results"][0]["status"] in ("stored", "duplicate")
        if rng.random() < 0.3:
            deliver()
        if rng.random() < 0.1:
            roll_up.roll_up_device(device_uid_of(port_id), Deadline(600), now_ms() + 2 * MINUTE_MS)
    deliver()
    assert rows(person, port_id) == expected(sent)
    roll_up.roll_up_device(device_uid_of(port_id), Deadline(600), now_ms() + 2 * MINUTE_MS)
    assert not load_device_state(device_uid_of(port_id)).dirty_hours
    assert rows(person, port_id) == expected(sent)
    stored = store.load_slots(port_id, 0, now_ms())
    assert sum(slot.counted_ms for slot in stored) > HOUR_MS, "there was a gap worth the name"


def test_one_reading_may_carry_the_counter_too(person: Person, device: Device, deliver: Deliver, port_id: str) -> None:
    at_ms = (now_ms() // HOUR_MS - 4) * HOUR_MS
    for number, energy in enumerate((500, 620.5)):
        body = {
            "deviceToken": device.api_key,
            "portId": port_id,
            "voltage": 230,
            "current": 0.1,
            "power": 23,
            "timestamp": at_ms + number * HOUR_MS,
            "energy": energy,
        }
        assert device.call("POST", "/sensor/reading", body).status == 200
    deliver()
    found = person.call("GET", f"/port/{port_id}/history?resolution=1h").body["readings"]
    assert [(row["wattHours"], row["coveredSeconds"]) for row in found if row["wattHours"]] == [(120.5, 0.0)]


@pytest.mark.parametrize("energy", [-1, "12", 1e10, True])
def test_a_count_that_is_none_is_refused_by_name(device: Device, port_id: str, energy: object) -> None:
    (result,) = device.send([reading(port_id, now_ms(), 3.0) | {"energy": energy}]).body["results"]
    assert (result["status"], result["code"], result["field"]) == ("rejected", "invalid", "energy")


def test_the_digest_of_a_batch_without_counters_is_what_it_was_before_there_were_any(
    device: Device, port_id: str
) -> None:
    at_ms = now_ms()
    sent = {"portId": port_id, "timestampMs": at_ms, "voltage": 230.0, "current": 0.5, "power": 115.0}
    assert device.send([sent]).status == 200
    (chunk,) = load_overlapping_chunks(device_uid_of(port_id), at_ms, at_ms)
    assert chunk.batch_sha256 == hashlib.sha256(msgspec.msgpack.encode([sent])).hexdigest()


def test_over_mqtt_readings_may_carry_the_counter_too(
    person: Person, device: Device, deliver: Deliver, port_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_channel, "publish_to_device", lambda *_: None)
    at_ms = (now_ms() // HOUR_MS - 4) * HOUR_MS
    one = {"portId": port_id, "voltage": 230, "current": 0.1, "power": 23, "timestamp": at_ms, "energy": 7}
    batch = {"batchId": "b", "sentAtMs": now_ms(), "readings": [counted(port_id, at_ms + HOUR_MS, 23.0, 12.25)]}
    for message in (one, batch):
        publish(device, message)
    deliver()
    found = person.call("GET", f"/port/{port_id}/history?resolution=1h").body["readings"]
    assert [row["wattHours"] for row in found if row["wattHours"]] == [5.25]


@pytest.mark.parametrize(
    ("minutes", "watts", "before", "after"),
    [
        pytest.param(10, 3.0, 5_432_100.05, 5_432_099.0, id="a hair's dip"),
        pytest.param(30, 60.0, 47_001, 45_000, id="restored from flash"),
        pytest.param(30, 60.0, 12_000, 10_500, id="restored from flash, an eighth lower"),
        pytest.param(30, 60.0, 12, 900_000, id="a jump past what an outlet can draw"),
    ],
)
def test_a_gap_whose_counts_contradict_the_readings_is_unknown(
    person: Person,
    device: Device,
    deliver: Deliver,
    port_id: str,
    minutes: int,
    watts: float,
    before: float,
    after: float,
) -> None:
    at_ms = now_ms() - 3 * HOUR_MS
    ends_ms = at_ms + minutes * MINUTE_MS
    assert device.send([counted(port_id, at_ms, watts, before), counted(port_id, ends_ms, watts, after)]).status == 200
    deliver()
    energy = person.call("GET", f"/port/{port_id}/energy?period=day").body
    assert (energy["total"]["kwh"], energy["total"]["cost"]) == (0.0, 0.0)
