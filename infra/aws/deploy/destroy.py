"""python -m infra.aws.deploy.destroy STAGE: take a stage down after its name was typed, and print what stays."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from infra.aws.deploy import keys, names, stacks
from infra.aws.deploy.account import Account, current_account
from infra.aws.packaging.template import KEPT_STAGES


def destroy(account: Account, stage: str) -> list[str]:
    """Delete a stage's stack, page and secrets; returns what stays. Raises DeployError."""
    cloudformation, name = account.client("cloudformation"), names.stack_name(stage)
    stack = stacks.find(cloudformation, name)
    if stack is None:
        raise stacks.DeployError(f"There is no stack {name} in {account.region}.")
    tables = _resources(account, name, "AWS::DynamoDB::Table") if stage in KEPT_STAGES else []
    for bucket in _resources(account, name, "AWS::S3::Bucket"):
        empty(account, bucket)
    if stage in KEPT_STAGES:
        stacks.protect(cloudformation, name, protected=False)
    for domain in _resources(account, name, "AWS::IoT::DomainConfiguration"):
        disable(account, domain)
    stacks.delete(cloudformation, name)
    keys.remove(account.client("ssm"), stage)
    bucket = names.deployment_bucket(account.account_id, account.region)
    kept = [f"table {table}" for table in tables]
    return [*kept, f"bucket {bucket} (packages of all stages)", f"stack {names.LOG_ROLE_STACK}"]


def disable(account: Account, domain: str) -> None:
    """Disable a domain of MQTT: AWS deletes one only when it has been disabled for a week, so that starts now."""
    account.client("iot").update_domain_configuration(
        domainConfigurationName=domain, domainConfigurationStatus="DISABLED"
    )


def empty(account: Account, bucket: str) -> None:
    """Delete all versions of all files of a bucket, as CloudFormation demands before it deletes it."""
    s3 = account.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if entries:
            objects = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
            s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})


def _resources(account: Account, stack: str, kind: str) -> list[str]:
    """The names of a stack's resources of one kind."""
    pages = account.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    entries = [resource for page in pages for resource in page["StackResourceSummaries"]]
    return [resource["PhysicalResourceId"] for resource in entries if resource["ResourceType"] == kind]


def main(arguments: Sequence[str] | None = None, ask: Callable[[str], str] = input) -> int:
    """Ask, and take down; the exit code is 1 when that failed or was not wanted."""
    parser = argparse.ArgumentParser(prog="python -m infra.aws.deploy.destroy", description=destroy.__doc__)
    parser.add_argument("stage")
    stage = parser.parse_args(arguments).stage
    kept = "All else goes; its tables stay." if stage in KEPT_STAGES else "All its data goes."
    if ask(f"This takes {names.stack_name(stage)} down. {kept} Type the stage's name to go on: ") != stage:
        sys.stderr.write("Nothing was done.\n")
        return 1
    try:
        stays = destroy(current_account(), stage)
    except (stacks.DeployError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write("".join(["Gone. What stays:\n", *(f"  {thing}\n" for thing in stays)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
