"""Functions that are started and left to themselves: Lambda on AWS, a thread on a PC."""

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


def start(name: str, event: Mapping[str, Any]) -> None:
    """Have a function called with an event, soon. Raises Unavailable; it may have been started all the same."""
    try:
        _client().invoke(FunctionName=name, InvocationType="Event", Payload=msgspec.json.encode(event))
    except (BotoCoreError, ClientError) as error:
        message = "The work could not be started; try again."
        raise Unavailable(message, code="work_unavailable", retry_after_seconds=2) from error


@cache
def _client() -> Any:
    """Time-outs that fit behind API Gateway's 29 s."""
    config = Config(connect_timeout=1, read_timeout=4, retries={"total_max_attempts": 3})
    return get_session().create_client("lambda", region_name=settings().region, config=config)
