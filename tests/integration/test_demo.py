"""make demo: a phantom is found, cut and confirmed; Ctrl-C ends it cleanly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.demo.api_client import AccountClient
from infra.local.runner.process import OF_THIS_PROCESS, running_stack

STEPS = (
    "The page is at http://",
    "log in as",
    "asks to be paired",
    "Paired.",
    "Phantom found on Television",
    "the Pi is told to switch it off",
    "the Pi has switched it off",
    "confirmed: the meter shows no power any more",
)


def test_a_phantom_is_found_cut_and_confirmed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "infra.local.demo", "--port", "0", "--data", str(tmp_path)]
    # What the tests' own process says of its address is not what a person's shell says of the demo's.
    theirs = {name: value for name, value in os.environ.items() if name not in OF_THIS_PROCESS}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=theirs) as demo:
        waiting = list(STEPS)
        told = []
        for line in demo.stdout or ():
            told.append(line)
            waiting = waiting[1:] if waiting and waiting[0] in line else waiting
            if not waiting:
                break
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=60)
    assert waiting == [], "".join(told)
    assert demo.returncode == 0
    assert _still_running(tmp_path) == []


def test_the_demo_outlives_its_session(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        home = AccountClient(stack.base_url, "demo@example.org", "correct horse battery")
        home.sign_up()
        home.log_in()
        home.call("POST", "/account/logout")
        assert home.ports() == []


def test_the_demo_says_why_it_cannot_log_in(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack, pytest.raises(RuntimeError, match="cannot log in"):
        AccountClient(stack.base_url, "nobody@example.org", "correct horse battery").log_in()


def _still_running(data: Path) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().decode(errors="replace")
        except OSError:  # it ended while we looked
            continue
        if str(data) in line:
            found.append(line)
    return found
