"""Sessions through the real entry: tokens, rotation, cookie, log out."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from threading import Barrier
from typing import Any

import jwt
import pytest

import chalicelib.accounts.cookies
from chalicelib.accounts import signing_keys
from chalicelib.accounts.model import SESSION_MS, SESSION_TOKEN_MS, refresh_token
from chalicelib.accounts.service import log_in, sign_up
from chalicelib.accounts.session_store import SessionItem
from chalicelib.accounts.sessions import Tokens, authenticate_session, refresh_session
from chalicelib.core.errors import Unauthenticated
from chalicelib.core.identifiers import digest, new_id, new_secret
from chalicelib.core.settings import settings
from tests.conftest import Answered, Call, now_ms

NOW_MS = 1_800_000_000_000


def begin(email: str | None = None) -> Tokens:
    """A new account and its first session, at NOW_MS."""
    return sign_up(email or f"{secrets.token_hex(6)}@example.com", "correct horse", "a browser", NOW_MS)


def signed_up(call: Call) -> Answered:
    email = f"{secrets.token_hex(6)}@example.com"
    answer = call("POST", "/account/signup", {"email": email, "password": "correct horse"}, user_agent="x" * 500)
    assert answer.status == 201
    return answer


def test_a_session_token_is_good_for_fifteen_minutes(database: str) -> None:
    tokens = begin()
    assert tokens.expires_at_ms == NOW_MS + SESSION_TOKEN_MS
    assert authenticate_session(tokens.session_token, tokens.expires_at_ms - 1)
    with pytest.raises(Unauthenticated):
        authenticate_session(tokens.session_token, tokens.expires_at_ms)


def test_a_bearer_token_opens_as_the_session_header_does(call: Call) -> None:
    token = signed_up(call).body["sessionToken"]
    assert call("GET", "/account", authorization=f"Bearer {token}").status == 200
    assert call("GET", "/account", x_session_token=token).status == 200


def signed(token: str, drop: str = "", secret: str = "", header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A session token like another one, but for what is named."""
    same = jwt.decode(token, options={"verify_signature": False}) | claims
    same.pop(drop, None)
    return jwt.encode(same, secret or settings().jwt_secret, headers=header or jwt.get_unverified_header(token))


def unsigned(token: str) -> str:
    """A session token that says it needs no signature."""
    claims = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(claims, "", "none", headers={"kid": jwt.get_unverified_header(token)["kid"]})


def test_a_token_signed_like_ours_is_good(call: Call) -> None:
    token = signed_up(call).body["sessionToken"]
    assert call("GET", "/account", x_session_token=signed(token)).status == 200


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(unsigned, id="alg none"),
        pytest.param(partial(signed, drop="exp"), id="no exp"),
        pytest.param(partial(signed, drop="sub"), id="no sub"),
        pytest.param(partial(signed, drop="sid"), id="no sid"),
        pytest.param(partial(signed, drop="iss"), id="no iss"),
        pytest.param(partial(signed, exp=1), id="past"),
        pytest.param(partial(signed, exp="never"), id="exp is no number"),
        pytest.param(partial(signed, iss="other"), id="foreign issuer"),
        pytest.param(partial(signed, sub="other"), id="somebody else"),
        pytest.param(partial(signed, sid="other"), id="unknown session"),
        pytest.param(partial(signed, sid=["other"]), id="sid is no text"),
        pytest.param(partial(signed, secret="f" * 64), id="foreign secret"),
        pytest.param(partial(signed, header={"kid": "other"}), id="other kid"),
        pytest.param(partial(signed, header={"typ": "JWT"}), id="no kid"),
        pytest.param(partial(signed, header={"alg": "HS512"}), id="other algorithm"),
    ],
)
def test_a_forged_token_is_refused(call: Call, forge: Callable[[str], str]) -> None:
    answer = call("GET", "/account", x_session_token=forge(signed_up(call).body["sessionToken"]))
    assert (answer.status, answer.body["code"]) == (401, "bad_session")


@pytest.mark.parametrize("junk", ["", ".", "..", "a.b.c", "\u00e9.\u00e9.\u00e9", "W1tbW1s.e30.AA", "x" * 10_000])
def test_what_is_no_token_is_refused(call: Call, junk: str) -> None:
    answer = call("GET", "/account", x_session_token=junk)
    assert (answer.status, answer.body["code"]) == (401, "bad_session")


def test_a_short_secret_signs_nothing(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing_keys, "RING", signing_keys.KeyRing(lambda: ["x" * 31]))
    with pytest.raises(RuntimeError, match="JWT_SECRET"):
        begin()


def test_refreshing_rotates_both_tokens_and_prolongs_the_session(database: str) -> None:
    tokens = begin()
    later_ms = NOW_MS + SESSION_MS - 1
    rotated = refresh_session(tokens.refresh_token, later_ms)
    assert rotated.refresh_token != tokens.refresh_token
    session = authenticate_session(rotated.session_token, later_ms)
    assert (session.last_used_at_ms, session.expires_at_ms) == (later_ms, later_ms + SESSION_MS)
    assert tokens.refresh_token not in str(session)


def test_a_session_not_used_for_thirty_days_has_ended(database: str) -> None:
    tokens = begin()
    with pytest.raises(Unauthenticated):
        refresh_session(tokens.refresh_token, NOW_MS + SESSION_MS)


def test_a_spent_refresh_token_ends_the_whole_family(call: Call) -> None:
    spent = signed_up(call).body
    fresh = call("POST", "/account/refresh", {"refreshToken": spent["refreshToken"]}).body
    assert call("POST", "/account/refresh", {"refreshToken": spent["refreshToken"]}).status == 401
    assert call("POST", "/account/refresh", {"refreshToken": fresh["refreshToken"]}).status == 401
    assert call("GET", "/account", x_session_token=fresh["sessionToken"]).status == 401


def test_each_former_token_ends_the_family_however_old_it_is(database: str) -> None:
    tokens = first = begin()
    for _ in range(12):
        tokens = refresh_session(tokens.refresh_token, NOW_MS)
    with pytest.raises(Unauthenticated):
        refresh_session(first.refresh_token, NOW_MS)
    with pytest.raises(Unauthenticated):
        authenticate_session(tokens.session_token, NOW_MS)


@pytest.mark.parametrize("secret", ["s" * 43, "A" * 43, "-" * 43])
def test_a_guess_ends_no_session(database: str, secret: str) -> None:
    tokens = begin()
    rotated = refresh_session(tokens.refresh_token, NOW_MS)
    session_id, _, other = rotated.refresh_token.partition(".")
    stranger_id = begin().refresh_token.partition(".")[0]
    for guess in (f"{session_id}.{secret}", f"{session_id}.{other[:-4]}AAAA", f"{stranger_id}.{other}"):
        with pytest.raises(Unauthenticated):
            refresh_session(guess, NOW_MS)
    assert authenticate_session(rotated.session_token, NOW_MS)
    assert refresh_session(rotated.refresh_token, NOW_MS)


def test_a_session_of_before_there_were_families_goes_on_and_knows_the_token_it_had(database: str) -> None:
    session_id = new_id()
    token = refresh_token(session_id, new_secret())
    tokens = begin()
    known = authenticate_session(tokens.session_token, NOW_MS)
    stored = {**asdict(known), "session_id": session_id, "refresh_sha256": digest(token)}
    for field in ("family", "former_sha256", "scope", "token_name"):
        stored.pop(field)
    SessionItem(**stored, expires_at=known.expires_at_ms // 1_000).save()
    newest = refresh_session(refresh_session(token, NOW_MS).refresh_token, NOW_MS)
    assert authenticate_session(newest.session_token, NOW_MS).session_id == session_id
    with pytest.raises(Unauthenticated):
        refresh_session(token, NOW_MS)
    with pytest.raises(Unauthenticated):
        authenticate_session(newest.session_token, NOW_MS)


def test_of_two_refreshes_at_once_one_wins_and_the_family_ends(database: str) -> None:
    tokens, together = begin(), Barrier(2)

    def refresh(_: int) -> Tokens | None:
        together.wait(timeout=60)
        try:
            return refresh_session(tokens.refresh_token, NOW_MS)
        except Unauthenticated:
            return None

    with ThreadPoolExecutor(2) as pool:
        winners = [won for won in pool.map(refresh, range(2)) if won is not None]
    assert len(winners) == 1
    with pytest.raises(Unauthenticated):
        authenticate_session(winners[0].session_token, NOW_MS)


@pytest.mark.parametrize("junk", ["", ".", "no-dot", "\u00e9.\u00e9", "x" * 3_000 + ".y", f"{'5e' * 10}.{'s' * 43}"])
def test_what_is_no_refresh_token_is_refused(call: Call, junk: str) -> None:
    answer = call("POST", "/account/refresh", {"refreshToken": junk})
    assert (answer.status, answer.body["code"]) == (401, "bad_session")


def test_the_page_refreshes_by_its_cookie_alone(call: Call) -> None:
    cookie = signed_up(call).headers["set-cookie"].partition(";")[0]
    answer = call("POST", "/account/refresh", cookie=f"theme=dark; {cookie}; x=y")
    assert answer.status == 200
    assert answer.headers["set-cookie"].startswith(f"refresh={answer.body['refreshToken']};")
    assert call("POST", "/account/refresh").status == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def attributes(public_url: str) -> set[str]:
        place = replace(settings(), public_url=public_url)
        monkeypatch.setattr(chalicelib.accounts.cookies, "settings", lambda: place)
        return set(signed_up(call).headers["set-cookie"].split("; ")[1:])

    local = {"Path=/api/account", f"Max-Age={SESSION_MS // 1_000}", "HttpOnly", "SameSite=Strict"}
    assert attributes("http://localhost:8000") == local
    assert attributes("https://ghostwatt.example") == local | {"Secure"}


def test_logging_out_acts_at_once_and_clears_the_cookie(call: Call) -> None:
    tokens = signed_up(call).body
    session = {"x_session_token": tokens["sessionToken"]}
    answer = call("POST", "/account/logout", **session)
    assert answer.status == 200
    assert answer.headers["set-cookie"].startswith("refresh=; Path=/api/account; Max-Age=0;")
    assert call("GET", "/account", **session).status == 401
    assert call("POST", "/account/refresh", {"refreshToken": tokens["refreshToken"]}).status == 401


def test_a_person_sees_only_their_own_sessions_and_ends_all_others(call: Call) -> None:
    email = f"{secrets.token_hex(6)}@example.com"
    at_ms = now_ms()
    first = sign_up(email, "correct horse", "first", at_ms)
    second = log_in(email, "correct horse", "second", "192.0.2.9", at_ms + 1)
    stranger = begin()
    session = {"x_session_token": first.session_token}
    listed = call("GET", "/account/sessions", **session).body["sessions"]
    assert [(part["userAgent"], part["current"]) for part in listed] == [("second", False), ("first", True)]
    assert call("DELETE", "/account/sessions", **session).status == 200
    assert [part["userAgent"] for part in call("GET", "/account/sessions", **session).body["sessions"]] == ["first"]
    assert call("GET", "/account", x_session_token=second.session_token).status == 401
    assert authenticate_session(stranger.session_token, NOW_MS)


def test_a_long_user_agent_is_cut_short(call: Call) -> None:
    token = signed_up(call).body["sessionToken"]
    (part,) = call("GET", "/account/sessions", x_session_token=token).body["sessions"]
    assert part["userAgent"] == "x" * 200
