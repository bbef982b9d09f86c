"""Exports over the API: the zip holds what was sent, once, in both forms; what goes wrong is told."""

from __future__ import annotations

import csv
import io
import json
import os
import secrets
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import requests
from starlette.applications import Starlette
from starlette.routing import Mount

from chalicelib.core import aws
from chalicelib.core.deadlines import Deadline
from chalicelib.core.errors import NotFound
from chalicelib.core.settings import settings
from chalicelib.core.times import DAY_MS, HOUR_MS, SECOND_MS, epoch_ms
from chalicelib.deletion.worker import delete_requested
from chalicelib.entrypoints.jobs import export_job
from chalicelib.entrypoints.schedule import sweep
from chalicelib.exports import contents as export_contents
from chalicelib.exports import service as exports
from chalicelib.exports import store
from chalicelib.exports.contents import readme
from chalicelib.exports.model import RUN_LEASE_MS
from infra.local.database.server import LOOPBACK
from infra.local.emulator.bucket import Bucket
from infra.local.emulator.invocations import Invocations
from infra.local.runner.server import Server, listen
from tests.conftest import Answered, Call, Device, Person, eventually, now_ms, reading

Table = list[dict[str, Any]]
SCHEDULED: dict[str, Any] = {
    "version": "0",
    "id": "1",
    "detail-type": "",
    "source": "aws.events",
    "account": "",
    "time": "",
    "region": "",
    "resources": [],
    "detail": {},
}


@dataclass
class Office:
    """Where exports are made in these tests: the bucket's folder, and the jobs that were started and wait."""

    directory: Path
    waiting: list[dict[str, Any]] = field(default_factory=list)

    def work(self) -> list[bool]:
        """Run all jobs that wait; what each says."""
        eventually(lambda: self.waiting, "a job is started")
        jobs, self.waiting[:] = list(self.waiting), []
        return [export_job(event, None) for event in jobs]

    def files(self) -> list[Path]:
        return list(self.directory.glob("*/*"))


@pytest.fixture(scope="session")
def services(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The PC stack's own stand-ins for S3 and Lambda; jobs run at the test's word."""
    office = Office(tmp_path_factory.mktemp("exports"))
    bucket = Bucket(office.directory)
    invocations = Invocations({"export_job": lambda event, _: office.waiting.append(event)})
    listener, ready = listen(LOOPBACK, 0), threading.Event()
    url = f"http://{LOOPBACK}:{listener.port}"
    inside = Mount("/private", routes=[bucket.service(), invocations.service()])
    server = Server(Starlette(routes=[inside, bucket.links()]), ready.set)
    threads = [
        threading.Thread(target=server.run, args=([listener.socket],), daemon=True),
        threading.Thread(target=invocations.run, daemon=True),
    ]
    for thread in threads:
        thread.start()
    assert ready.wait(10)
    places = {"AWS_ENDPOINT_URL_S3": f"{url}/private/s3", "AWS_ENDPOINT_URL_LAMBDA": f"{url}/private"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**places, "EXPORTS_URL": f"{url}/exports"}.items():
            patch.setenv(name, value)
        for cached in (settings, aws.client):
            cached.cache_clear()
        yield office
    for cached in (settings, aws.client):
        cached.cache_clear()
    server.should_exit = True
    invocations.stop()
    for thread in threads:
        thread.join(30)


@pytest.fixture
def office(services: Office) -> Office:
    services.waiting.clear()
    return services


@pytest.fixture
def device(person: Person) -> Device:
    return person.device()


def ask(person: Person, **wanted: Any) -> Answered:
    answer = person.call("POST", "/export", wanted)
    assert answer.status == 202, answer
    return answer


def look(person: Person, asked: Answered) -> dict[str, Any]:
    answer = person.call("GET", f"/export/{asked.body['exportId']}")
    assert answer.status == 200, answer
    body: dict[str, Any] = answer.body
    return body


def fetched(link: str) -> zipfile.ZipFile:
    answer = requests.get(link, timeout=60)
    assert answer.status_code == 200, answer
    assert answer.headers["Content-Disposition"] == 'attachment; filename="ghostwatt-export.zip"'
    return zipfile.ZipFile(io.BytesIO(answer.content))


def exported(person: Person, office: Office, **wanted: Any) -> zipfile.ZipFile:
    asked = ask(person, **wanted)
    assert office.work() == [True]
    ready = look(person, asked)
    assert ready["state"] == "ready", ready
    archive = fetched(ready["link"])
    assert archive.testzip() is None
    return archive


def lines(archive: zipfile.ZipFile, name: str) -> Table:
    return [json.loads(line) for line in archive.read(f"{name}.jsonl").splitlines()]


def rows(archive: zipfile.ZipFile, name: str) -> Table:
    return list(csv.DictReader(io.StringIO(archive.read(f"{name}.csv").decode("utf-8-sig"))))


def names(archive: zipfile.ZipFile, kind: str) -> set[str]:
    return {name.removesuffix(f".{kind}") for name in archive.namelist() if name.endswith(f".{kind}")}


def as_text(value: Any) -> str:
    """A value as the CSV has it: text that a spreadsheet would run has an apostrophe before it."""
    is_formula = isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r")
    return "" if value is None else f"'{value}" if is_formula else str(value)


def live(person: Person, device: Device) -> list[dict[str, Any]]:
    """Two outlets over two days, the second stretch sent twice and overlapping; returns the readings as they stand."""
    first, second = (str(person.port(device, name)["portId"]) for name in ("Television", "Télé, 2"))
    start_ms = now_ms() // DAY_MS * DAY_MS - DAY_MS - 2 * HOUR_MS
    sent = [
        reading(port_id, start_ms + 30 * SECOND_MS * number, 4.6 + number % 7)
        for number in range(240)
        for port_id in (first, second)
    ]
    batches = [sent[at : at + 400] for at in range(0, len(sent), 400)]
    for batch in batches:
        assert device.send(batch).status == 200
    device.send([{**one, "power": 99.0} for one in batches[0][:10]])
    late = [reading(first, start_ms + 30 * SECOND_MS * 240 + 1, 7.5) | {"voltage": None, "current": None, "heldMs": 7}]
    assert device.send(late).status == 200
    return [*sent, *late]


def test_the_readings_are_what_was_sent_to_the_reading(person: Person, device: Device, office: Office) -> None:
    sent = live(person, device)
    archive = exported(person, office)
    for port_id in {one["portId"] for one in sent}:
        days = sorted(name for name in names(archive, "jsonl") if name.startswith(f"readings/{port_id}/"))
        found = [line for day in days for line in lines(archive, day)]
        wanted = sorted((one for one in sent if one["portId"] == port_id), key=lambda one: one["timestampMs"])
        fields = ("timestampMs", "power", "voltage", "current")
        assert [[line[name] for name in fields] for line in found] == [[one[name] for name in fields] for one in wanted]
        assert [line["heldMs"] for line in found] == [one.get("heldMs", 0) for one in wanted]
        for day in days:
            assert all(line["timestamp"].startswith(day.rpartition("/")[2]) for line in lines(archive, day))
            assert all(epoch_ms(line["timestamp"]) == line["timestampMs"] for line in lines(archive, day))


def test_csv_and_json_lines_agree_and_every_column_is_explained(
    person: Person, device: Device, office: Office, deliver: Any
) -> None:
    live(person, device)
    device.call("POST", "/device/data", {"sensors": {"temperature": 20.5, "=1+1": 3}, "timestamp": now_ms() - 1_000})
    cut = str(person.port(device, "Console", policy="cut", dwellSeconds=0, thresholdWatts=10)["portId"])
    device.send([reading(cut, now_ms() - 1_000, 4.6)])
    deliver()
    (relay,) = (one for one in device.call("POST", "/device/heartbeat").body["relays"] if one["portId"] == cut)
    report = {"portId": cut, "state": "off", "version": relay["version"]}
    device.call("POST", "/device/heartbeat", {"relays": [report]})
    archive = exported(person, office)
    readme = archive.read("README.txt").decode()
    assert names(archive, "csv") == names(archive, "jsonl")
    for name in names(archive, "csv"):
        objects = lines(archive, name)
        assert rows(archive, name) == [{key: as_text(value) for key, value in one.items()} for one in objects], name
        assert all(key in readme for one in objects for key in one)
    for name in ("devices", "ports", "phantom-events", "notifications", "savings", f"sensors/{device.device_id}"):
        assert lines(archive, name), name
    for resolution in ("5m", "1h", "1d"):
        port_id = lines(archive, "ports")[0]["portId"]
        shown = person.call("GET", f"/port/{port_id}/history?resolution={resolution}").body["readings"]
        assert lines(archive, f"energy/{port_id}/{resolution}") == shown


def test_what_the_api_shows_is_what_the_zip_holds(person: Person, office: Office) -> None:
    person.call("PATCH", "/account", {"timezone": "Europe/Berlin", "currency": "CHF"})
    account = json.loads(exported(person, office).read("account.json"))
    of_the_place = ("success", "emailAvailable")
    shown = {key: value for key, value in person.call("GET", "/account").body.items() if key not in of_the_place}
    assert {key: account[key] for key in shown} == shown


def test_nothing_that_opens_a_door_is_in_the_zip(person: Person, device: Device, office: Office) -> None:
    archive = exported(person, office)
    whole = b"".join(archive.read(name) for name in archive.namelist()).decode()
    for secret in (person.password, person.token, device.api_key, device.api_key.rpartition(".")[2]):
        assert secret not in whole
    assert "argon2" not in whole
    assert "sha256" not in whole.lower()


def test_a_range_and_a_format_are_kept_to(person: Person, device: Device, office: Office) -> None:
    sent = live(person, device)
    times = sorted({one["timestampMs"] for one in sent})
    archive = exported(person, office, **{"from": times[10], "to": times[20], "formats": ["jsonl"]})
    assert names(archive, "csv") == set()
    days = [name for name in names(archive, "jsonl") if name.startswith("readings/")]
    found = {line["timestampMs"] for day in days for line in lines(archive, day)}
    assert found == set(times[10:21])
    archive = exported(person, office, to=times[-1] - 5, formats=["jsonl"])
    days = [name for name in names(archive, "jsonl") if name.startswith("readings/")]
    assert max(line["timestampMs"] for day in days for line in lines(archive, day)) == times[-1], "it held since before"


def test_what_has_expired_is_not_in_it(
    person: Person, device: Device, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = live(person, device)
    asked = ask(person)
    later_ms = min(one["timestampMs"] for one in sent) + 30 * DAY_MS + HOUR_MS

    write = export_contents.write
    monkeypatch.setattr(
        export_contents, "write", lambda archive, export, account, _: write(archive, export, account, later_ms)
    )
    eventually(lambda: office.waiting, "a job is started")
    (event,) = office.waiting
    assert exports.make_export(event["ownerId"], event["number"], now_ms())
    archive = fetched(look(person, asked)["link"])
    days = [name for name in names(archive, "jsonl") if name.startswith("readings/")]
    found = {line["timestampMs"] for day in days for line in lines(archive, day)}
    assert found == {one["timestampMs"] for one in sent if one["timestampMs"] >= later_ms - 30 * DAY_MS}
    assert 0 < len(found) < 241


def test_anothers_export_is_not_there(person: Person, stranger: Person, office: Office) -> None:
    ask(person)
    ask(person)
    assert stranger.call("GET", "/export/export-1").status == 404
    assert person.call("GET", "/export/export-1").status == 200


@pytest.mark.parametrize(
    "export_id",
    [
        "export-2",
        "export-01",
        "export-0",
        "export--1",
        "export-1e3",
        "x",
        "%2e%2e%2f",
        "export-" + "9" * 40,
        "%00",
        "1",
    ],
)
def test_an_id_that_is_none_is_not_there(person: Person, office: Office, export_id: str) -> None:
    ask(person)
    answer = person.call("GET", f"/export/{export_id}")
    assert (answer.status, answer.body["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"from": "yesterday"}, "from"),
        ({"from": 2, "to": 1}, "from"),
        ({"from": "2099-01-01"}, "from"),
        ({"to": True}, "to"),
        ({"formats": []}, "formats"),
        ({"formats": ["parquet"]}, "formats[0]"),
        ({"what": 1}, "what"),
    ],
)
def test_a_bad_value_is_refused_by_its_name(person: Person, office: Office, body: Any, field: str) -> None:
    answer = person.call("POST", "/export", body)
    assert (answer.status, answer.body["field"]) == (422, field), answer


def test_a_second_one_is_the_first_as_long_as_that_is_under_way(person: Person, office: Office) -> None:
    first = ask(person)
    assert ask(person, formats=["csv"]).body == first.body
    office.work()
    assert ask(person).body["exportId"] != first.body["exportId"]


def test_many_at_the_same_moment_are_one(person: Person, office: Office) -> None:
    with ThreadPoolExecutor(8) as threads:
        asked = list(threads.map(lambda _: ask(person).body["exportId"], range(8)))
    assert set(asked) == {"export-1"}
    assert office.work() == [True]


def test_there_are_a_few_a_day(person: Person, office: Office) -> None:
    for _ in range(5):
        ask(person)
        office.work()
    answer = person.call("POST", "/export", {})
    assert (answer.status, answer.body["code"]) == (429, "too_many_exports")
    assert DAY_MS / 1_000 - 60 < int(answer.headers["Retry-After"]) <= DAY_MS / 1_000


def test_a_job_that_is_started_twice_works_once(person: Person, office: Office) -> None:
    asked = ask(person)
    eventually(lambda: office.waiting, "a job is started")
    (event,) = office.waiting
    office.waiting.append(event)
    files = len(office.files())
    assert office.work() == [True, False]
    assert len(office.files()) == files + 1
    assert look(person, asked)["state"] == "ready"


def test_two_runs_at_the_same_moment_make_one_file(person: Person, office: Office) -> None:
    ask(person)
    eventually(lambda: office.waiting, "a job is started")
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda event: export_job(event, None), office.waiting * 4))
    assert sorted(done) == [False, False, False, True]


def test_a_job_that_was_killed_is_shown_failed_and_another_can_be_asked_for(person: Person, office: Office) -> None:
    asked = ask(person)
    eventually(lambda: office.waiting, "a job is started")
    (event,) = office.waiting
    export = store.load(event["ownerId"], event["number"])
    assert export is not None
    assert store.start(export, now_ms() - RUN_LEASE_MS), "a job began so long ago, and died"
    shown = look(person, asked)
    assert shown["state"] == "failed"
    assert "ask again" in shown["error"]
    assert "link" not in shown
    assert not exports.make_export(event["ownerId"], event["number"], now_ms()), "what was begun is not begun again"
    assert ask(person).body["exportId"] != asked.body["exportId"]


def test_a_job_that_broke_off_says_so(person: Person, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise OSError(28, "no space left")

    asked = ask(person)
    monkeypatch.setattr(export_contents, "write", broken)
    with pytest.raises(OSError, match="no space left"):
        office.work()
    assert look(person, asked)["state"] == "failed"


def test_a_job_that_would_take_too_long_says_what_to_do(
    person: Person, device: Device, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ask(person)
    monkeypatch.setattr(exports, "WORK_MS", -1)
    assert office.work() == [True]
    shown = look(person, asked)
    assert shown["state"] == "failed"
    assert "shorter time" in shown["error"]


def test_what_could_not_be_started_is_taken_back(
    person: Person, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(exports, "settings", lambda: replace(settings(), export_function="nobody"))
        answer = person.call("POST", "/export", {})
        assert (answer.status, answer.body["code"]) == (503, "work_unavailable")
    assert ask(person).body["exportId"] == "export-1"


def test_a_link_ends(person: Person, office: Office) -> None:
    asked = ask(person)
    office.work()
    link = look(person, asked)["link"]
    assert "X-Amz-Expires=900" in link
    date = link.partition("X-Amz-Date=")[2][:16]
    assert requests.get(link.replace(date, "20200101T000000Z"), timeout=60).status_code == 403
    assert requests.get(link.replace("Expires=900", "Expires=0"), timeout=60).status_code == 403
    assert requests.get(link.partition("?")[0], timeout=60).status_code == 403
    key = link.partition("?")[0].rpartition("/")[2]
    assert requests.get(link.replace(key, f"{'x' * 43}.zip"), timeout=60).status_code == 404


def test_a_file_ends_after_a_day(person: Person, office: Office) -> None:
    asked = ask(person)
    before = set(office.files())
    office.work()
    link = look(person, asked)["link"]
    (path,) = set(office.files()) - before
    a_day_ago = path.stat().st_mtime - DAY_MS / 1_000 - 1
    os.utime(path, (a_day_ago, a_day_ago))
    assert requests.get(link, timeout=60).status_code == 404
    Bucket(office.directory).expire()
    assert not path.exists()


def test_an_export_of_yesterday_is_not_there_any_more(person: Person, office: Office) -> None:
    ask(person)
    eventually(lambda: office.waiting, "a job is started")
    owner_id = office.waiting[0]["ownerId"]
    assert exports.get_owned_export(owner_id, "export-1", now_ms() + DAY_MS - 60_000)
    with pytest.raises(NotFound):
        exports.get_owned_export(owner_id, "export-1", now_ms() + DAY_MS)


@pytest.mark.parametrize("way", ["ready", "under way"])
def test_closing_the_account_deletes_its_exports(person: Person, office: Office, way: str) -> None:
    ask(person)
    eventually(lambda: office.waiting, "a job is started")
    owner_id, before = office.waiting[0]["ownerId"], set(office.files())
    if way == "ready":
        office.work()
        assert set(office.files()) - before
    assert person.close_account().status == 202
    if way == "under way":
        assert office.work() == [True]
    sweep(SCHEDULED, None)
    assert store.of_owner(owner_id) == []
    assert set(office.files()) <= before


def test_an_account_that_is_closed_while_its_export_is_made_leaves_no_file(
    person: Person, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = export_contents.write

    def overtaken(*arguments: Any) -> None:
        write(*arguments)
        assert person.close_account().status == 202
        delete_requested(Deadline(600), now_ms())

    ask(person)
    before = set(office.files())
    monkeypatch.setattr(export_contents, "write", overtaken)
    assert office.work() == [True]
    assert set(office.files()) <= before


@pytest.mark.parametrize("what", ["device", "port"])
def test_what_is_deleted_while_an_export_is_made_does_not_break_it_off(
    person: Person, device: Device, office: Office, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    port_id = person.port(device)["portId"]
    path = {"device": f"/device/{device.device_id}", "port": f"/port/{port_id}"}[what]

    def overtaken(*arguments: Any) -> str:
        assert person.call("DELETE", path).status == 200
        return readme(*arguments)

    monkeypatch.setattr("chalicelib.exports.contents.readme", overtaken)
    with exported(person, office) as archive:
        assert "ports" in names(archive, "jsonl")


def test_nobody_asks_without_a_session(call: Call, office: Office) -> None:
    assert call("POST", "/export", {}).status == 401
    assert call("GET", f"/export/{secrets.token_hex(4)}").status == 401


def test_a_new_password_ends_the_links_to_exports_at_once(office: Office, person: Person, stranger: Person) -> None:
    ready, kept = ask(person), ask(stranger)
    office.work()
    link, other_link = look(person, ready)["link"], look(stranger, kept)["link"]
    assert requests.get(link, timeout=60).status_code == 200
    phrase = "another phrase of many words"
    change = {"currentPassword": person.password, "newPassword": phrase}
    assert person.call("PATCH", "/account", change).status == 200
    assert requests.get(link, timeout=60).status_code == 404
    assert requests.get(other_link, timeout=60).status_code == 200
    ended = look(person, ready)
    assert (ended["state"], ended.get("link")) == ("failed", None)
    assert "password" in ended["error"]


def test_closing_an_account_ends_the_links_to_its_exports(office: Office, person: Person) -> None:
    ready = ask(person)
    office.work()
    link = look(person, ready)["link"]
    assert person.call("DELETE", "/account", {"currentPassword": person.password}).status == 202
    assert requests.get(link, timeout=60).status_code == 404
