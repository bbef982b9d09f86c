from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from samtranslator.translator.transform import transform

from infra.aws.deploy.package_upload import with_code
from infra.aws.packaging.package import ROOT
from infra.aws.packaging.template import write_template


@dataclass(frozen=True)
class Packaged:
    """What `make package` writes for a stage, and what CloudFormation makes of it."""

    path: Path
    parameters: dict[str, Any]
    resources: dict[str, dict[str, Any]]

    def of_type(self, type_name: str) -> dict[str, dict[str, Any]]:
        """The properties of all resources of a type, by logical id."""
        return {name: one["Properties"] for name, one in self.resources.items() if one["Type"] == type_name}


class NoManagedPolicies:
    """SAM asks for the account's managed policies; no role of ours names one."""

    def load(self) -> dict[str, str]:
        return {}


def expanded(template: str, stage: str) -> dict[str, Any]:
    """A packaged template with SAM's transform carried out."""
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        whole: dict[str, Any] = transform(yaml.safe_load(template), {"Stage": stage}, NoManagedPolicies())
    return whole


@pytest.fixture(scope="session", params=["dev", "prod"])
def packaged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    """The packaged template of a stage, with SAM's transform carried out as CloudFormation does."""
    path = write_template(ROOT, request.param, "arm64", tmp_path_factory.mktemp(request.param))
    whole = expanded(with_code(path.read_text(), "s3://bucket/deployment.zip"), request.param)
    return Packaged(path, whole["Parameters"], whole["Resources"])
