"""The steps of a deployment, as a list that either runs or is printed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from infra.aws.deploy import keys, names, package_upload, stacks, web_upload
from infra.aws.deploy.account import Account
from infra.aws.packaging.template import KEPT_STAGES

LOG_ROLE = Path(__file__).with_name("log_role.yaml")


@dataclass
class Deployment:
    """A stage that is being brought to a package and a page.

    Attributes:
        stage: Name of the stage.
        template: The package's template; deployment.zip lies beside it.
        page: Folder of the page.
        settings: Parameters of the template that a person set.
        may_lose_tables: Whether tables may be removed or replaced by empty ones.
        bucket: Where packages are uploaded to; known once that step ran, like all that follows.
        template_url: Where CloudFormation reads the template.
        origin_secret: What CloudFront shows to the API.
        outputs: What the stack gave out after its last change.
    """

    stage: str
    template: Path
    page: Path
    settings: Mapping[str, str]
    may_lose_tables: bool = False
    bucket: str = ""
    template_url: str = ""
    origin_secret: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def template_parameters(self) -> Mapping[str, Any]:
        """The parameters that the template declares, by name."""
        declared: Mapping[str, Any] = yaml.safe_load(self.template.read_text())["Parameters"]
        return declared

    def parameters(self) -> dict[str, str]:
        """The values that this deployment sets; all other parameters keep theirs."""
        return {
            "Stage": self.stage,
            "OriginSecret": self.origin_secret,
            "OriginSha256": hashlib.sha256(self.origin_secret.encode()).hexdigest(),
            **self.settings,
        }

    def guards(self, alarms: Sequence[str] = ()) -> stacks.Guards:
        """What keeps a change of this stage from doing harm."""
        tags = {"app": "ghostwatt", "stage": self.stage}
        return stacks.Guards(tags, alarms, self.may_lose_tables)

    def printable_parameters(self) -> dict[str, str]:
        """The same, with words in place of the secret and its digest."""
        place = names.origin_secret_name(self.stage)
        return {**self.parameters(), "OriginSecret": f"(kept in SSM: {place})", "OriginSha256": "(its digest)"}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a deployment: a sentence for people, and the function that does it."""

    title: str
    run: Callable[[Account, Deployment], None]


def steps_of(deployment: Deployment) -> Iterator[Step]:
    """List the steps of a deployment in their order; none of them needs credentials before it runs.

    The page's own name is known only once CloudFront has given it, and the API must know it: so a stage without a name
    of its own changes its stack twice, the second time without effect once the name is known.

    Raises:
        DeployError: A setting is not a parameter of the template.
    """
    stacks.check_names(deployment.settings, deployment.template_parameters)
    stage = deployment.stage
    yield Step(f"Give API Gateway a role to write logs, where it has none (stack {names.LOG_ROLE_STACK})", add_log_role)
    bucket = names.deployment_bucket("ACCOUNT", "REGION")
    yield Step(f"Make the bucket for packages where it is missing ({bucket})", make_bucket)
    yield Step(f"Upload {deployment.template.with_name(package_upload.CODE)} and {deployment.template}", upload_package)
    keys_path = names.signing_keys_path(stage)
    yield Step(f"Make the signing key and the origin secret where they are missing (SSM, {keys_path})", make_secrets)
    yield Step(f"Change the stack {names.stack_name(stage)}", change_stack)
    if "PublicUrl" not in deployment.settings:
        yield Step("Change the stack again, with its output Url as PublicUrl", tell_public_url)
    if stage in KEPT_STAGES:
        yield Step(f"Protect the stack {names.stack_name(stage)} from deletion", protect_stack)
    count = len(list(web_upload.files(deployment.page)))
    yield Step(f"Upload the {count} files of {deployment.page} to the bucket of the page", upload_page)
    yield Step("Have CloudFront fetch the page anew", refresh_page)


def add_log_role(account: Account, _deployment: Deployment) -> None:
    """Give API Gateway of this region a role to write logs with, where it has none."""
    if not account.client("apigateway").get_account().get("cloudwatchRoleArn"):
        template = {"TemplateBody": LOG_ROLE.read_text()}
        stacks.change(account.client("cloudformation"), names.LOG_ROLE_STACK, template, [], _unique_name())


def make_bucket(account: Account, deployment: Deployment) -> None:
    """Make the bucket for packages where it is missing."""
    deployment.bucket = package_upload.ensure_bucket(account)


def upload_package(account: Account, deployment: Deployment) -> None:
    """Upload the zip and the template."""
    origin = _web_origin(account, deployment)
    template = deployment.template
    deployment.template_url = package_upload.upload(account, deployment.bucket, deployment.stage, template, origin)


def make_secrets(account: Account, deployment: Deployment) -> None:
    """Make the signing key and the origin secret where they are missing."""
    deployment.origin_secret = keys.ensure(account.client("ssm"), deployment.stage, int(time.time()))


def change_stack(account: Account, deployment: Deployment) -> None:
    """Bring the stack to the template; undone when an alarm that was silent before rings. Raises DeployError."""
    _change(account, deployment, deployment.parameters(), _silent_alarms(account, deployment.stage))


def tell_public_url(account: Account, deployment: Deployment) -> None:
    """Give the stack the URL that CloudFront made for it. Raises DeployError."""
    _change(account, deployment, {**deployment.parameters(), "PublicUrl": deployment.outputs["Url"]})


def protect_stack(account: Account, deployment: Deployment) -> None:
    """Have CloudFormation refuse to delete the stack until make destroy takes that back."""
    stacks.protect(account.client("cloudformation"), names.stack_name(deployment.stage), protected=True)


def upload_page(account: Account, deployment: Deployment) -> None:
    """Upload the page's files."""
    web_upload.upload(account.client("s3"), deployment.outputs["PageBucketName"], deployment.page)


def refresh_page(account: Account, deployment: Deployment) -> None:
    """Have CloudFront forget its copies of the page."""
    batch = {"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": _unique_name()}
    distribution = deployment.outputs["DistributionId"]
    account.client("cloudfront").create_invalidation(DistributionId=distribution, InvalidationBatch=batch)


def _change(account: Account, deployment: Deployment, values: Mapping[str, str], alarms: Sequence[str] = ()) -> None:
    cloudformation, name = account.client("cloudformation"), names.stack_name(deployment.stage)
    before = stacks.ready(cloudformation, name)
    parameters = stacks.parameters(values, deployment.template_parameters, before)
    template = {"TemplateURL": deployment.template_url}
    stacks.change(cloudformation, name, template, parameters, _unique_name(), deployment.guards(alarms))
    stack = stacks.find(cloudformation, name)
    if stack is None:
        raise stacks.DeployError(f"{name} is not there after its change.")
    deployment.outputs = stack.outputs


def _web_origin(account: Account, deployment: Deployment) -> str:
    """The foreign origin that the stack will allow: the one set now, else the stack's, else the template's."""
    if origin := deployment.settings.get("WebOrigin"):
        return origin
    stack = stacks.find(account.client("cloudformation"), names.stack_name(deployment.stage))
    default = deployment.template_parameters.get("WebOrigin", {}).get("Default", "")
    return stack.parameters.get("WebOrigin", default) if stack else default


def _silent_alarms(account: Account, stage: str) -> list[str]:
    """The ARNs of the release alarms that are there and do not ring: one that rings would undo what mends it."""
    wanted = [names.alarm_name(stage, alarm) for alarm in names.RELEASE_ALARMS]
    alarms = account.client("cloudwatch").describe_alarms(AlarmNames=wanted)["MetricAlarms"]
    return [alarm["AlarmArn"] for alarm in alarms if alarm["StateValue"] != "ALARM"]


def _unique_name() -> str:
    return f"deploy-{time.time_ns()}"
