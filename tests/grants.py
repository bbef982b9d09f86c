"""No grant is there for nothing: a run of all integration tests used each of them, or it stands here with a reason.

The tests may be shared among several workers, so the process that shares them looks at what all of them used.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from infra.aws.packaging import functions

Grant = tuple[str, str, str]
"""A function, the table or table/index that it uses, and DynamoDB's action."""
USED_GRANTS = pytest.StashKey[set[Grant]]()
RAN_FILES = pytest.StashKey[set[str]]()
UNTRIED: dict[Grant, str] = {
    (function, "ConnectionsTable", "DeleteItem"): "a push that finds a page gone; there are no pages here to push to"
    for function in ("APIHandler", "Examine", "MqttData", "Sweep")
} | dict.fromkeys(
    (
        ("APIHandler", "StatesTable", "PutItem"),
        ("MqttData", "StatesTable", "PutItem"),
        ("MqttData", "PortsTable", "GetItem"),
    ),
    "a silent outlet that a call without readings notices; the tests here notice it on the stream",
)
"""Grants that no test here can reach, and what would."""
INTEGRATION = Path(__file__).parent / "integration"


class GrantCheck:
    """Collects what workers used, and fails a whole run that left a grant unused."""

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Begin with nothing used."""
        session.config.stash[USED_GRANTS], session.config.stash[RAN_FILES] = set(), set()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note which files this process runs."""
        session.config.stash[RAN_FILES] |= {str(item.path) for item in session.items}

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker used."""
        output = getattr(node, "workeroutput", {})
        node.config.stash[USED_GRANTS] |= {tuple(grant) for grant in output.get("used_grants", ())}
        node.config.stash[RAN_FILES] |= set(output.get("ran_files", ()))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Hand on what was used, or look at it."""
        config = session.config
        used, ran = config.stash[USED_GRANTS], config.stash[RAN_FILES]
        if hasattr(config, "workeroutput"):
            config.workeroutput["used_grants"] = [list(grant) for grant in used]
            config.workeroutput["ran_files"] = sorted(ran)
        elif exitstatus == pytest.ExitCode.OK and not config.option.collectonly and is_whole(config, ran):
            for problem in problems(used):
                sys.stdout.write(f"\nERROR {problem}\n")
                session.exitstatus = pytest.ExitCode.TESTS_FAILED


def is_whole(config: pytest.Config, ran: set[str]) -> bool:
    """Whether all integration tests took part in this run."""
    narrowed = config.option.keyword or config.option.markexpr or "::" in str(config.args)
    return not narrowed and ran >= {str(path) for path in INTEGRATION.rglob("test_*.py")}


def problems(used: set[Grant]) -> Iterable[str]:
    """What is wrong with the grants, a sentence each; nothing if all are used or have a reason."""
    granted = {
        (function, place, action)
        for function, given in functions.grants().items()
        for place, actions in given.get("tables", {}).items()
        for action in actions
    }
    for grant in sorted(granted - used - set(UNTRIED)):
        yield f"no integration test used the grant {grant}: take it out of grants.yaml, or say in tests/grants.py why"
    for grant in sorted(set(UNTRIED) - granted):
        yield f"tests/grants.py names {grant}, which grants.yaml does not grant"
