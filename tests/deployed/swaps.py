"""What of the packaged template the emulator cannot take, and what stands in its place: all of it, and why."""

from __future__ import annotations

import copy
from typing import Any

FUNCTION = "AWS::Serverless::Function"
LACKED = {
    "AWS::ApiGatewayV2::Deployment": "a WebSocket stage of the emulator serves its routes without one",
}
"""Types that the emulator does not know. A wait handle stands in: it does nothing, but can be depended on."""
STAND_IN = "AWS::CloudFormation::WaitConditionHandle"
LEFT_OUT = {
    "Budget": "the emulator has no budgets, and it asks for the type although the condition is false",
    "ExportBucketPolicy": "it refuses all that comes without TLS, and the emulator has none",
    "MqttAuthorizer": "the emulator has no custom authorizers; a test calls the function as one would",
    "MqttAuthorizerPermission": "it is for the authorizer",
    "MqttDomain": "it has the authorizer as its default",
}
"""Resources that are not made."""
SAID = {"principal() AS principal": "clientid() AS principal"}
"""In the topic rule: without an authorizer nobody has a principal of ours, so a client's id stands for it."""
ASKED_WITHOUT_RESOURCE = ["ssm:GetParametersByPath"]
"""Actions that the emulator looks up on resource * whatever the call names, so that a narrow grant never fits."""


def swapped(template: dict[str, Any], emulator_url: str) -> dict[str, Any]:
    """The template for the emulator."""
    changed = copy.deepcopy(template)
    for name in LEFT_OUT:
        changed["Resources"].pop(name, None)
    for resource in changed["Resources"].values():
        if resource["Type"] in LACKED:
            resource["Type"] = STAND_IN
            resource.pop("Properties")
        if resource["Type"] == "AWS::IoT::TopicRule":
            _say_principal(resource["Properties"]["TopicRulePayload"])
        for statement in _statements(resource):
            if statement.get("Action") == ASKED_WITHOUT_RESOURCE:
                statement["Resource"] = "*"
        if resource["Type"] == FUNCTION:
            resource["Properties"]["Environment"]["Variables"] |= _variables(emulator_url)
    return changed


def _say_principal(rule: dict[str, Any]) -> None:
    for ours, theirs in SAID.items():
        if ours not in rule["Sql"]:
            raise ValueError(f"the topic rule does not say {ours}")
        rule["Sql"] = rule["Sql"].replace(ours, theirs)


def _statements(resource: dict[str, Any]) -> list[dict[str, Any]]:
    """What a role allows."""
    policies = resource["Properties"].get("Policies", []) if resource["Type"] == "AWS::IAM::Role" else []
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def _variables(emulator_url: str) -> dict[str, Any]:
    """Names that AWS gives do not lead to the emulator, and it serves no CloudFront name that holds /api and /live."""
    socket = f"{emulator_url}/_aws/execute-api/${{WebsocketAPI}}"
    return {
        "LIVE_ENDPOINT": {"Fn::Sub": f"{socket}/live"},
        "PUBLIC_URL": {"Fn::Sub": socket},
        "IOT_ENDPOINT": emulator_url,
    }
