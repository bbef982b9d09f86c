"""What a deployment does in each state in which CloudFormation can leave a stack.

Moto brings every stack to a good end, so a stand-in answers here: in AWS's own words, as its documentation and public
reports give them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from infra.aws.deploy import account, destroy, names, stacks
from infra.aws.deploy.steps import Deployment, change_stack, steps_of

NAME = "ghostwatt-dev"
GONE = ""
TEMPLATE = {"TemplateURL": "https://bucket/template.yaml"}
UNVERIFIED = (
    "Access denied for operation 'AWS::CloudFront::Distribution: Your account must be verified before you can add new "
    "CloudFront resources. To verify your account, please contact AWS Support'."
)
WEEK = "AWS Managed Domain Configuration must be disabled for at least 7 days before it can be deleted"


class CloudFormation:
    """One stack in a state, and what becomes of it when a change set is carried out or it is deleted."""

    def __init__(
        self, status: str, *, ends: str = "UPDATE_COMPLETE", changes: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        self.status = status
        self.ends = ends
        self.changes = list(changes)
        self.refusal = ""
        self.events: list[list[Mapping[str, Any]]] = [[]]
        self.calls: list[str] = []
        self.asked: dict[str, Any] = {}
        self.protected = False
        self.resources: list[Mapping[str, str]] = []
        self.deletes_to = GONE

    def describe_stacks(self, **asked: str) -> dict[str, Any]:
        if self.status == GONE:
            message = f"Stack with id {asked['StackName']} does not exist"
            raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStacks")
        given = {"ParameterKey": "WebOrigin", "ParameterValue": "https://home.example"}
        return {"Stacks": [{"StackStatus": self.status, "Parameters": [given]}]}

    def create_change_set(self, **asked: Any) -> None:
        self.calls.append(f"create a {asked['ChangeSetType']}")
        self.asked = asked

    def describe_change_set(self, **asked: Any) -> dict[str, Any]:
        """One change a page, since AWS pages them too."""
        at = int(asked.get("NextToken", 0))
        more = {"NextToken": str(at + 1)} if at + 1 < len(self.changes) else {}
        page = [{"Type": "Resource", "ResourceChange": change} for change in self.changes[at : at + 1]]
        return {"StatusReason": self.refusal, "Changes": page, **more}

    def delete_change_set(self, **_: Any) -> None:
        self.calls.append("drop it")

    def execute_change_set(self, **_: Any) -> None:
        self.calls.append("carry it out")
        self.status = self.ends

    def delete_stack(self, **_: Any) -> None:
        self.calls.append("delete")
        if self.protected:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "is protected"}}, "DeleteStack")
        self.status = self.deletes_to

    def update_termination_protection(self, **asked: Any) -> None:
        self.protected = asked["EnableTerminationProtection"]

    def get_waiter(self, name: str) -> CloudFormation:
        self.waiter = name
        return self

    def wait(self, **_: Any) -> None:
        good = {
            "change_set_create_complete": not self.refusal,
            "stack_create_complete": self.status == "CREATE_COMPLETE",
            "stack_update_complete": self.status == "UPDATE_COMPLETE",
            "stack_delete_complete": self.status == GONE,
        }
        if not good[self.waiter]:
            raise WaiterError(self.waiter, "a terminal failure state", {})

    def get_paginator(self, _operation: str) -> CloudFormation:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"StackEvents": page, "StackResourceSummaries": self.resources} for page in self.events]


class CloudWatch:
    def describe_alarms(self, **asked: Sequence[str]) -> dict[str, Any]:
        """One rings, the last one is not there."""
        wanted = asked["AlarmNames"]
        states = dict.fromkeys(wanted[:-1], "OK") | {wanted[0]: "ALARM"}
        return {"MetricAlarms": [{"AlarmArn": f"arn:{name}", "StateValue": state} for name, state in states.items()]}


class Session:
    def __init__(self, **clients: Any) -> None:
        self.clients = clients

    def create_client(self, service: str, *, region_name: str) -> Any:
        assert region_name == "eu-central-1"
        return self.clients[service]


def event(status: str, what: str = NAME, reason: str = "") -> dict[str, Any]:
    kind = "AWS::CloudFormation::Stack" if what == NAME else "AWS::SNS::Topic"
    return {
        "LogicalResourceId": what,
        "ResourceType": kind,
        "ResourceStatus": status,
        **({"ResourceStatusReason": reason} if reason else {}),
    }


def table(action: str, replacement: str = "False") -> dict[str, Any]:
    return {
        "Action": action,
        "LogicalResourceId": "UsersTable",
        "ResourceType": "AWS::DynamoDB::Table",
        "Replacement": replacement,
    }


def change(given: CloudFormation, guards: stacks.Guards = stacks.NO_GUARDS) -> bool:
    return stacks.change(given, NAME, TEMPLATE, [], "the-change", guards)


@pytest.mark.parametrize("status", [GONE, "REVIEW_IN_PROGRESS"])
def test_a_first_creation_that_fails_keeps_what_it_made(status: str) -> None:
    given = CloudFormation(status, ends="CREATE_FAILED")
    with pytest.raises(stacks.DeployError, match="did not come through"):
        change(given)
    assert given.calls == ["create a CREATE", "carry it out"]
    assert given.asked["OnStackFailure"] == "DO_NOTHING"


@pytest.mark.parametrize("status", ["CREATE_FAILED", "UPDATE_FAILED"])
def test_a_creation_that_failed_goes_on_and_may_fail_again(status: str) -> None:
    given = CloudFormation(status)
    assert change(given, stacks.Guards(alarms=["arn:alarm"]))
    assert given.calls == ["create a UPDATE", "carry it out"]
    assert given.asked["OnStackFailure"] == "DO_NOTHING"
    assert "RollbackConfiguration" not in given.asked, "there is no good state to return to"


def test_what_is_left_of_a_creation_that_was_undone_is_deleted_and_made_anew() -> None:
    given = CloudFormation("ROLLBACK_COMPLETE", ends="CREATE_COMPLETE")
    assert change(given)
    assert given.calls == ["delete", "create a CREATE", "carry it out"]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("ROLLBACK_FAILED", f"delete-stack --stack-name {NAME}"),
        ("UPDATE_ROLLBACK_FAILED", f"continue-update-rollback --stack-name {NAME}"),
        ("DELETE_FAILED", "make destroy"),
        ("UPDATE_IN_PROGRESS", "Wait for its end"),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "Wait for its end"),
    ],
)
def test_a_state_that_no_change_leads_out_of_is_named_with_what_does(status: str, words: str) -> None:
    given = CloudFormation(status)
    with pytest.raises(stacks.DeployError, match=words) as raised:
        change(given)
    assert status in str(raised.value)
    assert not given.calls


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_a_change_of_a_sound_stack_is_undone_when_it_fails_or_an_alarm_rings(status: str) -> None:
    given = CloudFormation(status)
    assert change(given, stacks.Guards({"app": "ghostwatt"}, ["arn:alarm"]))
    assert "OnStackFailure" not in given.asked, "CloudFormation undoes it by default"
    (trigger,) = given.asked["RollbackConfiguration"]["RollbackTriggers"]
    assert trigger["Arn"] == "arn:alarm"
    assert given.asked["Tags"] == [{"Key": "app", "Value": "ghostwatt"}]


def test_a_half_made_stack_that_nothing_changes_is_not_taken_for_a_good_one() -> None:
    given = CloudFormation("CREATE_FAILED")
    given.refusal = "The submitted information didn't contain changes."
    with pytest.raises(stacks.DeployError, match="Take it down"):
        change(given)
    given.status = "UPDATE_COMPLETE"
    assert not change(given)


@pytest.mark.parametrize("lost", [table("Remove"), table("Modify", "True"), table("Modify", "Conditional")])
def test_a_change_that_would_lose_a_table_is_refused_unless_it_is_wanted(lost: dict[str, Any]) -> None:
    harmless = {"Action": "Add", "LogicalResourceId": "Topic", "ResourceType": "AWS::SNS::Topic"}
    given = CloudFormation("UPDATE_COMPLETE", changes=[harmless, lost])
    with pytest.raises(stacks.DeployError, match="UsersTable"):
        change(given)
    assert given.calls == ["create a UPDATE", "drop it"]
    assert change(given, stacks.Guards(may_lose_tables=True))


def test_the_changes_are_printed_before_they_are_made(capsys: pytest.CaptureFixture[str]) -> None:
    function = {
        "Action": "Modify",
        "LogicalResourceId": "Api",
        "ResourceType": "AWS::Lambda::Function",
        "Replacement": "True",
    }
    change(CloudFormation("UPDATE_COMPLETE", changes=[table("Modify"), function]))
    assert capsys.readouterr().err.splitlines() == [
        "  ~ Api (AWS::Lambda::Function), replaced by a new one",
        "  ~ UsersTable (AWS::DynamoDB::Table)",
    ]


def failing(*events: Mapping[str, Any], of_a_page: int = 100) -> str:
    """What is printed of a failed update with these events, the oldest first."""
    newest_first = list(reversed(events))
    given = CloudFormation("UPDATE_COMPLETE", ends="UPDATE_ROLLBACK_COMPLETE")
    given.events = [newest_first[at : at + of_a_page] for at in range(0, len(newest_first), of_a_page)]
    with pytest.raises(stacks.DeployError) as raised:
        change(given)
    return str(raised.value)


def test_the_first_failure_is_printed_first_though_a_long_rollback_came_after_it() -> None:
    printed = failing(
        event("UPDATE_IN_PROGRESS"),
        event("CREATE_FAILED", "Old", "of the operation before"),
        event("UPDATE_ROLLBACK_COMPLETE"),
        event("UPDATE_IN_PROGRESS", reason="User Initiated"),
        event("CREATE_FAILED", "First", "the cause"),
        event("CREATE_FAILED", "Second", "Resource creation cancelled"),
        event("UPDATE_FAILED", "Third", "Resource update cancelled"),
        event("UPDATE_ROLLBACK_IN_PROGRESS", reason="The following resource(s) failed to create: [First]"),
        *[event("DELETE_COMPLETE", f"R{number}") for number in range(250)],
        event("DELETE_FAILED", "Last", "in use"),
    )
    assert printed.splitlines()[1:] == ["  First: the cause", "  Last: in use"]


def test_a_release_that_an_alarm_undid_says_so() -> None:
    words = "One or more of the CloudWatch alarms went to ALARM"
    printed = failing(event("UPDATE_IN_PROGRESS"), event("UPDATE_ROLLBACK_IN_PROGRESS", reason=words))
    assert words in printed


def test_an_account_that_may_not_use_cloudfront_yet_is_told_what_to_do() -> None:
    printed = failing(event("UPDATE_IN_PROGRESS"), event("CREATE_FAILED", "Distribution", UNVERIFIED))
    assert UNVERIFIED in printed
    assert "Open a case with AWS Support" in printed
    assert "make deploy again" in printed


@pytest.fixture
def deployment(tmp_path: Any) -> Deployment:
    template = tmp_path / "sam.yaml"
    template.write_text("Parameters: {Stage: {}, WebOrigin: {}, OriginSecret: {}, OriginSha256: {}}")
    (tmp_path / "views.json").write_text("[]")
    return Deployment("prod", template, tmp_path, {})


def test_only_alarms_that_are_there_and_silent_guard_a_release(deployment: Deployment) -> None:
    given = CloudFormation("UPDATE_COMPLETE")
    session = Session(cloudformation=given, cloudwatch=CloudWatch())
    change_stack(account.Account(session, "123456789012", "eu-central-1"), deployment)
    triggers = given.asked["RollbackConfiguration"]["RollbackTriggers"]
    guarding = [names.alarm_name("prod", alarm) for alarm in names.RELEASE_ALARMS[1:-1]]
    assert [trigger["Arn"] for trigger in triggers] == [f"arn:{name}" for name in guarding]
    assert given.asked["Tags"] == [{"Key": "app", "Value": "ghostwatt"}, {"Key": "stage", "Value": "prod"}]
    assert {"ParameterKey": "WebOrigin", "UsePreviousValue": True} in given.asked["Parameters"]


def test_a_stack_with_kept_tables_is_protected_until_it_is_taken_down(deployment: Deployment) -> None:
    given = CloudFormation("UPDATE_COMPLETE")
    ssm = type("Ssm", (), {"get_paginator": lambda *_: given, "delete_parameter": lambda *_, **__: None})()
    where = account.Account(Session(cloudformation=given, ssm=ssm), "123456789012", "eu-central-1")
    (step,) = [step for step in steps_of(deployment) if step.title.startswith("Protect")]
    step.run(where, deployment)
    assert given.protected
    given.events = []
    destroy.destroy(where, "prod")
    assert given.calls == ["delete"]


def test_a_domain_of_mqtt_is_disabled_at_once_since_aws_deletes_it_a_week_later() -> None:
    given = CloudFormation("UPDATE_COMPLETE")
    given.resources = [{"ResourceType": "AWS::IoT::DomainConfiguration", "PhysicalResourceId": NAME}]
    given.events = [[event("DELETE_FAILED", "MqttDomain", WEEK), event("DELETE_IN_PROGRESS")]]
    given.deletes_to = "DELETE_FAILED"
    disabled: list[dict[str, str]] = []
    iot = type("Iot", (), {"update_domain_configuration": lambda _, **asked: disabled.append(asked)})()
    where = account.Account(Session(cloudformation=given, iot=iot), "123456789012", "eu-central-1")
    with pytest.raises(stacks.DeployError, match="again in a week") as raised:
        destroy.destroy(where, "dev")
    assert WEEK in str(raised.value)
    assert disabled == [{"domainConfigurationName": NAME, "domainConfigurationStatus": "DISABLED"}]


def test_a_region_is_wanted_before_anything_else_and_aws_region_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "")
    with pytest.raises(stacks.DeployError, match="export AWS_REGION"):
        account.current_account()
