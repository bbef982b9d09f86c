"""Accounts, one item a person, by e-mail address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.accounts.mail_links import MailLink, Purpose
from chalicelib.accounts.model import DECIMALS, Account, AccountUpdate
from chalicelib.accounts.second_factor import SecondFactor
from chalicelib.core.dynamo import DataAttribute, Item, Transaction, table_name
from chalicelib.core.retention import DEFAULT_DAYS


class UserItem(Item):
    class Meta:
        table_name = table_name("users")

    email = UnicodeAttribute(hash_key=True)
    user_id = UnicodeAttribute()
    password_hash = UnicodeAttribute()
    created_at_ms = NumberAttribute()
    currency = UnicodeAttribute()
    tariff_per_kwh = NumberAttribute()
    grams_co2_per_kwh = NumberAttribute()
    timezone = UnicodeAttribute()
    raw_retention_days = NumberAttribute(default=DEFAULT_DAYS)
    closed_at_ms = NumberAttribute(null=True)
    known_places = DataAttribute(dict[str, int], null=True)
    confirmed_at_ms = NumberAttribute(null=True)
    confirm_link = DataAttribute(MailLink, null=True)
    reset_link = DataAttribute(MailLink, null=True)
    second_factor = DataAttribute(SecondFactor, null=True)


def _account(item: UserItem) -> Account:
    return Account(
        email=item.email,
        user_id=item.user_id,
        password_hash=item.password_hash,
        created_at_ms=int(item.created_at_ms),
        currency=item.currency,
        tariff_per_kwh=float(item.tariff_per_kwh),
        grams_co2_per_kwh=float(item.grams_co2_per_kwh),
        timezone=item.timezone,
        raw_retention_days=int(item.raw_retention_days),
        closed_at_ms=None if item.closed_at_ms is None else int(item.closed_at_ms),
        known_places=item.known_places or {},
        confirmed_at_ms=None if item.confirmed_at_ms is None else int(item.confirmed_at_ms),
        confirm_link=item.confirm_link,
        reset_link=item.reset_link,
        second_factor=item.second_factor,
    )


def load(email: str) -> Account | None:
    """The account of this address, open or closed; None if there is none."""
    try:
        return _account(UserItem.get(email, consistent_read=True))
    except UserItem.DoesNotExist:
        return None


def load_open(email: str) -> Account | None:
    """The account of this address; None if there is none or it is closed."""
    account = load(email)
    return account if account is not None and account.closed_at_ms is None else None


def put_new(write: Transaction, account: Account) -> None:
    """Add to a transaction: a new account, unless the address is taken."""
    write.save(UserItem(**asdict(account)), condition=UserItem.email.does_not_exist())


def put_log_in(write: Transaction, account: Account, known_places: Mapping[str, int]) -> None:
    """Add to a transaction: the account is open, its password is still the one that was read, and where it is used."""
    if known_places == account.known_places:
        write.condition_check(UserItem, account.email, condition=_same_password(account))
    else:
        actions: list[Action] = [UserItem.known_places.set(dict(known_places))]
        write.update(UserItem(account.email), actions=actions, condition=_same_password(account))


def put_open(write: Transaction, account: Account) -> None:
    """Add to a transaction: the account is open."""
    write.condition_check(UserItem, account.email, condition=_open(account))


def save_password(account: Account, password_hash: str) -> bool:
    """Store another hash; False when the password was changed or the account closed since it was read."""
    return _update(UserItem(account.email), [UserItem.password_hash.set(password_hash)], _same_password(account))


def save_choices(account: Account, choices: AccountUpdate) -> Account | None:
    """Store what a person chose, and only that; None when the account was closed since it was read."""
    chosen = {name: value for name, value in asdict(choices).items() if value is not None}
    actions = [getattr(UserItem, name).set(_storable(value)) for name, value in chosen.items()]
    if not actions:
        return account
    item = UserItem(account.email)
    return _account(item) if _update(item, actions, _open(account)) else None


def _storable(value: str | float) -> str | float:
    return value if isinstance(value, str) else round(value, DECIMALS)


def save_link(account: Account, purpose: Purpose, link: MailLink) -> bool:
    """Store a link in place of the last one; False when the account was closed since it was read."""
    attribute = UserItem.confirm_link if purpose == "confirm" else UserItem.reset_link
    return _update(UserItem(account.email), [attribute.set(link)], _open(account))


def remove_link(account: Account, purpose: Purpose) -> None:
    """Forget a link that did not reach anybody."""
    attribute = UserItem.confirm_link if purpose == "confirm" else UserItem.reset_link
    _update(UserItem(account.email), [attribute.remove()], _open(account))


def save_confirmed(account: Account, now_ms: int) -> bool:
    """Use the account's confirmation link; False when it was used or replaced, or the account closed meanwhile."""
    unused = _open(account) & (UserItem.confirm_link == account.confirm_link)
    actions: list[Action] = [UserItem.confirmed_at_ms.set(now_ms), UserItem.confirm_link.remove()]
    return _update(UserItem(account.email), actions, unused)


def save_reset_password(account: Account, password_hash: str, now_ms: int) -> bool:
    """Use the account's reset link; False when it was used or replaced, or the account closed meanwhile."""
    unused = _open(account) & (UserItem.reset_link == account.reset_link)
    actions: list[Action] = [UserItem.password_hash.set(password_hash), UserItem.reset_link.remove()]
    if not account.is_confirmed:
        # Whoever had the account until now never showed that the address is theirs.
        actions += [
            UserItem.confirmed_at_ms.set(now_ms),
            UserItem.confirm_link.remove(),
            UserItem.second_factor.remove(),
        ]
    return _update(UserItem(account.email), actions, unused)


def save_second_factor(account: Account, factor: SecondFactor | None) -> bool:
    """Store what a second factor is now, or none; False when it changed or the account was closed since it was read."""
    known = account.second_factor
    attribute = UserItem.second_factor
    unchanged = attribute.does_not_exist() if known is None else attribute == known
    action = attribute.remove() if factor is None else attribute.set(factor)
    return _update(UserItem(account.email), [action], _open(account) & unchanged)


def close(account: Account, now_ms: int) -> bool:
    """Mark an account as closed; False when it is closed or gone already."""
    return _update(UserItem(account.email), [UserItem.closed_at_ms.set(now_ms)], _open(account))


def remove(account: Account) -> bool:
    """Forget an account; False when it is gone already, or somebody new has the address."""
    return UserItem(account.email).delete_if(UserItem.user_id == account.user_id)


def _open(account: Account) -> Condition:
    condition: Condition = (UserItem.user_id == account.user_id) & UserItem.closed_at_ms.does_not_exist()
    return condition


def _same_password(account: Account) -> Condition:
    condition: Condition = _open(account) & (UserItem.password_hash == account.password_hash)
    return condition


def _update(item: UserItem, actions: list[Action], condition: Condition) -> bool:
    """Update, and take over what is stored then; False when the condition does not hold."""
    return item.update_if(actions=actions, condition=condition)
