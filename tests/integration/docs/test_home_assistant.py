"""What docs/home-assistant.md tells to write, tried: resources asked, templates rendered, topics compared."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from ghostwatt_pi.local.home_assistant import discovery_configs, outlet_state, state_topic
from ghostwatt_pi.local.snapshot import OutletSnapshot
from ghostwatt_pi.settings.config import load_settings
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from .conftest import GUIDES, PLACE, Home, blocks

GUIDE = "home-assistant.md"
ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=StrictUndefined)


class Configuration(yaml.SafeLoader):
    """Knows Home Assistant's !secret."""


Configuration.add_constructor("!secret", lambda _, node: f"secret {node.value}")
SECRETS, CONFIGURATION = (yaml.load(block, Configuration) for block in blocks(GUIDE, "yaml"))  # noqa: S506 - a safe one
SECRET = f"secret {next(iter(SECRETS))}"


def entities() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each resource of the guide with each of its entities."""
    for resource in CONFIGURATION["rest"]:
        for kind in ("sensor", "binary_sensor"):
            yield from ((resource, entity) for entity in resource.get(kind, []))


@pytest.fixture(scope="module")
def authorization(home: Home) -> str:
    token = home.person.call("POST", "/account/token", {"name": "Home Assistant"}).body["token"]
    return str(SECRETS["ghostwatt_authorization"]).replace("TOKEN", token)


def shown(home: Home, resource: dict[str, Any], entity: dict[str, Any], authorization: str) -> str:
    """What Home Assistant would show."""
    assert resource["headers"] == {"Authorization": SECRET}
    url = resource["resource"].replace(PLACE, home.base_url).replace("PORT_ID", home.port_id)
    answer = requests.get(url, headers={"Authorization": authorization}, timeout=60)
    assert answer.status_code == 200, answer.text
    return ENVIRONMENT.from_string(entity["value_template"]).render(value_json=answer.json()).strip()


EXPECTED = {
    "Television power": r"4\.6",
    "Television status": "standby",
    "Television relay": "True",
    "Outlets energy today": r"0\.\d+",
    "Outlets standby today": r"\d\S*",
    "Outlets cost today": r"0\.\d+",
    "Television energy today": r"0\.\d+",
    "Living room temperature": r"2\d\.\d",
    "Ghostwatt Pi": "True",
}


@pytest.mark.parametrize(("resource", "entity"), [pytest.param(*found, id=found[1]["name"]) for found in entities()])
def test_a_rest_entity_shows_its_value(
    home: Home, authorization: str, resource: dict[str, Any], entity: dict[str, Any]
) -> None:
    assert re.fullmatch(EXPECTED[entity["name"]], shown(home, resource, entity, authorization))


def test_today_is_today_alone(home: Home, authorization: str) -> None:
    """The one outlet's day is the home's, though there was energy on the day before."""
    today = {
        entity["name"]: shown(home, resource, entity, authorization)
        for resource, entity in entities()
        if "energy today" in entity["name"]
    }
    assert len(today) == 2
    assert len(set(today.values())) == 1


def test_each_entity_has_an_id_of_its_own() -> None:
    ids = [entity["unique_id"] for _, entity in entities()]
    assert len(set(ids)) == len(ids) == len(EXPECTED)


def test_an_outlet_that_was_never_measured_has_no_power(home: Home) -> None:
    entity = next(entity for _, entity in entities() if entity["name"] == "Television power")
    unmeasured = {"ports": [{"name": "Television", "latest": None}]}
    assert home
    assert ENVIRONMENT.from_string(entity["value_template"]).render(value_json=unmeasured).strip() == "None"


def test_the_requests_that_the_guide_counts_are_those_of_its_intervals() -> None:
    month = sum(30 * 86_400 // resource["scan_interval"] for resource in CONFIGURATION["rest"])
    assert f"{month:,} requests in 30 days" in (GUIDES / GUIDE).read_text()


def test_the_pi_announces_under_the_topics_of_the_guide() -> None:
    told = re.findall(r"\| `(homeassistant/\S+)` \|", (GUIDES / GUIDE).read_text())
    assert told == [topic for topic, _ in discovery_configs("DEVICE", 1, "ghostwatt/DEVICE/status")]


def test_the_pi_publishes_the_values_of_the_guide() -> None:
    (told,) = (json.loads(block) for block in blocks(GUIDE, "json"))
    assert outlet_state(OutletSnapshot(1, "on", 230.0, 0.4, 92.0, 1, 1500.0)) == told
    assert f"`{state_topic('DEVICE', 1)}`" in (GUIDES / GUIDE).read_text()
    for topic, config in discovery_configs("DEVICE", 1, "ghostwatt/DEVICE/status"):
        name = topic.split("/")[-2].partition("_")[2]
        value = ENVIRONMENT.from_string(str(config["value_template"])).render(value_json=told)
        assert value == str(told[name]), topic


def test_the_pi_takes_the_setting_of_the_guide(tmp_path: Path) -> None:
    (setting,) = blocks(GUIDE, "toml")
    (tmp_path / "config.toml").write_text(setting)
    assert load_settings({"data": tmp_path}, {}).home_assistant == tomllib.loads(setting)["home_assistant"]
