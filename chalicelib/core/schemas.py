"""What all requests and answers share: naming, strictness and the text types of the contract."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

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
HeldMs = Annotated[
    int,
    msgspec.Meta(
        ge=0,
        le=900_000,
        description="for how many milliseconds up to its time the reading held; power is the mean over them",
    ),
]
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
