"""Dated tariffs over the API: what is stored is what was given, and what contradicts itself is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.accounts.store import load_account
from chalicelib.core.deadlines import Deadline
from chalicelib.deletion.worker import delete_requested
from chalicelib.energy import store
from tests.conftest import Person, now_ms

NIGHT = {"days": ["mon", "fri"], "from": "22:00", "to": "06:00", "perKwh": 0.21}
OLD: dict[str, Any] = {"name": "Old", "validFrom": "2025-01-01", "validTo": "2026-01-01", "perKwh": 0.333333}
LEFT_OUT: dict[str, Any] = {"validTo": None, "windows": []}
NEW: dict[str, Any] = {"name": "New", "validFrom": "2026-01-01", "perKwh": 0.3, "windows": [NIGHT]}


def put(person: Person, *tariffs: Any) -> Any:
    return person.call("PUT", "/account/tariffs", {"tariffs": list(tariffs)})


def test_what_is_stored_is_what_was_given(person: Person) -> None:
    assert person.call("GET", "/account/tariffs").body["tariffs"] == []
    stored = put(person, OLD, NEW)
    assert stored.status == 200, stored
    shown = person.call("GET", "/account/tariffs").body["tariffs"]
    assert shown == stored.body["tariffs"] == [LEFT_OUT | OLD, LEFT_OUT | NEW]
    assert put(person, *shown).body["tariffs"] == shown
    assert put(person).body["tariffs"] == []
    assert person.call("GET", "/account/tariffs").body["tariffs"] == []


def test_they_are_nobody_elses(person: Person, stranger: Person) -> None:
    put(person, NEW)
    assert stranger.call("GET", "/account/tariffs").body["tariffs"] == []


@pytest.mark.parametrize(
    ("tariffs", "field"),
    [
        ([NEW, OLD | {"validTo": "2026-01-02"}], "tariffs[0].validFrom"),
        ([OLD, NEW | {"validFrom": "2025-12-31"}], "tariffs[1].validFrom"),
        ([OLD | {"validTo": "2025-01-01"}], "tariffs[0].validTo"),
        ([NEW | {"windows": [NIGHT, NIGHT]}], "tariffs[0].windows[1].from"),
    ],
)
def test_what_contradicts_itself_is_refused_by_name(person: Person, tariffs: list[Any], field: str) -> None:
    put(person, OLD)
    answer = put(person, *tariffs)
    assert (answer.status, answer.body["field"]) == (422, field)
    assert [tariff["name"] for tariff in person.call("GET", "/account/tariffs").body["tariffs"]] == ["Old"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "\x00"},
        {"validFrom": "2026-02-30"},
        {"validFrom": 1},
        {"validTo": "soon"},
        {"perKwh": -1},
        {"perKwh": 1_000_001},
        {"windows": [NIGHT | {"perKwh": -1_000_001}]},
        {"perKwh": "0.3"},
        {"currency": "EUR"},
        {"windows": [NIGHT | {"from": "22:05"}]},
        {"windows": [NIGHT | {"from": "24:00"}]},
        {"windows": [NIGHT | {"to": "25:00"}]},
        {"windows": [NIGHT | {"from": "22:00\n"}]},
        {"windows": [NIGHT | {"days": []}]},
        {"windows": [NIGHT | {"days": ["today"]}]},
        {"windows": [{"days": ["mon"], "to": "06:00", "perKwh": 1}]},
        {"windows": [NIGHT] * 51},
    ],
)
def test_a_malformed_tariff_is_refused_and_names_a_field(person: Person, wrong: dict[str, Any]) -> None:
    answer = put(person, NEW | wrong)
    assert (answer.status, bool(answer.body["field"])) == (422, True), answer


def test_there_are_at_most_fifty(person: Person) -> None:
    years = [NEW | {"validFrom": f"{year}-01-01", "validTo": f"{year + 1}-01-01"} for year in range(1950, 2001)]
    assert put(person, *years[:50]).status == 200
    assert put(person, *years).status == 422


def test_they_go_with_the_account(person: Person) -> None:
    account = load_account(person.email)
    assert account is not None
    put(person, NEW)
    assert len(store.load_tariffs(account.user_id)) == 1
    assert person.close_account().status == 202
    delete_requested(Deadline(600), now_ms())
    assert store.load_tariffs(account.user_id) == []
