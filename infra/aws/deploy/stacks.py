"""CloudFormation: change a stack by a change set, read what it gave out, delete it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, WaiterError

CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")
"""Its template makes roles, and asks for the transform that turns Chalice's functions into plain resources."""
NOTHING_TO_DO = ("didn't contain changes", "No updates are to be performed")


class DeployError(Exception):
    """A step that CloudFormation refused; the message says why."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack as it is: its outputs, and the names of its parameters."""

    outputs: Mapping[str, str]
    parameters: frozenset[str]


def find(cloudformation: Any, name: str) -> Stack | None:
    """The stack of a name; None when there is none, or only one whose first change set was never carried out."""
    try:
        (description,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    if description["StackStatus"] == "REVIEW_IN_PROGRESS":
        return None
    outputs = {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}
    return Stack(outputs, frozenset(parameter["ParameterKey"] for parameter in description.get("Parameters", [])))


def check_names(values: Iterable[str], declared: Iterable[str]) -> None:
    """Raise DeployError when a value is for a parameter that the template does not declare."""
    if unknown := sorted(set(values) - set(declared)):
        raise DeployError(f"The template has no parameter {', '.join(unknown)}; it has {', '.join(sorted(declared))}.")


def parameters(values: Mapping[str, str], declared: Iterable[str], before: Stack | None) -> list[dict[str, Any]]:
    """Make the parameters of a change set: the given values; all others as before, or by the template's default.

    Args:
        values: Values by name.
        declared: Names that the template declares.
        before: The stack before the change, None for a new one.

    Raises:
        DeployError: The template does not declare one of the names.
    """
    declared = set(declared)
    check_names(values, declared)
    kept = sorted((before.parameters & declared) - set(values)) if before else []
    return [
        *({"ParameterKey": name, "ParameterValue": value} for name, value in values.items()),
        *({"ParameterKey": name, "UsePreviousValue": True} for name in kept),
    ]


def change(
    cloudformation: Any,
    name: str,
    template: Mapping[str, str],
    parameters: Sequence[Mapping[str, Any]],
    change_set: str,
) -> bool:
    """Bring a stack to a template ({"TemplateURL"} or {"TemplateBody"}); False when it was there already.

    Raises DeployError.
    """
    exists = find(cloudformation, name) is not None
    cloudformation.create_change_set(
        StackName=name,
        ChangeSetName=change_set,
        ChangeSetType="UPDATE" if exists else "CREATE",
        Capabilities=list(CAPABILITIES),
        Parameters=list(parameters),
        **template,
    )
    if not _is_made(cloudformation, name, change_set):
        return False
    cloudformation.execute_change_set(StackName=name, ChangeSetName=change_set)
    _wait(cloudformation, "stack_update_complete" if exists else "stack_create_complete", name)
    return True


def delete(cloudformation: Any, name: str) -> None:
    """Delete a stack. Raises DeployError."""
    cloudformation.delete_stack(StackName=name)
    _wait(cloudformation, "stack_delete_complete", name)


def _is_made(cloudformation: Any, name: str, change_set: str) -> bool:
    try:
        cloudformation.get_waiter("change_set_create_complete").wait(StackName=name, ChangeSetName=change_set)
    except WaiterError as error:
        made = cloudformation.describe_change_set(StackName=name, ChangeSetName=change_set)
        reason = made.get("StatusReason", "")
        cloudformation.delete_change_set(StackName=name, ChangeSetName=change_set)
        if any(words in reason for words in NOTHING_TO_DO):
            return False
        raise DeployError(f"CloudFormation refuses the change of {name}: {reason}") from error
    return True


def _wait(cloudformation: Any, waiter: str, name: str) -> None:
    try:
        cloudformation.get_waiter(waiter).wait(StackName=name)
    except WaiterError as error:
        raise DeployError(f"{name} did not come through:\n{_failures(cloudformation, name)}") from error


def _failures(cloudformation: Any, name: str) -> str:
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
    return "\n".join(f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}" for event in failed)
