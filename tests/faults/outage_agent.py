"""An agent in a process of its own, to be measured and killed: `outage_agent.py URL FOLDER BACKLOG_SECONDS`.

Its meter writes into `FOLDER/measured` each reading that the buffer has taken; none of these may be lost.
"""

from __future__ import annotations

import random
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from ghostwatt_pi.agent.agent import Agent
from ghostwatt_pi.agent.schedule import Pace
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.cloud.http import HttpClient
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.event_log import open_log
from ghostwatt_pi.measurement import Measurement
from ghostwatt_pi.meters.simulated import PROFILES, ProfiledAppliance, Simulator

OUTLETS = ("television", "fridge", "router", "console")


class WitnessedMeter(Simulator):
    """Asked for the next measurement, it notes the last: that one is on the disk."""

    def __init__(self, seconds: float, note: Path) -> None:
        super().__init__([ProfiledAppliance(PROFILES[name], random.Random(1)) for name in OUTLETS], seconds)  # noqa: S311 - noise
        self._note = note

    def measurements(self, stop: threading.Event) -> Iterator[list[Measurement]]:
        with self._note.open("a", buffering=1) as note:
            for measured in super().measurements(stop):
                yield measured
                note.write("".join(f"port-{m.channel} {m.timestamp_ms}\n" for m in measured))


def main(url: str, folder: str, backlog_seconds: str, measure_seconds: str) -> None:
    directory, stop = DataDirectory(Path(folder)), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    meter = WitnessedMeter(float(measure_seconds), directory.path / "measured")
    pace = Pace(float(backlog_seconds), 0.0) if float(backlog_seconds) else Pace()
    with directory.lock(), HttpClient(url) as cloud, closing(ReadingStore(directory.buffer_path)) as buffer:
        Agent(directory, cloud, buffer, meter, open_log(sys.stdout, is_json=True), stop, pace=pace).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
