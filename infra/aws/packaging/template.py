"""The CloudFormation template: Chalice's, made from the app, with ours merged in.

Ours is put together from parts. ../template.yaml holds what the PC stack reads too; ../template_parts/ holds what only
AWS needs, one file a subject.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from infra.aws.packaging import functions
from infra.aws.packaging.wheels import PackageError

ARCHITECTURES = ("arm64", "x86_64")
CHALICE = "import sys; from chalice.cli import main; sys.exit(main())"
ALLOW_ORIGIN = "method.response.header.Access-Control-Allow-Origin"
AWS = Path(__file__).resolve().parents[1]
TEMPLATE = AWS / "template.yaml"
PARTS = AWS / "template_parts"
EVERY_TABLE = PARTS / "every_table.yaml"
VARIABLES = PARTS / "variables.yaml"
"""Not parts themselves: the properties that every table gets, and the environment that every function gets."""
TABLE = "AWS::DynamoDB::Table"
WEBSOCKET_DEPLOYMENT = "WebsocketAPIDeployment"
WEBSOCKET_ROUTES = ("AWS::ApiGatewayV2::Route", "AWS::ApiGatewayV2::Integration")
KEPT_STAGES = ("prod",)
"""Stages whose tables outlive their stack. CloudFormation takes no condition for that, so it is decided here."""


def write_template(root: Path, stage: str, architecture: str, out: Path) -> Path:
    """Write out/sam.yaml, whose functions take their code from ./deployment.zip; raises PackageError.

    Chalice works on a copy of the app without its lock: it then installs nothing, and so cannot leave anything out.
    The zip it makes there is thrown away.
    """
    with tempfile.TemporaryDirectory() as directory:
        project = Path(directory)
        shutil.copy(root / "app.py", project)
        for folder in ("chalicelib", ".chalice"):
            shutil.copytree(root / folder, project / folder, ignore=shutil.ignore_patterns("__pycache__", "deploy*"))
        _set_architecture(project / ".chalice" / "config.json", stage, architecture)
        write_merge_template(project / "merge.yaml", stage)
        _run_chalice(project, stage, project / "merge.yaml")
        made = yaml.safe_load((project / "out" / "sam.yaml").read_text())
    return dump(with_deployment_of_routes(with_stages_origin(made)), out / "sam.yaml")


def with_stages_origin(template: dict[str, Any]) -> dict[str, Any]:
    """The template whose preflight answers allow the stage's origin, where Chalice wrote that of this machine."""
    for path in template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"].values():
        answer = path["options"]["x-amazon-apigateway-integration"]["responses"]["default"]
        answer["responseParameters"][ALLOW_ORIGIN] = {"Fn::Sub": "'${WebOrigin}'"}
    return template


def with_deployment_of_routes(template: dict[str, Any]) -> dict[str, Any]:
    """The template whose WebSocket deployment is named by the routes in it.

    A deployment is a copy of the routes at that moment. Chalice's always has the same name, so CloudFormation would
    keep the old copy, and a new or changed route would not be served.
    """
    resources = template["Resources"]
    routes = {name: one for name, one in resources.items() if one["Type"].startswith(WEBSOCKET_ROUTES)}
    digest = hashlib.sha256(json.dumps(routes, sort_keys=True).encode()).hexdigest()[:10]
    name = f"{WEBSOCKET_DEPLOYMENT}{digest}"
    resources[name] = resources.pop(WEBSOCKET_DEPLOYMENT)
    resources["WebsocketAPIStage"]["Properties"]["DeploymentId"] = {"Ref": name}
    return template


def _set_architecture(config: Path, stage: str, architecture: str) -> None:
    content = json.loads(config.read_text())
    if stage not in content["stages"]:
        raise PackageError(f"{config.name} has no stage {stage}; it has {', '.join(content['stages'])}.")
    content["stages"][stage]["lambda_architecture"] = architecture
    config.write_text(json.dumps(content))


def _run_chalice(project: Path, stage: str, merge: Path) -> None:
    options = ["--stage", stage, "--merge-template", str(merge), "--template-format", "yaml", "out"]
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", CHALICE, "package", *options],
        cwd=project,
        env={"AWS_DEFAULT_REGION": "us-east-1", "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        raise PackageError(f"chalice package failed:\n{done.stdout.decode()[-2_000:]}")


def merged(stage: str = "dev") -> dict[str, Any]:
    """The merge template of a stage."""
    whole: dict[str, Any] = {"Resources": functions.resources(_load(VARIABLES), functions.grants())}
    for path in _paths():
        whole = merge(whole, _load(path))
    whole["Parameters"]["Stage"]["Default"] = stage
    every_table = merge(_load(EVERY_TABLE), _deletion_policies(stage))
    for name, resource in whole["Resources"].items():
        if resource.get("Type") == TABLE:
            whole["Resources"][name] = merge(every_table, resource)
    return whole


def write_merge_template(path: Path, stage: str = "dev") -> None:
    """Write the merge template of a stage to a YAML file."""
    dump(merged(stage), path)


def dump(template: Mapping[str, Any], path: Path) -> Path:
    """Write a template as YAML; returns the path."""
    path.write_text(yaml.dump(template, Dumper=_Plain, sort_keys=False, width=120))
    return path


def merge(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Both, as Chalice merges templates: dicts deeply; of all else the second one's counts."""
    whole = dict(base)
    for name, value in more.items():
        old = whole.get(name)
        whole[name] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return whole


def _paths() -> Iterator[Path]:
    yield TEMPLATE
    yield from sorted(set(PARTS.glob("*.yaml")) - {EVERY_TABLE, VARIABLES})


def _load(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text())
    return content


def _deletion_policies(stage: str) -> dict[str, str]:
    policy = "Retain" if stage in KEPT_STAGES else "Delete"
    return {"DeletionPolicy": policy, "UpdateReplacePolicy": policy}


class _Plain(yaml.SafeDumper):
    """Writes each value out, without YAML's anchors."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True
