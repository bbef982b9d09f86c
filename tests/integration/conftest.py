"""The app in the tests' own process, each function under its own role: what AWS would deny is denied here."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import uvicorn
from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.routing import Mount

import app
from chalicelib.accounts import passwords
from chalicelib.accounts.store import UserItem
from chalicelib.core import rate_limits
from infra.local.emulator import template
from infra.local.emulator.edge_responses import GatewayAnswers
from infra.local.emulator.gateway import Gateway
from infra.local.runner.environment import STAGE
from tests.conftest import Person, eventually
from tests.grants import USED_GRANTS
from tests.integration.roles import enforce, give_roles_to_verbs
from tests.integration.stream import deliver

__all__ = ["deliver"]

give_roles_to_verbs()


def confirm_address(person: Person) -> None:
    """What following the link of the confirmation leaves behind."""
    UserItem(person.email).update(actions=[UserItem.confirmed_at_ms.set(1)])


@pytest.fixture(autouse=True)
def full_rate_limits() -> None:
    """Begin with full rate limits: all tests of a worker call from one address, and some use its limit up."""
    rate_limits.clear()


@pytest.fixture(scope="module", autouse=True)
def fast_password_hashes() -> Iterator[None]:
    """Hash passwords with little work: some tests log in hundreds of times. Unit tests cover the real parameters."""
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASHER", hasher)
        patch.setattr(passwords, "UNKNOWN_ACCOUNT_HASH", hasher.hash("of nobody"))
        yield


@pytest.fixture(scope="session")
def api(database: str) -> Iterator[str]:
    """The base URL of the Chalice app behind the PC stack's gateway, over real HTTP, with no pump and no schedule."""
    gateway = Gateway(app.app, GatewayAnswers(template.load({"Stage": STAGE})))
    config = uvicorn.Config(
        Starlette(routes=[Mount("/api", gateway)]),
        port=0,
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    eventually(lambda: server.started, "the gateway starts")
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/api"
    server.should_exit = True
    thread.join(60)  # it ends with the process if some test has left a call open


@pytest.fixture(scope="session", autouse=True)
def roles(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each function runs under its own role; the end of the run checks that each grant was used."""
    with pytest.MonkeyPatch.context() as patch:
        request.config.stash[USED_GRANTS] = enforce(patch)
        yield
