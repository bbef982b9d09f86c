"""CloudFormation: change a stack by a change set, read what it gave out, delete it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from infra.aws.deploy import failures, review

CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")
"""Its template makes roles, and asks for the transform that turns Chalice's functions into plain resources."""
NOTHING_TO_DO = ("didn't contain changes", "No updates are to be performed")
NEVER_GOOD = "ROLLBACK_COMPLETE"
"""After a first creation that was undone. Nothing is left in the stack, and CloudFormation takes no change of it."""
HALF_DONE = frozenset({"CREATE_FAILED", "UPDATE_FAILED"})
"""What was made is still there, because our change sets ask for that; the next change goes on from it."""
NEEDS_A_PERSON = {
    "ROLLBACK_FAILED": (
        "Its first creation failed, and so did undoing that. Delete it, and deploy again:"
        " aws cloudformation delete-stack --stack-name {name}"
    ),
    "UPDATE_ROLLBACK_FAILED": (
        "A change failed, and so did undoing it. Mend what the stack's events name, and finish the undoing:"
        " aws cloudformation continue-update-rollback --stack-name {name}. Then deploy again."
    ),
    "DELETE_FAILED": (
        "It was being deleted, and something could not be. Delete that by hand, and take the stage down again:"
        " make destroy. Then deploy again."
    ),
}
"""States out of which no change leads, and what does."""


class DeployError(Exception):
    """A step that CloudFormation refused; the message says why."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack as it is.

    Attributes:
        status: CloudFormation's word for its state.
        outputs: What it gave out, by name.
        parameters: The values of its parameters, by name.
    """

    status: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Guards:
    """What keeps a change from doing harm.

    Attributes:
        tags: Given to the stack and all that is in it.
        alarms: ARNs of alarms; a change of a sound stack is undone when one rings within some minutes of it.
        may_lose_tables: Whether tables may be removed or replaced by empty ones.
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    alarms: Sequence[str] = ()
    may_lose_tables: bool = False


NO_GUARDS = Guards()
WATCHED_MINUTES = 5


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
    given = {one["ParameterKey"]: one.get("ParameterValue", "") for one in description.get("Parameters", [])}
    return Stack(description["StackStatus"], outputs, given)


def ready(cloudformation: Any, name: str) -> Stack | None:
    """The stack of a name in a state that can be changed; what is left of a creation that was undone is deleted first.

    Raises:
        DeployError: It is being changed, or in a state that only a person can lead it out of; the message says how.
    """
    stack = find(cloudformation, name)
    if stack is None:
        return None
    if stack.status == NEVER_GOOD:
        delete(cloudformation, name)
        return None
    if advice := NEEDS_A_PERSON.get(stack.status):
        raise DeployError(f"{name} is in the state {stack.status}. {advice.format(name=name)}")
    if stack.status.endswith("_IN_PROGRESS"):
        raise DeployError(f"{name} is being changed already ({stack.status}). Wait for its end, and try again.")
    return stack


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
    kept = sorted((set(before.parameters) & declared) - set(values)) if before else []
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
    guards: Guards = NO_GUARDS,
) -> bool:
    """Bring a stack to a template ({"TemplateURL"} or {"TemplateBody"}); False when it was there already.

    What a failed creation has made stays, so that the next change goes on from it. A failed change of a sound stack is
    undone. The changes are printed to standard error before they are made.

    Raises:
        DeployError: CloudFormation refuses or fails, or a table would be lost; the message says why and what to do.
    """
    before = ready(cloudformation, name)
    is_sound = before is not None and before.status not in HALF_DONE
    cloudformation.create_change_set(
        StackName=name,
        ChangeSetName=change_set,
        ChangeSetType="UPDATE" if before else "CREATE",
        Capabilities=list(CAPABILITIES),
        Parameters=list(parameters),
        Tags=[{"Key": key, "Value": value} for key, value in guards.tags.items()],
        **(_watched(guards.alarms) if is_sound else {"OnStackFailure": "DO_NOTHING"}),
        **template,
    )
    if not _is_made(cloudformation, name, change_set):
        if before and not is_sound:
            raise DeployError(f"{name} is {before.status}, and nothing changes that. Take it down, and deploy again.")
        return False
    _review(cloudformation, name, change_set, guards)
    cloudformation.execute_change_set(StackName=name, ChangeSetName=change_set)
    _wait(cloudformation, "stack_update_complete" if before else "stack_create_complete", name)
    return True


def delete(cloudformation: Any, name: str) -> None:
    """Delete a stack. Raises DeployError."""
    cloudformation.delete_stack(StackName=name)
    _wait(cloudformation, "stack_delete_complete", name)


def protect(cloudformation: Any, name: str, *, protected: bool) -> None:
    """Have CloudFormation refuse to delete a stack, or allow it again."""
    cloudformation.update_termination_protection(StackName=name, EnableTerminationProtection=protected)


def _watched(alarms: Sequence[str]) -> dict[str, Any]:
    if not alarms:
        return {}
    triggers = [{"Arn": arn, "Type": "AWS::CloudWatch::Alarm"} for arn in alarms]
    return {"RollbackConfiguration": {"RollbackTriggers": triggers, "MonitoringTimeInMinutes": WATCHED_MINUTES}}


def _review(cloudformation: Any, name: str, change_set: str, guards: Guards) -> None:
    """Print what a change set does; one that would lose tables is deleted, unless that is wanted."""
    changes = review.changes_of(cloudformation, name, change_set)
    sys.stderr.write("".join(f"{line}\n" for line in review.lines(changes)))
    lost = review.lost_tables(changes)
    if lost and not guards.may_lose_tables:
        cloudformation.delete_change_set(StackName=name, ChangeSetName=change_set)
        raise DeployError(
            f"Nothing was changed: this would remove or replace {', '.join(lost)}, with all data. Back up first"
            " (make export-data); if you want it, deploy with LOSE_TABLES=yes."
        )


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
        raise DeployError(f"{name} did not come through:\n{failures.explain(cloudformation, name)}") from error
