"""Functions that are started and left to themselves: Lambda on AWS, a thread on a PC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core import aws
from chalicelib.core.errors import Unavailable


def start(name: str, event: Mapping[str, Any]) -> None:
    """Have a function called with an event, soon. Raises Unavailable; it may have been started all the same."""
    try:
        aws.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=msgspec.json.encode(event))
    except (BotoCoreError, ClientError) as error:
        message = "The work could not be started; try again."
        raise Unavailable(message, code="work_unavailable", retry_after_seconds=2) from error
