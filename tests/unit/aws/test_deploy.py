"""Deploying against moto: the order of the steps, and that each can be done again. Moto carries out no SAM transform
and no CloudFront, so the template here is a small one with the real one's outputs; that the real one is sound is for
test_packaged_template.py and the emulator, that AWS takes it only an account can show.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from moto import mock_aws
from moto.cloudformation.models import Stack
from moto.cloudformation.parsing import OutputMap

from infra.aws.deploy import destroy, keys, names, package_upload, stacks, steps, web_upload
from infra.aws.deploy.account import Account, current_account
from infra.aws.deploy.deploy import deploy, describe
from infra.aws.deploy.steps import Deployment

pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS..ApiGateway..Account")  # moto makes none
TEMPLATE = """
Parameters:
  Stage: {Type: String, Default: dev}
  PublicUrl: {Type: String, Default: ""}
  OriginSecret: {Type: String, NoEcho: true, Default: ""}
  OriginSha256: {Type: String, Default: ""}
  AlarmEmail: {Type: String, Default: ""}
Resources:
  PageBucket: {Type: "AWS::S3::Bucket", Properties: {BucketName: the-page}}
  ExportBucket: {Type: "AWS::S3::Bucket", Properties: {BucketName: the-exports}}
  Told: {Type: "AWS::SNS::Topic", Properties: {TopicName: {Ref: Stage}, DisplayName: {Ref: PublicUrl}}}
  Mail: {Type: "AWS::SNS::Topic", Properties: {TopicName: mail, DisplayName: {Ref: AlarmEmail}}}
Outputs:
  Url: {Value: "https://d1.cloudfront.example"}
  PageBucketName: {Value: {Ref: PageBucket}}
  DistributionId: {Value: D1}
"""


VIEW_KEYS = {"login", "ports"}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield current_account()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "deployment.zip").write_bytes(b"zip")
    template = tmp_path / "sam.yaml"
    template.write_text(TEMPLATE)
    return template


@pytest.fixture
def page(tmp_path: Path) -> Path:
    directory = tmp_path / "web"
    (directory / "js").mkdir(parents=True)
    (directory / "index.html").write_text("<!doctype html>")
    (directory / "views.json").write_text('{"/login": "#/", "/ports": "#/ports"}')
    (directory / "js" / "main.js").write_text("1")
    (directory / "js" / "uplot.0a1b2c3d4e.js").write_text("2")
    (directory / "js" / "types.d.ts").write_text("export {};")  # for the checker: never uploaded
    return directory


@pytest.fixture(autouse=True)
def outputs_of_change_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moto works out a stack's outputs before its change set is carried out, and not again."""

    def outputs(stack: Stack) -> OutputMap:
        stack._parse_template()  # noqa: SLF001 - the template came with the change set
        return OutputMap(stack.resource_map, stack.template_dict, stack.stack_id)

    monkeypatch.setattr(Stack, "output_map", property(outputs, lambda _stack, _stale: None), raising=False)


@pytest.fixture(autouse=True)
def invalidated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Moto has no distribution of this name: what is invalidated is only noted."""
    noted: list[str] = []
    monkeypatch.setattr(
        steps, "refresh_page", lambda _account, deployment: noted.append(deployment.outputs["DistributionId"])
    )
    return noted


def topic(account: Account, name: str) -> str:
    arn = f"arn:aws:sns:us-east-1:{account.account_id}:{name}"
    told: str = account.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"]
    return told


def test_a_first_deployment_makes_all_and_tells_the_api_its_own_name(
    account: Account, package: Path, page: Path, invalidated: list[str]
) -> None:
    url = deploy(account, Deployment("dev", package, page, {}))

    assert url == topic(account, "dev") == "https://d1.cloudfront.example"
    stored = account.client("s3").list_objects_v2(Bucket="the-page")["Contents"]
    assert {file["Key"] for file in stored} == {
        "index.html",
        "js/main.js",
        "js/uplot.0a1b2c3d4e.js",
        "views.json",
        *VIEW_KEYS,
    }
    assert invalidated == ["D1"]
    assert len(keys.key_names(account.client("ssm"), "dev")) == 1


def test_deploying_again_changes_nothing_and_keeps_what_was_set_once(
    account: Account, package: Path, page: Path
) -> None:
    deploy(account, Deployment("dev", package, page, {"AlarmEmail": "me@example.com"}))
    ssm = account.client("ssm")
    secret = ssm.get_parameter(Name=names.origin_secret_name("dev"), WithDecryption=True)["Parameter"]

    deploy(account, Deployment("dev", package, page, {}))

    assert topic(account, "mail") == "me@example.com"
    assert ssm.get_parameter(Name=names.origin_secret_name("dev"), WithDecryption=True)["Parameter"] == secret
    assert len(keys.key_names(ssm, "dev")) == 1


def test_a_misspelt_parameter_is_named_before_anything_changes(account: Account, package: Path, page: Path) -> None:
    with pytest.raises(stacks.DeployError, match="AlarmMail"):
        deploy(account, Deployment("dev", package, page, {"AlarmMail": "me@example.com"}))
    assert stacks.find(account.client("cloudformation"), "ghostwatt-dev") is None


def test_the_bucket_for_packages_is_closed_to_the_world(account: Account) -> None:
    bucket = package_upload.ensure_bucket(account)
    assert package_upload.ensure_bucket(account) == bucket
    blocked = account.client("s3").get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert all(blocked.values())


def test_every_function_takes_its_code_from_the_bucket() -> None:
    text = "Resources: {A: {Type: 'AWS::Serverless::Function', Properties: {CodeUri: ./deployment.zip}}, B: {Type: X}}"
    content = yaml.safe_load(package_upload.with_code(text, "s3://bucket/key"))
    assert content["Resources"]["A"]["Properties"]["CodeUri"] == "s3://bucket/key"


def test_the_page_is_sent_with_its_types_and_index_last(page: Path) -> None:
    sent = {file.key: (file.content_type, file.cache_control) for file in web_upload.files(page)}
    assert list(sent)[-1] == "index.html"
    assert {sent[key] for key in VIEW_KEYS} == {sent["index.html"]}
    assert sent["index.html"] == ("text/html; charset=utf-8", "no-cache")
    assert sent["js/main.js"] == ("text/javascript; charset=utf-8", "no-cache")
    assert sent["js/uplot.0a1b2c3d4e.js"][1] == "public, max-age=31536000, immutable"


def test_a_dry_run_prints_the_steps_that_run(
    account: Account, package: Path, page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for settings in ({}, {"PublicUrl": "https://home.example"}):
        printed = describe(Deployment("dev", package, page, settings))
        deploy(account, Deployment("dev", package, page, settings))
        steps = [line for line in capsys.readouterr().err.splitlines() if not line.startswith(("Account ", "  "))]
        assert [f"  {step}" for step in steps] == printed.partition("Steps:\n")[2].partition("\nParam")[0].splitlines()


def test_a_dry_run_prints_the_parameters_without_the_secret(account: Account, package: Path, page: Path) -> None:
    deployment = Deployment("dev", package, page, {"AlarmEmail": "me@example.com"})
    deploy(account, deployment)
    printed = describe(deployment)
    assert {f"  {name}=" for name in deployment.parameters()} == set(re.findall(r"^  \w+=", printed, re.MULTILINE))
    assert "AlarmEmail=me@example.com" in printed
    assert deployment.origin_secret not in printed


def test_a_dry_run_needs_no_credentials_and_names_a_misspelt_parameter(
    package: Path, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    assert "Change the stack ghostwatt-dev" in describe(Deployment("dev", package, page, {}))
    with pytest.raises(stacks.DeployError, match="AlarmMail"):
        describe(Deployment("dev", package, page, {"AlarmMail": "me@example.com"}))


def test_destroying_takes_all_but_says_what_stays(account: Account, package: Path, page: Path) -> None:
    deploy(account, Deployment("dev", package, page, {}))
    account.client("s3").put_object(Bucket="the-exports", Key="somebody/secret.zip", Body=b"zip")

    stays = destroy.destroy(account, "dev")

    left = {bucket["Name"] for bucket in account.client("s3").list_buckets()["Buckets"]}
    assert left == {names.deployment_bucket(account.account_id, account.region)}
    assert stacks.find(account.client("cloudformation"), "ghostwatt-dev") is None
    assert keys.key_names(account.client("ssm"), "dev") == []
    assert any(names.LOG_ROLE_STACK in thing for thing in stays)


def test_destroying_wants_the_stages_name_typed(capsys: pytest.CaptureFixture[str]) -> None:
    assert destroy.main(["prod"], ask=lambda _question: "yes") == 1
    assert "Nothing was done" in capsys.readouterr().err


def test_destroying_what_is_not_there_is_an_error(account: Account) -> None:
    with pytest.raises(stacks.DeployError, match="no stack"):
        destroy.destroy(account, "dev")


def ssm_keys(account: Account) -> list[str]:
    return [name.rpartition("/")[2] for name in keys.key_names(account.client("ssm"), "dev")]


def test_a_rotated_key_stays_for_a_day_after_its_successor(account: Account) -> None:
    ssm: Any = account.client("ssm")
    keys.ensure(ssm, "dev", 1_800_000_000)
    assert keys.rotate(ssm, "dev", 1_800_001_000) == []
    assert keys.rotate(ssm, "dev", 1_800_002_000) == []
    assert ssm_keys(account) == ["1800000000", "1800001000", "1800002000"]
    gone = keys.rotate(ssm, "dev", 1_800_002_001 + keys.OVERLAP_SECONDS)
    assert [name.rpartition("/")[2] for name in gone] == ["1800000000", "1800001000"]
    assert ssm_keys(account) == ["1800002000", str(1_800_002_001 + keys.OVERLAP_SECONDS)]
