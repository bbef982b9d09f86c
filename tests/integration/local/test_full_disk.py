"""A disk that fills up while the stack runs, and has room again later."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.local.runner.process import running_stack
from tests.conftest import eventually

DISK = "size=24m"
PASSWORD = "correct horse battery"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["/usr/bin/env", "mount", "-t", "tmpfs", "-o", DISK, "tmpfs", str(place)]
    if sys.platform != "linux" or os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs Linux, root and the right to mount")
    yield place
    subprocess.run(["/usr/bin/env", "umount", "-l", str(place)], check=True)


def fill(path: Path) -> None:
    """Leave not a byte."""
    for size in (1 << 20, 4_096, 1):
        with path.open("ab", buffering=0) as file:
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue


def test_health_says_that_the_database_takes_no_writes_and_then_that_all_is_well_again(small_disk: Path) -> None:
    with running_stack(small_disk / "data") as stack:

        def health() -> requests.Response:
            return requests.get(f"{stack.base_url}/api/health", timeout=60)

        def sign_up() -> int:
            who = {"email": f"{secrets.token_hex(6)}@example.com", "password": PASSWORD}
            return requests.post(f"{stack.base_url}/api/account/signup", json=who, timeout=60).status_code

        assert health().json()["parts"] == {"database": "ok"}
        fill(small_disk / "fill")
        eventually(lambda: sign_up() == 503, "nothing can be stored")
        sick = health()
        body: dict[str, Any] = sick.json()

        assert (sick.status_code, body["code"], body["field"]) == (503, "degraded", "database")
        assert "takes no writes" in body["error"]
        (small_disk / "fill").unlink()
        eventually(lambda: health().status_code == 200, "it goes on by itself")
        assert sign_up() == 201
