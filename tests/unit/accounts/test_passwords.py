"""Which new passwords are refused, and which are not."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import zxcvbn
from hypothesis import given
from hypothesis import strategies as st
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from chalicelib.accounts.passwords import UNKNOWN_ACCOUNT_HASH, check_password_strength, hash_password, needs_rehash
from chalicelib.core.errors import Invalid

EMAIL = "ann.smith@example.org"
ZXCVBN = zxcvbn.zxcvbn
COMMONEST = 3_000
"""OWASP ASVS 5.0, 6.2.4: so many of those that are long enough."""


def refused(password: str, email: str = EMAIL) -> str | None:
    """The code with which it is refused."""
    try:
        check_password_strength(password, email, "newPassword")
    except Invalid as error:
        return error.code
    return None


def test_the_commonest_passwords_are_refused() -> None:
    long_enough = [password for password in FREQUENCY_LISTS["passwords"] if len(password) >= 8]
    assert len(long_enough) > COMMONEST
    assert [password for password in long_enough[:COMMONEST] if refused(password) is None] == []


@pytest.mark.parametrize(
    "password",
    [
        "PASSWORD",
        "P@ssw0rd",
        "p4ssw0rd!",
        "Password1",
        "password ",
        "pass word",
        "p-a-s-s-w-o-r-d",
        "\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44",
        "drowssap",
        "12345678",
        "87654321",
        "12 34 56 78",
        "1q2w3e4r",
        "qwertyuiop",
        "aaaaaaaa",
        "        ",
        "--------",
        "abcabcabc",
        "abcdefgh",
        "11112222",
        "ghostwatt",
        "Ghostwatt1",
        "gh0stw4tt",
        "Ghost-Watt!",
        "ghostwattghostwatt",
        EMAIL,
        EMAIL.upper(),
        "ann.smith",
        "annsmith",
        "AnnSmith1",
        "htims.nna",
        "example.org",
        "a" * 256,
        "password" * 32,
    ],
)
def test_what_is_guessed_first_is_refused(password: str) -> None:
    assert refused(password) == "common_password"


@pytest.mark.parametrize(
    "password",
    [
        "correct horse",
        "another password",
        "a9f3c2d1e4b5",
        "blaue Lampe im Flur",
        "\u6b63\u3057\u3044\u99ac\u306e\u96fb\u6c60\u3068",
        "Ann likes her lamp",
        "\U0001f511\U0001f98a\U0001f9ed\U0001f335\U0001f95d\U0001f6f6\U0001f3bb\U0001f9ca",
    ],
)
def test_what_is_not_is_taken(password: str) -> None:
    assert refused(password) is None


def test_a_refusal_names_the_field_and_says_what_to_do() -> None:
    with pytest.raises(Invalid, match="Use a few words") as error:
        check_password_strength("password", EMAIL, "newPassword")
    assert error.value.field == "newPassword"


def test_a_local_part_is_refused_whatever_it_is() -> None:
    assert refused("q8w2z5k1v7", "q8w2z5k1v7@example.org") == "common_password"
    assert refused("q8w2z5k1v7", "bob@example.org") is None


def test_one_that_is_short_once_composed_is_refused() -> None:
    assert refused("xk\u00e9q\u00fcw7") == "invalid"


@given(st.text(min_size=8, max_size=256))
def test_whatever_is_typed_gets_an_answer(password: str) -> None:
    assert refused(password) in (None, "common_password")


def test_of_a_long_password_only_so_much_is_examined_as_takes_less_time_than_its_hash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    examined: list[str] = []

    def noted(password: str, **options: Any) -> Any:
        examined.append(password)
        return ZXCVBN(password, **options)

    monkeypatch.setattr(zxcvbn, "zxcvbn", noted)
    refused("password1qwerty" * 17)
    assert examined
    assert max(map(len, examined)) <= 72


def test_a_hash_takes_the_work_that_owasp_asks_for() -> None:
    assert hash_password("correct horse").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_the_hash_of_unknown_accounts_has_the_parameters_of_all_others() -> None:
    assert not needs_rehash(UNKNOWN_ACCOUNT_HASH)


def test_the_word_lists_are_not_loaded_before_somebody_needs_them() -> None:
    program = "import sys, app; sys.exit('zxcvbn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
