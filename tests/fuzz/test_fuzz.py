"""A short run of both fuzzers; `make fuzz` is the long one."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from tests.contract.openapi import Operation
from tests.fuzz.attack import attack
from tests.fuzz.generator import Attacker, Generator
from tests.fuzz.openapi_fuzz import run

REQUESTS = 1_200


def test_hostile_requests_get_no_5xx_and_leave_others_alone(tmp_path: Path) -> None:
    result = attack(tmp_path, REQUESTS, seed=1)
    assert result.wrong == []
    assert result.statuses.total() == REQUESTS
    assert len(result.statuses) > 5, "the requests reach more than one refusal"
    assert result.friendly_seconds


@pytest.mark.timeout(300)
def test_what_schemathesis_makes_of_the_schema_is_answered_as_the_schema_says(tmp_path: Path) -> None:
    code, said = run(tmp_path, examples=4, seed=1, phases="fuzzing")
    assert code == 0, said[-5_000:]
    assert "No issues found" in said


def test_a_seed_gives_the_same_requests_again() -> None:
    operation = Operation("POST", "/port/{portId}", frozenset(), ("limit",), {"type": "object"}, body_required=True)

    def made(seed: int) -> list[object]:
        attacker = Attacker([{}], [{"portId": "x"}])
        return list(islice(Generator([operation], attacker, seed), 50))

    assert made(1) == made(1) != made(2)
