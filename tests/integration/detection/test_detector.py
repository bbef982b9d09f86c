"""Why the detector decides so, what another rule would have done, and what a verdict teaches."""

from __future__ import annotations

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from chalicelib.detection import backtest_service, routes
from chalicelib.detection.detector_state import State
from tests.conftest import Device, Person, now_ms, reading

MINUTE = 60_000


@pytest.fixture
def device(person: Person) -> Device:
    return person.device()


@pytest.fixture
def recorded(person: Person, device: Device) -> dict[str, Any]:
    """A port with three hours behind it: half an hour in use, two hours of standby, half an hour in use."""
    port = person.port(device)
    start = now_ms() - 180 * MINUTE
    for quarter in range(12):
        watts = 90.0 if quarter in (0, 1, 10, 11) else 6.0
        device.send([reading(port["portId"], start + (quarter * 15 + minute) * MINUTE, watts) for minute in range(15)])
    return port


def backtest(person: Person, port: dict[str, Any], **rule: Any) -> Any:
    return person.call("POST", f"/port/{port['portId']}/backtest", {"days": 1} | rule)


def test_a_backtest_says_what_would_have_been_cut_and_saved(person: Person, recorded: dict[str, Any]) -> None:
    answer = backtest(person, recorded, thresholdWatts=10, dwellSeconds=600).body
    (cut,) = answer["cuts"]
    assert (answer["wrongCuts"], answer["readings"], answer["cursor"]) == (0, 180, None)
    assert answer["savedWattHours"] == cut["savedWattHours"] == pytest.approx(6.0 * 1.8, abs=0.6)
    assert cut["restoredAt"] is not None
    assert "below 10 W" in cut["reason"]


def test_a_backtest_writes_nothing(person: Person, device: Device, recorded: dict[str, Any]) -> None:
    before = person.call("GET", f"/port/{recorded['portId']}").body
    backtest(person, recorded, thresholdWatts=10, dwellSeconds=60)
    assert person.call("GET", f"/port/{recorded['portId']}").body == before
    assert person.call("GET", "/phantom-event/list").body["events"] == []


def test_a_backtest_goes_on_page_by_page_with_the_same_end(
    person: Person, recorded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = backtest(person, recorded, thresholdWatts=10, dwellSeconds=600).body
    monkeypatch.setattr(backtest_service, "CHUNKS_A_READ", 2)
    monkeypatch.setattr(backtest_service, "CHUNKS_A_PAGE", 4)
    cuts: list[Any] = []
    readings, cursor = 0, None
    for _ in range(10):
        more: dict[str, Any] = {"cursor": cursor} if cursor else {}
        page = backtest(person, recorded, thresholdWatts=10, dwellSeconds=600, **more).body
        cuts += page["cuts"]
        readings, cursor = readings + page["readings"], page["cursor"]
        if cursor is None:
            break
    assert (cuts, readings) == (whole["cuts"], whole["readings"])


def test_a_person_runs_two_backtests_at_a_time_and_all_together_three(
    person: Person, stranger: Person, recorded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    running, may_end = threading.Semaphore(0), threading.Event()
    run = backtest_service.run_backtest_page

    def slow(*arguments: Any) -> Any:
        running.release()
        assert may_end.wait(20)
        return run(*arguments)

    monkeypatch.setattr(routes, "run_backtest_page", slow)
    other = stranger.port(stranger.device())
    with ThreadPoolExecutor(3) as pool:
        taken = [pool.submit(backtest, person, recorded) for _ in range(2)]
        assert all(running.acquire(timeout=60) for _ in taken)
        refused = [backtest(person, recorded)]
        taken += [pool.submit(backtest, stranger, other)]
        assert running.acquire(timeout=60)
        refused += [backtest(stranger, other)]
        may_end.set()
    for answer in refused:
        assert (answer.status, answer.body["code"]) == (429, "too_many_requests")
        assert int(answer.headers["Retry-After"]) >= 1
    assert [answer.result().status for answer in taken] == [200] * 3
    assert backtest(person, recorded).status == 200


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"days": 0}, "days"),
        ({"days": 401}, "days"),
        ({"policy": "burn"}, "policy"),
        ({"thresholdWatts": 0}, "thresholdWatts"),
        ({"cursor": "bm9uc2Vuc2U="}, "cursor"),
        ({"cursor": "!"}, "cursor"),
        ({"hours": 1}, "hours"),
    ],
)
def test_a_wrong_backtest_is_422_and_names_the_field(
    person: Person, recorded: dict[str, Any], wrong: dict[str, Any], field: str
) -> None:
    answer = backtest(person, recorded, **wrong)
    assert (answer.status, answer.body["field"]) == (422, field)


def forged(**changes: Any) -> str:
    """A cursor that no replay gave: one that is sound but for the detector's memory, the verdicts or the cut."""
    memory = replace(State(watermark_ms=now_ms(), fold_since_ms=now_ms()), **changes.pop("memory", {}))
    standing = {"at_ms": now_ms(), "watts": 3.0, "threshold_watts": 10.0, "reason": ""} | changes.pop("standing", {})
    rest = {"undone_at_ms": None, "uses_confirmed": 0, "false_cuts": 0} | changes
    packed = ("e30", memory.pack(), *rest.values(), {**standing, "seen_at_ms": now_ms()})
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(packed)).decode()


NUMBERS = [float("nan"), float("inf"), -float("inf"), 1e308, -1.0]


@pytest.mark.parametrize(
    "changes",
    [
        *({"memory": {"idle_peak_watts": number}} for number in NUMBERS),
        *({"memory": {"threshold_watts": number}} for number in NUMBERS),
        {"memory": {"fold_microjoules": 2**62, "covered_ms": 1}},
        {"memory": {"fixed_microjoules": -1, "fixed_since_ms": 1}},
        {"memory": {"watermark_ms": 2**62}},
        {"memory": {"standby_covered_ms": 2**62}},
        {"memory": {"samples": 2**32 - 1}},
        {"memory": {"uses_learnt": 2**32 - 1}},
        {"memory": {"heat_minutes": 2**16 - 1}},
        {"memory": {"last_bin": 200}},
        {"memory": {"watt_minutes": [2**16 - 1] * 80}},
        {"memory": {"idle_runs": [2**16 - 1] * 27}},
        *({"standing": {"watts": number}} for number in NUMBERS),
        *({"standing": {"saved_joules": number}} for number in NUMBERS),
        {"standing": {"at_ms": -(2**62)}},
        {"standing": {"restored_at_ms": 2**62}},
        {"undone_at_ms": 2**62},
        {"uses_confirmed": 2**62},
        {"false_cuts": -1},
        {"false_cuts": 2**40},
        {},
    ],
)
def test_a_forged_cursor_is_refused(person: Person, recorded: dict[str, Any], changes: dict[str, Any]) -> None:
    answer = backtest(person, recorded, cursor=forged(**changes))
    assert (answer.status, answer.body["field"]) == (422, "cursor")


def test_another_users_detector_is_404(person: Person, stranger: Person, device: Device) -> None:
    port = person.port(device)
    assert stranger.call("GET", f"/port/{port['portId']}/detector").status == 404
    assert backtest(stranger, port).status == 404


@pytest.mark.parametrize(
    ("settings", "source", "threshold"),
    [
        ({}, "none", None),
        ({"kind": "television"}, "kind", 10.0),
        ({"thresholdWatts": 7}, "given", 7.0),
        ({"dwellSeconds": 60}, "default", 10.0),
    ],
)
def test_the_detector_says_where_its_threshold_comes_from(
    person: Person, device: Device, settings: dict[str, Any], source: str, threshold: float | None
) -> None:
    port = person.port(device, **settings)
    shown = person.call("GET", f"/port/{port['portId']}/detector").body
    assert (shown["source"], shown["thresholdWatts"]) == (source, threshold)
    assert shown["waitsFor"].endswith(".")
