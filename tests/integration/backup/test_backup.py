"""Moving all data there and back: the same items in every table, counted; nothing is overwritten unasked."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from moto import mock_aws

from infra.backup.__main__ import main as run_backup
from infra.backup.archive import BackupError, from_line, opened, to_line
from infra.backup.backup import import_data
from infra.backup.endpoints import Endpoint, open_folder, open_stage
from infra.backup.tables import STAYS, backed_up_tables, scan
from infra.local.database import tables
from infra.local.emulator import template
from infra.local.runner.data_directory import locked
from infra.local.runner.environment import REGION
from infra.local.runner.process import running_stack
from tests.conftest import Answered
from tests.contract.household import Household, settle

Lines = dict[str, set[bytes]]


def calling(base_url: str) -> Any:
    def call(method: str, path: str, body: Any = None, **headers: str) -> Answered:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = requests.request(method, f"{base_url}/api{path}", json=body, headers=named, timeout=60)
        return Answered(answer.status_code, answer.json(), answer.headers)

    return call


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Household]:
    """The folder of a stack that has been lived in and is stopped, and who lives there."""
    data = tmp_path_factory.mktemp("home")
    with running_stack(data) as running:
        return data, settle(calling(running.base_url))


@pytest.fixture
def aws_stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An account of AWS with the tables of a stage."""
    for name in ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        with_stage = template.load({"Stage": "dev"})
        with open_stage("dev") as endpoint:
            tables.ensure(endpoint.client, with_stage)
        yield "dev"


def run(*arguments: object) -> int:
    return run_backup([str(argument) for argument in arguments])


def contents(file: Path) -> Lines:
    with opened(file) as archive:
        return {name: set(map(to_line, archive.items(name))) for name in archive.entries}


def everything(directory: Path) -> Lines:
    with open_folder(directory) as endpoint:
        return {
            table.name: set(map(to_line, scan(endpoint.client, table))) for table in backed_up_tables(endpoint.stage)
        }


def test_there_and_back_every_table_is_the_same(home: tuple[Path, Household], aws_stage: str, tmp_path: Path) -> None:
    data, _ = home
    assert run("export", tmp_path / "pc.zip", "--data", data) == 0
    assert run("import", tmp_path / "pc.zip", "--stage", aws_stage) == 0
    assert run("export", tmp_path / "aws.zip", "--stage", aws_stage) == 0
    assert run("import", tmp_path / "aws.zip", "--data", tmp_path / "again") == 0
    before = everything(data)
    assert everything(tmp_path / "again") == before == contents(tmp_path / "pc.zip") == contents(tmp_path / "aws.zip")
    filled = {name for name, lines in before.items() if lines}
    assert {"users", "devices", "ports", "states", "readings", "phantom-events", "notifications"} <= filled


def test_the_moved_home_goes_on_where_it_stopped(home: tuple[Path, Household], tmp_path: Path) -> None:
    data, household = home
    assert run("export", tmp_path / "pc.zip", "--data", data) == 0
    assert run("import", tmp_path / "pc.zip", "--data", tmp_path / "there") == 0
    with running_stack(data) as old:
        shown = {path: seen(calling(old.base_url), household, path) for path in household.lists().values()}
    with running_stack(tmp_path / "there") as new:
        call = calling(new.base_url)
        assert {path: seen(call, household, path) for path in household.lists().values()} == shown
        beat = call("POST", "/device/heartbeat", {}, Authorization=f"Device {household.device.api_key}")
        assert beat.status == 200, "the Pi's key is good there"
        assert call("GET", "/account", x_session_token=household.person.token).status == 401, "people log in again"


def seen(call: Any, household: Household, path: str) -> Any:
    who = {"email": household.person.email, "password": household.person.password}
    token = call("POST", "/account/login", who).body["sessionToken"]
    body = call("GET", path, x_session_token=token).body
    return [
        {key: value for key, value in one.items() if key not in ("liveness", "status")}
        for key, found in body.items()
        if isinstance(found, list)
        for one in found
    ]


def test_only_what_is_the_places_own_stays(home: tuple[Path, Household], tmp_path: Path) -> None:
    data, _ = home
    run("export", tmp_path / "pc.zip", "--data", data)
    whole = {name.removeprefix("ghostwatt-local-") for name in tables.names(template.load({"Stage": "local"}))}
    assert whole - set(contents(tmp_path / "pc.zip")) == STAYS
    assert (data / "jwt_secret").read_bytes() not in (tmp_path / "pc.zip").read_bytes()
    assert (tmp_path / "pc.zip").stat().st_mode & 0o077 == 0


def test_nothing_is_overwritten_unasked(
    home: tuple[Path, Household], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, _ = home
    run("export", tmp_path / "pc.zip", "--data", data)
    before = everything(data)
    assert run("import", tmp_path / "pc.zip", "--data", data) == 1
    assert "there already" in capsys.readouterr().err
    assert run("import", tmp_path / "pc.zip", "--data", data, "--replace") == 0
    assert everything(data) == before
    assert f"{sum(map(len, before.values())):,} items counted there" in capsys.readouterr().out


@pytest.mark.parametrize("harm", ["changed line", "lost line", "other version", "no manifest", "foreign table", "cut"])
def test_a_file_that_is_not_whole_changes_nothing(home: tuple[Path, Household], tmp_path: Path, harm: str) -> None:
    data, _ = home
    run("export", tmp_path / "pc.zip", "--data", data)
    harmed(tmp_path / "pc.zip", tmp_path / "bad.zip", harm)
    with open_folder(tmp_path / "there") as endpoint, pytest.raises(BackupError):
        import_data(endpoint, tmp_path / "bad.zip", replace=False)
    assert not any(everything(tmp_path / "there").values())


def harmed(source: Path, target: Path, harm: str) -> None:
    if harm == "cut":
        target.write_bytes(source.read_bytes()[:-40])
        return
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "manifest.json":
                manifest = json.loads(content)
                if harm == "other version":
                    manifest["version"] = 2
                if harm == "foreign table":
                    manifest["tables"]["users2"] = manifest["tables"]["users"]
                    new.writestr("users2.jsonl", old.read("users.jsonl"))
                content = json.dumps(manifest).encode()
                if harm == "no manifest":
                    continue
            if name == "users.jsonl" and harm == "changed line":
                content = content.replace(b"EUR", b"USD")
            if name == "users.jsonl" and harm == "lost line":
                content = b""
            new.writestr(name, content)


def test_a_folder_in_use_or_without_data_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with locked(tmp_path / "used"):
        assert run("import", tmp_path / "pc.zip", "--data", tmp_path / "used") == 1
    assert "in use" in capsys.readouterr().err
    assert run("export", tmp_path / "pc.zip", "--data", tmp_path / "nothing") == 1
    assert "no data" in capsys.readouterr().err
    assert not (tmp_path / "nothing").exists()


def test_what_the_database_leaves_for_later_is_sent_again(home: tuple[Path, Household], tmp_path: Path) -> None:
    """DynamoDB may take a part of a batch only."""
    data, _ = home
    run("export", tmp_path / "pc.zip", "--data", data)
    with open_folder(tmp_path / "there") as endpoint:
        halves = Halves(endpoint.client)
        import_data(Endpoint(halves, endpoint.stage), tmp_path / "pc.zip", replace=False)
    assert halves.left_out > 0
    assert everything(tmp_path / "there") == contents(tmp_path / "pc.zip")


class Halves:
    """A client whose batches are done by half when they are long."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.left_out = 0

    def batch_write_item(self, RequestItems: dict[str, list[Any]]) -> Any:  # noqa: N803 - botocore's name
        ((table, requested),) = RequestItems.items()
        half = -(-len(requested) // 2)
        self._client.batch_write_item(RequestItems={table: requested[:half]})
        self.left_out += len(requested) - half
        return {"UnprocessedItems": {table: requested[half:]} if requested[half:] else {}}

    def batch_get_item(self, RequestItems: dict[str, Any]) -> Any:  # noqa: N803 - botocore's name
        ((table, asked),) = RequestItems.items()
        keys = asked["Keys"]
        half = -(-len(keys) // 2)
        answer = self._client.batch_get_item(RequestItems={table: {**asked, "Keys": keys[:half]}})
        left = {table: {**asked, "Keys": keys[half:]}} if keys[half:] else {}
        return {**answer, "UnprocessedKeys": left}


def test_every_type_of_dynamodb_comes_back_as_it_was() -> None:
    item = {
        "s": {"S": "Télé"},
        "n": {"N": "1.50"},
        "b": {"B": b"\x00\xff"},
        "bs": {"BS": [b"a", b"\xfe"]},
        "l": {"L": [{"M": {"x": {"B": b"\x01"}}}, {"NULL": True}, {"BOOL": False}]},
        "ns": {"NS": ["1", "2"]},
    }
    assert from_line(to_line(item)) == item
    assert to_line(dict(reversed(item.items()))) == to_line(item)
