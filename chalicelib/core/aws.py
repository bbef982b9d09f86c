"""Clients of AWS services, made when they are first used and kept for the life of the process."""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.config import Config
from botocore.session import get_session

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

    The default time-outs fit behind API Gateway, which waits 29 s.

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
        s3={"addressing_style": "path" if endpoint_url else "auto"},
        signature_version=signature_version,
        max_pool_connections=max_pool_connections,
    )
    return get_session().create_client(
        service, region_name=settings().region, endpoint_url=endpoint_url or None, config=config
    )
