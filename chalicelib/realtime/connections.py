"""Open dashboards: who watches, sending messages to them within a time budget, and closing them.

A message is best effort: the fact is stored already, and a page that misses a message loads it when it connects again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core import aws, clock
from chalicelib.core.deadlines import Deadline
from chalicelib.core.settings import settings
from chalicelib.realtime import store

MAX_DASHBOARDS = 50
"""Open pages of one person: each message is a call to each of them."""
GONE = ("GoneException", "410")
LOG = logging.getLogger("ghostwatt.live")
RETRY_SECONDS = 10.0
"""For how long a dashboard that did not answer is left out: its time-out is time that other people's pages wait."""
_retry_at: dict[str, float] = {}
"""Connections that did not answer this process, and when each may be tried again (monotonic seconds)."""


def is_watching(owner_id: str) -> bool:
    """Whether a person has a dashboard open. One that vanished counts until the next message to it."""
    return bool(open_connections(owner_id))


def open_connections(owner_id: str) -> list[str]:
    """Load the ids of a person's open dashboards, newest first; those past their end are closed."""
    now_seconds, dashboards = clock.now_ms() // 1_000, store.load_connections(owner_id)
    close_connections(
        connection_id for connection_id, dashboard in dashboards.items() if dashboard.expires_at <= now_seconds
    )
    return [connection_id for connection_id, dashboard in dashboards.items() if dashboard.expires_at > now_seconds]


def send_messages(connection_ids: Sequence[str], messages: Sequence[bytes], deadline: Deadline) -> None:
    """Send messages to each dashboard, in order, until the deadline.

    A dashboard that does not answer misses the other messages, and those of the next RETRY_SECONDS. One that is gone
    is forgotten.
    """
    now = time.monotonic()
    for connection_id in connection_ids[:MAX_DASHBOARDS]:
        if now < _retry_at.get(connection_id, now):
            continue
        for message in messages:
            if deadline.expired:
                LOG.warning("a push was given up: the dashboards take too long")
                return
            if not _send(connection_id, message):
                break


def _send(connection_id: str, message: bytes) -> bool:
    """Whether a dashboard takes messages still."""
    try:
        _call(lambda client: client.post_to_connection(ConnectionId=connection_id, Data=message))
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in GONE:
            store.delete_connection(connection_id)
            _retry_at.pop(connection_id, None)
            return False
        LOG.warning("a push failed: %s", code)  # a refusal comes at once, and may be of this message alone
    except BotoCoreError as error:
        LOG.warning("a push failed: %s", type(error).__name__)
        _retry_at[connection_id] = time.monotonic() + RETRY_SECONDS
        return False
    _retry_at.pop(connection_id, None)
    return True


def close_sessions(owner_id: str, session_ids: Collection[str]) -> None:
    """Close the dashboards of sessions that have ended."""
    dashboards = store.load_connections(owner_id).items()
    close_connections(connection_id for connection_id, dashboard in dashboards if dashboard.session_id in session_ids)


def close_connections(connection_ids: Iterable[str]) -> None:
    """Forget dashboards, and close them if they are still there."""
    for connection_id in connection_ids:
        store.delete_connection(connection_id)
        _retry_at.pop(connection_id, None)
        _best_effort(partial(_close, connection_id))


def _close(connection_id: str, client: Any) -> None:
    client.delete_connection(ConnectionId=connection_id)


def _best_effort(call: Callable[[Any], None]) -> None:
    """Make a call of the management API; a failure is only logged."""
    try:
        _call(call)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in GONE:
            LOG.warning("a dashboard could not be closed: %s", code)
    except BotoCoreError as error:
        LOG.warning("a dashboard could not be closed: %s", type(error).__name__)


def _call(call: Callable[[Any], None]) -> None:
    if settings().live_endpoint:
        call(_client())


def _client() -> Any:
    """The management API, tried once and not for long: a page that missed a message loads it when it connects again."""
    return aws.client(
        "apigatewaymanagementapi",
        endpoint_url=settings().live_endpoint,
        read_seconds=1,
        attempts=1,
        max_pool_connections=20,
    )
