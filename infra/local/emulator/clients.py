"""Clients of the local stand-ins for AWS, for the stack's own use and the tests."""

from __future__ import annotations

from typing import Any

from botocore.config import Config
from botocore.session import get_session

from infra.local.runner.environment import REGION


def create_client(service: str, url: str) -> Any:
    """A client of a service, for example `dynamodb` or `dynamodbstreams`, at this address."""
    return get_session().create_client(
        service,
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - made up; the database asks for one and looks at none
        config=Config(
            connect_timeout=1,
            read_timeout=10,
            retries={"total_max_attempts": 2},
            proxies={},  # what is set for the way out must not carry this
            parameter_validation=False,  # it wants sequence numbers of 21 digits, as AWS has them; dynoxide's are short
        ),
    )
