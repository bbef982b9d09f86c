"""The AWS account to deploy to."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from botocore.session import get_session

from infra.aws.deploy.stacks import DeployError


@dataclass(frozen=True, slots=True)
class Account:
    """The account that the credentials of this shell belong to, and the region to work in."""

    session: Any
    account_id: str
    region: str

    def client(self, service: str) -> Any:
        """Make a client of a service of this account."""
        return self.session.create_client(service, region_name=self.region)


def current_account() -> Account:
    """Find the account of the credentials in this shell. Raises DeployError when no region is set."""
    session = get_session()
    # AWS_REGION is what AWS's newer tools read; botocore knows AWS_DEFAULT_REGION and the profile only.
    region = os.environ.get("AWS_REGION") or session.get_config_variable("region")
    if not region:
        raise DeployError("No region is set. Name one: export AWS_REGION=eu-central-1")
    sts: Any = session.create_client("sts", region_name=region)
    return Account(session, sts.get_caller_identity()["Account"], region)
