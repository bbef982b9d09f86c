"""The package put into the emulator: the zip into a bucket, the template through CloudFormation."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.aws.deploy import keys, names
from tests.conftest import eventually
from tests.deployed.emulator import Emulator
from tests.deployed.swaps import FUNCTION, swapped

STAGE = "dev"
STACK = "ghostwatt-dev"
BUCKET = "ghostwatt-deployment"
CAPABILITIES = ["CAPABILITY_AUTO_EXPAND", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
DEPLOY_SECONDS = 120


@dataclass(frozen=True)
class Deployed:
    """The stack in the emulator."""

    emulator: Emulator
    outputs: dict[str, str]

    @property
    def api_url(self) -> str:
        """The base URL of the API."""
        return f"{self.emulator.url}/_aws/execute-api/{self.outputs['RestAPIId']}/api"

    @property
    def live_url(self) -> str:
        """The URL of the WebSocket, to which a ticket is added."""
        address = self.emulator.url.removeprefix("http")
        return f"ws{address}/_aws/execute-api/{self.outputs['WebsocketAPIId']}/live"

    @property
    def web_origin(self) -> str:
        """The one origin whose pages may call."""
        functions, name = self.emulator.client("lambda"), self.resource("APIHandler")
        environment = functions.get_function_configuration(FunctionName=name)["Environment"]
        return str(environment["Variables"]["WEB_ORIGIN"])

    @property
    def signing_secret(self) -> str:
        """What signs session tokens."""
        found = self.emulator.client("ssm").get_parameters_by_path(
            Path=names.signing_keys_path(STAGE), WithDecryption=True
        )
        return str(found["Parameters"][-1]["Value"])

    def resource(self, logical_id: str) -> str:
        """The name that a resource of the template got."""
        client = self.emulator.client("cloudformation")
        found = client.describe_stack_resource(StackName=STACK, LogicalResourceId=logical_id)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])


def deploy(emulator: Emulator, template: Path) -> Deployed:
    """Create the stack from sam.yaml and the zip beside it."""
    bucket = emulator.client("s3")
    bucket.create_bucket(Bucket=BUCKET)
    archive = (template.parent / "deployment.zip").read_bytes()
    bucket.put_object(Bucket=BUCKET, Key="deployment.zip", Body=archive)
    content = swapped(yaml.safe_load(template.read_text()), emulator.url)
    for resource in content["Resources"].values():
        if resource["Type"] == FUNCTION:  # as `aws cloudformation package` does
            assert resource["Properties"]["CodeUri"] == "./deployment.zip"
            resource["Properties"]["CodeUri"] = f"s3://{BUCKET}/deployment.zip"
    bucket.put_object(Bucket=BUCKET, Key="template.json", Body=json.dumps(content))
    keys.ensure(emulator.client("ssm"), STAGE, int(time.time()))
    formation = emulator.client("cloudformation")
    formation.create_stack(
        StackName=STACK,
        TemplateURL=f"{emulator.url}/{BUCKET}/template.json",
        Capabilities=CAPABILITIES,
        # all people of all tests share one address
        Parameters=[{"ParameterKey": "Limits", "ParameterValue": "sign_ups=off address_calls=off"}],
        OnFailure="DO_NOTHING",
    )
    eventually(lambda: not _status(formation).endswith("IN_PROGRESS"), "the stack is made", DEPLOY_SECONDS)
    assert _status(formation) == "CREATE_COMPLETE", _failures(formation)
    outputs = formation.describe_stacks(StackName=STACK)["Stacks"][0]["Outputs"]
    return Deployed(emulator, {output["OutputKey"]: output["OutputValue"] for output in outputs})


def _status(formation: Any) -> str:
    return str(formation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"])


def _failures(formation: Any) -> list[tuple[str, str]]:
    events = formation.describe_stack_events(StackName=STACK)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
    return [(event["LogicalResourceId"], event.get("ResourceStatusReason", "")) for event in failed]
