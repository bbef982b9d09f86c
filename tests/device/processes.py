"""`ghostwatt-pi` as real processes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .fake_cloud import FakeCloud

FAST_PI = Path(__file__).with_name("fast_pi.py")


class Started:
    """`ghostwatt-pi` processes on one data folder, whose monotonic clock runs `speed` times as fast."""

    def __init__(self, cloud: FakeCloud, folder: Path, speed: int = 1, *, program: Sequence[str] = ()) -> None:
        self.cloud, self.folder = cloud, folder
        program = program or (["-m", "ghostwatt_pi"] if speed == 1 else [str(FAST_PI), str(speed)])
        self._program = [sys.executable, *program]
        self.said = ""
        self.running: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [*self._program, *arguments]
        common = ["--api", self.cloud.url, "--data", str(self.folder), "--port", "0", "--tell", "json"]
        process = subprocess.Popen([*command, *common], stdout=subprocess.PIPE, text=True)
        self.running.append(process)
        return process

    def ask(self, *arguments: str) -> tuple[int, str]:
        """Run a command to its end; (exit code, stdout)."""
        command = [*self._program, *arguments, "--api", self.cloud.url]
        done = subprocess.run(
            [*command, "--data", str(self.folder), "--port", "0"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        self.said = done.stderr
        return done.returncode, done.stdout

    def kill(self) -> None:
        for process in self.running:
            process.kill()
            process.communicate()


def events(process: subprocess.Popen[str], seconds: float = 60) -> list[dict[str, object]]:
    """The events that it logged until its end."""
    out, _ = process.communicate(timeout=seconds)
    return [json.loads(line) for line in out.splitlines()]


def next_event(process: subprocess.Popen[str], name: str) -> dict[str, object]:
    """The next event of this name."""
    assert process.stdout
    for line in process.stdout:
        event: dict[str, object] = json.loads(line)
        if event["event"] == name:
            return event
    raise AssertionError(f"it ended without {name}")
