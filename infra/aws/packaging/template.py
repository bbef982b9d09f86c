"""The CloudFormation template: Chalice's, made from the app, with ours merged in."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from infra.aws.packaging import template_parts
from infra.aws.packaging.wheels import PackageError

ARCHITECTURES = ("arm64", "x86_64")
CHALICE = "import sys; from chalice.cli import main; sys.exit(main())"
ALLOW_ORIGIN = "method.response.header.Access-Control-Allow-Origin"


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
        template_parts.write(project / "merge.yaml", stage)
        _run_chalice(project, stage, project / "merge.yaml")
        made = yaml.safe_load((project / "out" / "sam.yaml").read_text())
    return template_parts.dump(with_stages_origin(made), out / "sam.yaml")


def with_stages_origin(template: dict[str, Any]) -> dict[str, Any]:
    """The template whose preflight answers allow the stage's origin, where Chalice wrote that of this machine."""
    for path in template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"].values():
        answer = path["options"]["x-amazon-apigateway-integration"]["responses"]["default"]
        answer["responseParameters"][ALLOW_ORIGIN] = {"Fn::Sub": "'${WebOrigin}'"}
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
