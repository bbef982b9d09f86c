"""The routes as work to measure."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tests.benchmarks.household import Household, fill_devices, fill_events, fill_history, owner_of, silent_for
from tests.benchmarks.meter import REPEATS, Work
from tests.benchmarks.place import Entry, answered
from tests.conftest import Person, new_person, now_ms

Run = Callable[[], dict[str, Any]]
Prepare = Callable[[], Run]
HISTORY_MS = 3 * 3_600_000
"""How long ago a measured device began: its batches follow one another in time, and all lie before now."""
LIST_LENGTHS = (10, 100, 1_000)
SHORT_LIST = 50
WALK_LIMIT = 200
"""The most that a page of a list holds."""
ARGON2_REPEATS = 5

SILENT_BEAT = "POST /device/heartbeat, nothing new"
MINUTES_BEAT = "POST /device/heartbeat, first of a minute"
MOVING_BEAT = "POST /device/heartbeat, each second minute"
"""Every second call that is noted moves the device's entry in the index of due devices, too."""
ONE_READING = "POST /sensor/reading"


def batch_name(readings: int) -> str:
    """The name of storing a batch of so many readings."""
    return f"POST /sensor/readings, {readings}"


BATCHES = (1, 30, 120, 150, 300)
"""The bench's three, and those of 4 ports at 2 s: a minute of them, and half of five minutes."""


def _is_success(result: Mapping[str, Any]) -> None:
    answer = answered(result)
    if answer.status >= 400 or any(reading["status"] == "rejected" for reading in _results(answer.body)):
        raise RuntimeError(f"{answer.status} {answer.body}")


def _results(body: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The results of a batch; other answers have none."""
    found: Sequence[Mapping[str, Any]] = body.get("results", ())
    return found


def _work(name: str, prepare: Prepare, readings: int = 0, repeats: int = REPEATS) -> Work:
    return Work(name, prepare, _is_success, readings, repeats=repeats)


def account_work(entry: Entry) -> Iterator[Work]:
    """Log in, register a device, switch an outlet."""
    person = new_person(entry.call)
    login = {"email": person.email, "password": person.password}
    yield _work("POST /account/login", lambda: entry.ready("POST", "/account/login", login), repeats=ARGON2_REPEATS)
    yield _work("POST /device/register", lambda: _as(entry, person, "POST", "/device/register", _new_device()))
    household = Household(person, now_ms())
    port = household.port_ids[0]
    yield _work(
        "POST /port/{portId}/switch", lambda: _as(entry, person, "POST", f"/port/{port}/switch", {"state": "off"})
    )


def _new_device() -> dict[str, str]:
    return {"deviceId": f"GW-{secrets.token_hex(6)}", "deviceName": "Cellar"}


def device_work(entry: Entry) -> Iterator[Work]:
    """What a device with four ports calls, but for batches."""
    household = Household(new_person(entry.call), now_ms() - HISTORY_MS)
    device = household.device

    def after(silent_ms: int, run: Callable[[], Run], calls: int = 1) -> Prepare:
        def prepare() -> Run:
            silent_for(device.device_id, silent_ms, calls)
            return run()

        return prepare

    def call(path: str, body: Any) -> Run:
        return entry.ready("POST", path, body, authorization=f"Device {device.api_key}")

    def one_reading() -> dict[str, Any]:
        (taken,) = household.readings(1)
        return {"deviceToken": device.api_key, "timestamp": taken.pop("timestampMs"), **taken}

    sensors = {"temperature": 21.4, "humidity": 48.0, "pressure": 1013.2}
    yield _work(SILENT_BEAT, after(1_000, lambda: call("/device/heartbeat", {})))
    yield _work(MINUTES_BEAT, after(60_000, lambda: call("/device/heartbeat", {})))
    yield _work(MOVING_BEAT, after(60_000, lambda: call("/device/heartbeat", {}), calls=2))
    yield _work("POST /device/data, 3 sensors", after(1_000, lambda: call("/device/data", {"sensors": sensors})))
    yield _work(ONE_READING, after(1_000, lambda: call("/sensor/reading", one_reading())), readings=1)


def batch_work(entry: Entry) -> Iterator[Work]:
    """Batches of a device that has called within the minute, in the order of time; and one sent again."""
    yield from (one_batch_work(entry, number) for number in BATCHES)
    yield one_batch_work(entry, 150, again=True)


def one_batch_work(entry: Entry, number: int, *, again: bool = False) -> Work:
    """A batch of a device that has sent such batches for some time."""
    household = Household(new_person(entry.call), now_ms() - HISTORY_MS)
    fill_history(household, number)
    name = batch_name(number) + (", sent again" if again else "")
    return _work(name, _batch(entry, household, number, again=again), readings=number)


def _batch(entry: Entry, household: Household, number: int, *, again: bool) -> Prepare:
    device = household.device

    def prepare() -> Run:
        silent_for(device.device_id, 1_000)
        run = entry.ready("POST", "/sensor/readings", household.batch(number), authorization=f"Device {device.api_key}")
        if again:
            run()
        return run

    return prepare


def list_work(entry: Entry) -> Iterator[Work]:
    """What the page reads."""
    for length in LIST_LENGTHS:
        person = with_devices(entry, length)
        yield device_list_work(entry, person, length)
    yield walk_work(entry, person, length)
    reader = new_person(entry.call)
    household = Household(reader, now_ms() - HISTORY_MS)
    fill_events(owner_of(household.device), household, SHORT_LIST)
    yield _work("GET /port/list, 4 ports", _get(entry, reader, "/port/list"))
    yield _work("GET /phantom-event/list, 50 events", _get(entry, reader, "/phantom-event/list"))
    yield _work("GET /notification/list, 50 unread", _get(entry, reader, "/notification/list"))


def with_devices(entry: Entry, number: int) -> Person:
    """A person who has so many devices."""
    person = new_person(entry.call)
    fill_devices(owner_of(person.device()), number - 1)
    return person


def device_list_work(entry: Entry, person: Person, length: int) -> Work:
    """The first page of a list of so many devices."""
    return _work(list_name(length), _get(entry, person, "/device/list"))


def list_name(length: int) -> str:
    """The name of reading the first page of a list of so many devices."""
    return f"GET /device/list, a page of 50, {length:,} devices"


def walk_name(length: int) -> str:
    """The name of reading a whole list of so many devices."""
    return f"GET /device/list, all {length:,} by {WALK_LIMIT}"


def walk_work(entry: Entry, person: Person, length: int) -> Work:
    """The whole list of so many devices, page by page."""

    def walk() -> dict[str, Any]:
        result = _as(entry, person, "GET", f"/device/list?limit={WALK_LIMIT}")()
        while cursor := answered(result).body["cursor"]:
            result = _as(entry, person, "GET", f"/device/list?limit={WALK_LIMIT}&cursor={cursor}")()
        return result

    return _work(walk_name(length), lambda: walk, repeats=5)


def _get(entry: Entry, person: Person, path: str) -> Prepare:
    return lambda: _as(entry, person, "GET", path)


def _as(entry: Entry, person: Person, method: str, path: str, body: Any = None) -> Run:
    return entry.ready(method, path, body, x_session_token=person.token)
