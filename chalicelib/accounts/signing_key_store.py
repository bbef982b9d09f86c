"""The secrets that sign session tokens: in SSM on AWS, in the environment on a PC. Never in a table or a log."""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

from chalicelib.core.errors import Unavailable
from chalicelib.core.settings import settings


def load() -> list[str]:
    """All secrets in use, the newest last; in SSM each is named by the time at which it was made.

    Raises Unavailable when SSM does not answer.
    """
    if not settings().signing_keys_path:
        return [settings().jwt_secret]
    try:
        pages = _client().get_paginator("get_parameters_by_path")
        found = [
            parameter
            for page in pages.paginate(Path=settings().signing_keys_path, WithDecryption=True)
            for parameter in page["Parameters"]
        ]
    except (BotoCoreError, ClientError) as error:
        raise Unavailable("The signing keys cannot be read; try again.", code="keys_unavailable") from error
    return [parameter["Value"] for parameter in sorted(found, key=lambda parameter: str(parameter["Name"]))]


@cache
def _client() -> Any:
    """Time-outs that fit behind API Gateway's 29 s."""
    config = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 3})
    return get_session().create_client("ssm", region_name=settings().region, config=config)
