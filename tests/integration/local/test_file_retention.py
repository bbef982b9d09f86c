"""A closed account leaves nothing: not in the tables, nor in streams, mail, exports and dead letters."""

from __future__ import annotations

import os
import secrets
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.local.database import file_retention
from infra.local.database.expiry import Expiry
from infra.local.database.server import Database, server_binary
from infra.local.emulator import checkpoints
from infra.local.emulator.bucket import Bucket
from infra.local.emulator.clients import create_client
from infra.local.runner.bootstrap import DEAD_LETTERS, STREAMED_TABLE
from infra.local.runner.process import running_stack
from tests.conftest import eventually, now_ms, reading

DAY_SECONDS = 86_400
PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Life:
    """A person who uses all that keeps something, and what would tell of that person: address, ids, values."""

    base_url: str
    email: str = field(default_factory=lambda: f"{secrets.token_hex(8)}@example.com")
    value: float = field(default_factory=lambda: 1_000_000 + secrets.randbelow(10**9) / 1_000)
    traces: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = requests.request(method, f"{self.base_url}/api{path}", json=body, headers=named, timeout=60)
        assert answer.ok, (path, answer.text)
        return answer.json()

    def live(self) -> dict[str, str]:
        """Live; returns the header of the session."""
        who = {"email": self.email, "password": PASSWORD}
        me = {"x_session_token": self.call("POST", "/account/signup", who)["sessionToken"]}
        requests.post(f"{self.base_url}/api/account/login", json=who | {"password": "a wrong one"}, timeout=60)
        self.call("PUT", "/notification/settings", {"email": True, "kinds": {"cut": ["page", "email"]}}, **me)
        device_id = f"GW-{secrets.token_hex(8)}"
        asked = {"deviceId": device_id, "deviceName": "Pi of somebody"}
        pi = {"Authorization": f"Device {self.call('POST', '/device/register', asked, **me)['apiKey']}"}
        settings = {"policy": "cut", "dwellSeconds": 0, "thresholdWatts": 10, "name": "A lamp like no other"}
        port_id = self.call("POST", "/port", {"deviceId": device_id, **settings}, **me)["portId"]
        batch = {"batchId": secrets.token_hex(4), "sentAtMs": now_ms(), "readings": [reading(port_id, now_ms(), 4.6)]}
        self.call("POST", "/sensor/readings", batch, **pi)
        self.call("POST", "/device/data", {"sensors": {"odd": self.value}, "timestamp": now_ms()}, **pi)
        self.call("POST", "/live/ticket", {}, **me)
        requests.post(f"{self.base_url}/api/device/claim", json={"deviceId": f"{device_id}-2"}, timeout=60)
        self.call("POST", "/export", {}, **me)
        eventually(lambda: self.call("GET", "/phantom-event/list", **me)["events"], "it is cut")
        eventually(lambda: self.call("GET", "/export/export-1", **me)["state"] == "ready", "the export is made")
        names = [self.email, device_id, port_id, str(self.value)]
        self.traces.update({name: name for name in names})
        return me


def rows(database: Path) -> list[str]:
    """All that stands in the tables of the database's file, those of indexes and streams too."""
    with closing(sqlite3.connect(database)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        every = (f'SELECT * FROM "{name}"' for name in names)  # noqa: S608 - the database's own names
        return [
            repr((name, row)) for name, query in zip(names, every, strict=True) for row in connection.execute(query)
        ]


def found(data: Path, life: Life) -> list[str]:
    """Where in a data folder something tells of a person."""
    texts = [*rows(data / "database.sqlite"), *map(str, data.rglob("*"))]
    files = [path for path in data.rglob("*") if path.is_file() and not path.name.startswith("database.sqlite")]
    texts += [f"{path}: {path.read_bytes()!r}" for path in files]
    return [text for text in texts if any(trace in text for trace in life.traces)]


def internal_ids(data: Path, life: Life) -> dict[str, str]:
    """The ids of a person and a device that are in no answer."""
    ids = {}
    for row in rows(data / "database.sqlite"):
        for table, key in (("ghostwatt-local-users", "user_id"), ("ghostwatt-local-devices", "device_uid")):
            if row.startswith(f"('{table}',") and any(trace in row for trace in life.traces):
                value = row.partition(f'"{key}":{{"S":"')[2].partition('"')[0]
                ids[value] = key
    return ids


def keep_house(data: Path, now_seconds: float) -> None:
    """What the stack does with each tick, at a time to come."""
    database = Database(data, server_binary())
    database.start()
    database.wait_until_ready()
    try:
        client = create_client("dynamodb", database.url)
        Expiry(client, database.path, lambda: checkpoints.delivered(data, [STREAMED_TABLE])).run(now_seconds)
        Bucket(data / "exports").expire(now_seconds)
        file_retention.expire_mail(data / "mail", client, now_seconds)
        file_retention.expire_dead_letters(checkpoints.DeadLetterFile(data / DEAD_LETTERS), client, now_seconds)
    finally:
        database.stop()


def test_two_days_after_an_account_is_closed_nothing_of_it_is_left(tmp_path: Path) -> None:
    letters = checkpoints.DeadLetterFile(tmp_path / DEAD_LETTERS)
    with running_stack(tmp_path, 0, "--sweep-seconds", "0.3") as stack:
        gone, stays = Life(stack.base_url), Life(stack.base_url)
        session = gone.live()
        stays.live()
        eventually(lambda: len(list((tmp_path / "mail").glob("*.eml"))) >= 2, "both are told by mail")
        for life in (gone, stays):
            life.traces.update(internal_ids(tmp_path, life))
            device_id = next(trace for trace in life.traces if trace.startswith("GW-"))
            letters.add({"deviceId": device_id, "payload": "e30=", "receivedAtMs": now_ms()}, "given up")
        assert len(gone.traces) == 6

        gone.call("DELETE", "/account", {"currentPassword": PASSWORD}, **session)

        waiting = "('ghostwatt-local-purges',"
        eventually(
            lambda: not [row for row in rows(tmp_path / "database.sqlite") if row.startswith(waiting)], "it is purged"
        )
        eventually(lambda: gone.email not in mails(tmp_path), "its mail goes with it")
        eventually(lambda: not has_letter(tmp_path, gone), "its letters too")
        assert stays.email in mails(tmp_path)
        assert has_letter(tmp_path, stays)
    keep_house(tmp_path, time.time() + 2 * DAY_SECONDS)

    assert found(tmp_path, gone) == []
    assert found(tmp_path, stays) != []


def mails(data: Path) -> str:
    return "".join(path.read_text() for path in (data / "mail").glob("*.eml"))


def has_letter(data: Path, life: Life) -> bool:
    path = data / DEAD_LETTERS
    return path.exists() and any(trace in path.read_text() for trace in life.traces)


class Home:
    """A client that knows the address me@example.com and the device GW-1."""

    def get_item(self, *, Key: dict[str, dict[str, str]], **_: Any) -> dict[str, Any]:  # noqa: N803 - botocore's names
        known: dict[str, dict[str, Any]] = {
            "me@example.com": {"email": {"S": "me@example.com"}},
            "me@b\u00fccher.example": {"email": {"S": "me@b\u00fccher.example"}},
            "GW-1": {"device_uid": {"S": "uid-1"}},
        }
        ((value,),) = (list(part.values()) for part in Key.values())
        return {"Item": known[value]} if value in known else {}


def test_mail_goes_after_a_day_and_with_its_account(tmp_path: Path) -> None:
    for name, to in (("old", "me@example.com"), ("new", "me@example.com"), ("gone", "you@example.com")):
        (tmp_path / f"{name}.eml").write_text(f"To: {to}\n\nHello")
    (tmp_path / "idn.eml").write_text("To: me@xn--bcher-kva.example\n\nHello")
    (tmp_path / "old.unfinished").write_text("To: ")
    long_ago = time.time() - DAY_SECONDS - 9
    for name in ("old.eml", "old.unfinished"):
        os.utime(tmp_path / name, (long_ago, long_ago))

    file_retention.expire_mail(tmp_path, Home(), time.time())

    assert sorted(path.name for path in tmp_path.iterdir()) == ["idn.eml", "new.eml"]


def stream_record(device_uid: str) -> dict[str, Any]:
    image = {"device_id": {"S": "GW-1"}, "device_uid": {"S": device_uid}}
    return {"dynamodb": {"SequenceNumber": "1", "NewImage": image}}


@pytest.mark.parametrize(
    ("record", "stays"),
    [
        ({"deviceId": "GW-1", "payload": ""}, True),
        ({"deviceId": "GW-2", "payload": ""}, False),
        (stream_record("uid-1"), True),
        (stream_record("uid-0"), False),
        ({"dynamodb": {}}, True),
    ],
)
def test_a_letter_stays_while_its_device_is_there_for_two_weeks(
    tmp_path: Path, record: dict[str, Any], stays: bool
) -> None:
    path = tmp_path / "letters.jsonl"
    letters = checkpoints.DeadLetterFile(path)
    letters.add(record, "given up")

    file_retention.expire_dead_letters(letters, Home(), time.time() + 13 * DAY_SECONDS)
    assert path.exists() is stays

    file_retention.expire_dead_letters(letters, Home(), time.time() + 15 * DAY_SECONDS)
    assert not path.exists()
