"""Limits on guessing passwords: for each address, for each account, and for each browser that is known to its owner.

Guesses of strangers never lock the owner out: a browser that logged in before is counted by itself, and the limit of
an account counts only addresses from which its owner has not logged in: the places that an account remembers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.accounts.known_browsers import known_browser_id
from chalicelib.accounts.model import Account, refresh_token_session_id
from chalicelib.accounts.sessions import is_current_refresh_token
from chalicelib.core import shared_limits
from chalicelib.core.identifiers import digest
from chalicelib.core.settings import settings
from chalicelib.core.times import DAY_MS

MAX_FAILURES_PER_ADDRESS = 100
"""Failed log-ins from one IP address in a window: a household or an office behind one router stays below."""
MAX_KNOWN_PLACES = 20
"""Those of a home line and a phone over some weeks."""
PLACE_REFRESH_MS = DAY_MS
"""A log-in from the same place within a day writes nothing."""
PLACE_CHARACTERS = 32


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a log-in comes from.

    Attributes:
        address: The client's, as limits count it.
        browser_token: The one that the browser got at its last log-in (known_browsers.py); "" without one.
        refresh_token: The one in the browser's cookie, if it is logged in; "" without one.
    """

    address: str
    browser_token: str = ""
    refresh_token: str = ""

    def browser_id(self, user_id: str, now_ms: int) -> str | None:
        """The id of the browser if it has logged in to this account before; else None."""
        if browser_id := known_browser_id(self.browser_token, user_id, now_ms):
            return browser_id
        if self.refresh_token and is_current_refresh_token(self.refresh_token, user_id, now_ms):
            return refresh_token_session_id(self.refresh_token)
        return None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A log-in whose password is checked next; it counts as failed until refund is called.

    Attributes:
        subjects: The names under which it is counted.
        now_ms: When it was.
        browser_id: That of a known browser; None for an unknown one.
    """

    subjects: tuple[str, ...]
    now_ms: int
    browser_id: str | None = None

    def refund(self) -> None:
        """Uncount it: the password was right."""
        for subject in self.subjects:
            shared_limits.refund_attempt(subject, self.now_ms)


def begin_attempt(email: str, account: Account | None, origin: Origin, now_ms: int) -> Attempt:
    """Count a log-in before its password is checked.

    Args:
        email: The address that was typed, whether there is an account or not.
        account: The account, if there is one.
        origin: Where the log-in comes from.
        now_ms: The current time.

    Raises:
        TooMany: There were too many failed ones.
    """
    if account is not None and (browser_id := origin.browser_id(account.user_id, now_ms)):
        subject = f"log-in-browser#{account.user_id}#{browser_id}"
        shared_limits.count_attempt(subject, now_ms)
        return Attempt((subject,), now_ms, browser_id)
    by_person, by_address = f"log-in#{digest(email)}#{origin.address}", f"log-in#{origin.address}"
    shared_limits.count_attempt(by_person, now_ms)
    shared_limits.count_attempt(by_address, now_ms, MAX_FAILURES_PER_ADDRESS)
    if account is None or place_digest(account.user_id, origin.address) not in account.known_places:
        rate = settings().limits.wrong_passwords
        shared_limits.take(rate, f"log-in-strangers#{digest(email)}", now_ms, code="too_many_attempts")
    return Attempt((by_person, by_address), now_ms)


def place_digest(user_id: str, address: str) -> str:
    """The stored form of an address that a person logs in from; it reveals nothing without the person's id."""
    return digest(f"{user_id}#{address}")[:PLACE_CHARACTERS]


def remember_place(known_places: Mapping[str, int], place: str, now_ms: int) -> Mapping[str, int]:
    """Add the place of a log-in; those used longest ago make room.

    Args:
        known_places: When each place was last used, epoch ms.
        place: As place_digest gives it.
        now_ms: When the person logged in.

    Returns:
        The places to store; `known_places` itself if nothing changes.
    """
    if 0 <= now_ms - known_places.get(place, -PLACE_REFRESH_MS) < PLACE_REFRESH_MS:
        return known_places
    newest = sorted({**known_places, place: now_ms}.items(), key=lambda used: -used[1])
    return dict(newest[:MAX_KNOWN_PLACES])
