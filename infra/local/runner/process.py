"""Running the stack as a process of its own, for tests and the demo."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.local.emulator.template import ROOT

START_SECONDS = 60.0
STOP_SECONDS = 20.0
OF_THIS_PROCESS = ("PUBLIC_URL", "TLS", "WEB_ORIGIN")
"""Variables about the app in this process; another stack has its own."""


@dataclass(frozen=True, slots=True)
class RunningStack:
    """A stack that answers at base_url (the page; the API is below /api) and keeps its data in data_dir."""

    base_url: str
    data_dir: Path
    process: subprocess.Popen[bytes]

    @property
    def database_pid(self) -> int:
        """The process id of its database."""
        return int((self.data_dir / "database.pid").read_text())

    def stop(self, signal_number: int = signal.SIGINT) -> int:
        """Ask it to end and wait. Returns its exit code, also when it had ended already."""
        self.process.send_signal(signal_number)
        return self.process.wait(STOP_SECONDS)


@contextmanager
def running_stack(
    data_dir: Path, port: int = 0, *options: str, environment: Mapping[str, str] | None = None
) -> Iterator[RunningStack]:
    """Start a stack, wait until it is ready, and end it at the end. Raises RuntimeError when it does not start.

    Its log goes to DATA/stack.log.
    """
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    log_path = data_dir / "stack.log"
    command = [sys.executable, "-m", "infra.local", "--port", str(port), "--data", str(data_dir), *options]
    log_path.touch(0o600)
    with log_path.open("a") as log:
        process = subprocess.Popen(  # noqa: S603 - our own program
            command,
            cwd=ROOT,
            env={**child_environment(), "PYTHONUNBUFFERED": "1", **(environment or {})},
            stdout=log,
            stderr=log,
        )
        start_of_log = log.tell()
    try:
        yield RunningStack(_ready_url(process, log_path, start_of_log), data_dir, process)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        finally:
            process.kill()
            process.wait()


def child_environment() -> dict[str, str]:
    """Make the environment for another stack, without the addresses of this one."""
    return {name: value for name, value in os.environ.items() if name not in OF_THIS_PROCESS}


def _ready_url(process: subprocess.Popen[bytes], log_path: Path, start_of_log: int) -> str:
    """The URL in the line that the stack prints when it answers."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        said = log_path.read_text()[start_of_log:]
        if ready := re.search(r"^ready (\S+)\n", said, re.MULTILINE):
            return ready[1]
        time.sleep(0.01)
    raise RuntimeError(f"the stack did not start:\n{log_path.read_text()[-2_000:]}")
