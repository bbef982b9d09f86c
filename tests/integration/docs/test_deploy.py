"""What docs/deploy.md says of the template, the Makefile and names, held beside them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from infra.aws.deploy import names
from infra.aws.deploy.package_upload import OLD_PACKAGES_DAYS
from infra.aws.packaging.template import KEPT_STAGES, merged

from .conftest import GUIDES, blocks

GUIDE = "deploy.md"
TEXT = (GUIDES / GUIDE).read_text()
MAKEFILE = (GUIDES.parent / "Makefile").read_text()
COMMANDS = [line for block in blocks(GUIDE, "sh") for line in block.splitlines() if "make " in line]


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return merged("prod")


def section(title: str) -> str:
    """A chapter of the guide, until the next one."""
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_column(text: str) -> list[str]:
    """The names in the first column of a table."""
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)


def test_the_parameters_are_those_of_the_template_with_their_defaults(template: dict[str, Any]) -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| `?([^|`]*?)`? ?\|", section("Deploy"), re.MULTILINE))
    known = {name: str(shape.get("Default", "")) for name, shape in template["Parameters"].items() if name != "Stage"}
    assert told == known


def test_the_alarms_are_those_of_the_template(template: dict[str, Any]) -> None:
    alarms = [one for one in template["Resources"].values() if one.get("Type") == "AWS::CloudWatch::Alarm"]
    named = [alarm["Properties"]["AlarmName"]["Fn::Sub"].removeprefix("ghostwatt-${Stage}-") for alarm in alarms]
    assert sorted(first_column(section("Alarms"))) == sorted(named)


def test_the_logs_that_it_names_are_there(template: dict[str, Any]) -> None:
    logs = [one for one in template["Resources"].values() if one.get("Type") == "AWS::Logs::LogGroup"]
    known = {log["Properties"]["LogGroupName"]["Fn::Sub"].replace("${Stage}", "STAGE") for log in logs}
    told = set(re.findall(r"`(/ghostwatt/STAGE/\w+)`", section("Alarms")))
    assert told
    assert told <= known


def test_what_is_made_beside_the_stack_has_the_names_that_it_says() -> None:
    for name in (
        f"{names.signing_keys_path('STAGE')}/SECOND",
        names.origin_secret_name("STAGE"),
        names.deployment_bucket("ACCOUNT", "REGION"),
        names.LOG_ROLE_STACK,
        names.stack_name("STAGE"),
    ):
        assert f"`{name}`" in TEXT
    assert f"expire after {OLD_PACKAGES_DAYS} days" in TEXT


def test_only_prod_keeps_its_tables() -> None:
    assert KEPT_STAGES == ("prod",)


def test_each_command_is_there_and_takes_what_it_is_given(template: dict[str, Any]) -> None:
    assert len(COMMANDS) > 10
    for line in COMMANDS:
        goal, given = re.findall(r"\bmake ([a-z-]+)(.*)", line)[0]
        (rule,) = re.findall(rf"^{goal}:(.*(?:\n\t.*)+)", MAKEFILE, re.MULTILINE)
        outside = re.sub(r'SET="[^"]*"', "SET=", given)
        assert all(f"{name}" in rule or f"$({name})" in MAKEFILE for name in re.findall(r"([A-Z_]+)=", outside)), line
        for settings in re.findall(r'SET="([^"]*)"', given):
            assert {pair.partition("=")[0] for pair in settings.split()} <= set(template["Parameters"]), line


def test_the_tables_in_its_commands_are_there(template: dict[str, Any]) -> None:
    known = {one["Properties"]["TableName"]["Fn::Sub"] for one in template["Resources"].values() if _is_table(one)}
    told = set(re.findall(r"--table-name ghostwatt-prod-(\S+)", TEXT))
    assert {f"ghostwatt-${{Stage}}-{name}" for name in told} <= known
    assert told


def _is_table(resource: dict[str, Any]) -> bool:
    return resource.get("Type") == "AWS::DynamoDB::Table"


def test_its_links_lead_somewhere() -> None:
    anchors = {
        re.sub(r"[^a-z -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif not target.startswith("http"):
            assert (GUIDES / target.partition("#")[0]).exists(), target
