"""Several batches of one device at the same moment, on a PC; on AWS two containers share no lock (batch_locks.py)."""

from __future__ import annotations

import secrets
from collections import Counter

import pytest

from tests.conftest import Person, now_ms, reading
from tests.contract.conftest import at_once


@pytest.mark.parametrize("batches", [2, 6])
def test_a_reading_in_several_batches_is_stored_by_one_and_a_duplicate_in_the_others(
    person: Person, batches: int
) -> None:
    device = person.device()
    port_id, at_ms = person.port(device)["portId"], now_ms()
    for turn in range(3):
        shared_ms = at_ms - 60_000 * turn
        own = [[reading(port_id, shared_ms - 1_000 * (each + 1), 5.0)] for each in range(batches)]
        answers = at_once(
            lambda each, own=own, shared_ms=shared_ms: device.send(  # type: ignore[misc]  # bound for this turn
                [*own[each], reading(port_id, shared_ms, 100.0 + each)], secrets.token_hex(8), at_ms
            ),
            batches,
        )
        assert {answer.status for answer in answers} == {200}
        own_results, shared_results = zip(
            *([result["status"] for result in answer.body["results"]] for answer in answers), strict=True
        )
        assert set(own_results) == {"stored"}
        assert Counter(shared_results) == {"stored": 1, "duplicate": batches - 1}
        history = person.call("GET", f"/port/{port_id}/history?resolution=raw&from={shared_ms}&to={shared_ms}").body
        assert [kept["power"] for kept in history["readings"]] == [100.0 + shared_results.index("stored")]
