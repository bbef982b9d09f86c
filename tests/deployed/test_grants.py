"""The grants count: what is taken away is refused. What each function may do is told by a test of the template."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.conftest import Call
from tests.deployed.deployment import Deployed


@contextmanager
def without_grants(deployed: Deployed, function: str) -> Iterator[None]:
    """The role of a function without its own policies, for a while."""
    iam = deployed.emulator.client("iam")
    arn = deployed.emulator.client("lambda").get_function_configuration(FunctionName=function)["Role"]
    role = arn.rpartition("/")[2]
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policies: dict[str, Any] = {
        name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names
    }
    assert policies
    for name in policies:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    try:
        yield
    finally:
        for name, document in policies.items():
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=_text(document))


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def test_without_its_grants_the_api_reaches_no_table(deployed: Deployed, call: Call) -> None:
    assert call("GET", "/health").status == 200
    with without_grants(deployed, deployed.resource("APIHandler")):
        assert call("GET", "/health").status in (500, 503)
    assert call("GET", "/health").status == 200
