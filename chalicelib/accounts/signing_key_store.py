"""The secrets that sign session tokens: in SSM on AWS, in the environment on a PC. Never in a table or a log."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core import aws
from chalicelib.core.errors import Unavailable
from chalicelib.core.settings import settings


def load() -> list[str]:
    """All secrets in use, the newest last; in SSM each is named by the time at which it was made.

    Raises Unavailable when SSM does not answer.
    """
    if not settings().signing_keys_path:
        return [settings().jwt_secret]
    try:
        pages = aws.client("ssm", read_seconds=3).get_paginator("get_parameters_by_path")
        found = [
            parameter
            for page in pages.paginate(Path=settings().signing_keys_path, WithDecryption=True)
            for parameter in page["Parameters"]
        ]
    except (BotoCoreError, ClientError) as error:
        raise Unavailable("The signing keys cannot be read; try again.", code="keys_unavailable") from error
    return [parameter["Value"] for parameter in sorted(found, key=lambda parameter: str(parameter["Name"]))]
