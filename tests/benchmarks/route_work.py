"""The routes as work to measure."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any

from tests.benchmarks.household import Household, fill_devices, fill_events, owner_of, silent_for
from tests.benchmarks.meter import Work
from tests.benchmarks.place import Entry
from tests.conftest import Answered, Person, new_person, now_ms

Run = Callable[[], Answered]
Prepare = Callable[[], Run]
HISTORY_MS = 3 * 3_600_000
"""How long ago a measured device began: its batches follow one another in time, and all lie before now."""
LIST_LENGTHS = (10, 100, 1_000)
SHORT_LIST = 50
ARGON2_REPEATS = 5

SILENT_BEAT = "POST /device/heartbeat, nothing new"
MINUTES_BEAT = "POST /device/heartbeat, first of a minute"
ONE_READING = "POST /sensor/reading"


def batch_name(readings: int) -> str:
    """The name of storing a batch of so many readings."""
    return f"POST /sensor/readings, {readings}"


BATCHES = (1, 30, 120, 150, 300)
"""The bench's three, and those of 4 ports at 2 s: a minute of them, and half of five minutes."""


def answered(run: Run) -> Run:
    """The same, except that it raises where the answer is an error: that would cost something else."""

    def checked() -> Answered:
        answer = run()
        if answer.status >= 400:
            raise RuntimeError(f"{answer.status} {answer.body}")
        return answer

    return checked


def account_work(entry: Entry) -> Iterator[Work]:
    """Log in, register a device, switch an outlet."""
    person = new_person(entry.call)
    login = {"email": person.email, "password": person.password}
    yield Work("POST /account/login", lambda: _ready(entry, "POST", "/account/login", login), repeats=ARGON2_REPEATS)
    yield Work("POST /device/register", lambda: _as(entry, person, "POST", "/device/register", _new_device()))
    household = Household(person, now_ms())
    port = household.port_ids[0]
    yield Work(
        "POST /port/{portId}/switch", lambda: _as(entry, person, "POST", f"/port/{port}/switch", {"state": "off"})
    )


def _new_device() -> dict[str, str]:
    return {"deviceId": f"GW-{secrets.token_hex(6)}", "deviceName": "Cellar"}


def device_work(entry: Entry) -> Iterator[Work]:
    """What a device with four ports calls, but for batches."""
    household = Household(new_person(entry.call), now_ms() - HISTORY_MS)
    device = household.device

    def after(silent_ms: int, run: Callable[[], Run]) -> Prepare:
        def prepare() -> Run:
            silent_for(device.device_id, silent_ms)
            return run()

        return prepare

    def call(path: str, body: Any) -> Run:
        return _ready(entry, "POST", path, body, authorization=f"Device {device.api_key}")

    def one_reading() -> dict[str, Any]:
        (taken,) = household.readings(1)
        return {"deviceToken": device.api_key, "timestamp": taken.pop("timestampMs"), **taken}

    sensors = {"temperature": 21.4, "humidity": 48.0, "pressure": 1013.2}
    yield Work(SILENT_BEAT, after(1_000, lambda: call("/device/heartbeat", {})))
    yield Work(MINUTES_BEAT, after(60_000, lambda: call("/device/heartbeat", {})))
    yield Work("POST /device/data, 3 sensors", after(1_000, lambda: call("/device/data", {"sensors": sensors})))
    yield Work(ONE_READING, after(1_000, lambda: call("/sensor/reading", one_reading())), readings=1)


def batch_work(entry: Entry) -> Iterator[Work]:
    """Batches of a device that has called within the minute, in the order of time; and one sent again."""
    for number in BATCHES:
        household = Household(new_person(entry.call), now_ms() - HISTORY_MS)
        yield Work(batch_name(number), _batch(entry, household, number), readings=number)
    yield Work("POST /sensor/readings, 150, sent again", _batch(entry, household, 150, again=True), readings=150)


def _batch(entry: Entry, household: Household, number: int, *, again: bool = False) -> Prepare:
    device = household.device

    def prepare() -> Run:
        silent_for(device.device_id, 1_000)
        run = _ready(
            entry, "POST", "/sensor/readings", household.batch(number), authorization=f"Device {device.api_key}"
        )
        if again:
            run()
        return run

    return prepare


def list_work(entry: Entry) -> Iterator[Work]:
    """What the page reads."""
    yield from (device_list_work(entry, length) for length in LIST_LENGTHS)
    reader = new_person(entry.call)
    household = Household(reader, now_ms() - HISTORY_MS)
    fill_events(owner_of(household.device), household, SHORT_LIST)
    yield Work("GET /port/list, 4 ports", _get(entry, reader, "/port/list"))
    yield Work("GET /phantom-event/list, 50 events", _get(entry, reader, "/phantom-event/list"))
    yield Work("GET /notification/list, 50 unread", _get(entry, reader, "/notification/list"))


def device_list_work(entry: Entry, length: int) -> Work:
    """The first page of a list of so many devices."""
    person = new_person(entry.call)
    fill_devices(owner_of(person.device()), length - 1)
    return Work(f"GET /device/list, a page of 50, {length:,} devices", _get(entry, person, "/device/list"))


def _get(entry: Entry, person: Person, path: str) -> Prepare:
    return lambda: _as(entry, person, "GET", path)


def _as(entry: Entry, person: Person, method: str, path: str, body: Any = None) -> Run:
    return _ready(entry, method, path, body, x_session_token=person.token)


def _ready(entry: Entry, method: str, path: str, body: Any = None, **headers: str) -> Run:
    return answered(entry.ready(method, path, body, **headers))
