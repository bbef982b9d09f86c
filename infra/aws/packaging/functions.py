"""Role, log, tracing and environment of each function, from grants.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

GRANTS = Path(__file__).resolve().parent / "grants.yaml"
MAY_ASSUME = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}],
}
TRACE = {
    "Fn::If": [
        "Traces",
        {
            "Effect": "Allow",
            "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
            "Resource": "*",  # X-Ray knows no resources here
        },
        {"Ref": "AWS::NoValue"},
    ]
}
LOG_FORMAT = {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "WARN"}
"""Leaves out START, END and REPORT of each call: nearly half of the bytes, and Lambda's metrics have their figures."""
Grants = Mapping[str, Mapping[str, Any]]
"""From a function's logical id to its `tables` and `others`, as in grants.yaml."""


def grants() -> Grants:
    """Read the grants of each function."""
    content: dict[str, Mapping[str, Any]] = yaml.safe_load(GRANTS.read_text())
    return {name: grant for name, grant in content.items() if not name.startswith("x-")}


def resources(variables: Mapping[str, Any], grants_by_function: Grants) -> dict[str, Any]:
    """Role and log group of each function, and the properties that tie the function to them.

    The log has a name of ours, so that it is there, with its end, before the first line is written.
    """
    made: dict[str, Any] = {}
    for function, granted in grants_by_function.items():
        made[function] = {"Properties": _properties(function, variables)}
        made[f"{function}Log"] = {"Type": "AWS::Logs::LogGroup", "Properties": _log(function)}
        made[f"{function}Role"] = {"Type": "AWS::IAM::Role", "Properties": _role(function, granted)}
    return made


def _properties(function: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Role": {"Fn::GetAtt": [f"{function}Role", "Arn"]},
        "Tracing": {"Fn::If": ["Traces", "Active", "PassThrough"]},
        "LoggingConfig": {"LogGroup": {"Ref": f"{function}Log"}, **LOG_FORMAT},
        "Environment": {"Variables": dict(variables)},
    }


def _log(function: str) -> dict[str, Any]:
    name = {"Fn::Sub": f"/ghostwatt/${{Stage}}/{function}"}
    return {"LogGroupName": name, "RetentionInDays": {"Ref": "LogRetentionDays"}}


def _role(function: str, granted: Mapping[str, Any]) -> dict[str, Any]:
    write_log = {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": {"Fn::GetAtt": [f"{function}Log", "Arn"]},
    }
    statements = [write_log, TRACE, *_tables(granted.get("tables", {})), *granted.get("others", [])]
    document = {"Version": "2012-10-17", "Statement": statements}
    return {
        "AssumeRolePolicyDocument": MAY_ASSUME,
        "Policies": [{"PolicyName": "its-work", "PolicyDocument": document}],
    }


def _tables(tables: Mapping[str, Sequence[str]]) -> Iterator[dict[str, Any]]:
    for place, actions in tables.items():
        yield {
            "Effect": "Allow",
            "Action": [f"dynamodb:{action}" for action in actions],
            "Resource": _arn(*place.split("/")),
        }


def _arn(table: str, index: str = "") -> dict[str, Any]:
    return {"Fn::Sub": f"${{{table}.Arn}}/index/{index}"} if index else {"Fn::GetAtt": [table, "Arn"]}
