"""What all bodies, query strings and answers share: naming, strictness, and the value types of the contract."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import msgspec

from chalicelib.core.errors import Invalid, not_found
from chalicelib.core.times import LATEST_MS, epoch_ms

END = r"$(?!\n)"
"""Python's $ lets a last line break pass."""
DEVICE_ID_PATTERN = rf"^(?!(?:list|claim|register|heartbeat|data)$)[A-Za-z0-9_-]{{4,128}}{END}"
UNPRINTABLE = (
    r"\x00-\x1f\x7f-\x9f"  # control characters
    r"\u2028\u2029"  # separators of lines and paragraphs
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what turns the direction of text
    r"\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # and what shows as nothing
)
"""What a name does not have, as ranges of a pattern's class: two names that look alike would be different ones."""
JOINER = r"(?<=[^\x00-\u02ff\u2000-\u206f])[\u200c\u200d](?=[^\x00-\u02ff\u2000-\u206f])"
"""A joiner between two signs, as emoji of several parts, Persian and Indic scripts need it."""
SIGN = rf"(?:[^{UNPRINTABLE}]|{JOINER})"
NAME_PATTERN = rf"^{SIGN}*[^\s{UNPRINTABLE}]{SIGN}*{END}"
"""Printable characters, at least one of them no blank."""

DeviceId = Annotated[str, msgspec.Meta(pattern=DEVICE_ID_PATTERN, description="public id of a Pi")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=NAME_PATTERN)]
HIGHEST_PRICE = 1_000_000
"""A kWh costs thousands in some currencies: 1,444.70 Indonesian rupiah, 2,000 Vietnamese dong."""
Timestamp = str | int | float
"""ISO 8601 text (without an offset: UTC) or epoch milliseconds."""
EpochMs = Annotated[int, msgspec.Meta(ge=0, le=4_102_444_800_000, description="epoch milliseconds, up to 2100")]
Watts = Annotated[float, msgspec.Meta(ge=0, le=25_000)]
Volts = Annotated[float, msgspec.Meta(ge=0, le=500)]
Amps = Annotated[float, msgspec.Meta(ge=0, le=100)]
CountedWattHours = Annotated[
    float, msgspec.Meta(ge=0, le=1_000_000_000, description="the meter's own running energy counter, in Wh")
]
DwellSeconds = Annotated[int, msgspec.Meta(ge=0, le=86_400)]
Iso = Annotated[str, msgspec.Meta(description="ISO 8601, UTC, milliseconds and Z")]


class Request(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """A body a client sends: unknown fields are refused."""

    def given(self) -> dict[str, Any]:
        """The fields that the client gave, of a body in which each may be left out: what to replace."""
        return {field: value for field, value in msgspec.structs.asdict(self).items() if value is not msgspec.UNSET}


class Answer(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A body we send."""

    success: bool = True


class Part(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A piece of an answer."""


class Done(Answer, frozen=True, kw_only=True):
    """It worked, and there is no more to say."""

    message: str = "done"


class Failure(Answer, frozen=True, kw_only=True, omit_defaults=True):
    """Every error: a sentence for people, a word for programs, and the field at fault if there is one."""

    error: str
    code: str
    field: str | None = None
    success: bool = msgspec.field(default_factory=lambda: False)  # a factory: never left out as a default


class HealthAnswer(Answer, frozen=True, kw_only=True):
    status: Literal["ok", "degraded"]
    parts: dict[str, str]
    version: str


PLUS_AS_BLANK = re.compile(r"(T\S+) (?=\d\d:?\d\d$)")
"""In a query a plus that is not percent-encoded means a blank: 2026-11-21T12:00:00+01:00 comes with one inside."""
DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_ID_LENGTH = 128
"""No id of ours is longer; DynamoDB refuses keys over two kilobytes with an error of its own."""

Limit = Annotated[int, msgspec.Meta(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str, msgspec.Meta(description="opaque; where the page before ended")]
Moment = Annotated[str, msgspec.Meta(description="ISO 8601 or epoch milliseconds")]


class Query(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The parameters of a query string. Unknown ones are ignored; core/decoding.py names those that are wrong."""


class PageQuery(Query, frozen=True, kw_only=True):
    """Which page of a list."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | None = None


class PortPageQuery(PageQuery, frozen=True, kw_only=True):
    """Which page of a list, of one outlet or of all. Raises NotFound for what cannot be the id of an outlet."""

    port_id: str | None = None

    def __post_init__(self) -> None:
        """Refuse an id that is longer than any."""
        check_port_id(self.port_id)


class SpanQuery(Query, frozen=True, kw_only=True):
    """The time between two moments, both included. Raises Invalid for what is no time, and when from lies after to."""

    from_: Moment | None = msgspec.field(default=None, name="from")
    to: Moment | None = None

    def __post_init__(self) -> None:
        """Refuse what is no span."""
        check_span(*self.span_ms)

    @property
    def span_ms(self) -> tuple[int, int]:
        """The first and the last moment, epoch ms; without one, from 1970 or to 2100."""
        return moment_ms(self.from_, "from", 0), moment_ms(self.to, "to", LATEST_MS)


def moment_ms(text: str | None, name: str, default: int) -> int:
    """Epoch milliseconds of a moment in a query.

    Args:
        text: ISO 8601 (the plus of its offset may come as a blank) or epoch milliseconds; None or "" is the default.
        name: The parameter's name.
        default: Epoch ms.

    Raises:
        Invalid: It is no time; the error names the parameter.
    """
    return epoch_ms(PLUS_AS_BLANK.sub(r"\1+", text), name) if text else default


def check_port_id(port_id: str | None) -> None:
    """Raise NotFound for text that cannot be the id of an outlet."""
    if port_id is not None and not 1 <= len(port_id) <= MAX_ID_LENGTH:
        raise not_found("port")


def check_span(first_ms: int, last_ms: int) -> None:
    """Raise Invalid, naming from, when a span ends before it begins."""
    if first_ms > last_ms:
        raise Invalid("from lies after to.", code="invalid", field="from")
