"""Guessing passwords: limits for each address, each account, and each browser that its owner has used before.

Nobody is shut out of an account by somebody else's guesses. A browser that logged in before is counted by itself alone.
An address that logged in before is spared the limit of the account, which holds for strangers.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.accounts import known_browsers as browsers
from chalicelib.accounts import sessions, throttle
from chalicelib.accounts.known_places import place
from chalicelib.accounts.model import Account, session_id_of
from chalicelib.core.identifiers import digest
from chalicelib.core.settings import settings


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a log-in comes from.

    Attributes:
        address: The client's, as limits count it.
        browser: The token that the browser was given at its last log-in (browsers.py); "" without one.
        refresh_token: The one in the browser's cookie, which it has if it is logged in; "" without one.
    """

    address: str
    browser: str = ""
    refresh_token: str = ""

    def browser_id(self, user_id: str, now_ms: int) -> str | None:
        """The browser's id if it is known to have logged in to this account before."""
        if browser_id := browsers.id_of(self.browser, user_id, now_ms):
            return browser_id
        if self.refresh_token and sessions.is_current(self.refresh_token, user_id, now_ms):
            return session_id_of(self.refresh_token)
        return None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A log-in whose password is looked at next; it counts as wrong until it was right.

    Attributes:
        subjects: Under which names it is counted.
        now_ms: When it was.
        browser_id: That of a browser that logged in before; None for another.
    """

    subjects: tuple[str, ...]
    now_ms: int
    browser_id: str | None = None

    def was_right(self) -> None:
        """Take back what was counted."""
        for subject in self.subjects:
            throttle.forgive(subject, self.now_ms)


def begin(email: str, account: Account | None, origin: Origin, most_of_address: int, now_ms: int) -> Attempt:
    """Count a log-in before its password is looked at.

    Args:
        email: Whose account it is for, whether there is one or not.
        account: The account, if there is one.
        origin: Where it comes from.
        most_of_address: How many wrong ones an address may make in a window.
        now_ms: The time of now.

    Raises:
        TooMany: There were too many wrong ones.
    """
    if account is not None and (browser_id := origin.browser_id(account.user_id, now_ms)):
        subject = f"log-in-browser#{account.user_id}#{browser_id}"
        throttle.count_and_check(subject, now_ms)
        return Attempt((subject,), now_ms, browser_id)
    by_person, by_address = f"log-in#{digest(email)}#{origin.address}", f"log-in#{origin.address}"
    throttle.count_and_check(by_person, now_ms)
    throttle.count_and_check(by_address, now_ms, most_of_address)
    if account is None or place(account.user_id, origin.address) not in account.known_places:
        rate = settings().limits.wrong_passwords
        throttle.take(rate, f"log-in-strangers#{digest(email)}", now_ms, code="too_many_attempts")
    return Attempt((by_person, by_address), now_ms)
