from __future__ import annotations

import json
from contextlib import closing

from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.measurement import Measurement, now_ms

from .conftest import fill_buffer
from .fake_cloud import FakeCloud
from .processes import Started


def test_sending_the_backlog_with_a_refused_key_ends(cloud: FakeCloud, pi: Started, directory: DataDirectory) -> None:
    with closing(ReadingStore(directory.buffer_path)) as buffer:
        buffer.add([Measurement(1, now_ms() - 1000, 230.0, 0.1, 5.0)])
    cloud.api_key = "another"
    code, out = pi.ask("backlog", "--send")
    assert (code, "refuses" in out) == (3, True)


def test_the_backlog_is_shown_and_sent(cloud: FakeCloud, pi: Started, directory: DataDirectory) -> None:
    fill_buffer(directory, 1200)
    code, out = pi.ask("backlog", "--json")
    shown = json.loads(out)
    assert (code, shown["readings"], shown["channels"][0]["readings"]) == (0, 1200, 1200)
    code, out = pi.ask("backlog", "--send", "--json")
    assert (code, json.loads(out)["readings"], len(cloud.stored)) == (0, 0, 1200)
    assert "1200 stored" in pi.said
    assert "\r" not in pi.said, "a progress bar where no terminal is"


def test_what_the_backlog_cannot_send_is_exit_code_3(cloud: FakeCloud, pi: Started, directory: DataDirectory) -> None:
    cloud.relays.clear()
    fill_buffer(directory, 3)
    assert pi.ask("backlog", "--send")[0] == 3


def test_the_backlog_names_what_was_refused_and_why(cloud: FakeCloud, pi: Started, directory: DataDirectory) -> None:
    cloud.reject = lambda _: "too_old"
    fill_buffer(directory, 5)
    pi.ask("backlog", "--send")
    assert json.loads(pi.ask("backlog", "--json")[1])["rejected"][0]["readings"] == 5
    assert "Refused: too_old (power)" in pi.ask("backlog")[1]


def test_sending_the_backlog_obeys_no_command_since_there_is_no_relay(
    cloud: FakeCloud, pi: Started, directory: DataDirectory
) -> None:
    cloud.command(1, "off", 2)
    fill_buffer(directory, 5)
    assert pi.ask("backlog", "--send")[0] == 0
    assert cloud.reported(1) == []
