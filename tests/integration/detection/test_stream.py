"""From stored readings to a cut, its confirmation and its end; nothing doubled, never-cut never cut."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.core import settings as place
from chalicelib.core.errors import Unavailable
from chalicelib.detection import phantom_event_store, port_control, relay_reports
from chalicelib.detection import service as examining
from chalicelib.detection.store import load_device_state
from chalicelib.energy.roll_up import roll_up
from chalicelib.entrypoints import stream as stream_events
from chalicelib.entrypoints.stream import examine, process_chunks
from chalicelib.ports import store as ports
from chalicelib.ports.service import get_owned_port
from chalicelib.readings.model import Chunk, Columns, SensorLog
from chalicelib.readings.sensor_service import update_newest_sensors
from chalicelib.realtime import device_channel
from infra.local.emulator.table_stream import TableStream
from tests.conftest import Call, Device, Person, now_ms, reading
from tests.integration.stream import Deliver

CUT: dict[str, Any] = {"policy": "cut", "thresholdWatts": 10, "dwellSeconds": 0}


@pytest.fixture
def device(person: Person) -> Device:
    return person.device()


def relay(device: Device, port: dict[str, Any]) -> dict[str, Any]:
    relays = device.call("POST", "/device/heartbeat").body["relays"]
    found: dict[str, Any] = next(entry for entry in relays if entry["portId"] == port["portId"])
    return found


def acknowledge(device: Device, port: dict[str, Any], state: str, version: int, reason: str | None = None) -> None:
    report = {"portId": port["portId"], "state": state, "version": version, "reason": reason}
    assert device.call("POST", "/device/heartbeat", {"relays": [report]}).status == 200


def events(person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.call("GET", "/phantom-event/list").body["events"]
    return found


def messages(person: Person) -> list[str]:
    return [entry["message"] for entry in person.call("GET", "/notification/list").body["notifications"]]


def test_the_way_of_a_cut_and_back(person: Person, device: Device, deliver: Deliver) -> None:
    port = person.port(device, "Television", **CUT)
    now = now_ms()
    device.send([reading(port["portId"], now - 2_000, 3.2)])
    deliver()
    command = relay(device, port)
    assert (command["desired"], command["version"], command["onlyBelowWatts"]) == ("off", 1, 10)
    assert command["expiresAtMs"] > now
    (event,) = events(person)
    assert (event["actionTaken"], event["detectedPower"], event["outcome"]) == ("auto_cut", 3.2, "sent")
    assert messages(person) == ["Phantom energy detected on Television"]
    assert person.call("GET", f"/port/{port['portId']}").body["status"] == "off"

    acknowledge(device, port, "off", 1)
    assert events(person)[0]["outcome"] == "obeyed"
    device.send([reading(port["portId"], now_ms(), 0.0)])
    deliver()
    assert events(person)[0]["outcome"] == "confirmed"

    assert person.call("POST", f"/port/{port['portId']}/switch", {"state": "on"}).body["version"] == 2
    assert (events(person)[0]["outcome"], events(person)[0]["endedAt"] is None) == ("undone", False)
    assert relay(device, port) == {"portId": port["portId"], "channel": 1, "desired": "on", "version": 2}
    device.send([reading(port["portId"], now_ms() + number, 3.2) for number in range(1, 4)])
    deliver()
    assert relay(device, port)["desired"] == "on"

    device.send([reading(port["portId"], now_ms() + 10, 90.0), reading(port["portId"], now_ms() + 20, 3.2)])
    deliver()
    assert relay(device, port)["desired"] == "off"
    assert len(events(person)) == 2


def test_redelivery_changes_nothing(person: Person, device: Device, deliver: Deliver) -> None:
    port = person.port(device, **CUT)
    device.send([reading(port["portId"], now_ms(), 3.2)])
    deliver()
    before = (events(person), messages(person), relay(device, port), person.call("GET", "/port/list").body)
    assert deliver(again=True) > 0
    assert (events(person), messages(person), relay(device, port), person.call("GET", "/port/list").body) == before


def test_a_never_cut_port_is_never_cut(person: Person, device: Device, deliver: Deliver) -> None:
    port = person.port(device, "Fridge", **CUT, neverCut=True)
    device.send([reading(port["portId"], now_ms(), 1.1)])
    deliver()
    assert relay(device, port)["desired"] == "on"
    assert [event["actionTaken"] for event in events(person)] == ["notified"]


@pytest.mark.parametrize(("policy", "action", "told"), [("notify", "notified", 1), ("observe", "observed", 0)])
def test_other_policies_only_say_so(
    person: Person, device: Device, deliver: Deliver, policy: str, action: str, told: int
) -> None:
    port = person.port(device, **CUT | {"policy": policy})
    device.send([reading(port["portId"], now_ms(), 3.2)])
    deliver()
    assert relay(device, port)["desired"] == "on"
    assert [event["actionTaken"] for event in events(person)] == [action]
    assert len(messages(person)) == told


def test_the_dwell_runs_on_the_readings_own_time_across_batches(
    person: Person, device: Device, deliver: Deliver
) -> None:
    port = person.port(device, **CUT | {"dwellSeconds": 120})
    start = now_ms() - 130_000
    for second in range(0, 120, 30):
        device.send([reading(port["portId"], start + 1_000 * second, 3.2)])
        deliver()
    assert relay(device, port)["desired"] == "on"
    device.send([reading(port["portId"], start + 120_000, 3.2)])
    deliver()
    assert relay(device, port)["desired"] == "off"
    assert events(person)[0]["reason"] == "3.2 W for 2 min, below 10 W"


def test_late_readings_neither_cut_nor_alert(person: Person, device: Device, deliver: Deliver) -> None:
    port = person.port(device, **CUT)
    device.send([reading(port["portId"], now_ms() - 11 * 60_000, 3.2)])
    deliver()
    device.send([reading(port["portId"], now_ms(), 90.0)])
    device.send([reading(port["portId"], now_ms() - 5_000, 3.2)])
    deliver()
    assert (relay(device, port)["desired"], events(person), messages(person)) == ("on", [], [])
    assert person.call("GET", f"/port/{port['portId']}").body["latest"]["power"] == 90.0


def test_setting_never_cut_or_leaving_the_policy_restores_what_was_cut(
    person: Person, device: Device, deliver: Deliver
) -> None:
    for number, change in enumerate(({"neverCut": True}, {"policy": "notify"}, {"kind": "fridge"})):
        port = person.port(device, f"Port {number}", **CUT)
        device.send([reading(port["portId"], now_ms(), 3.2)])
        deliver()
        assert relay(device, port)["desired"] == "off"
        assert person.call("PATCH", f"/port/{port['portId']}", change).body["relay"]["desired"] == "on"
        assert relay(device, port)["desired"] == "on"
        assert events(person)[0]["outcome"] == "undone"


def test_a_cut_that_the_pi_refuses_is_taken_back(person: Person, device: Device, deliver: Deliver) -> None:
    port = person.port(device, **CUT)
    device.send([reading(port["portId"], now_ms(), 3.2)])
    deliver()
    acknowledge(device, port, "on", 1, "in_use")
    assert relay(device, port)["desired"] == "on"
    assert events(person)[0]["outcome"] == "refused"
    assert person.call("GET", f"/port/{port['portId']}").body["relay"]["reason"] == "in_use"


def test_feedback_wrong_switches_the_outlet_on(
    person: Person, stranger: Person, device: Device, deliver: Deliver
) -> None:
    port = person.port(device, **CUT)
    device.send([reading(port["portId"], now_ms(), 3.2)])
    deliver()
    path = f"/phantom-event/{events(person)[0]['eventId']}/feedback"
    assert stranger.call("POST", path, {"verdict": "wrong"}).status == 404
    assert person.call("POST", path, {"verdict": "maybe"}).status == 422
    judged = person.call("POST", path, {"verdict": "wrong"}).body["event"]
    assert (judged["verdict"], judged["outcome"]) == ("wrong", "undone")
    assert person.call("POST", path, {"verdict": "wrong"}).body["event"] == judged
    assert relay(device, port)["desired"] == "on"


def test_a_verdict_counts_once_and_the_other_one_takes_it_back(
    person: Person, device: Device, deliver: Deliver
) -> None:
    port = person.port(device, **CUT)
    device.send([reading(port["portId"], now_ms(), 3.2)])
    deliver()
    path = f"/phantom-event/{events(person)[0]['eventId']}/feedback"
    counted = []
    for verdict in ("wrong", "right", "wrong", "wrong", "right", "right", "wrong", "right"):
        assert person.call("POST", path, {"verdict": verdict}).body["event"]["verdict"] == verdict
        stored = ports.load_port(port["portId"])
        assert stored is not None
        counted.append(stored.relay.false_cuts)
    assert counted == [1, 0, 1, 1, 0, 0, 1, 0]
    assert relay(device, port)["desired"] == "on"


def test_a_kind_that_must_keep_its_power_is_not_cut_whatever_the_policy(
    person: Person, device: Device, deliver: Deliver
) -> None:
    port = person.port(device, **CUT, kind="fridge or freezer")
    device.send([reading(port["portId"], now_ms(), 1.1)])
    deliver()
    assert relay(device, port)["desired"] == "on"
    assert [event["actionTaken"] for event in events(person)] == ["notified"]


def test_what_was_learned_is_shown_and_used(person: Person, device: Device, deliver: Deliver) -> None:
    port = person.port(device, "Amplifier", policy="cut")
    start = now_ms() - 30 * 3_600_000
    watts_at = [(3.0 if (minute // 240) % 2 else 60.0) for minute in range(29 * 60)]
    for first in range(0, len(watts_at), 480):
        batch = [
            reading(port["portId"], start + (first + n) * 60_000, w)
            for n, w in enumerate(watts_at[first : first + 480])
        ]
        device.send(batch)
        deliver()
    shown = person.call("GET", f"/port/{port['portId']}/detector").body
    assert (shown["source"], shown["observedMinutes"] > 1_000) == ("learned", True)
    assert 3.0 < shown["thresholdWatts"] < 60.0
    assert sum(bar["minutes"] for bar in shown["histogram"]) == shown["observedMinutes"]


def test_the_guides_single_reading_cuts_with_dwell_zero(
    call: Call, person: Person, device: Device, deliver: Deliver
) -> None:
    port = person.port(device, "Console", **CUT)
    body = {"deviceToken": device.api_key, "portId": port["portId"], "voltage": 230, "current": 0.02, "power": 4.6}
    assert call("POST", "/sensor/reading", body).body["data"]["phantomDetected"] is True
    deliver()
    assert [event["actionTaken"] for event in events(person)] == ["auto_cut"]
    assert messages(person) == ["Phantom energy detected on Console"]


def test_events_and_notifications_are_each_persons_own(
    person: Person, stranger: Person, device: Device, deliver: Deliver
) -> None:
    port = person.port(device, **CUT)
    device.send([reading(port["portId"], now_ms(), 3.2)])
    deliver()
    assert (events(stranger), messages(stranger)) == ([], [])
    assert len(person.call("GET", f"/phantom-event/list?portId={port['portId']}").body["events"]) == 1


def test_notifications_are_read_one_by_one_or_all(person: Person, device: Device, deliver: Deliver) -> None:
    for number in range(3):
        port = person.port(device, f"Port {number}", **CUT)
        device.send([reading(port["portId"], now_ms(), 3.2)])
    deliver()
    listed = person.call("GET", "/notification/list").body
    assert (listed["unread"], len(listed["notifications"])) == (3, 3)
    first = listed["notifications"][0]["notificationId"]
    person.call("POST", "/notification/read", {"notificationIds": [first, "made-up"]})
    listed = person.call("GET", "/notification/list").body
    assert (listed["unread"], listed["notifications"][0]["read"]) == (2, True)
    person.call("POST", "/notification/read", {"all": True})
    assert person.call("GET", "/notification/list").body["unread"] == 0


def test_newest_sensor_values_are_shown_whatever_their_order(person: Person, device: Device, deliver: Deliver) -> None:
    now = now_ms()
    for age_ms, degrees in ((1_000, 21.0), (60_000, 19.0)):
        device.call("POST", "/device/data", {"sensors": {"temperature": degrees}, "timestamp": now - age_ms})
    deliver()
    (shown,) = person.call("GET", "/device/list").body["devices"]
    assert shown["latest"]["sensors"] == {"temperature": 21.0}
    (plain,) = person.call("GET", "/devices").body
    assert plain["temperature"] == 21.0


def test_of_a_flood_of_sensor_logs_only_the_newest_is_examined(
    person: Person, device: Device, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver()
    examined: list[float] = []

    def update_and_note(log: SensorLog) -> Any:
        examined.append(log.values["t"])
        return update_newest_sensors(log)

    monkeypatch.setattr(stream_events, "update_newest_sensors", update_and_note)
    now = now_ms()
    for number in (3, 1, 9, 4):
        device.call("POST", "/device/data", {"sensors": {"t": number}, "timestamp": now - 60_000 + number})
    deliver()
    assert examined == [9]
    (shown,) = person.call("GET", "/device/list").body["devices"]
    assert shown["latest"]["sensors"] == {"t": 9}


def test_the_device_with_the_fewest_readings_is_examined_first_and_usage_is_computed_after_all_verdicts(
    person: Person, stranger: Person, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver()
    steps: list[tuple[str, str]] = []
    noisy, quiet = person.device(), stranger.device()
    names = {noisy.device_id: "noisy", quiet.device_id: "quiet"}
    detect = examining.detect

    def detected(chunks: Any, at_ms: int) -> Any:
        steps.append(("detect", names[chunks[0].device_id]))
        return detect(chunks, at_ms)

    def rolled_up(ports: Any, *rest: Any) -> None:
        steps.append(("roll up", names[ports[0].device_id]))
        roll_up(ports, *rest)

    monkeypatch.setattr(stream_events, "detect", detected)
    monkeypatch.setattr(stream_events, "roll_up", rolled_up)
    loud, soft = person.port(noisy, **CUT), stranger.port(quiet, **CUT)
    start = now_ms() - 1_000
    for batch in range(3):
        noisy.send([reading(loud["portId"], start + 10 * batch + at, 300.0) for at in range(10)])
    quiet.send([reading(soft["portId"], start, 3.2)])
    deliver()
    assert steps == [("detect", "quiet"), ("detect", "noisy"), ("roll up", "quiet"), ("roll up", "noisy")]
    assert relay(quiet, soft)["desired"] == "off"


def test_a_poison_record_is_named_and_holds_up_nobody(
    person: Person, device: Device, database: str, deliver: Deliver
) -> None:
    deliver()
    port = person.port(device, **CUT)
    device.send([reading(port["portId"], now_ms(), 3.2)])
    stream = TableStream(database, "ghostwatt-local-readings")
    good, after = None, None
    while records := stream.read(after, 1000):
        good = records[-1]
        after = good["dynamodb"]["SequenceNumber"]
    poison: Any = copy.deepcopy(good)
    poison["dynamodb"]["NewImage"]["watts"] = {"B": "AAAA"}
    poison["dynamodb"]["NewImage"]["device_uid"] = {"S": "somebody-else"}
    poison["dynamodb"]["SequenceNumber"] = "17"
    assert examine({"Records": [poison, good]}, None) == {"batchItemFailures": [{"itemIdentifier": "17"}]}
    assert relay(device, port)["desired"] == "off"


def test_a_device_is_commanded_though_its_sensors_cannot_be_updated(
    person: Person, device: Device, database: str, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver()
    port = person.port(device, **CUT)
    device.call("POST", "/device/data", {"sensors": {"t": 21.0}})
    device.send([reading(port["portId"], now_ms(), 3.2)])
    commanded: list[str] = []

    def fail(_log: SensorLog) -> Any:
        raise Unavailable("The database does not answer; try again.", code="database_unavailable")

    monkeypatch.setattr(stream_events, "update_newest_sensors", fail)
    reachable = replace(place.settings(), iot_endpoint="http://broker")
    monkeypatch.setattr(device_channel, "settings", lambda: reachable)
    monkeypatch.setattr(device_channel, "publish_to_device", lambda device_id, _answer: commanded.append(device_id))
    stream = TableStream(database, "ghostwatt-local-readings")
    records: list[Any] = []
    while more := stream.read(str(records[-1]["dynamodb"]["SequenceNumber"]) if records else None, 1000):
        records += more
    answer = examine({"Records": records[-2:]}, None)
    assert (len(answer["batchItemFailures"]), len(answer.unavailable)) == (2, 2)
    assert commanded == [device.device_id]


def test_deleting_an_outlet_ends_what_was_open_there(person: Person, device: Device, deliver: Deliver) -> None:
    for settings in (CUT, CUT | {"policy": "notify"}):
        port = person.port(device, **settings)
        device.send([reading(port["portId"], now_ms(), 3.2)])
        deliver()
        assert person.call("DELETE", f"/port/{port['portId']}").status == 200
    told, cut = events(person)
    assert (cut["actionTaken"], cut["outcome"], cut["endedAt"] is None) == ("auto_cut", "undone", False)
    assert (told["actionTaken"], told["outcome"], told["endedAt"] is None) == ("notified", None, False)


def test_releasing_a_device_ends_what_was_open_at_its_outlets(person: Person, device: Device, deliver: Deliver) -> None:
    for number, settings in enumerate((CUT, CUT | {"policy": "notify"})):
        port = person.port(device, f"Port {number}", **settings)
        device.send([reading(port["portId"], now_ms(), 3.2)])
    deliver()
    acknowledge(device, person.call("GET", "/port/list").body["ports"][0], "off", 1)
    assert person.call("DELETE", f"/device/{device.device_id}").status == 200
    assert [event["endedAt"] is None for event in events(person)] == [False, False]


def test_a_cut_at_the_moment_of_deleting_leaves_no_open_event(
    person: Person, device: Device, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = person.port(device, **CUT)
    device.send([reading(port["portId"], now_ms(), 3.2)])
    own, racing = get_owned_port, iter([True, False])

    def read_before_the_cut(owner_id: str, port_id: str) -> Any:
        found = own(owner_id, port_id)
        if next(racing):
            deliver()
        return found

    monkeypatch.setattr(port_control, "get_owned_port", read_before_the_cut)
    assert person.call("DELETE", f"/port/{port['portId']}").status == 200
    assert [(event["outcome"], event["endedAt"] is None) for event in events(person)] == [("undone", False)]


def test_an_acknowledgement_is_not_lost_to_a_change_at_the_same_moment(
    person: Person, device: Device, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = person.port(device, **CUT)
    device.send([reading(port["portId"], now_ms(), 3.2)])
    deliver()
    of_device = ports.load_ports_of_device

    def read_before_the_change(device_uid: str) -> Any:
        found = of_device(device_uid)
        monkeypatch.undo()
        assert person.call("PATCH", f"/port/{port['portId']}", {"name": "Telly"}).status == 200
        return found

    monkeypatch.setattr(relay_reports, "load_ports_of_device", read_before_the_change)
    acknowledge(device, port, "off", 1)
    assert person.call("GET", f"/port/{port['portId']}").body["relay"]["reported"] == "off"
    assert events(person)[0]["outcome"] == "obeyed"


@pytest.mark.parametrize("what", ["switch", "never-cut", "acknowledge"])
def test_a_crash_leaves_no_relay_without_what_it_means_for_its_event(
    person: Person, device: Device, deliver: Deliver, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    port = person.port(device, **CUT)
    device.send([reading(port["portId"], now_ms(), 3.2)])
    deliver()

    def crash(*_: object) -> None:
        raise ZeroDivisionError

    for step in ("put_progress", "put_obeyed"):
        monkeypatch.setattr(phantom_event_store, step, crash)
    report = {"portId": port["portId"], "state": "off", "version": 1}
    answer = {
        "switch": lambda: person.call("POST", f"/port/{port['portId']}/switch", {"state": "on"}),
        "never-cut": lambda: person.call("PATCH", f"/port/{port['portId']}", {"neverCut": True}),
        "acknowledge": lambda: device.call("POST", "/device/heartbeat", {"relays": [report]}),
    }[what]()
    assert answer.status == 500
    now = person.call("GET", f"/port/{port['portId']}").body["relay"]
    assert (now["desired"], now["reported"], events(person)[0]["outcome"]) == ("off", None, "sent")


def test_trouble_at_one_outlet_keeps_no_other_from_being_watched(
    person: Person, device: Device, database: str, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver()
    outlets = [person.port(device, f"Port {number}", **CUT) for number in range(3)]
    look = examining._effects_of_readings  # noqa: SLF001

    def look_but_at_one(port: Any, *rest: Any) -> Any:
        if port.port_id == outlets[0]["portId"]:
            raise ZeroDivisionError
        return look(port, *rest)

    monkeypatch.setattr(examining, "_effects_of_readings", look_but_at_one)
    device.send([reading(port["portId"], now_ms(), 3.2) for port in outlets])
    stream, after = TableStream(database, "ghostwatt-local-readings"), None
    while records := stream.read(after, 1000):
        newest = records[-1]
        after = newest["dynamodb"]["SequenceNumber"]
    assert examine({"Records": [newest]}, None) == {"batchItemFailures": [{"itemIdentifier": after}]}
    assert [relay(device, port)["desired"] for port in outlets] == ["on", "off", "off"]
    monkeypatch.undo()
    deliver()
    assert [relay(device, port)["desired"] for port in outlets] == ["off", "off", "off"]
    assert len(events(person)) == 3


def test_after_the_servers_clock_was_wrong_the_present_is_watched_again(person: Person, device: Device) -> None:
    port_id = person.port(device, **CUT)["portId"]
    port = ports.load_port(port_id)
    assert port is not None

    def examined(at_ms: int, watts: int) -> None:
        columns = Columns([at_ms], [watts * 1_000], [230_000], [100], [None])
        chunk = Chunk(port.device_uid, port.device_id, port.owner_id, f"{at_ms}", at_ms, {port_id: columns})
        process_chunks([chunk], at_ms)

    tomorrow = now_ms() + 86_400_000
    for number in range(3):
        examined(tomorrow + number * 60_000, 90)
    learned = load_device_state(port.device_uid).ports[port_id].detector
    examined(now_ms(), 90)
    known = load_device_state(port.device_uid).ports[port_id]
    assert known.latest is not None
    assert known.latest.at_ms <= now_ms()
    assert known.detector.watt_minutes == learned.watt_minutes
    examined(now_ms() + 1, 3)
    assert relay(device, {"portId": port_id})["desired"] == "off"
