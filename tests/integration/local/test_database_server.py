from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from infra.local.database.server import Database, server_binary
from infra.local.emulator.clients import create_client
from infra.local.emulator.template import ROOT
from infra.local.errors import StackError
from tests.conftest import eventually


def pid_of(directory: Path) -> int:
    return int((directory / "database.pid").read_text())


def is_alive(pid: int) -> bool:
    """A process that ended and waits to be collected by its parent is not alive."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def make_table(url: str) -> None:
    create_client("dynamodb", url).create_table(
        TableName="ghostwatt-test-things",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def test_after_a_crash_it_answers_again_on_the_same_port_with_the_same_data(
    own_database: Database, tmp_path: Path
) -> None:
    make_table(own_database.url)
    crashed = pid_of(tmp_path)

    os.kill(crashed, signal.SIGKILL)
    eventually(lambda: pid_of(tmp_path) != crashed, "a new server is started")
    own_database.wait_until_ready()

    tables = create_client("dynamodb", own_database.url).list_tables()["TableNames"]
    assert tables == ["ghostwatt-test-things"]


def test_it_leaves_nothing_running_after_stop(tmp_path: Path) -> None:
    database = Database(tmp_path, server_binary())
    database.start()
    database.wait_until_ready()
    pid = pid_of(tmp_path)

    database.stop()

    assert not is_alive(pid)
    assert not (tmp_path / "database.pid").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next start ends it: see the next test")
def test_it_dies_with_a_stack_that_is_killed(tmp_path: Path) -> None:
    program = f"""
        from pathlib import Path
        from infra.local.database.server import Database, server_binary
        database = Database(Path({str(tmp_path)!r}), server_binary())
        database.start()
        database.wait_until_ready()
        print("ready", flush=True)
        database._keeper.join()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == "ready\n"
        pid = pid_of(tmp_path)
        parent.kill()

    eventually(lambda: not is_alive(pid), "the database is gone too")


def test_a_server_that_a_killed_stack_left_behind_is_ended_first(tmp_path: Path) -> None:
    path = tmp_path / "database.sqlite"
    earlier = Database(tmp_path, server_binary())
    earlier.start()
    earlier.stop()
    command = [str(server_binary()), "serve", "--port", "0", "--db-path", str(path)]
    left = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    (tmp_path / "database.pid").write_text(str(left.pid))
    eventually(path.with_name("database.sqlite-wal").exists, "it runs")
    database = Database(tmp_path, server_binary())
    try:
        database.start()
        database.wait_until_ready()
        assert left.wait(10) == -signal.SIGKILL
    finally:
        left.kill()
        database.stop()


def test_another_process_that_got_the_old_number_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        (tmp_path / "database.pid").write_text(str(other.pid))
        database = Database(tmp_path, server_binary())
        database.start()
        database.wait_until_ready()
        database.stop()
        assert other.poll() is None
        other.communicate(b"\n")


def test_a_server_that_was_killed_in_its_first_moments_leaves_a_usable_start(tmp_path: Path) -> None:
    for half_made in ("database.sqlite.draft", "database.sqlite.draft-wal"):
        (tmp_path / half_made).write_text("half a datab")
    database = Database(tmp_path, server_binary())
    database.start()
    try:
        database.wait_until_ready()
        make_table(database.url)
    finally:
        database.stop()


def test_a_missing_server_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="make install"):
        server_binary(tmp_path)
