"""An export from the question to the file, on the whole stack."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import requests

from tests.conftest import Person, eventually
from tests.contract.household import Household, refused


def made(person: Person) -> dict[str, Any]:
    """A new export, ready."""
    asked = person.call("POST", "/export", {})
    assert asked.status == 202, asked
    path = f"/export/{asked.body['exportId']}"
    eventually(lambda: person.call("GET", path).body["state"] in ("ready", "failed"), "the export is made")
    body: dict[str, Any] = person.call("GET", path).body
    assert body["state"] == "ready", body
    return body


def test_an_export_is_asked_for_made_and_fetched(household: Household) -> None:
    export = made(household.person)
    fetched = requests.get(export["link"], timeout=60)
    assert fetched.status_code == 200
    assert fetched.headers["Content-Disposition"].startswith("attachment")
    assert len(fetched.content) == export["bytes"]
    with zipfile.ZipFile(io.BytesIO(fetched.content)) as archive:
        ports = [json.loads(line) for line in archive.read("ports.jsonl").splitlines()]
        assert {port["portId"] for port in ports} == set(household.port_ids)
        readings = [name for name in archive.namelist() if name.startswith("readings/")]
        assert {name.split("/")[1] for name in readings} == set(household.port_ids)


def test_anothers_export_and_file_are_not_there(household: Household, stranger_here: Person) -> None:
    export = made(household.person)
    assert refused(stranger_here.call("GET", f"/export/{export['exportId']}"), 404)
    guessed = export["link"].replace(".zip?", "x.zip?")
    assert requests.get(guessed, timeout=60).status_code in (403, 404)
