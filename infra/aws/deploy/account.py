"""The AWS account to deploy to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.session import get_session


@dataclass(frozen=True, slots=True)
class Account:
    """The account and region that the credentials of this shell belong to."""

    session: Any
    account_id: str
    region: str

    def client(self, service: str) -> Any:
        """Make a client of a service of this account."""
        return self.session.create_client(service)


def current_account() -> Account:
    """Find the account of the credentials in this shell."""
    session = get_session()
    sts: Any = session.create_client("sts")
    return Account(session, sts.get_caller_identity()["Account"], sts.meta.region_name)
