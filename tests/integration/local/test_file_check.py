"""What the stack says of a database that is not whole, or not ours; it changes nothing of it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from infra.local.database import tables
from infra.local.database.file_check import check_database_file, check_free_space
from infra.local.database.server import Database, server_binary
from infra.local.emulator import template
from infra.local.emulator.clients import create_client
from infra.local.emulator.template import ROOT
from infra.local.errors import StackError
from infra.local.runner.environment import STAGE

PAGE_BYTES = 4_096
TABLE = f"ghostwatt-{STAGE}-states"
NAMES = ("database.sqlite", "database.sqlite-wal", "database.sqlite-shm")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a stopped database with all tables and items of all sizes."""
    database = Database(tmp_path_factory.mktemp("whole"), server_binary())
    database.start()
    database.wait_until_ready()
    client = create_client("dynamodb", database.url)
    tables.ensure(client, template.load({"Stage": STAGE}))
    for number in range(40):
        item = {"device_uid": {"S": f"d{number}"}, "ports": {"S": "x" * 40 * number**2}}
        client.put_item(TableName=TABLE, Item=item)
        event = {"owner_id": {"S": "o"}, "event_id": {"S": str(number)}, "port_id": {"S": "p"}}
        client.put_item(TableName=TABLE.replace("states", "phantom-events"), Item=event | {"why": item["ports"]})
        chunk = {"chunk_id": {"S": str(number)}, "time_key": {"S": str(number)}, "watts": item["ports"]}
        client.put_item(TableName=TABLE.replace("states", "readings"), Item=item | chunk)
    database.stop()
    return database.path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copy(whole, tmp_path / "database.sqlite"))


def zero(path: Path, page: int) -> None:
    with path.open("r+b") as file:
        file.seek(page * PAGE_BYTES)
        file.write(bytes(PAGE_BYTES))


def make_another_programs(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
        connection.execute("INSERT INTO bookmarks VALUES ('https://example.org')")


def make_another_dynoxides(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE _tables SET table_name = REPLACE(table_name, 'ghostwatt', 'shop')")


def lose_a_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f'DROP TABLE "{TABLE}"')


DAMAGES: dict[str, Callable[[Path], object]] = {
    "garbage": lambda path: path.write_bytes(b"\xd7garbage" * 9_999),
    "a text": lambda path: path.write_text("this is no database, and it is long enough to be looked at" * 10),
    "one byte": lambda path: path.write_bytes(b"S"),
    "no byte": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "the first half": lambda path: os.truncate(path, path.stat().st_size // 2),
    "all but the last page": lambda path: os.truncate(path, path.stat().st_size - PAGE_BYTES),
    "all but the last byte": lambda path: os.truncate(path, path.stat().st_size - 1),
    "a zeroed first page": lambda path: zero(path, 0),
    "another program's": make_another_programs,
    "another program's dynoxide": make_another_dynoxides,
    "a lost table": lose_a_table,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_not_a_whole_database_of_ours_is_refused_with_a_way_out_and_left_as_it_is(
    path: Path, damage: str
) -> None:
    DAMAGES[damage](path)
    before = path.read_bytes()
    database = Database(path.parent, server_binary())

    with pytest.raises(StackError) as refused:
        database.start()

    assert str(path) in str(refused.value)
    assert "backup" in str(refused.value)
    assert path.read_bytes() == before
    assert not (path.parent / "database.pid").exists(), "no server was let at it"


def test_a_zeroed_page_is_found_wherever_it_lies(path: Path, whole: Path) -> None:
    unused = 0
    for page in range(path.stat().st_size // PAGE_BYTES):
        zero(path, page)
        try:
            check_database_file(path)
        except StackError:
            continue
        else:
            unused += is_unused(whole, page)
            assert is_unused(whole, page), f"page {page}"
        finally:
            shutil.copy(whole, path)
    assert unused < 5


def is_unused(whole: Path, page: int) -> bool:
    """Whether the page holds zeros anyway."""
    return not any(whole.read_bytes()[page * PAGE_BYTES :][:PAGE_BYTES])


def test_a_database_whose_server_was_killed_is_whole(whole: Path, tmp_path: Path) -> None:
    database = Database(tmp_path, server_binary())
    database.start()
    database.wait_until_ready()
    create_client("dynamodb", database.url).create_table(
        TableName="ghostwatt-test-things",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    killed = tmp_path / "killed"
    killed.mkdir()
    for name in NAMES[:2]:  # as they lie on the disk at this moment
        shutil.copy(tmp_path / name, killed / name)
    database.stop()
    before = [(killed / name).read_bytes() for name in NAMES[:2]]

    check_database_file(killed / "database.sqlite")

    assert len(before[1]) > 0
    assert [(killed / name).read_bytes() for name in NAMES[:2]] == before


def test_a_missing_file_whose_log_is_there_is_no_new_home(tmp_path: Path) -> None:
    (tmp_path / "database.sqlite-wal").write_text("what was not yet put into the file")

    with pytest.raises(StackError, match="missing"):
        check_database_file(tmp_path / "database.sqlite")


def test_no_file_is_a_new_home(tmp_path: Path) -> None:
    check_database_file(tmp_path / "database.sqlite")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["/usr/bin/env", "mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)]
    if sys.platform != "linux" or os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs Linux, root and the right to mount")
    yield place
    subprocess.run(["/usr/bin/env", "umount", "-l", str(place)], check=True)


def test_a_full_disk_is_named_at_the_start_of_a_new_home_and_of_an_old_one(small_disk: Path, whole: Path) -> None:
    for name in ("new", "old"):
        (small_disk / name).mkdir()
    shutil.copy(whole, small_disk / "old" / "database.sqlite")
    with (small_disk / "fill").open("wb", buffering=0) as fill:
        while fill.write(bytes(10_000)) == 10_000:
            pass

    for name in ("new", "old"):
        command = [sys.executable, "-m", "infra.local", "--port", "0", "--data", str(small_disk / name)]
        tried = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
        assert tried.returncode == 1
        assert "full" in tried.stderr or "No space left" in tried.stderr
        assert "Traceback" not in tried.stderr
        assert len(tried.stderr.splitlines()) == 1, tried.stderr


def test_the_look_for_room_leaves_nothing(tmp_path: Path) -> None:
    check_free_space(tmp_path)

    assert list(tmp_path.iterdir()) == []
