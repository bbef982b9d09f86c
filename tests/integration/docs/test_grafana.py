"""What docs/grafana.md tells to type, tried: its commands by curl, its queries with the selectors of the page."""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import replace
from datetime import datetime
from typing import Any

import jsonata
import pytest
import requests
import yaml

from .conftest import PLACE, Home, blocks

GUIDE = "grafana.md"
QUERIES = [yaml.safe_load(block) for block in blocks(GUIDE, "yaml")]
COMMANDS = [line for block in blocks(GUIDE, "sh") for line in block.splitlines()]
KINDS: dict[str, type | tuple[type, ...]] = {
    "Time (UNIX ms)": int,
    "Time": str,
    "Number": (int, float),
    "String": str,
}


def curl(home: Home, command: str, **words: str) -> Any:
    """The answer to a command of the guide, with the reader's own words in it."""
    for placeholder, word in words.items():
        command = command.replace(placeholder, word)
    own = command.replace(PLACE, home.base_url).replace("you@example.org", home.person.email)
    done = subprocess.run(shlex.split(own), capture_output=True, timeout=60, check=True)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def token(home: Home) -> str:
    """As the guide has it."""
    log_in, make, *_ = COMMANDS
    session_token = curl(home, log_in, PASSWORD=home.person.password)["sessionToken"]
    return str(curl(home, make, SESSION_TOKEN=session_token)["token"])


def title(query: dict[str, Any]) -> str:
    return str(query.get("panel") or query.get("variable") or query["annotation"])


def rows(home: Home, query: dict[str, Any], token: str) -> Any:
    """What Grafana has of a query: the answer to its URL, through its root selector."""
    variables = {"port": home.port_id, "device": home.device.device_id}
    times = {"__from": str(home.from_ms), "__to": str(home.to_ms)}
    url = query["url"].replace(PLACE, home.base_url)
    for name, value in {**variables, **times}.items():
        url = url.replace(f"${{{name}}}", value)
    assert "$" not in url
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.request(query["method"], url, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    return jsonata.Jsonata(query["root"]).evaluate(answer.json())


def test_the_guide_has_its_queries() -> None:
    assert (len(QUERIES), len(COMMANDS)) == (10, 4)


@pytest.mark.parametrize("query", QUERIES, ids=title)
def test_a_query_gives_rows_with_its_columns(home: Home, token: str, query: dict[str, Any]) -> None:
    found = rows(home, query, token)
    assert isinstance(found, list)
    assert found
    for column in query["columns"]:
        values = [row[column["selector"]] for row in found]
        known = [value for value in values if value is not None]
        assert known, column
        assert all(isinstance(value, KINDS[column["format"]]) for value in known), values
        if column["format"] == "Time":
            assert all(datetime.fromisoformat(value) for value in known)


@pytest.mark.parametrize("hours", [1, 24 * 30, 24 * 365])
def test_power_has_watts_in_each_resolution(home: Home, token: str, hours: int) -> None:
    (query,) = (query for query in QUERIES if title(query) == "Power of an outlet")
    longer = replace(home, from_ms=home.to_ms - hours * 3_600_000)
    found = rows(longer, query, token)
    assert 0 < len(found) <= 1_000
    assert max(row["watts"] for row in found if row["watts"] is not None) > 4


def test_one_point_is_still_a_list(home: Home, token: str) -> None:
    (query,) = (query for query in QUERIES if title(query) == "Temperature")
    found = rows(home, query, token)
    one = replace(home, from_ms=found[-1]["time"], to_ms=found[-1]["time"])
    assert [row["temperature"] for row in rows(one, query, token)] in ([20.5], [21.0])


def test_the_token_is_listed_and_ended_as_the_guide_says(home: Home, token: str) -> None:
    log_in, make, listing, end = COMMANDS
    words = {"SESSION_TOKEN": curl(home, log_in, PASSWORD=home.person.password)["sessionToken"]}
    another = curl(home, make, **words)
    listed = curl(home, listing, **words)["sessions"]
    assert another["sessionId"] in [session["sessionId"] for session in listed if session["scope"] == "read"]
    assert curl(home, end, **words, SESSION_ID=another["sessionId"])["success"] is True
    query = QUERIES[0]
    with pytest.raises(AssertionError, match="bad_session"):
        rows(home, query, another["token"])
    assert rows(home, query, token)
