"""The database is nobody's but the stack's: neither a page nor another user of the machine reaches it."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError

from infra.local.database.server import LOOPBACK, Database, server_binary
from infra.local.emulator.clients import create_client
from infra.local.emulator.template import ROOT
from tests.conftest import eventually

SECONDS = 30
CONNECT = "import socket, sys; sys.exit(socket.socket().connect_ex((sys.argv[1], int(sys.argv[2]))))"
USE = """
    import logging
    import sys
    from pathlib import Path
    from infra.local.emulator.clients import create_client
    from infra.local.database.server import Database, server_binary

    logging.basicConfig()
    database = Database(Path(sys.argv[1]), server_binary())
    database.start()
    database.wait_until_ready()
    print(database.is_isolated, create_client("dynamodb", database.url).list_tables()["TableNames"])
    database.stop()
"""
NO_MORE_NAMESPACES = "cd /proc/sys/user && echo 0 > max_net_namespaces && echo 0 > max_user_namespaces && exec"


def is_privileged() -> bool:
    """Whether namespaces can be tried with tools that need root."""
    return sys.platform == "linux" and os.geteuid() == 0 and bool(shutil.which("setpriv")) and unshare("true") == 0


def unshare(*command: str) -> int:
    wrapped = ["/usr/bin/env", "unshare", "--net", *command]
    return subprocess.run(wrapped, check=False, capture_output=True, timeout=SECONDS).returncode


needs_root = pytest.mark.skipif(not is_privileged(), reason="needs Linux, root and namespaces")


@pytest.fixture
def open_database(tmp_path: Path) -> Iterator[Database]:
    """A database where the system gives it no network of its own."""
    database = Database(tmp_path, server_binary(), isolated=False)
    database.start()
    database.wait_until_ready()
    yield database
    database.stop()


def use_database(tmp_path: Path, *wrapper: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Start and use a database in a process of its own."""
    command = [*wrapper, sys.executable, "-c", textwrap.dedent(USE), str(tmp_path)]
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


@needs_root
def test_its_address_leads_nowhere_in_the_machines_own_network(own_database: Database) -> None:
    assert own_database.is_isolated
    with socket.socket() as outside:
        assert outside.connect_ex(own_database.address) == errno.ECONNREFUSED


@needs_root
def test_another_user_of_the_machine_cannot_reach_it(own_database: Database) -> None:
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"]
    host, port = own_database.address
    command = [*nobody, "/usr/bin/env", "python3", "-c", CONNECT, host, str(port)]

    tried = subprocess.run(command, check=False, capture_output=True, timeout=SECONDS)

    assert tried.returncode == errno.ECONNREFUSED


@needs_root
def test_whoever_listens_at_its_address_outside_is_never_asked(own_database: Database, tmp_path: Path) -> None:
    with socket.create_server(own_database.address) as impostor:
        impostor.settimeout(0)
        os.kill(int((tmp_path / "database.pid").read_text()), signal.SIGKILL)
        client = create_client("dynamodb", own_database.url)

        eventually(lambda: answers(client), "the database is back")

        with pytest.raises(BlockingIOError):
            impostor.accept()


def answers(client: Any) -> bool:
    try:
        client.list_tables()
    except BotoCoreError:  # down for a moment
        return False
    return True


@needs_root
def test_without_the_helper_both_are_started_anew(own_database: Database, tmp_path: Path) -> None:
    crashed = int((tmp_path / "database.pid").read_text())
    (helper,) = Path(f"/proc/{crashed}/task/{crashed}/children").read_text().split()

    os.kill(int(helper), signal.SIGKILL)

    eventually(lambda: answers(create_client("dynamodb", own_database.url)), "it is reached again")
    assert own_database.is_isolated
    assert int((tmp_path / "database.pid").read_text()) != crashed


@needs_root
def test_a_person_without_privileges_has_such_a_network_by_a_user_namespace(tmp_path: Path) -> None:
    used = use_database(tmp_path, "setpriv", "--bounding-set=-sys_admin,-net_admin")

    assert (used.stdout, used.stderr) == ("True []\n", "")


@needs_root
def test_where_there_are_no_namespaces_it_says_so_in_one_line_and_works(tmp_path: Path) -> None:
    none_left = ["unshare", "--user", "--map-root-user", "sh", "-c", f'{NO_MORE_NAMESPACES} "$@"', "sh"]

    used = use_database(tmp_path, *none_left)

    assert used.stdout == "False []\n"
    (line,) = used.stderr.splitlines()
    assert "no network of its own" in line
    assert "no web page can guess" in line
    assert "other users of this machine can reach it" in line


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only 127.0.0.1 is loopback")
def test_without_a_network_of_its_own_its_address_is_still_one_that_nobody_guesses(open_database: Database) -> None:
    host, port = open_database.address

    assert not open_database.is_isolated
    assert host != LOOPBACK
    with socket.socket() as guess:
        assert guess.connect_ex((LOOPBACK, port)) == errno.ECONNREFUSED
    assert answers(create_client("dynamodb", open_database.url))


def test_two_databases_never_have_one_address(tmp_path: Path) -> None:
    addresses = {Database(tmp_path, server_binary()).address for _ in range(20)}

    assert len(addresses) == 20


def test_a_proxy_for_the_way_out_is_not_asked_for_the_database(tmp_path: Path) -> None:
    used = use_database(tmp_path, http_proxy="http://127.0.0.1:9", no_proxy="example.org")

    assert used.stdout.endswith("[]\n"), used.stderr


@needs_root
def test_a_call_costs_no_more_sockets_than_before(own_database: Database, caplog: pytest.LogCaptureFixture) -> None:
    client = create_client("dynamodb", own_database.url)
    with caplog.at_level(logging.DEBUG, "urllib3.connectionpool"):
        for _ in range(5):
            client.list_tables()

    assert [record.getMessage() for record in caplog.records].count(
        "Starting new HTTP connection (1): {}:{}".format(*own_database.address)
    ) == 1
