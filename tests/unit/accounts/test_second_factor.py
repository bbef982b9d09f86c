"""Codes of authenticator apps, and recovery codes."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.accounts.model import SecondFactor
from chalicelib.accounts.second_factor import (
    STEP_MS,
    matching_step,
    new_recovery_codes,
    new_totp_secret,
    recovery_digests,
    totp_code,
    totp_uri,
    use_code,
)

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
NOW_MS = 1_800_000_000_000
STEP = NOW_MS // STEP_MS


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ],
)
def test_the_codes_are_those_of_rfc_6238_appendix_b(seconds: int, code: str) -> None:
    assert totp_code(RFC_SECRET, seconds // 30) == code[-6:]


@pytest.mark.parametrize(("steps", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_counts_half_a_minute_around_its_own(steps: int, fits: bool) -> None:
    code = totp_code(RFC_SECRET, STEP + steps)
    assert matching_step(RFC_SECRET, code, NOW_MS, 0) == (STEP + steps if fits else None)


def test_a_code_is_good_once_and_none_before_it_any_more() -> None:
    factor = SecondFactor(RFC_SECRET, is_on=True)
    before, this, after = (totp_code(RFC_SECRET, STEP + steps) for steps in (-1, 0, 1))
    left = use_code(factor, f"{this[:3]} {this[3:]}", NOW_MS)
    assert left
    assert use_code(left, this, NOW_MS) is None
    assert use_code(left, before, NOW_MS) is None
    assert use_code(left, after, NOW_MS)


def test_a_recovery_code_is_good_once_however_it_is_typed() -> None:
    codes = new_recovery_codes()
    assert len(set(codes)) == 10
    factor = SecondFactor(RFC_SECRET, is_on=True, recovery_sha256=recovery_digests(codes))
    left = use_code(factor, f" {codes[3].lower().replace('-', ' ')} ", NOW_MS)
    assert left
    assert len(left.recovery_sha256) == 9
    assert use_code(left, codes[3], NOW_MS) is None
    assert use_code(left, codes[4], NOW_MS)
    assert not any(code in str(factor) for code in codes)


@given(st.text(max_size=64))
def test_nothing_else_is_a_code(typed: str) -> None:
    codes = recovery_digests(new_recovery_codes())
    factor = SecondFactor(RFC_SECRET, is_on=True, last_step=STEP + 9, recovery_sha256=codes)
    assert use_code(factor, typed, NOW_MS) is None


def test_the_address_names_the_account_and_holds_the_secret() -> None:
    secret = new_totp_secret()
    address = urlsplit(totp_uri(secret, "ann+lamp@example.org"))
    assert (address.scheme, address.netloc, address.path) == ("otpauth", "totp", "/Ghostwatt:ann%2Blamp%40example.org")
    parameters = {"secret": [secret], "issuer": ["Ghostwatt"], "digits": ["6"], "period": ["30"]}
    assert parse_qs(address.query) == parameters
    assert len(base64.b32decode(secret)) == 20
