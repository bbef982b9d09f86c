"""Why CloudFormation failed, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

STACK = "AWS::CloudFormation::Stack"
BEGINNINGS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")
"""With one of these on the stack itself an operation begins. A rollback is part of the operation that failed."""
NOT_THE_CAUSE = "cancelled"
"""CloudFormation's word for what it broke off because something else had failed."""
ADVICE = {
    "account must be verified": (
        "AWS has not yet verified this account for CloudFront. Open a case with AWS Support (Account and billing) that"
        " quotes the sentence above; the answer takes a day or two. Then run make deploy again: it goes on from here."
    ),
    "disabled for at least 7 days": (
        "AWS deletes a domain of MQTT only a week after it was disabled. make destroy has disabled it and deleted what"
        " it could. Run make destroy again in a week; until then the stage cannot be deployed."
    ),
    "already exists": (
        "Something of this name is left from before. If it is a table with data that you want, export it first"
        " (docs/deploy.md, Take it down). Then delete it and run make deploy again."
    ),
}
"""By words of AWS's reason."""


def explain(cloudformation: Any, stack: str) -> str:
    """Say why the newest operation of a stack failed: the reasons, the earliest first, and advice if there is any."""
    events = list(reversed(list(_newest_operation(cloudformation, stack))))
    failed = [event for event in events if event["ResourceStatus"].endswith("FAILED") and not _is_cancelled(event)]
    causes = failed or [event for event in events if event["ResourceStatus"].endswith("ROLLBACK_IN_PROGRESS")]
    lines = [f"  {event['LogicalResourceId']}: {_reason(event)}" for event in causes]
    text = "\n".join(lines)
    return "\n".join([*lines, *(advice for words, advice in ADVICE.items() if words in text)])


def _newest_operation(cloudformation: Any, stack: str) -> Iterator[Mapping[str, Any]]:
    """The events of a stack's newest operation, the newest first."""
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack):
        for event in page["StackEvents"]:
            if event.get("ResourceType") == STACK and event["ResourceStatus"] in BEGINNINGS:
                return
            yield event


def _is_cancelled(event: Mapping[str, Any]) -> bool:
    return NOT_THE_CAUSE in _reason(event)


def _reason(event: Mapping[str, Any]) -> str:
    return str(event.get("ResourceStatusReason", ""))
