"""One connection to DynamoDB for all models, with time-outs that fit behind API Gateway and errors of our own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, count
from typing import Any, Generic, TypeVar, cast

import msgspec
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session
from pynamodb.attributes import Attribute
from pynamodb.connection import Connection as PynamoConnection
from pynamodb.connection._botocore_private import BotocoreBaseClientPrivate
from pynamodb.connection.table import TableConnection
from pynamodb.constants import BATCH_GET_PAGE_LIMIT, STRING
from pynamodb.exceptions import DeleteError, PutError, PynamoDBException, TransactWriteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.pagination import PageIterator
from pynamodb.transactions import TransactWrite

from chalicelib.core import read_cache
from chalicelib.core.errors import Busy, Unavailable
from chalicelib.core.local_dynamo import LocalClient
from chalicelib.core.settings import local_database_url, settings
from chalicelib.core.version import VERSION

CONNECT_TIMEOUT_SECONDS = 1
READ_TIMEOUT_SECONDS = 4
MAX_RETRIES = 3
"""API Gateway waits 29 s: four tries of at most 5 s and their pauses fit in; PynamoDB's own 15 s and 30 s do not."""

TRANSIENT = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionInProgressException",
        "ResourceNotFoundException",  # a table still being made
    }
)


WRITES = frozenset({"BatchWriteItem", "DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem"})
USER_AGENT = f"ghostwatt/{VERSION}"
CONFLICT_TRIES = 5
"""How often a change is tried while others change the same data."""

Loaded = TypeVar("Loaded")
Known = TypeVar("Known")
Result = TypeVar("Result")


class Connection(PynamoConnection):
    """PynamoDB's connection, in which "the database does not answer" is one domain error."""

    @property
    def session(self) -> Session:
        """The session, with a short user agent: botocore makes up its own long one anew for each call."""
        session = super().session
        if session.get_default_client_config() is None:
            session.set_default_client_config(Config(user_agent=USER_AGENT))
        return session

    @property
    def client(self) -> BotocoreBaseClientPrivate:
        """The client: botocore's on AWS, a light one towards a server on this machine."""
        return cast("BotocoreBaseClientPrivate", _local_client()) if local_database_url() else super().client

    def dispatch(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        """Send one operation; raises Unavailable where a later try may work.

        PynamoDB's own also draws an id for each call, tells listeners, and asks for the units; nobody needs them here.
        """
        check_expressions(operation_kwargs)
        try:
            return cast("dict[str, Any]", self._make_api_call(operation_name, operation_kwargs))
        except ClientError as error:
            if error.response["Error"]["Code"] in TRANSIENT:
                raise _unavailable() from error
            raise
        except BotoCoreError as error:
            if operation_name in WRITES:
                read_cache.note_unanswered_write()
            raise _unavailable() from error
        finally:
            if operation_name in WRITES:
                self._note_writes(operation_kwargs)

    def _note_writes(self, arguments: Mapping[str, Any]) -> None:
        """Have everybody forget what this process remembers of the items of a write, whatever became of it."""
        for part in arguments.get("TransactItems", ()):
            for given in part.values():
                self._note_writes(given)
        for table, requests in arguments.get("RequestItems", {}).items():
            for request in requests:
                for given in request.values():
                    self._note_writes({"TableName": table, **given})
        if "TableName" in arguments:
            table, keys = arguments["TableName"], arguments.get("Item") or arguments["Key"]
            read_cache.note_write(table, keys[self.get_meta_table(table).hash_keyname].get("S", ""))


def check_expressions(arguments: Mapping[str, Any]) -> None:
    """Refuse an operation whose expressions hold more than ASCII: what people typed belongs in values only.

    The attributes are our own and ASCII. dynoxide 1.2.1, the database of a PC, ends at any other letter in an
    expression (GHSA-gwhp-7jch-7xj6), so that one name in the wrong place would be an outage for all.

    Raises:
        ValueError: A bug of ours; nothing was sent.
    """
    for part in arguments.get("TransactItems", ()):
        for given in part.values():
            check_expressions(given)
    for given in arguments.get("RequestItems", {}).values():
        if isinstance(given, Mapping):  # a list in BatchWriteItem, which has no expressions
            check_expressions(given)
    for name, given in arguments.items():
        if name.endswith("Expression") and not given.isascii():
            raise ValueError(f"{name} holds a letter that is not ASCII")
    if not "".join(arguments.get("ExpressionAttributeNames", {}).values()).isascii():
        raise ValueError("ExpressionAttributeNames holds a letter that is not ASCII")


def _unavailable() -> Unavailable:
    return Unavailable("The database does not answer; try again.", code="database_unavailable", retry_after_seconds=2)


@cache
def _local_client() -> LocalClient:
    return LocalClient(
        local_database_url(),
        connect_seconds=CONNECT_TIMEOUT_SECONDS,
        read_seconds=READ_TIMEOUT_SECONDS,
        attempts=1 + MAX_RETRIES,
    )


@cache
def connection() -> Connection:
    """The connection that all models and transactions share."""
    return Connection(
        region=settings().region,
        connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS,
        read_timeout_seconds=READ_TIMEOUT_SECONDS,
        max_retry_attempts=MAX_RETRIES,
        max_pool_connections=50,
    )


def table_name(thing: str) -> str:
    """The full name of a table, for example ghostwatt-local-devices."""
    return f"ghostwatt-{settings().stage}-{thing}"


class Item(Model):
    """Base of all models: shares the one connection."""

    @classmethod
    def _get_connection(cls) -> TableConnection:
        table = super()._get_connection()
        if table.connection is not connection():
            connection().add_meta_table(table.get_meta_table())
            table.connection = connection()
        return table

    def save_if(self, condition: Condition) -> bool:
        """Save the whole item; False when the condition does not hold (nothing is written then)."""
        return _written(lambda: self.save(condition=condition))

    def update_if(self, actions: Sequence[Action], condition: Condition) -> bool:
        """Update the stored item, and this one with it; False when the condition does not hold."""
        return _written(lambda: self.update(actions=list(actions), condition=condition))

    def delete_if(self, condition: Condition) -> bool:
        """Delete the stored item; False when the condition does not hold."""
        return _written(lambda: self.delete(condition=condition))

    @classmethod
    def plain(cls, hash_key: str, index_name: str, names: Sequence[str]) -> Iterator[Mapping[str, Mapping[str, Any]]]:
        """These attributes of all items under a key of an index, as DynamoDB sends them ({name: {type: text}}).

        For long lists: models of a thousand items take longer to make than to read.
        """
        options = {"index_name": index_name, "attributes_to_get": list(names)}
        pages: PageIterator[Mapping[str, Any]] = PageIterator(cls._get_connection().query, (hash_key,), options)
        for page in pages:
            yield from page["Items"]

    @classmethod
    def plain_by_hash_keys(
        cls, hash_keys: Iterable[str], names: Sequence[str]
    ) -> Iterator[Mapping[str, Mapping[str, Any]]]:
        """These attributes of the items of these hash keys, a hundred a call, as DynamoDB sends them."""
        attribute = cls._hash_key_attribute().attr_name  # type: ignore[no-untyped-call]
        left: list[Any] = [{attribute: hash_key} for hash_key in dict.fromkeys(hash_keys)]
        while left:
            first = left[:BATCH_GET_PAGE_LIMIT]
            page, unprocessed = cls._batch_get_page(first, None, list(names))  # type: ignore[no-untyped-call]
            left = left[BATCH_GET_PAGE_LIMIT:] + (unprocessed or [])
            yield from page


class DataAttribute(Attribute[Loaded], Generic[Loaded]):
    """A frozen dataclass, or a plain container, kept as JSON text."""

    attr_type = STRING

    def __init__(self, data_type: type[Loaded], *, null: bool = False) -> None:
        super().__init__(null=null)
        self.data_type = data_type

    def serialize(self, value: Loaded) -> str:
        """The value as JSON."""
        return msgspec.json.encode(value).decode()

    def deserialize(self, value: str) -> Loaded:
        """The value that serialize was given."""
        return msgspec.json.decode(value, type=self.data_type)


def _written(write: Callable[[], object]) -> bool:
    """Whether a write was made, and not refused by its condition."""
    try:
        write()
    except (DeleteError, PutError, UpdateError) as error:
        if _condition_failed(error):
            return False
        raise
    return True


def _condition_failed(error: PynamoDBException) -> bool:
    """Whether a write was refused by its own condition, alone or inside a transaction."""
    if error.cause_response_code == "TransactionCanceledException":
        reasons = getattr(error, "cancellation_reasons", [])
        return any(reason is not None and reason.code == "ConditionalCheckFailed" for reason in reasons)
    return error.cause_response_code == "ConditionalCheckFailedException"


class Transaction(TransactWrite):
    """A write of several items that happens whole or not at all."""

    def __init__(self) -> None:
        super().__init__(connection=connection())

    def commit(self) -> bool:
        """Send it; False when one of its conditions does not hold (nothing is written then).

        Raises Unavailable when it lost against another transaction on the same items: a later try may work.
        """
        try:
            self._commit()
        except TransactWriteError as error:
            if _condition_failed(error):
                return False
            if error.cause_response_code == "TransactionCanceledException":
                raise _unavailable() from error
            raise
        return True


def retry_conflicts(attempt: Callable[[], Result | None], busy: str, tries: int = CONFLICT_TRIES) -> Result:
    """Try a change again while others change the same data at the same moment (optimistic locking).

    Args:
        attempt: Reads, decides, and writes on the condition that nothing has changed since; None when something has.
        busy: The message of the error.
        tries: How many there are in all.

    Raises:
        Busy: All tries met somebody else's change.
    """
    for _ in range(tries):
        result = attempt()
        if result is not None:
            return result
    raise Busy(busy, code="busy", retry_after_seconds=1)


def retry_conflicts_from(
    known: Known, attempt: Callable[[Known | None], Result | None], reload: Callable[[], Known | None], busy: str
) -> Result:
    """As retry_conflicts, for a change of something that was read before: later tries read it again.

    Args:
        known: What was read before; the first try takes it.
        attempt: Decides and writes, given what was read; returns None when something has changed since.
        reload: Reads it again; None when it is gone.
        busy: The message of the error.

    Raises:
        Busy: All tries met somebody else's change.
    """
    versions = chain((known,), (reload() for _ in count()))
    return retry_conflicts(lambda: attempt(next(versions)), busy)
