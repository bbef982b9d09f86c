"""make smoke: the marked part of the contract's tests, against an address."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

from infra.local.runner.process import running_stack


def smoke(*options: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-vv",
        "-p",
        "no:cacheprovider",
        "-m",
        "smoke",
        "tests/contract",
        *options,
    ]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)


def test_it_tries_a_running_stack_and_deletes_its_account(tmp_path: Path) -> None:
    with running_stack(tmp_path) as running:
        broker = re.search(r"^MQTT at (\S+)$", (running.data_dir / "stack.log").read_text(), re.MULTILINE)
        assert broker
        done = smoke("--base", running.base_url, "--mqtt", broker[1])
    assert done.returncode == 0, done.stdout
    assert re.search(r"test_standby_is_found_pushed_cut_and_undone\w* PASSED", done.stdout)
    assert re.search(r"^\d+ passed, \d+ deselected", done.stdout.splitlines()[-1].strip("= ")), done.stdout


def test_a_place_where_nobody_answers_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    done = smoke("--base", address, "-k", "parts_are_well")
    assert done.returncode == 1
    assert "Connection refused" in done.stdout
