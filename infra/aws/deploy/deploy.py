"""python -m infra.aws.deploy STAGE [NAME=VALUE ...]: deploy a whole stage, from the checkout to its URL.

A deployment can be repeated at any time: each step looks at what is there. NAME=VALUE sets a parameter of the template
(AlarmEmail, DomainName, CertificateArn, ...); a parameter keeps its value until it is given another.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from infra.aws.deploy.account import Account, current_account
from infra.aws.deploy.stacks import DeployError
from infra.aws.deploy.steps import Deployment, steps_of
from infra.aws.packaging.package import ROOT, package
from infra.aws.packaging.wheels import PackageError

PAGE = ROOT / "web"
ARCHITECTURE = "arm64"


def deploy(account: Account, deployment: Deployment) -> str:
    """Run all steps of a deployment; the account, and each step as it begins, are named on standard error.

    Returns:
        The URL of the stage.

    Raises:
        DeployError: CloudFormation refused a change, or a setting is not a parameter of the template.
    """
    sys.stderr.write(f"Account {account.account_id}, region {account.region}\n")
    for step in list(steps_of(deployment)):
        sys.stderr.write(f"{step.title}\n")
        step.run(account, deployment)
    return deployment.outputs["Url"]


def describe(deployment: Deployment) -> str:
    """The steps of a deployment and the parameters that it sets, one a line. Raises DeployError for an unknown one."""
    steps = [f"  {step.title}" for step in steps_of(deployment)]
    parameters = [f"  {name}={value}" for name, value in deployment.printable_parameters().items()]
    kept = sorted(set(deployment.template_parameters) - set(deployment.parameters()))
    heading = f"Parameters ({', '.join(kept)} stay as they are):" if kept else "Parameters:"
    return "\n".join(["Steps:", *steps, heading, *parameters]) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Package and deploy.

    Returns:
        The exit code: 1 when that failed.
    """
    parser = argparse.ArgumentParser(prog="python -m infra.aws.deploy", description=__doc__)
    parser.add_argument("stage")
    parser.add_argument("parameters", nargs="*", type=_pair, metavar="NAME=VALUE")
    parser.add_argument("--lose-tables", action="store_true", help="tables may go or be replaced, with all data")
    parser.add_argument("--dry-run", action="store_true", help="package, and only say what would be done")
    options = parser.parse_intermixed_args(arguments)
    try:
        template = package(options.stage, ARCHITECTURE, ROOT / "build" / f"{options.stage}-{ARCHITECTURE}")
        deployment = Deployment(options.stage, template, PAGE, dict(options.parameters), options.lose_tables)
        output = describe(deployment) if options.dry_run else f"{deploy(current_account(), deployment)}\n"
    except (PackageError, DeployError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(output)
    return 0


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text} is not NAME=VALUE")
    return name, value
