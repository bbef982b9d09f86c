"""Running the stack as a process of its own, for tests and the demo."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.local.template import ROOT

STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class RunningStack:
    """A stack that answers at base_url (the page; the API is below /api) and keeps its data in data_dir."""

    base_url: str
    data_dir: Path
    process: subprocess.Popen[str]

    @property
    def database_pid(self) -> int:
        """The process id of its database."""
        return int((self.data_dir / "database.pid").read_text())

    def stop(self, signal_number: int = signal.SIGINT) -> int:
        """Ask it to end, wait, and give its exit code; a stack that has ended already gives that code again."""
        self.process.send_signal(signal_number)
        return self.process.wait(STOP_SECONDS)


@contextmanager
def running_stack(
    data_dir: Path, port: int = 0, *options: str, environment: Mapping[str, str] | None = None
) -> Iterator[RunningStack]:
    """Start a stack, wait until it is ready, and end it at the end. Raises RuntimeError when it does not start.

    Its log goes to DATA/stack.log.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    log_path = data_dir / "stack.log"
    command = [sys.executable, "-m", "infra.local", "--port", str(port), "--data", str(data_dir), *options]
    with log_path.open("a") as log:
        process = subprocess.Popen(  # noqa: S603 - our own program
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        yield RunningStack(_ready_url(process, log_path), data_dir, process)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        finally:
            process.kill()
            if process.stdout:
                process.stdout.close()


def _ready_url(process: subprocess.Popen[str], log_path: Path) -> str:
    """The URL in the line that the stack prints when it answers."""
    for line in process.stdout or []:
        if line.startswith("ready "):
            return line.removeprefix("ready ").strip()
    raise RuntimeError(f"the stack did not start:\n{log_path.read_text()[-2_000:]}")
