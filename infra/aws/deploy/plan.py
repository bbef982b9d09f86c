"""What a deployment does, as commands of the AWS command line: to be read, or run by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from shlex import quote

from infra.aws.deploy import names, web_upload
from infra.aws.deploy.stacks import CAPABILITIES


def plan(stage: str, template: Path, page: Path, given: Mapping[str, str]) -> str:
    """The commands for one stage. $ACCOUNT and $AWS_REGION stand for what only credentials tell."""
    return "\n".join([*_preparing(stage, template), *_changing(stage, given), *_publishing(stage, page)]) + "\n"


def _preparing(stage: str, template: Path) -> Iterator[str]:
    bucket = names.deployment_bucket("$ACCOUNT", "$AWS_REGION")
    yield "# once for each account and region, if `aws apigateway get-account` names no role"
    yield (
        f"aws cloudformation deploy --stack-name {names.LOG_ROLE_STACK} --template-file infra/aws/deploy/log_role.yaml"
        " --capabilities CAPABILITY_IAM"
    )
    yield "# the package"
    yield f"aws s3 mb s3://{bucket}"
    yield (
        f"aws cloudformation package --template-file {template} --s3-bucket {bucket} --s3-prefix {stage}"
        " --output-template-file packaged.yaml"
    )
    yield f"aws s3 cp packaged.yaml s3://{bucket}/{stage}/"
    yield "# the first time: a signing key, and what CloudFront shows to the API"
    for name in (f"{names.signing_keys_path(stage)}/$(date +%s)", names.origin_secret_name(stage)):
        yield f'aws ssm put-parameter --type SecureString --name {name} --value "$(openssl rand -base64 32)"'


def _changing(stage: str, given: Mapping[str, str]) -> Iterator[str]:
    stack, bucket = names.stack_name(stage), names.deployment_bucket("$ACCOUNT", "$AWS_REGION")
    pairs = [f"ParameterKey={name},ParameterValue={value}" for name, value in {"Stage": stage, **given}.items()]
    yield "# the stack; --change-set-type UPDATE from the second time on; then again with PublicUrl=<its output Url>"
    secret = f"aws ssm get-parameter --with-decryption --name {names.origin_secret_name(stage)}"
    yield f'SECRET="$({secret} --query Parameter.Value --output text)"'
    yield (
        f"aws cloudformation create-change-set --stack-name {stack} --change-set-name deploy --change-set-type CREATE"
        f" --template-url https://{bucket}.s3.$AWS_REGION.amazonaws.com/{stage}/packaged.yaml"
        f" --capabilities {' '.join(CAPABILITIES)} --parameters {' '.join(map(quote, pairs))}"
        ' "ParameterKey=OriginSecret,ParameterValue=$SECRET"'
        ' "ParameterKey=OriginSha256,ParameterValue=$(printf %s "$SECRET" | sha256sum | cut -d" " -f1)"'
    )
    yield f"aws cloudformation wait change-set-create-complete --stack-name {stack} --change-set-name deploy"
    yield f"aws cloudformation describe-change-set --stack-name {stack} --change-set-name deploy"
    yield f"aws cloudformation execute-change-set --stack-name {stack} --change-set-name deploy"
    yield f"aws cloudformation wait stack-create-complete --stack-name {stack}"
    yield f"aws cloudformation describe-stacks --stack-name {stack} --query 'Stacks[0].Outputs'"


def _publishing(stage: str, page: Path) -> Iterator[str]:
    yield f"# the page, to the outputs PageBucketName and DistributionId of {names.stack_name(stage)}"
    for file in web_upload.files(page):
        yield (
            f"aws s3 cp {file.path.relative_to(page.parent)} s3://$PAGE_BUCKET/{file.key}"
            f" --content-type {quote(file.content_type)} --cache-control {quote(file.cache_control)}"
        )
    yield "aws cloudfront create-invalidation --distribution-id $DISTRIBUTION --paths '/*'"
