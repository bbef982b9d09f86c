"""The smoke script against the whole stack of a PC."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from infra.local.runner.process import RunningStack, running_stack
from infra.smoke import steps, visit
from infra.smoke.__main__ import main, run
from infra.smoke.client import Client, Failed, wait_for
from infra.smoke.visit import Visit

Change = Callable[[Any], object]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


class Lying(Client):
    """Tells what the API said, but for one route."""

    def __init__(self, base_url: str, path: str, change: Change) -> None:
        super().__init__(base_url)
        self._path, self._change = path, change

    def call(self, method: str, path: str, body: Any = None, *, who: str = "", expect: int = 200) -> Any:
        answer = super().call(method, path, body, who=who, expect=expect)
        if self._path in f"{method} {path}":
            self._change(answer)
        return answer


class Deaf(Client):
    """Sends all, but never hears the answers of one route."""

    def __init__(self, base_url: str, path: str) -> None:
        super().__init__(base_url)
        self._path = path

    def send(self, method: str, path: str, body: Any = None, who: str = "") -> Any:
        answer = super().send(method, path, body, who)
        if f"{method} {path}" == self._path:
            raise Failed("No answer.")
        return answer


def fail(_visit: Visit) -> str:
    """It fails"""
    raise Failed("as it should")


def interrupt(_visit: Visit) -> str:
    """It is stopped"""
    raise KeyboardInterrupt


def is_gone(who: Visit) -> bool:
    return Client(who.client.base_url).send("POST", "/api/account/login", who.credentials).status_code == 401


def without_mqtt() -> list[steps.Step]:
    return [step for step in steps.STEPS if step is not steps.publish]


def test_it_takes_each_step_and_says_how_long_it_took(stack: RunningStack) -> None:
    broker = re.search(r"^MQTT at (\S+)$", (stack.data_dir / "stack.log").read_text(), re.MULTILINE)
    assert broker
    command = [sys.executable, "-m", "infra.smoke", stack.base_url, "--mqtt", broker[1]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    for step, line in zip(steps.STEPS, done.stdout.splitlines(), strict=True):
        assert re.fullmatch(rf"{re.escape(step.__doc__ or '')} \.\.\. .+ \(\d+\.\d\d s\)", line)


def test_what_it_prints_opens_nothing(stack: RunningStack, capsys: pytest.CaptureFixture[str]) -> None:
    who = Visit(Client(stack.base_url))
    assert run(who, without_mqtt())
    said = capsys.readouterr().out
    assert not any(secret in said for secret in (who.password, who.session_token, who.api_key, "ticket="))


@pytest.mark.parametrize("after", [steps.sign_up, steps.claim, steps.open_page, steps.fall_to_standby])
@pytest.mark.parametrize("end", [fail, interrupt])
def test_nothing_is_left_behind_wherever_it_ends(stack: RunningStack, after: steps.Step, end: steps.Step) -> None:
    who = Visit(Client(stack.base_url))
    taken = [*steps.STEPS[: steps.STEPS.index(after) + 1], end]
    if end is fail:
        assert not run(who, taken)
    else:
        with pytest.raises(KeyboardInterrupt):
            run(who, taken)
    assert who.session_token
    assert is_gone(who)


def test_an_account_is_deleted_even_when_nobody_heard_that_it_was_made(stack: RunningStack) -> None:
    who = Visit(Deaf(stack.base_url, "POST /api/account/signup"))
    assert not run(who, [steps.sign_up])
    assert not who.session_token
    assert is_gone(who)


def test_a_deletion_without_an_answer_counts_once_the_account_is_gone(
    stack: RunningStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visit, "FIRST_PAUSE_SECONDS", 0)
    assert run(Visit(Deaf(stack.base_url, "DELETE /api/account")), [steps.sign_up])


def test_what_could_not_be_deleted_is_named(
    stack: RunningStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(visit, "FIRST_PAUSE_SECONDS", 0)
    who = Visit(Deaf(stack.base_url, "POST /api/account/login"))
    assert not run(who, [steps.sign_up])
    assert f"LEFT BEHIND: the account {who.email}." in capsys.readouterr().out
    replace(who, client=Client(stack.base_url)).leave()


def _status(status: str) -> Change:
    return lambda answer: [result.update(status=status) for result in answer["results"]]


@pytest.mark.parametrize(
    ("path", "lie", "said"),
    [
        pytest.param("GET /device/claim", lambda a: a.update(deviceId="GW-9"), "leads to GW-9", id="foreign code"),
        pytest.param("POST /sensor/readings", _status("rejected"), "stored was due", id="rejected"),
        pytest.param("POST /sensor/readings", _status("stored"), "duplicate was due", id="stored twice"),
        pytest.param(
            "event/list", lambda a: [e.update(actionTaken="notified") for e in a["events"]], "notified", id="no cut"
        ),
        pytest.param("heartbeat", lambda a: [r.update(portId="x") for r in a["relays"]], "not told", id="no outlet"),
        pytest.param("heartbeat", lambda a: a.update(heartbeatSeconds=90), "due only in 90 s", id="too slow"),
        pytest.param("heartbeat", lambda a: [r.pop("onlyBelowWatts", 0) for r in a["relays"]], "conditions", id="bare"),
        pytest.param("GET /port/", lambda a: a.update(status="active"), "shows active", id="still on"),
        pytest.param("/switch", lambda a: a.update(version=99), "not told to switch on", id="other version"),
        pytest.param("/energy", lambda a: a["total"].update(kwh=0.006), "0.006000 kWh, 0.003", id="energy twice"),
        pytest.param("/history", lambda a: a["columns"]["power"].append(1), "62 readings", id="doubled"),
    ],
)
def test_it_notices(stack: RunningStack, capsys: pytest.CaptureFixture[str], path: str, lie: Change, said: str) -> None:
    assert not run(Visit(Lying(stack.base_url, path, lie)), without_mqtt())
    assert re.search(rf"FAILED: .*{said}", capsys.readouterr().out)


def test_it_notices_energy_that_never_comes(
    stack: RunningStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(steps, "wait_for", partial(wait_for, seconds=0.1))
    liar = Lying(stack.base_url, "/energy", lambda answer: answer["total"].update(kwh=0.002))
    at_once = [step for step in without_mqtt() if step not in (steps.fall_to_standby, steps.hear_of_it, steps.obey)]
    assert not run(Visit(liar), [*at_once[: at_once.index(steps.undo)], steps.read_energy])
    assert "0.003016 kWh: not within" in capsys.readouterr().out


def test_a_place_where_nobody_answers_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert main([f"http://127.0.0.1:{port}"]) == 1
    assert "FAILED: GET /api/health got no answer (ConnectionError)." in capsys.readouterr().out


@pytest.mark.parametrize("base", ["localhost:8000", "ftp://example.org", "https://", ""])
def test_what_is_no_address_is_refused_by_name(base: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([base])
    assert ended.value.code == 2
    assert "http://HOST or https://HOST" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_can_be_stopped_while_it_waits(number: signal.Signals) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        command = [sys.executable, "-m", "infra.smoke", f"http://127.0.0.1:{silent.getsockname()[1]}"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        silent.settimeout(20)
        connection, _ = silent.accept()
        with connection:  # it waits for an answer
            process.send_signal(number)
            said, _ = process.communicate(timeout=20)
    assert (process.returncode, said.splitlines()[-1].endswith("stopped")) == (1, True)
