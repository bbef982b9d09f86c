from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ghostwatt_pi.event_log import MESSAGES, open_log, qr_text

from .conftest import until
from .processes import Started


def test_a_parent_process_gets_every_event_as_a_json_line() -> None:
    out = io.StringIO()
    log = open_log(out, is_json=True)
    log("uploaded", readings=5, stored=3, duplicate=2)
    log("meter_back")
    assert out.getvalue().splitlines() == [
        '{"event": "uploaded", "readings": 5, "stored": 3, "duplicate": 2}',
        '{"event": "meter_back"}',
    ]


@pytest.mark.parametrize(("verbose", "lines"), [(False, ["The meter is back"]), (True, ["Sent 5 readings"])])
def test_people_read_sentences_and_the_routine_only_when_they_ask(verbose: bool, lines: list[str]) -> None:
    out = io.StringIO()
    log = open_log(out, verbose=verbose)
    log("uploaded", readings=5, stored=3, duplicate=2)
    log("meter_back")
    assert out.getvalue().splitlines() == (lines if not verbose else [*lines, "The meter is back"])


def test_in_the_journal_each_line_begins_with_its_priority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "journal").open("w+") as out:
        status = os.fstat(out.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        log = open_log(out, verbose=True)
        log("key_refused")
        log("warning", text="x")
        log("meter_back")
        log("claim_expired")
        log("uploaded", readings=5)
        out.seek(0)
        assert [line[:3] for line in out] == ["<3>", "<4>", "<5>", "<6>", "<6>"]


def test_a_log_whose_reader_is_gone_ends_the_agent() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    out = os.fdopen(writer, "w")
    log = open_log(out)
    with pytest.raises(BrokenPipeError):
        log("meter_back")
    with pytest.raises(BrokenPipeError):
        out.close()


def test_a_qr_code_is_square_text() -> None:
    lines = qr_text("https://ghostwatt.example/pair?code=ABCD-2345").splitlines()
    assert len({len(line) for line in lines}) == 1
    assert len(lines) * 2 in range(len(lines[0]) - 2, len(lines[0]) + 3)


def test_no_message_can_show_a_key() -> None:
    assert not any("apiKey" in message.text or "api_key" in message.text for message in MESSAGES.values())


def test_in_the_journal_a_line_has_its_priority(pi: Started) -> None:
    command = [sys.executable, "-m", "ghostwatt_pi", "backlog", "--send", "--data", str(pi.folder), "--port", "0"]
    out = pi.folder / "journal"
    with out.open("w") as file:
        place = os.fstat(file.fileno())
        environment = {**os.environ, "JOURNAL_STREAM": f"{place.st_dev}:{place.st_ino}"}
        agent = subprocess.Popen([*command, "--api", "http://127.0.0.1:9/api"], stdout=file, env=environment)
    try:
        until(lambda: "<4>The cloud cannot be reached" in out.read_text())
        assert out.read_text().startswith("<6>")
    finally:
        agent.send_signal(signal.SIGTERM)
        agent.wait(10)
