from __future__ import annotations

from contextlib import closing

from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.measurement import Measurement, now_ms

from .fake_cloud import FakeCloud
from .processes import Started


def test_sending_the_backlog_with_a_refused_key_ends(cloud: FakeCloud, pi: Started, directory: DataDirectory) -> None:
    with closing(ReadingStore(directory.buffer_path)) as buffer:
        buffer.add([Measurement(1, now_ms() - 1000, 230.0, 0.1, 5.0)])
    cloud.api_key = "another"
    code, out = pi.ask("backlog", "--send")
    assert (code, "refuses" in out) == (3, True)
