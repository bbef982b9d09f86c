"""These tests need the emulator, which `make test-deployed` installs; other runs do not collect them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import Answered, Call
from tests.deployed.deployment import Deployed


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Nothing here without the plugin that makes the emulator."""
    return None if config.pluginmanager.has_plugin("tests.deployed.plugin") else True


@pytest.fixture
def call(deployed: Deployed) -> Call:
    """Call the deployed API."""

    def request(method: str, path: str, body: Any = None, **headers: str) -> Answered:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = requests.request(
            method, deployed.api_url + path, headers=named, data=None if body is None else json.dumps(body), timeout=60
        )
        return Answered(response.status_code, response.json(), response.headers)

    return request
