"""Claim, register, rotate, release, close the account, poll: in every order, and amid each other.

A state machine runs them for two people, one device id, its keys and its claims, against the real services and the real
database, and holds them to a model of who owns the device and which keys open it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from chalicelib.accounts.model import Account
from chalicelib.accounts.store import mark_account_closed, put_new_account, remove_account
from chalicelib.core import shared_limits
from chalicelib.core.dynamo import Transaction
from chalicelib.core.errors import GhostwattError, NotFound
from chalicelib.core.identifiers import new_id
from chalicelib.deletion.service import release_owned_device, remove_devices
from chalicelib.devices.model import Device
from chalicelib.devices.pairing_service import approve_claim, collect_key, deny_claim, start_pairing
from chalicelib.devices.presence import record_call
from chalicelib.devices.service import (
    add_device,
    authenticate_device,
    get_owned_device,
    register_device,
    rotate_device_key,
)
from chalicelib.devices.store import load_device, load_devices_of_owner
from chalicelib.notifications import store as notifications
from tests.conftest import now_ms

MINUTE_MS, DAY_MS = 60_000, 86_400_000
PEOPLE = ("Ann", "Bob")
COMMIT = Transaction.commit


@dataclass
class Owned:
    """What the model knows of the device: whose it is, its keys, since when, and which device of that id it is."""

    owner: str
    uid: str
    since_ms: int
    current: str | None = None
    next: str | None = None
    was_used: bool = False
    told_at_ms: int | None = None

    def rotate(self, key: str) -> None:
        if self.current is None and self.next is not None:
            self.current = self.next
        self.next = key

    def use(self, key: str) -> bool:
        """Whether the key opens it; a first use ends the one before."""
        if key == self.next:
            self.current, self.next = key, None
        self.was_used |= key == self.current  # also one that another followed before it was used
        return key == self.current


@dataclass
class Pairing:
    """What the model knows of a claim."""

    device_code: str
    user_code: str
    ends_ms: int
    state: str = "pending"
    by: str | None = None
    uid: str | None = None
    key: str | None = None
    collected_ms: int = 0


class Ownership(RuleBasedStateMachine):
    """Two people, one device id."""

    pairings: ClassVar[Bundle[Pairing]] = Bundle("pairings")

    def __init__(self) -> None:
        super().__init__()
        self.device_id = f"GW-{secrets.token_hex(6)}"
        self.now_ms = now_ms()
        self.owned: Owned | None = None
        self.accounts = {name: self.sign_up() for name in PEOPLE}
        self.given: list[tuple[str, str]] = []
        self.pending: list[Pairing] = []
        self.told: dict[str, int] = {}

    def sign_up(self) -> Account:
        account = Account(f"{new_id()}@example.org", new_id(), "no hash", created_at_ms=self.now_ms)
        write = Transaction()
        put_new_account(write, account)
        assert COMMIT(write)
        return account

    def attempt(self, act: Callable[[], object]) -> tuple[object, str]:
        """What it gave, and the code of the error that it raised."""
        self.now_ms += 3_000
        try:
            return act(), ""
        except GhostwattError as error:
            return None, error.code

    def tried_on(self) -> None:
        """Somebody wanted the device of another: its owner is told, once a day."""
        assert self.owned is not None
        if self.owned.told_at_ms is None or self.now_ms - self.owned.told_at_ms >= DAY_MS:
            self.owned.told_at_ms = self.now_ms
            owner = self.accounts[self.owned.owner].user_id
            self.told[owner] = self.told.get(owner, 0) + 1

    def claimable(self) -> bool:
        owned = self.owned
        return owned is not None and not owned.was_used and self.now_ms - owned.since_ms < DAY_MS

    def loaded_uid(self) -> str:
        device = load_device(self.device_id)
        assert device is not None
        return device.device_uid

    def own(self, who: str, key: str | None) -> None:
        self.owned = Owned(who, self.loaded_uid(), self.now_ms, next=key)

    @rule(who=st.sampled_from(PEOPLE))
    def register(self, who: str) -> None:
        given, code = self.attempt(lambda: register_device(self.accounts[who], self.device_id, "Pi", self.now_ms)[1])
        if self.owned is not None and self.owned.owner != who:
            assert code == "owned"
            self.tried_on()
            return
        assert isinstance(given, str)
        if self.owned is None:
            self.own(who, given)
        else:
            self.owned.rotate(given)
        self.given.append((given, self.loaded_uid()))

    @rule(who=st.sampled_from(PEOPLE))
    def add(self, who: str) -> None:
        _, code = self.attempt(lambda: add_device(self.accounts[who], self.device_id, "Pi", self.now_ms))
        if self.owned is None:
            assert not code
            self.own(who, None)
        else:
            assert code == "owned"
            if self.owned.owner != who:
                self.tried_on()

    @rule(who=st.sampled_from(PEOPLE))
    def rotate(self, who: str) -> None:
        given, code = self.attempt(lambda: rotate_device_key(self.user(who), self.device_id, None, self.now_ms))
        if self.owned is None or self.owned.owner != who:
            assert code == "not_found"
            return
        assert isinstance(given, str)
        self.owned.rotate(given)
        self.given.append((given, self.owned.uid))

    @rule(who=st.sampled_from(PEOPLE))
    def release(self, who: str) -> None:
        _, code = self.attempt(lambda: release_owned_device(self.user(who), self.device_id, self.now_ms))
        if self.owned is None or self.owned.owner != who:
            assert code == "not_found"
        else:
            self.owned = None

    @rule(who=st.sampled_from(PEOPLE))
    def close_account_and_come_anew(self, who: str) -> None:
        self.close(who)
        self.accounts[who] = self.sign_up()

    def close(self, who: str) -> None:
        """As close_account does, without a password."""
        account = self.accounts[who]
        assert mark_account_closed(account, self.now_ms)
        remove_devices(account.user_id, self.now_ms)
        remove_account(account)
        if self.owned is not None and self.owned.owner == who:
            self.owned = None
        for pairing in self.pending:
            if pairing.by == who:
                pairing.by = "nobody any more"

    @rule(target=pairings)
    def start(self) -> Pairing:
        given, code = self.attempt(lambda: start_pairing(self.device_id, secrets.token_hex(4), self.now_ms))
        if self.owned is not None and not self.claimable():
            assert code == "owned"
            self.tried_on()
            return Pairing("none", "BBBB-BBBB", 0)
        assert isinstance(given, tuple)
        device_code, claim = given
        made = Pairing(device_code, claim.user_code, claim.expires_at_ms)
        self.pending.append(made)
        return made

    @rule(who=st.sampled_from(PEOPLE), pairing=pairings)
    def approve(self, who: str, pairing: Pairing) -> None:
        account = self.accounts[who]
        _, code = self.attempt(lambda: approve_claim(account, pairing.user_code, None, self.now_ms))
        if self.now_ms >= pairing.ends_ms or pairing.key is not None or pairing.state == "gone":
            assert code == "not_found", code
        elif pairing.state != "pending":
            assert code == ("" if (pairing.state, pairing.by) == ("approved", who) else "decided")
        elif self.owned is not None and (self.owned.owner != who or not self.claimable()):
            assert code == "owned"
            self.tried_on()
        else:
            assert not code
            if self.owned is None:
                self.own(who, None)
            assert self.owned is not None
            pairing.state, pairing.by, pairing.uid = "approved", who, self.owned.uid

    @rule(who=st.sampled_from(PEOPLE), pairing=pairings)
    def deny(self, who: str, pairing: Pairing) -> None:
        _, code = self.attempt(lambda: deny_claim(self.user(who), pairing.user_code, self.now_ms))
        if not code and pairing.state == "pending":
            pairing.state, pairing.by = "denied", who

    @rule(pairing=pairings)
    def poll(self, pairing: Pairing) -> None:
        given, code = self.attempt(lambda: collect_key(pairing.device_code, self.now_ms)[1])
        if (
            self.now_ms >= pairing.ends_ms
            or pairing.state == "gone"
            or (pairing.key is not None and self.now_ms - pairing.collected_ms >= MINUTE_MS)
        ):
            assert code == "expired_token"
        elif pairing.state == "pending":
            assert code == "authorization_pending"
        elif pairing.state == "denied":
            assert code == "access_denied"
            pairing.state = "gone"
        elif self.owned is None or self.owned.uid != pairing.uid:
            assert code == "access_denied", "a device that is gone does not come back"
        elif pairing.key is not None and self.owned.next != pairing.key:
            assert code == "expired_token"
        else:
            assert isinstance(given, str)
            assert pairing.key in (None, given), "the same key again"
            if pairing.key is None:
                pairing.key, pairing.collected_ms = given, self.now_ms
                self.owned.rotate(given)
                self.given.append((given, self.owned.uid))

    @precondition(lambda self: self.given)
    @rule(which=st.integers(0, 1_000))
    def call(self, which: int) -> None:
        key, uid = self.given[which % len(self.given)]
        device, code = self.attempt(lambda: authenticate_device(key, self.now_ms))
        opens = self.owned is not None and self.owned.uid == uid and self.owned.use(key)
        assert (device is not None, code) == (opens, "" if opens else "bad_device_key")
        if isinstance(device, Device):
            record_call(device, self.now_ms)

    @rule(minutes=st.sampled_from([1, 1, 1, 2, 11, 1_441]))
    def wait(self, minutes: int) -> None:
        self.now_ms += minutes * 60_000

    @rule(who=st.sampled_from(PEOPLE), pairing=pairings, how=st.sampled_from(["register", "add", "approve", "poll"]))
    def somebody_closes_amid(self, who: str, pairing: Pairing, how: str) -> None:
        """The account closes after it was looked at, right before what it wants is stored."""
        account, owned = self.accounts[who], self.owned
        acts: dict[str, Callable[[], object]] = {
            "register": lambda: register_device(account, self.device_id, "Pi", self.now_ms),
            "add": lambda: add_device(account, self.device_id, "Pi", self.now_ms),
            "approve": lambda: approve_claim(account, pairing.user_code, None, self.now_ms),
            "poll": lambda: collect_key(pairing.device_code, self.now_ms),
        }
        closed = list[bool]()

        def close_first(write: Transaction) -> bool:
            if not closed:
                closed.append(True)
                self.close(who)
            return COMMIT(write)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Transaction, "commit", close_first)
            given, code = self.attempt(acts[how])
        if not closed:  # it was refused before, or needed no transaction: then nothing was to be told apart here
            self.close(who)
        elif owned is None or owned.owner == who:
            assert given is None, "nothing is given to an account that is closed"
            assert code
        self.accounts[who] = self.sign_up()
        self.resync(given, how, pairing)

    def resync(self, given: object, how: str, pairing: Pairing) -> None:
        """After what went through although somebody closed: another's key by a poll; a telling."""
        if how == "poll" and isinstance(given, tuple) and self.owned is not None and pairing.key is None:
            pairing.key, pairing.collected_ms = given[1], self.now_ms
            self.owned.rotate(given[1])
            self.given.append((given[1], self.owned.uid))
        if how == "poll" and pairing.state == "denied":
            pairing.state = "gone"
        if self.owned is not None:
            device = load_device(self.device_id)
            assert device is not None
            if device.pairing_told_at_ms != self.owned.told_at_ms:
                self.tried_on()

    def user(self, who: str) -> str:
        return self.accounts[who].user_id

    @invariant()
    def the_device_has_the_owner_that_it_has(self) -> None:
        device = load_device(self.device_id)
        assert (device and device.owner_id) == (self.owned and self.user(self.owned.owner))
        if device is not None and self.owned is not None:
            assert device.device_uid == self.owned.uid

    @invariant()
    def nobody_sees_the_device_of_another(self) -> None:
        for who in PEOPLE:
            mine = self.owned is not None and self.owned.owner == who
            assert [device.device_id for device in load_devices_of_owner(self.user(who))] == (
                [self.device_id] if mine else []
            )
            if not mine:
                with pytest.raises(NotFound):
                    get_owned_device(self.user(who), self.device_id)

    @invariant()
    def an_owner_is_told_of_what_is_tried(self) -> None:
        for who in PEOPLE:
            told, _ = notifications.load_notifications(self.user(who), 200, None)
            assert [news.kind for news in told] == ["pairing_refused"] * self.told.get(self.user(who), 0)


@pytest.fixture(autouse=True)
def no_throttle(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong codes are not what is tried here."""
    del database
    monkeypatch.setattr(shared_limits, "count_attempt", lambda *_: None)
    monkeypatch.setattr(shared_limits, "refund_attempt", lambda *_: None)


@pytest.mark.timeout(900)
def test_ownership_in_every_order() -> None:
    """Without shrinking: on a real database that takes minutes, and the steps that fail are few enough to read."""
    run_state_machine_as_test(
        Ownership,
        settings=settings(
            max_examples=15,
            stateful_step_count=30,
            derandomize=True,
            deadline=None,
            phases=(Phase.reuse, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )
