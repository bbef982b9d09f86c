"""Which addresses a new account may have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.email_addresses import ascii_domain, check_deliverable
from chalicelib.core.errors import Invalid


@pytest.mark.parametrize(
    "email",
    [
        "ann@example.org",
        "ann+tag@example.org",
        "ann.o'neill_99@mail.example.co.uk",
        "a@b.co",
        "ann@example.photography",
        "ann@xn--bcher-kva.example",
        "ann@b\u00fccher.example",
        "j\u00f6rg@example.org",
        "\u7528\u6237@\u4f8b\u5b50.\u4e2d\u56fd",
        "ann@1and1.com",
        "a" * 64 + "@example.org",
        "ann@" + ".".join(["a" * 60] * 3) + ".org",
    ],
)
def test_an_address_that_mail_can_reach_is_taken(email: str) -> None:
    check_deliverable(email)


@pytest.mark.parametrize(
    "email",
    [
        "zz@y",
        "ann@localhost",
        "ann@example.",
        "ann@.org",
        "ann@example..org",
        "ann@-example.org",
        "ann@example-.org",
        "ann@exa_mple.org",
        "ann@example.o",
        "ann@127.0.0.1",
        "ann@[127.0.0.1]",
        "ann@example.org:25",
        ".ann@example.org",
        "ann.@example.org",
        "ann..smith@example.org",
        "ann,bob@example.org",
        "<ann@example.org>",
        "ann(x)@example.org",
        '"ann"@example.org',
        "ann\u200b@example.org",
        "ann@exam\u200bple.org",
        "ann@example\u3002org",
        "a" * 65 + "@example.org",
        "\u00e9" * 33 + "@example.org",
        "ann@" + "a" * 64 + ".org",
        "ann@" + ".".join(["a" * 60] * 5) + ".org",
        "ann@",
        "@example.org",
    ],
)
def test_one_that_it_cannot_is_refused_by_name(email: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_deliverable(email)
    assert (refused.value.code, refused.value.field) == ("invalid", "email")


@given(st.text() | st.builds("{}@{}".format, st.text(), st.text()))
def test_whatever_is_typed_gets_an_answer(email: str) -> None:
    try:
        check_deliverable(email)
    except Invalid:
        return
    assert "." in ascii_domain(email.rpartition("@")[2])
