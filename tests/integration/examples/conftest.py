"""A stack as `make serve WEB_ORIGIN=...` starts it, a server of the examples' pages, and copies of the examples.

An example is changed in its address only.
"""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from infra.local.emulator.template import ROOT
from infra.local.runner.process import RunningStack, running_stack
from tests.conftest import Answered, Call, Person, new_person

EXAMPLES = ROOT / "examples"
WRITTEN_API = "http://localhost:8000"
WAIT_SECONDS = 60


class QuietFiles(SimpleHTTPRequestHandler):
    """The files of a folder."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Place:
    """Where the copies lie, where their pages are served, and the stack that they call."""

    folder: Path
    page_url: str
    stack: RunningStack

    def copy(self, name: str, changes: Mapping[str, str] | None = None) -> Path:
        """Copy an example, with its address and perhaps other words replaced; each of them must be there."""
        text = (EXAMPLES / name).read_text()
        addresses = {WRITTEN_API: self.stack.base_url} if WRITTEN_API in text else {}
        for written, actual in (addresses | dict(changes or {})).items():
            assert written in text, f"{name} has no {written}"
            text = text.replace(written, actual)
        (self.folder / name).write_text(text)
        return self.folder / name

    @property
    def mqtt_port(self) -> str:
        """The port of the stack's broker."""
        found = re.search(r"^MQTT at mqtt://\S+:(\d+)$", (self.stack.data_dir / "stack.log").read_text(), re.MULTILINE)
        assert found
        return found[1]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("examples")
    handler = partial(QuietFiles, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as pages:
        threading.Thread(target=pages.serve_forever, daemon=True).start()
        origin = f"http://localhost:{pages.server_port}"
        with running_stack(tmp_path_factory.mktemp("stack"), environment={"WEB_ORIGIN": origin}) as stack:
            yield Place(folder, origin, stack)
        pages.shutdown()


@pytest.fixture(scope="module")
def call(place: Place) -> Call:
    def request(method: str, path: str, body: Any = None, **headers: str) -> Answered:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"{place.stack.base_url}/api{path}"
        response = requests.request(method, url, headers=named, data=json.dumps(body), timeout=WAIT_SECONDS)
        return Answered(response.status_code, response.json(), response.headers)

    return request


@pytest.fixture
def person(call: Call) -> Person:
    return new_person(call)


class Script:
    """A running example, and the lines that it prints."""

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said: list[str] = []
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as lines:
            for line in lines:
                self._lines.put(line)

    def hear(self, words: str) -> str:
        """The next line with these words."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                self.said.append(self._lines.get(timeout=max(0.0, deadline - time.monotonic())))
            except queue.Empty:
                raise AssertionError(f"never said {words!r}: {self.said}") from None
            if words in self.said[-1]:
                return self.said[-1]

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()


Run = Callable[..., Script]


@pytest.fixture
def run(place: Place) -> Iterator[Run]:
    """Run a copied example until the test ends: run([...], NAME="value of the environment")."""
    with ExitStack() as scripts:

        def started(command: Sequence[str], **environment: str) -> Script:
            script = Script(command, place.folder, environment)
            scripts.callback(script.end)
            return script

        yield started
