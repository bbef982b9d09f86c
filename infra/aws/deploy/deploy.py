"""python -m infra.aws.deploy STAGE [NAME=VALUE ...]: the whole of a stage, from the checkout to its URL.

What it does can be done again at any time: each step looks at what is there. NAME=VALUE sets a parameter of the
template (AlarmEmail, DomainName, CertificateArn, ...); it keeps its value until it is given another.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from botocore.exceptions import BotoCoreError, ClientError

from infra.aws.deploy import keys, names, package_upload, stacks, web_upload
from infra.aws.deploy.account import Account, current_account
from infra.aws.deploy.plan import plan
from infra.aws.packaging.errors import PackageError
from infra.aws.packaging.package import ROOT, package

PAGE = ROOT / "web"
ARCHITECTURE = "arm64"
LOG_ROLE = Path(__file__).with_name("log_role.yaml")


def deploy(account: Account, stage: str, template: Path, page: Path, given: Mapping[str, str]) -> str:
    """Bring a stage to a package (its template, with deployment.zip beside it) and a page; returns its URL.

    The page's own name is known only once CloudFront has given it, and the API must know it: so the first deployment
    of a stage without a name of its own changes the stack twice. Raises DeployError.
    """
    ensure_log_role(account)
    bucket = package_upload.ensure_bucket(account)
    url = package_upload.upload(account, bucket, stage, template)
    secret = keys.ensure(account.client("ssm"), stage, int(time.time()))
    values = {
        "Stage": stage,
        "OriginSecret": secret,
        "OriginSha256": hashlib.sha256(secret.encode()).hexdigest(),
        **given,
    }
    known = yaml.safe_load(template.read_text())["Parameters"]
    outputs = _change(account, stage, url, values, known)
    if "PublicUrl" not in given:
        outputs = _change(account, stage, url, {**values, "PublicUrl": outputs["Url"]}, known)
    web_upload.upload(account.client("s3"), outputs["PageBucketName"], page)
    invalidate(account, outputs["DistributionId"])
    return outputs["Url"]


def ensure_log_role(account: Account) -> None:
    """Give API Gateway of this region a role to write logs with, where it has none."""
    if not account.client("apigateway").get_account().get("cloudwatchRoleArn"):
        template = {"TemplateBody": LOG_ROLE.read_text()}
        stacks.change(account.client("cloudformation"), names.LOG_ROLE_STACK, template, [], _change_set())


def invalidate(account: Account, distribution_id: str) -> None:
    """Have CloudFront ask for the page anew."""
    batch = {"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": _change_set()}
    account.client("cloudfront").create_invalidation(DistributionId=distribution_id, InvalidationBatch=batch)


def _change(
    account: Account, stage: str, url: str, values: Mapping[str, str], known: Mapping[str, Any]
) -> Mapping[str, str]:
    cloudformation, name = account.client("cloudformation"), names.stack_name(stage)
    given = stacks.parameters(values, known, stacks.find(cloudformation, name))
    stacks.change(cloudformation, name, {"TemplateURL": url}, given, _change_set())
    stack = stacks.find(cloudformation, name)
    if stack is None:
        raise stacks.DeployError(f"{name} is not there after its change.")
    return stack.outputs


def _change_set() -> str:
    return f"deploy-{time.time_ns()}"


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text} is not NAME=VALUE")
    return name, value


def main(arguments: Sequence[str] | None = None) -> int:
    """Package and deploy; the exit code is 1 when that failed."""
    parser = argparse.ArgumentParser(prog="python -m infra.aws.deploy", description=deploy.__doc__)
    parser.add_argument("stage")
    parser.add_argument("parameters", nargs="*", type=_pair, metavar="NAME=VALUE")
    parser.add_argument("--dry-run", action="store_true", help="package, and only say what would be done")
    options = parser.parse_intermixed_args(arguments)
    given = dict(options.parameters)
    try:
        template = package(options.stage, ARCHITECTURE, ROOT / "build" / f"{options.stage}-{ARCHITECTURE}")
        if options.dry_run:
            sys.stdout.write(plan(options.stage, template, PAGE, given))
            return 0
        url = deploy(current_account(), options.stage, template, PAGE, given)
    except (PackageError, stacks.DeployError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{url}\n")
    return 0
