"""The whole stack as a person starts it: a process of its own."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from infra.local.emulator.template import ROOT
from infra.local.runner.process import RunningStack, running_stack
from tests.conftest import eventually, now_ms, reading

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


def post(base_url: str, path: str, body: Any, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(f"{base_url}/api{path}", json=body, headers=named, timeout=60).json()


def sign_up(base_url: str) -> tuple[str, str]:
    """A new account: its e-mail address and session."""
    email = f"{secrets.token_hex(6)}@example.org"
    answer = post(base_url, "/account/signup", {"email": email, "password": PASSWORD})
    return email, answer["sessionToken"]


def process_ids_with(text: str) -> list[int]:
    """The processes whose command line holds this text."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text in path.read_text(errors="replace"):
                found.append(int(path.parent.name))
        except OSError:  # it ended while we looked
            continue
    return found


def test_page_and_api_answer_at_one_address(stack: RunningStack) -> None:
    page = requests.get(stack.base_url, timeout=60)
    health = requests.get(f"{stack.base_url}/api/health", timeout=60)

    assert "Ghostwatt" in page.text
    assert "Content-Security-Policy" in page.headers
    assert health.json()["parts"] == {"database": "ok"}


def test_a_reading_goes_through_the_stream_to_an_open_dashboard(stack: RunningStack) -> None:
    _, token = sign_up(stack.base_url)
    device_id = f"GW-{secrets.token_hex(6)}"
    key = post(stack.base_url, "/device/register", {"deviceId": device_id}, x_session_token=token)["apiKey"]
    port = post(stack.base_url, "/port", {"deviceId": device_id, "name": "TV"}, x_session_token=token)
    url = post(stack.base_url, "/live/ticket", {}, x_session_token=token)["url"]

    with connect(url) as dashboard:
        batch = {"batchId": "b1", "sentAtMs": now_ms(), "readings": [reading(port["portId"], now_ms(), 51.5)]}
        stored = post(stack.base_url, "/sensor/readings", batch, Authorization=f"Device {key}")
        assert [result["status"] for result in stored["results"]] == ["stored"]
        pushed = json.loads(dashboard.recv(20))
        while pushed["type"] != "reading":
            pushed = json.loads(dashboard.recv(20))

    assert pushed["portId"] == port["portId"]
    assert pushed["reading"]["power"] == 51.5


def test_a_dashboard_without_a_valid_ticket_is_not_let_in(stack: RunningStack) -> None:
    url = stack.base_url.replace("http", "ws") + "/live?ticket=guess"

    with pytest.raises(InvalidStatus) as refused, connect(url):
        pytest.fail("it was let in")

    assert refused.value.response.status_code == 401


def test_the_management_api_is_not_on_the_public_port(stack: RunningStack) -> None:
    answer = requests.post(f"{stack.base_url}/@connections/x", data="x", timeout=60)

    assert answer.status_code in (404, 405)


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_with_all_its_children(tmp_path: Path, signal_number: int) -> None:
    with running_stack(tmp_path) as running:
        address = urlsplit(running.base_url)
        _, token = sign_up(running.base_url)
        url = post(running.base_url, "/live/ticket", {}, x_session_token=token)["url"]
        with connect(url):  # an open dashboard does not hold it up
            assert running.stop(signal_number) == 0

        assert process_ids_with(str(tmp_path)) == []
        with socket.socket() as probe:
            assert probe.connect_ex((str(address.hostname), address.port or 0)) != 0
        assert "Traceback" not in (tmp_path / "stack.log").read_text()


def test_data_outlives_a_restart(tmp_path: Path) -> None:
    with running_stack(tmp_path) as first:
        email, token = sign_up(first.base_url)
    with running_stack(tmp_path) as second:
        same = requests.get(f"{second.base_url}/api/account", headers={"x-session-token": token}, timeout=60)

    assert same.json()["email"] == email, "also the secret that signs sessions is kept"


def test_two_stacks_run_side_by_side_and_share_nothing(stack: RunningStack, tmp_path: Path) -> None:
    email, _ = sign_up(stack.base_url)
    with running_stack(tmp_path) as other:
        answer = post(other.base_url, "/account/login", {"email": email, "password": PASSWORD})

    assert other.base_url != stack.base_url
    assert answer["code"] == "bad_credentials"


def test_a_poller_that_cannot_go_on_ends_the_stack_instead_of_leaving_readings_unexamined(tmp_path: Path) -> None:
    with running_stack(tmp_path) as running:
        (tmp_path / "checkpoint-ghostwatt-local-readings.draft").mkdir()  # so that no checkpoint can be written
        _, token = sign_up(running.base_url)
        device_id = f"GW-{secrets.token_hex(6)}"
        key = post(running.base_url, "/device/register", {"deviceId": device_id}, x_session_token=token)["apiKey"]
        log = {"sensors": {"temperature": 21.5}, "timestamp": now_ms()}
        post(running.base_url, "/device/data", log, Authorization=f"Device {key}")

        assert running.process.wait(20) == 1

    assert process_ids_with(str(tmp_path)) == []
    assert "because its pump failed" in (tmp_path / "stack.log").read_text()


def start_in_vain(*options: str) -> tuple[int, str]:
    """Start a stack that must not come up: its exit code and what it says."""
    command = [sys.executable, "-m", "infra.local", *options]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    return ended.returncode, ended.stderr


def test_a_data_directory_that_cannot_be_used_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert start_in_vain("--port", "0", "--data", str(tmp_path / "file")) == (
        1,
        f"{tmp_path / 'file'} cannot be used: File exists.\n",
    )


def test_files_under_way_lie_with_the_data(stack: RunningStack) -> None:
    assert (stack.data_dir / "tmp").is_dir()


def test_a_second_stack_on_the_same_data_says_so_and_leaves_the_first_alone(stack: RunningStack) -> None:
    code, said = start_in_vain("--port", "0", "--data", str(stack.data_dir))

    assert code == 1
    assert "in use by another stack" in said
    assert "Traceback" not in said
    assert requests.get(f"{stack.base_url}/api/health", timeout=60).status_code == 200


def test_a_port_that_is_taken_is_named(stack: RunningStack, tmp_path: Path) -> None:
    port = str(urlsplit(stack.base_url).port)

    code, said = start_in_vain("--port", port, "--data", str(tmp_path))

    assert code == 1
    assert f"port {port}" in said
    assert "Traceback" not in said


def test_while_the_database_is_down_the_api_says_503_and_then_goes_on(stack: RunningStack) -> None:
    email, token = sign_up(stack.base_url)
    crashed = stack.database_pid
    statuses = set()

    def works_again() -> bool:
        answer = requests.get(f"{stack.base_url}/api/account", headers={"x-session-token": token}, timeout=60)
        statuses.add(answer.status_code)
        return stack.database_pid != crashed and answer.status_code == 200

    os.kill(crashed, signal.SIGKILL)
    eventually(works_again, "the database is back")

    assert statuses <= {200, 503}
    assert post(stack.base_url, "/account/login", {"email": email, "password": PASSWORD})["success"]


@pytest.mark.parametrize("option", ["--port=99999", "--port=-1", "--port=", "--mqtt-port=65536", "--sweep-seconds=nan"])
def test_a_number_that_cannot_be_is_named_with_what_may_be_given(tmp_path: Path, option: str) -> None:
    code, said = start_in_vain(option, "--data", str(tmp_path))

    assert code == 2
    assert f"argument {option.partition('=')[0]}: " in said
    assert "0 to 65535" in said or "seconds from" in said
    assert "Traceback" not in said


def test_nothing_in_the_data_folder_is_for_anybody_but_its_owner(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with running_stack(tmp_path) as running:
        sign_up(running.base_url)
        found = [tmp_path, *tmp_path.rglob("*")]
        open_to_others = [str(path) for path in found if path.exists() and path.stat().st_mode & 0o077]
        assert (tmp_path / "stack.log").read_text().count("was open to other users") == 1

    assert open_to_others == []
    assert len(found) > 8
