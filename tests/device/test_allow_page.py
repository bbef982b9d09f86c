"""`claim --allow-page`: a page of another origin pairs the Pi while the command waits for its code to be approved."""

from __future__ import annotations

import os
import pty
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from .fake_cloud import FakeCloud
from .processes import next_event

ORIGIN = "http://192.168.1.5:5173"
Claim = Callable[..., "subprocess.Popen[str]"]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def command(folder: Path, cloud: FakeCloud, port: int, *options: str) -> list[str]:
    common = ["--data", str(folder), "--api", cloud.url, "--port", str(port), "--tell", "json"]
    return [sys.executable, "-m", "ghostwatt_pi", "claim", *common, *options]


@pytest.fixture
def claim(tmp_path: Path, cloud: FakeCloud) -> Iterator[Claim]:
    with ExitStack() as running:

        def started(port: int, *options: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(command(tmp_path, cloud, port, *options), stdout=subprocess.PIPE, text=True)
            running.enter_context(process)
            running.callback(process.kill)
            return process

        yield started


def device_id(port: int, query: str = "") -> str:
    headers = {"Origin": "null" if query else ORIGIN}
    answer = requests.get(f"http://127.0.0.1:{port}/device-id{query}", headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["deviceId"])


def test_an_allowed_page_hands_over_the_key_and_the_command_ends(
    claim: Claim, cloud: FakeCloud, tmp_path: Path
) -> None:
    port = free_port()
    process = claim(port, "--allow-page", f"{ORIGIN}/")
    assert next_event(process, "page_allowed")["origin"] == ORIGIN
    next_event(process, "claim")
    cloud.api_key = f"gwk.{device_id(port)}.secret"
    saved = requests.post(
        f"http://127.0.0.1:{port}/save-api-key", json={"apiKey": cloud.api_key}, headers={"Origin": ORIGIN}, timeout=60
    )
    assert saved.json()["success"] is True, saved.text
    assert process.wait(60) == 0
    assert (tmp_path / "api_key").read_text().strip() == cloud.api_key
    assert (tmp_path / "allowed_page.json").stat().st_mode & 0o077 == 0


def test_a_file_needs_somebody_at_the_terminal(cloud: FakeCloud, tmp_path: Path) -> None:
    asked = command(tmp_path, cloud, 0, "--allow-page", "null")
    done = subprocess.run(asked, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert (done.returncode, "terminal" in done.stderr) == (1, True)
    assert not (tmp_path / "allowed_page.json").exists()


@pytest.mark.parametrize(("typed", "is_taken"), [("Blue Kettle", True), ("tiny", False)])
def test_the_word_for_a_file_is_typed_at_the_pi(
    cloud: FakeCloud, tmp_path: Path, typed: str, *, is_taken: bool
) -> None:
    port, (ours, theirs) = free_port(), pty.openpty()
    process = subprocess.Popen(
        command(tmp_path, cloud, port, "--allow-page", "null"), stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    said = b""
    while b"into the page: " not in said:
        said += os.read(ours, 1024)
    os.write(ours, f"{typed}\n".encode())
    if is_taken:
        while b"ABCD-2345" not in said:
            said += os.read(ours, 1024)
        assert device_id(port, "?word=blue+kettle")
        process.terminate()
    assert process.wait(60) == (0 if is_taken else 1)
    os.close(ours)


@pytest.mark.parametrize("text", ["", "*", "evil.example", "ftp://x", "http://x/path", "http://x y", "file:///a"])
def test_what_is_no_origin_is_refused(cloud: FakeCloud, tmp_path: Path, text: str) -> None:
    asked = command(tmp_path, cloud, 0, "--allow-page", text)
    done = subprocess.run(asked, check=False, capture_output=True, text=True)
    assert (done.returncode, "--allow-page" in done.stderr) == (2, True)
