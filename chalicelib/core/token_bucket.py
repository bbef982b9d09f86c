"""Rate limits: the token bucket, and how much of what is allowed by default."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, fields, replace

SECONDS_PER_UNIT = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
SETTING = re.compile(r"(?P<name>[a-z_]+)=(?:off|(?P<burst>[1-9]\d{0,8})\+(?P<count>[1-9]\d{0,8})/(?P<unit>[smhd]))")
ROUNDING_MS = 0.001
"""What adding fractions of a millisecond may be off by."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The answer of a bucket.

    Attributes:
        full_at_ms: The bucket's state after the call, to be kept for the next one.
        wait_ms: 0 if the tokens were taken; else how long until they could be, and nothing was taken.
    """

    full_at_ms: float
    wait_ms: float


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: `burst` tokens when it is full, refilled by `per_second`.

    All that has to be kept of a bucket is one number, the time at which it is full again (epoch ms). A bucket that
    nobody has used is full: 0. In any span of t seconds at most burst + per_second * t tokens are taken.
    Source: the virtual scheduling form of the generic cell rate algorithm, ITU-T I.371, annex A.
    """

    burst: float
    per_second: float

    def take(self, full_at_ms: float, now_ms: float, tokens: float = 1) -> Taken:
        """Take tokens from a bucket.

        Args:
            full_at_ms: The bucket's state.
            now_ms: The time of now, epoch ms. If the clock went back, the bucket counts as empty at worst.
            tokens: How many; more than `burst` count as `burst`, or they could never be taken.
        """
        burst_ms = self._ms(self.burst)
        missing_ms = min(max(0.0, full_at_ms - now_ms), burst_ms)
        missing_after_ms = missing_ms + self._ms(min(tokens, self.burst))
        if missing_after_ms > burst_ms + ROUNDING_MS:
            return Taken(now_ms + missing_ms, missing_after_ms - burst_ms)
        return Taken(now_ms + missing_after_ms, 0)

    def left(self, full_at_ms: float, now_ms: float) -> int:
        """How many whole tokens can be taken from a bucket now."""
        missing_ms = min(max(0.0, full_at_ms - now_ms), self._ms(self.burst))
        return int((self._ms(self.burst) - missing_ms + ROUNDING_MS) / self._ms(1))

    def give_back(self, full_at_ms: float, tokens: float = 1) -> float:
        """The bucket's state once tokens that were taken are back in it."""
        return full_at_ms - self._ms(tokens)

    def _ms(self, tokens: float) -> float:
        """How long so many tokens take to come."""
        return tokens * 1_000 / self.per_second


OFF = Rate(math.inf, 1)
"""No limit."""


@dataclass(frozen=True, slots=True)
class RateLimits:
    """What is allowed at most; docs/limits.md explains each.

    Attributes:
        device_calls: Calls of one device, over HTTP and MQTT together.
        device_readings: Readings of one device.
        user_calls: Calls of one person, from all browsers and programs together.
        address_calls: Calls of one address without a session or a key: log-in, pairing, and wrong keys.
        sign_ups: New accounts from one address.
        wrong_passwords: Failed log-ins on one account by strangers: from unknown browsers at unknown addresses.
        mails: Mails to one person, digests included.
        account_mails: Links to one address: confirmations and resets, whether there is an account or not.
        account_mail_requests: Such links asked for from one address of the network, sign-ups included.
    """

    device_calls: Rate = Rate(100, 20)
    device_readings: Rate = Rate(60_000, 60_000 / 60)
    user_calls: Rate = Rate(1_000, 50)
    address_calls: Rate = Rate(1_000, 50)
    sign_ups: Rate = Rate(60, 6 / 60)
    wrong_passwords: Rate = Rate(100, 100 / 86_400)
    mails: Rate = Rate(3, 3 / 3_600)
    account_mails: Rate = Rate(5, 5 / 86_400)
    account_mail_requests: Rate = Rate(50, 50 / 86_400)


def rate_limits(text: str) -> RateLimits:
    """The limits of a setting such as `sign_ups=10+1/m device_calls=off`; those it does not name keep their default.

    Args:
        text: Parts separated by blanks or commas: `name=burst+count/unit`, where unit is s, m, h or d; or `name=off`.
            The word `off` alone switches all of them off.

    Raises:
        ValueError: A part cannot be read; the message names it.
    """
    names = {field.name for field in fields(RateLimits)}
    if text.strip() == "off":
        return RateLimits(**dict.fromkeys(names, OFF))
    chosen: dict[str, Rate] = {}
    for part in text.replace(",", " ").split():
        found = SETTING.fullmatch(part)
        if found is None or found["name"] not in names:
            raise ValueError(f"LIMITS: {part!r} is not NAME=BURST+COUNT/UNIT or NAME=off with one of {sorted(names)}")
        chosen[found["name"]] = _rate(found) if found["burst"] else OFF
    return replace(RateLimits(), **chosen)


def _rate(found: re.Match[str]) -> Rate:
    return Rate(int(found["burst"]), int(found["count"]) / SECONDS_PER_UNIT[found["unit"]])
