"""What the agent takes of a Pi: 4 outlets at one reading in 2 s. `AGENT_LOAD_SECONDS=60` for figures."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from ghostwatt_pi.data_directory import DataDirectory

from tests.conftest import eventually
from tests.device.fake_cloud import FakeCloud

SECONDS = float(os.environ.get("AGENT_LOAD_SECONDS", "10"))
MOST_CPU = 0.03
"""A part of one core. On a quiet PC it is under 0.01; the bound leaves room for a busy one."""
MOST_MEMORY_KB = 60_000
RUNNER = Path(__file__).parents[1] / "faults" / "outage_agent.py"


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_kb(pid: int) -> int:
    """Resident memory."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def test_the_agent_is_a_light_guest(tmp_path: Path) -> None:
    cloud, directory = FakeCloud(interval_seconds=60, heartbeat_seconds=60), DataDirectory(tmp_path / "home")
    for channel in range(1, 5):
        cloud.add_port(channel)
    directory.save_key("key-1")
    arguments = [sys.executable, str(RUNNER), cloud.url, str(directory.path), "0", "2"]
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL) as process:
        eventually(lambda: cloud.stored, "it sends")
        before, started = cpu_seconds(process.pid), time.monotonic()
        time.sleep(SECONDS)  # what is measured is this time
        cpu = (cpu_seconds(process.pid) - before) / (time.monotonic() - started)
        memory = memory_kb(process.pid)
        process.terminate()
    cloud.close()
    print(f"\n{cpu:.2%} of a core, {memory} kB")  # noqa: T201 - figures
    assert cpu < MOST_CPU
    assert memory < MOST_MEMORY_KB
