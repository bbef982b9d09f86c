"""One connection to DynamoDB for all models, with time-outs that fit behind API Gateway and errors of our own."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session
from pynamodb.attributes import Attribute
from pynamodb.connection import Connection as PynamoConnection
from pynamodb.connection.table import TableConnection
from pynamodb.constants import STRING
from pynamodb.exceptions import PynamoDBException, QueryError, TransactWriteError
from pynamodb.models import Model
from pynamodb.pagination import PageIterator, ResultIterator
from pynamodb.transactions import TransactWrite

from chalicelib.core.errors import Invalid, Unavailable
from chalicelib.core.settings import VERSION, settings

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


USER_AGENT = f"ghostwatt/{VERSION}"

Loaded = TypeVar("Loaded")


class Connection(PynamoConnection):
    """PynamoDB's connection, in which "the database does not answer" is one domain error."""

    @property
    def session(self) -> Session:
        """The session, with a short user agent: botocore makes up its own long one anew for each call."""
        session = super().session
        if session.get_default_client_config() is None:
            session.set_default_client_config(Config(user_agent=USER_AGENT))
        return session

    def dispatch(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        """Send one operation; raises Unavailable where a later try may work."""
        check_expressions(operation_kwargs)
        try:
            return super().dispatch(operation_name, operation_kwargs)
        except ClientError as error:
            if error.response["Error"]["Code"] in TRANSIENT:
                raise _unavailable() from error
            raise
        except BotoCoreError as error:
            raise _unavailable() from error


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

    @classmethod
    def plain(cls, hash_key: str, index_name: str, names: Sequence[str]) -> Iterator[Mapping[str, Mapping[str, str]]]:
        """These attributes of all items under a key of an index, as DynamoDB sends them ({name: {type: text}}).

        For long lists: models of a thousand items take longer to make than to read.
        """
        options = {"index_name": index_name, "attributes_to_get": list(names)}
        pages: PageIterator[Mapping[str, Any]] = PageIterator(cls._get_connection().query, (hash_key,), options)
        for page in pages:
            yield from page["Items"]


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


def condition_failed(error: PynamoDBException) -> bool:
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
            if condition_failed(error):
                return False
            if error.cause_response_code == "TransactionCanceledException":
                raise _unavailable() from error
            raise
        return True


def load_page(
    results: ResultIterator[Loaded],
) -> tuple[list[Loaded], str | None]:
    """The items of one page of a query, and an opaque cursor where it ended (None at the end).

    Raises Invalid when the query went on from a cursor that does not belong to it.
    """
    try:
        items = list(results)
    except QueryError as error:
        if error.cause_response_code == "ValidationException":  # all else in a query is our own
            raise _bad_cursor() from error
        raise
    return items, _cursor(results.last_evaluated_key)


def _cursor(key: dict[str, dict[str, Any]] | None) -> str | None:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode() if key else None


def start_key(cursor: str | None) -> dict[str, dict[str, Any]] | None:
    """The key behind a cursor; raises Invalid for text that is no cursor of ours."""
    if not cursor:
        return None
    try:
        key = _KEYS.decode(base64.urlsafe_b64decode(cursor))
    except (ValueError, msgspec.MsgspecError) as error:
        raise _bad_cursor() from error
    if not key or any(part.keys() not in _KEY_TYPES for part in key.values()):
        raise _bad_cursor()
    return key


_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1_024)]
_KEYS = msgspec.json.Decoder(dict[str, dict[str, _Text]])
_KEY_TYPES = ({"S"}, {"N"})
"""Keys are texts and numbers: of any other type the client itself chokes on what a stranger wrote."""


def _bad_cursor() -> Invalid:
    return Invalid("This is not a cursor of this list.", code="invalid", field="cursor")
