"""What costs may not grow, by counts that are the same on every machine: calls, units, bytes, instructions.

make bench prints the seconds; no claim here is about them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

import app
from chalicelib.core import read_cache
from chalicelib.core.settings import settings
from chalicelib.readings import chunk_codec
from infra.local.emulator.template import ROOT
from tests.benchmarks.household import Household, fill_devices, fill_history, owner_of
from tests.benchmarks.meter import Cost, Work, measure
from tests.benchmarks.place import Entry
from tests.benchmarks.route_work import ONE_READING, device_work, one_batch_work, walk_work
from tests.conftest import Person, new_person, now_ms

DEVICES = 250
"""A list of so many shows what one of a thousand needs: calls and units grow by the page and by the device."""
BATCH_INSTRUCTIONS_A_READING = 75_000
"""Decoding, judging, packing and detection of a batch of 150, by callgrind: 49,000 with CPython 3.11 on x86-64."""


@pytest.fixture
def entry(database: str) -> Entry:
    return Entry(app.app)


@pytest.fixture
def only_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the process of a PC's stack."""
    alone = replace(settings(), is_only_writer=True)
    monkeypatch.setattr(read_cache, "settings", lambda: alone)
    monkeypatch.setattr(read_cache, "_in_doubt_until", 0.0)


def measured(works: Iterable[Work], name: str) -> Cost:
    """Not the first of its kind, so that what is only done once is over."""
    return measure(replace(next(work for work in works if work.name == name), repeats=3))


def test_one_reading_is_three_reads_and_a_write_where_others_write_too(entry: Entry) -> None:
    assert measured(device_work(entry), ONE_READING).operations == "2 Get, 1 Query, 1 Put"


@pytest.mark.usefixtures("only_writer")
def test_one_reading_on_a_pc_is_a_write_and_the_read_of_what_was_just_written(entry: Entry) -> None:
    found = measured(device_work(entry), ONE_READING)
    assert found.operations in {"1 Put", "1 Get, 1 Put"}, "the bench writes the device's presence before each one"


@pytest.mark.usefixtures("only_writer")
def test_a_batch_on_a_pc_looks_for_duplicates_and_writes(entry: Entry) -> None:
    found = measure(replace(one_batch_work(entry, 150), repeats=3))
    assert found.operations in {"1 Query, 1 Put", "1 Get, 1 Query, 1 Put"}


@pytest.mark.usefixtures("only_writer")
def test_what_is_revoked_is_refused_by_the_next_call_on_a_pc_too(entry: Entry) -> None:
    person = new_person(entry.call)
    device = person.device()
    port_id = person.port(device)["portId"]

    def send() -> int:
        measured = {"portId": port_id, "voltage": 230.0, "current": 0.1, "power": 23.0}
        return device.call("POST", "/sensor/reading", {"deviceToken": device.api_key, **measured}).status

    assert [send(), send()] == [200, 200]
    assert person.call("PATCH", f"/port/{port_id}", {"name": "Lamp", "neverCut": True}).status == 200
    assert person.call("GET", f"/port/{port_id}").body["neverCut"] is True
    assert person.call("DELETE", f"/port/{port_id}").status == 200
    assert send() == 404
    assert person.call("DELETE", f"/device/{device.device_id}").status in (200, 202)
    assert send() == 401


def test_a_minute_of_four_outlets_is_less_than_a_kilobyte(entry: Entry) -> None:
    household = Household(new_person(entry.call), now_ms() - 3 * 3_600_000)
    chunks = fill_history(household, 120)
    assert max(len(_packed(chunk.ports)) for chunk in chunks) < 750


def _packed(ports: object) -> bytes:
    return chunk_codec.pack(ports)  # type: ignore[arg-type]


@pytest.fixture
def owner(entry: Entry) -> Person:
    person = new_person(entry.call)
    fill_devices(owner_of(person.device()), DEVICES - 1)
    return person


def test_a_long_list_is_four_calls_a_page_and_a_unit_a_device(entry: Entry, owner: Person) -> None:
    found = measure(replace(walk_work(entry, owner, DEVICES), repeats=1))
    assert found.operations == "2 Get, 2 Query, 3 BatchGet", "two pages, and 250 states a hundred a call"
    assert found.read_units <= DEVICES


def test_a_long_page_shows_what_short_ones_do(entry: Entry, owner: Person) -> None:
    def pages(limit: int) -> list[object]:
        listed, cursor = [], ""
        while True:
            body = owner.call("GET", f"/device/list?limit={limit}{cursor}").body
            listed += body["devices"]
            if body["cursor"] is None:
                return listed
            cursor = f"&cursor={body['cursor']}"

    assert len(pages(50)) == DEVICES
    assert pages(50) == pages(100) == pages(200)


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed: no instructions are counted")
def test_a_reading_of_a_batch_takes_no_more_instructions(tmp_path: Path) -> None:
    """Of runs of two lengths the difference counts, so that the interpreter's start is not in it."""
    once, thrice = (_instructions(tmp_path, times) for times in (1, 3))
    a_reading = (thrice - once) / 2 / 150
    assert 0 < a_reading < BATCH_INSTRUCTIONS_A_READING


def _instructions(directory: Path, times: int) -> int:
    program = [sys.executable, "-m", "tests.benchmarks.pure_parts", str(times)]
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={directory / 'out'}", *program]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    found = re.search(r"Collected : (\d+)", run.stderr)
    assert found is not None, run.stderr
    return int(found[1])
