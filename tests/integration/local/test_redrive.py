"""Dead letters go the same way again: what works now is done, what fails again is kept."""

from __future__ import annotations

import base64
import json
import secrets
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from chalicelib.devices.model import Principal, key_digest
from chalicelib.devices.store import load_device
from infra.local.emulator.checkpoints import DeadLetterFile
from infra.local.emulator.table_stream import TableStream
from infra.local.emulator.template import ROOT
from infra.local.runner.process import running_stack
from infra.local.runner.redrive import handler, redrive
from tests.conftest import Device, Person, eventually, now_ms, reading

HOUR_MS = 3_600_000


@pytest.fixture
def letters(tmp_path: Path) -> DeadLetterFile:
    return DeadLetterFile(tmp_path / "dead-letters.jsonl")


def kept(path: Path) -> list[dict[str, Any]]:
    file = path / "dead-letters.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def fail_on(*bad: int) -> Any:
    def handle(record: dict[str, Any]) -> None:
        if record["n"] in bad:
            raise ValueError(f"{record['n']} again")

    return handle


def test_what_works_now_is_no_letter_any_more_and_what_fails_again_stays_with_its_new_error(
    letters: DeadLetterFile, tmp_path: Path
) -> None:
    for number in (1, 2, 3):
        letters.add({"n": number}, "the first time")

    assert redrive(letters, fail_on(2)) == (2, 1)

    (letter,) = kept(tmp_path)
    assert letter["record"] == {"n": 2}
    assert "2 again" in letter["error"]
    assert redrive(letters, fail_on()) == (1, 0)
    assert not (tmp_path / "dead-letters.jsonl").exists()


def test_a_crash_half_way_loses_no_letter(letters: DeadLetterFile, tmp_path: Path) -> None:
    class Crash(BaseException):
        """The process dies here."""

    def crash(record: dict[str, Any]) -> None:
        if record["n"] == 2:
            raise Crash

    for number in (1, 2, 3):
        letters.add({"n": number}, "once")

    with pytest.raises(Crash):
        redrive(letters, crash)

    assert [letter["record"]["n"] for letter in kept(tmp_path)] == [1, 2, 3]


@pytest.mark.parametrize("line", ['{"givenUpAt": "20', "[]", "{}", '{"record": 5}', "\xff"])
def test_half_a_line_stays_as_it_is_and_harms_no_other(letters: DeadLetterFile, tmp_path: Path, line: str) -> None:
    path = tmp_path / "dead-letters.jsonl"
    path.write_text(f"{line}\n")
    letters.add({"n": 1}, "once")

    assert redrive(letters, fail_on()) == (1, 1)
    assert path.read_text() == f"{line}\n"


def message(device: Device, batch: dict[str, Any], received_at_ms: int) -> dict[str, Any]:
    payload = base64.b64encode(json.dumps(batch).encode()).decode()
    stored = load_device(device.device_id)
    assert stored is not None
    principal = Principal(stored.device_uid, key_digest(device.api_key)).text
    return {
        "deviceId": device.device_id,
        "payload": payload,
        "receivedAtMs": received_at_ms,
        "principal": principal,
        "clientId": device.device_id,
    }


def test_a_message_of_hours_ago_is_stored_under_the_times_at_which_it_was_measured(
    person: Person, letters: DeadLetterFile
) -> None:
    device, then_ms = person.device(), now_ms() - 5 * HOUR_MS
    port_id = person.port(device)["portId"]
    batch = {"batchId": "b", "sentAtMs": then_ms, "readings": [reading(port_id, then_ms, 51.5)]}
    letters.add(message(device, batch, then_ms + 40), "the database did not answer")

    assert redrive(letters, handler()) == (1, 0)

    history = person.call("GET", f"/port/{port_id}/history?resolution=raw&from={then_ms - 1}").body
    assert [(each["timestampMs"], each["power"]) for each in history["readings"]] == [(then_ms, 51.5)]


def test_a_message_that_does_not_say_who_published_it_stays(person: Person, letters: DeadLetterFile) -> None:
    nobodys = message(person.device(), {"temperature": 21.5}, now_ms())
    del nobodys["principal"]
    letters.add(nobodys, "the database did not answer")

    assert redrive(letters, handler()) == (0, 1)


def test_a_stream_record_is_examined_as_it_would_have_been(
    person: Person, letters: DeadLetterFile, database: str
) -> None:
    device, at_ms = person.device(), now_ms()
    port_id = person.port(device, thresholdWatts=10)["portId"]
    device.send([reading(port_id, at_ms, 51.5)])
    stream = TableStream(database, "ghostwatt-local-readings")
    after: str | None = None
    while records := stream.read(after, 100):
        last, after = records[-1], str(records[-1]["dynamodb"]["SequenceNumber"])
    letters.add(json.loads(json.dumps(last)), "given up")

    assert redrive(letters, handler()) == (1, 0)

    (port,) = person.call("GET", "/port/list").body["ports"]
    assert port["latest"]["power"] == 51.5


def run(data: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "infra.local.runner.redrive", "--data", str(data)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def test_the_command_works_on_a_stopped_stack_and_refuses_a_running_one(tmp_path: Path) -> None:
    assert run(tmp_path).stdout.startswith("There are no dead letters in")
    letters = DeadLetterFile(tmp_path / "dead-letters.jsonl")
    with running_stack(tmp_path) as stack:
        who = {"email": f"{secrets.token_hex(6)}@example.com", "password": "correct horse battery"}
        session = requests.post(f"{stack.base_url}/api/account/signup", json=who, timeout=60).json()
        headers = {"x-session-token": session["sessionToken"]}
        asked = {"deviceId": f"GW-{secrets.token_hex(6)}"}
        made = requests.post(f"{stack.base_url}/api/device/register", json=asked, headers=headers, timeout=60).json()
        letters.add({"deviceId": asked["deviceId"]}, "poison")

        refused = run(tmp_path)

        assert (refused.returncode, refused.stdout) == (1, "")
        assert "in use by another stack" in refused.stderr
    principal = Principal(device_uid(tmp_path), key_digest(made["apiKey"])).text
    payload = base64.b64encode(json.dumps({"temperature": 21.5}).encode()).decode()
    event = {"deviceId": asked["deviceId"], "payload": payload, "receivedAtMs": now_ms(), "principal": principal}
    letters.add(event, "down")

    done = run(tmp_path)

    assert done.returncode == 1
    assert "Dead letters: 1 went through, 1 failed again" in done.stdout, done
    assert [letter["record"] for letter in kept(tmp_path)] == [{"deviceId": asked["deviceId"]}]
    with running_stack(tmp_path) as stack:
        listed = requests.get(f"{stack.base_url}/api/devices", headers=headers, timeout=60).json

        def is_shown() -> bool:
            return bool(listed()[0].get("temperature") == 21.5)

        eventually(is_shown, "what was recorded goes through the stream")


def device_uid(data: Path) -> str:
    """Of the only device in a data folder."""
    with closing(sqlite3.connect(data / "database.sqlite")) as connection:
        ((item,),) = connection.execute('SELECT item_json FROM "ghostwatt-local-devices"')
    return str(json.loads(item)["device_uid"]["S"])
