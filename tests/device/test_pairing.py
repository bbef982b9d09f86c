from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from .fake_cloud import FakeCloud
from .processes import Started, next_event


@contextmanager
def server(status: int, body: bytes, **headers: str) -> Iterator[str]:
    """Something that answers every call so; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Silence."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        threading.Thread(target=made.serve_forever, args=[0.02], daemon=True).start()
        yield f"http://127.0.0.1:{made.server_port}"
        made.shutdown()


def claim(folder: Path, api: str, *, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ghostwatt_pi", "claim", "--data", str(folder), "--port", "0", "--api", api]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)


@pytest.mark.parametrize(
    ("status", "body"), [(404, b"{}"), (405, b""), (200, b"<!doctype html>"), (200, b"[]"), (404, b"<html>")]
)
def test_a_claim_at_a_server_that_is_no_ghostwatt_ends_and_says_so(tmp_path: Path, status: int, body: bytes) -> None:
    with server(status, body) as url:
        done = claim(tmp_path, f"{url}/apii")
    assert done.returncode == 1
    assert f"{url}/apii is no Ghostwatt cloud" in done.stderr
    assert "ends with /api" in done.stderr


def test_a_claim_at_an_address_that_points_elsewhere_says_where(tmp_path: Path) -> None:
    with server(301, b"", Location="https://cloud.example/api/health") as url:
        done = claim(tmp_path, f"{url}/api")
    assert (done.returncode, "https://cloud.example/api" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("api", "named"),
    [
        ("http://127.0.0.1:9/api", "firewall"),
        ("http://no-such-name.invalid/api", "Pi online"),
        ("https", "does not speak HTTPS"),
    ],
)
def test_a_claim_that_must_wait_says_once_why(pi: Started, api: str, named: str) -> None:
    (pi.folder / "api_key").unlink()
    api = pi.cloud.url.replace("http", "https") if api == "https" else api
    command = [sys.executable, "-m", "ghostwatt_pi", "claim", "--tell", "json", "--port", "0", "--api", api]
    process = subprocess.Popen([*command, "--data", str(pi.folder)], stdout=subprocess.PIPE, text=True)
    pi.running.append(process)
    next_event(process, "away")
    assert named in str(next_event(process, "warning")["text"])


def test_a_claim_of_a_pi_that_is_paired_and_well_has_nothing_to_do(cloud: FakeCloud, pi: Started) -> None:
    cloud.owned = True
    code, out = pi.ask("claim")
    assert (code, "paired already" in out) == (0, True)
    code, out = pi.ask("claim", "--json")
    assert (code, json.loads(out)["paired"]) == (0, True)
    assert cloud.count("/device/claim") == 0


def test_who_owns_the_device_already_is_not_told_to_end_its_history(cloud: FakeCloud, pi: Started) -> None:
    cloud.owned, cloud.api_key = True, "another"
    assert pi.ask("claim")[0] == 1
    assert "new key" in pi.said


def test_the_events_of_a_parent_process_are_not_mixed_with_a_document(cloud: FakeCloud, pi: Started) -> None:
    cloud.claim_state = "approved"
    (pi.folder / "api_key").unlink()
    _, out = pi.ask("claim", "--json")
    assert json.loads(out)["paired"] is True
    assert "ABCD-2345" in pi.said
