"""Storage of accounts: one item a person, by e-mail address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.accounts.model import DECIMALS, Account, AccountUpdate, MailLink, Purpose, SecondFactor
from chalicelib.accounts.retention import DEFAULT_DAYS
from chalicelib.core.dynamo import DataAttribute, Item, Transaction, table_name


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


def load_account(email: str) -> Account | None:
    """The account of an address, open or closed; None if there is none."""
    try:
        return _account(UserItem.get(email, consistent_read=True))
    except UserItem.DoesNotExist:
        return None


def load_open_account(email: str) -> Account | None:
    """The account of an address; None if there is none or it is closed."""
    account = load_account(email)
    return account if account is not None and account.closed_at_ms is None else None


def put_new_account(write: Transaction, account: Account) -> None:
    """Add a new account to a transaction, on the condition that the address is free."""
    write.save(UserItem(**asdict(account)), condition=UserItem.email.does_not_exist())


def put_log_in(write: Transaction, account: Account, known_places: Mapping[str, int]) -> None:
    """Add a log-in to a transaction, on the condition that the account is open and has the password that was read.

    `known_places` are all places to store, as remember_place gives them.
    """
    if known_places == account.known_places:
        write.condition_check(UserItem, account.email, condition=_same_password(account))
    else:
        actions: list[Action] = [UserItem.known_places.set(dict(known_places))]
        write.update(UserItem(account.email), actions=actions, condition=_same_password(account))


def put_open_check(write: Transaction, account: Account) -> None:
    """Add to a transaction the condition that the account is still open."""
    write.condition_check(UserItem, account.email, condition=_open(account))


def save_password_hash(account: Account, password_hash: str) -> bool:
    """Store another hash; False when the password changed or the account was closed since it was read."""
    return UserItem(account.email).update_if([UserItem.password_hash.set(password_hash)], _same_password(account))


def save_account_update(account: Account, update: AccountUpdate) -> Account | None:
    """Store new settings; returns the account as it is then, None when it was closed since it was read."""
    changed = {name: value for name, value in asdict(update).items() if value is not None}
    actions = [getattr(UserItem, name).set(_storable(value)) for name, value in changed.items()]
    if not actions:
        return account
    item = UserItem(account.email)
    return _account(item) if item.update_if(actions, _open(account)) else None


def _storable(value: str | float) -> str | float:
    return value if isinstance(value, str) else round(value, DECIMALS)


def save_mail_link(account: Account, purpose: Purpose, link: MailLink) -> bool:
    """Store a link in place of the last one for its purpose; False when the account was closed since it was read."""
    attribute = UserItem.confirm_link if purpose == "confirm" else UserItem.reset_link
    return UserItem(account.email).update_if([attribute.set(link)], _open(account))


def remove_mail_link(account: Account, purpose: Purpose) -> None:
    """Delete a link whose mail was not sent."""
    attribute = UserItem.confirm_link if purpose == "confirm" else UserItem.reset_link
    UserItem(account.email).update_if([attribute.remove()], _open(account))


def save_confirmed_address(account: Account, now_ms: int) -> bool:
    """Use the account's confirmation link; False when the link or the account changed since it was read."""
    unused = _open(account) & (UserItem.confirm_link == account.confirm_link)
    actions: list[Action] = [UserItem.confirmed_at_ms.set(now_ms), UserItem.confirm_link.remove()]
    return UserItem(account.email).update_if(actions, unused)


def save_reset_password(account: Account, password_hash: str, now_ms: int) -> bool:
    """Use the account's reset link; False when the link or the account changed since it was read."""
    unused = _open(account) & (UserItem.reset_link == account.reset_link)
    actions: list[Action] = [UserItem.password_hash.set(password_hash), UserItem.reset_link.remove()]
    if not account.is_confirmed:
        # Whoever used the account until now never proved that the address is theirs.
        actions += [
            UserItem.confirmed_at_ms.set(now_ms),
            UserItem.confirm_link.remove(),
            UserItem.second_factor.remove(),
        ]
    return UserItem(account.email).update_if(actions, unused)


def save_second_factor(account: Account, factor: SecondFactor | None) -> bool:
    """Store or remove a second factor; False when it changed or the account was closed since it was read."""
    before = account.second_factor
    attribute = UserItem.second_factor
    unchanged = attribute.does_not_exist() if before is None else attribute == before
    action = attribute.remove() if factor is None else attribute.set(factor)
    return UserItem(account.email).update_if([action], _open(account) & unchanged)


def mark_account_closed(account: Account, now_ms: int) -> bool:
    """Mark an account as closed; False when it is closed or deleted already."""
    return UserItem(account.email).update_if([UserItem.closed_at_ms.set(now_ms)], _open(account))


def remove_account(account: Account) -> bool:
    """Delete an account; False when it is deleted already, or its address belongs to a new one."""
    return UserItem(account.email).delete_if(UserItem.user_id == account.user_id)


def _open(account: Account) -> Condition:
    condition: Condition = (UserItem.user_id == account.user_id) & UserItem.closed_at_ms.does_not_exist()
    return condition


def _same_password(account: Account) -> Condition:
    condition: Condition = _open(account) & (UserItem.password_hash == account.password_hash)
    return condition
