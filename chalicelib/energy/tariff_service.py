"""What a person pays for energy: the account's flat price, and dated tariffs that go before it."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from chalicelib.accounts import service as accounts
from chalicelib.accounts.model import Account, Session
from chalicelib.energy import tariff_store as store
from chalicelib.energy.amounts import millionths
from chalicelib.energy.tariffs import Prices, Tariff, check


def of_person(session: Session) -> list[Tariff]:
    """A person's dated tariffs. Raises Unauthenticated when the account is closed."""
    return store.load(accounts.of_session(session).user_id)


def replace_all(session: Session, tariffs: Sequence[Tariff]) -> None:
    """Store these tariffs in place of all before. Raises Invalid, naming the field; Unauthenticated."""
    check(tariffs)
    store.save(accounts.of_session(session).user_id, tariffs)


def prices_of(account: Account) -> Prices:
    """The price of any time, for this account."""
    return Prices(millionths(account.tariff_per_kwh), ZoneInfo(account.timezone), store.load(account.user_id))
