"""AWS services: a client for each, made when it is first used and kept; and the start of a Lambda function."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

from chalicelib.core.errors import Unavailable
from chalicelib.core.settings import settings


@cache
def client(
    service: str,
    *,
    endpoint_url: str = "",
    connect_seconds: float = 1,
    read_seconds: float = 4,
    attempts: int = 3,
    signature_version: str | None = None,
    max_pool_connections: int = 10,
) -> Any:
    """The client of an AWS service; the same for the same arguments.

    The default time-outs fit behind API Gateway, which waits 29 s. A bucket on AWS is called by its regional name: S3
    redirects from the global name of a new bucket, or of one in a newer region, to the regional one, for which a signed
    link to the global name is no good.

    Args:
        service: Its name in botocore, like `ssm`.
        endpoint_url: Where it listens; empty for the service's own address in this region.
        connect_seconds: Time-out of connecting.
        read_seconds: Time-out of an answer.
        attempts: How often a call is tried in all.
        signature_version: How calls are signed, like `s3v4`; None for the service's own way.
        max_pool_connections: How many connections are kept open.
    """
    config = Config(
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        retries={"total_max_attempts": attempts},
        s3={"addressing_style": "path" if endpoint_url else "virtual"},
        signature_version=signature_version,
        max_pool_connections=max_pool_connections,
    )
    return get_session().create_client(
        service, region_name=settings().region, endpoint_url=endpoint_url or None, config=config
    )


def start_function(name: str, event: Mapping[str, Any]) -> None:
    """Start a function (a Lambda; on a PC a thread) and do not wait for it.

    Args:
        name: The name of the function.
        event: What it is called with.

    Raises:
        Unavailable: AWS does not answer; the function may have been started all the same.
    """
    try:
        client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=msgspec.json.encode(event))
    except (BotoCoreError, ClientError) as error:
        message = "The work could not be started; try again."
        raise Unavailable(message, code="work_unavailable", retry_after_seconds=2) from error
