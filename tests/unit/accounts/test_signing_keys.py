from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.session import get_session
from moto import mock_aws

from chalicelib.accounts import signing_keys
from chalicelib.accounts.signing_keys import MAX_AGE_MS, MIN_AGE_MS, KeyRing, load_secrets
from chalicelib.core import aws
from chalicelib.core.errors import Unavailable
from chalicelib.core.settings import settings

OLD, NEW = "o" * 32, "n" * 32
NOW_MS = 1_800_000_000_000


class Store:
    """A store that can be given a new key, and can be down."""

    def __init__(self, *secrets: str) -> None:
        self.secrets = list(secrets)
        self.down = False
        self.reads = 0

    def load(self) -> list[str]:
        self.reads += 1
        if self.down:
            raise Unavailable("down", code="keys_unavailable")
        return self.secrets


def test_the_newest_key_signs_and_all_of_them_verify() -> None:
    ring = KeyRing(Store(OLD, NEW).load)
    assert ring.signing(NOW_MS).secret == NEW
    old = KeyRing(Store(OLD).load).signing(NOW_MS)
    assert ring.verifying(old.key_id, NOW_MS) == old


def test_keys_are_read_once_a_container() -> None:
    keys = Store(OLD)
    ring = KeyRing(keys.load)
    for later_ms in range(0, MAX_AGE_MS, MAX_AGE_MS // 10):
        ring.verifying(ring.signing(NOW_MS + later_ms).key_id, NOW_MS + later_ms)
    assert keys.reads == 1


def test_an_unknown_key_id_is_looked_for_but_not_more_than_once_a_minute() -> None:
    keys = Store(OLD)
    ring = KeyRing(keys.load)
    ring.signing(NOW_MS)
    new = KeyRing(Store(NEW).load).signing(NOW_MS)
    for _ in range(100):
        assert ring.verifying("made-up", NOW_MS + 1) is None
    assert keys.reads == 1

    keys.secrets = [OLD, NEW]
    assert ring.verifying(new.key_id, NOW_MS + MIN_AGE_MS) == new
    assert keys.reads == 2


def test_a_container_that_meets_no_new_key_signs_with_it_in_the_end() -> None:
    keys = Store(OLD)
    ring = KeyRing(keys.load)
    ring.signing(NOW_MS)
    keys.secrets = [OLD, NEW]
    assert ring.signing(NOW_MS + MAX_AGE_MS).secret == NEW


def test_keys_at_hand_outlive_an_outage_and_without_any_the_answer_is_unavailable() -> None:
    keys = Store(OLD)
    ring = KeyRing(keys.load)
    ring.signing(NOW_MS)
    keys.down = True
    assert ring.signing(NOW_MS + MAX_AGE_MS).secret == OLD
    with pytest.raises(Unavailable):
        KeyRing(keys.load).signing(NOW_MS)


@pytest.mark.parametrize("secrets", [[], ["x" * 31]])
def test_without_a_sound_key_nothing_is_signed(secrets: list[str]) -> None:
    with pytest.raises(RuntimeError):
        KeyRing(Store(*secrets).load).signing(NOW_MS)


@pytest.fixture
def ssm(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(
        signing_keys, "settings", lambda: replace(settings(), signing_keys_path="/ghostwatt/test/signing-keys")
    )
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    aws.client.cache_clear()  # a client keeps the place it was made in
    with mock_aws():
        yield
    aws.client.cache_clear()


@pytest.mark.usefixtures("ssm")
def test_keys_come_from_ssm_in_the_order_in_which_they_were_made() -> None:
    client: Any = get_session().create_client("ssm", settings().region)
    wanted = []
    for number in range(12):  # more than one page
        wanted.append(f"{number:032}")
        client.put_parameter(
            Name=f"/ghostwatt/test/signing-keys/{1_800_000_000 + number}", Value=wanted[-1], Type="SecureString"
        )
    client.put_parameter(Name="/ghostwatt/other/signing-keys/1", Value="foreign" * 8, Type="SecureString")
    assert load_secrets() == wanted
