"""pytest -p tests.deployed.plugin: the packaged stack in the emulator, one for all tests of a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.aws.packaging.package import package
from tests.deployed.deployment import Deployed, deploy
from tests.deployed.emulator import Emulator, running_emulator

LIMITS = {
    "test_a_wrong_method_is_an_unknown_route": "the emulator imports no GatewayResponses with an API's definition",
}
"""Tests of the contract that fail because of the emulator, and why. One that passes is noticed, and leaves the list."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        name = item.name.partition("[")[0]
        if name in LIMITS:
            item.add_marker(pytest.mark.xfail(reason=LIMITS[name], strict=True))


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template that `make package ARCH=x86_64` makes, its zip beside it."""
    return package("dev", "x86_64", tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running_emulator(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture(scope="session")
def deployed(emulator: Emulator, packaged: Path) -> Deployed:
    return deploy(emulator, packaged)
