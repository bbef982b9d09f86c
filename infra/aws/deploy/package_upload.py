"""Upload packages for CloudFormation: one bucket for all stages, where zip and template are named by their content."""

from __future__ import annotations

import hashlib
from pathlib import Path

import yaml
from botocore.exceptions import ClientError

from infra.aws.deploy import names
from infra.aws.deploy.account import Account

CODE = "deployment.zip"
OLD_PACKAGES_DAYS = 90
"""A stack can be rolled back to a package for that long."""


def ensure_bucket(account: Account) -> str:
    """Make the bucket for packages where it is missing: private, and deleting old packages. Returns its name."""
    s3, bucket = account.client("s3"), names.deployment_bucket(account.account_id, account.region)
    try:
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account.account_id)
    except ClientError as error:
        if error.response["Error"]["Code"] != "404":
            raise
        where = {"CreateBucketConfiguration": {"LocationConstraint": account.region}}
        s3.create_bucket(Bucket=bucket, **({} if account.region == "us-east-1" else where))
    blocked = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(blocked, True))
    rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": OLD_PACKAGES_DAYS}}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    return bucket


def upload(account: Account, bucket: str, stage: str, template: Path, web_origin: str) -> str:
    """Upload zip and template; returns the template's URL.

    Args:
        account: Where to.
        bucket: That of packages.
        stage: Their folder in it.
        template: The package's template; the zip lies beside it.
        web_origin: The foreign origin that the API will allow.
    """
    s3 = account.client("s3")
    code = template.with_name(CODE).read_bytes()
    code_key = f"{stage}/{hashlib.sha256(code).hexdigest()}.zip"
    s3.put_object(Bucket=bucket, Key=code_key, Body=code)
    text = with_origin(with_code(template.read_text(), f"s3://{bucket}/{code_key}"), web_origin).encode()
    key = f"{stage}/{hashlib.sha256(text).hexdigest()}.yaml"
    s3.put_object(Bucket=bucket, Key=key, Body=text)
    return f"https://{bucket}.s3.{account.region}.amazonaws.com/{key}"


def with_code(template: str, code_uri: str) -> str:
    """Return the template with this code for all its functions."""
    content = yaml.safe_load(template)
    for resource in content["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = code_uri
    return yaml.safe_dump(content, sort_keys=False)


def with_origin(template: str, web_origin: str) -> str:
    """Return the template with the foreign origin in the description of the REST API.

    SAM makes a new deployment of the gateway only when the API's definition changes, and a parameter's value is no part
    of that. So without this the gateway's own answers would keep the origin that was set first.
    """
    content = yaml.safe_load(template)
    api = content["Resources"].get("RestAPI")
    if api is not None:
        api["Properties"]["DefinitionBody"]["info"]["description"] = f"Pages of {web_origin} may call it."
    return yaml.safe_dump(content, sort_keys=False)
