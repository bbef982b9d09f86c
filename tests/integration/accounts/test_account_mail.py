"""Links by mail: confirming an address, and choosing a new password."""

from __future__ import annotations

import email
import email.policy
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from chalicelib.accounts.mail_links import LIFE_MS, confirm_address, request_link, reset_password
from chalicelib.accounts.model import Purpose
from chalicelib.accounts.second_factor import STEP_MS, totp_code
from chalicelib.accounts.store import load_account
from chalicelib.core import aws
from chalicelib.core.errors import Invalid, TooMany, Unavailable
from chalicelib.core.settings import settings
from chalicelib.entrypoints.jobs import account_mail
from tests.conftest import Answered, Call, Person, new_person, now_ms

LINK = re.compile(r"^http://localhost:8000/#/(confirm|reset)/(\S+)\s", re.MULTILINE)
NEW_PASSWORD = "a green lamp in the hall"


@dataclass
class Post:
    """Where mails go in these tests, and the jobs that were started for them."""

    directory: Path
    jobs: list[Mapping[str, Any]] = field(default_factory=list)
    is_down: bool = False

    def start(self, name: str, event: Mapping[str, Any]) -> None:
        """In place of Lambda."""
        if self.is_down:
            raise Unavailable("down", code="work_unavailable")
        assert name == "account_mail"
        self.jobs.append(event)
        account_mail(dict(event), None)

    def mails(self, to: str) -> list[Any]:
        """What was sent to an address, the oldest first."""
        files = sorted(self.directory.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        parsed = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in files]
        return [message for message in parsed if message["To"] == to]

    def token(self, to: str, purpose: Purpose) -> str:
        """The token of the link that was mailed last."""
        found = [match for message in self.mails(to) for match in LINK.findall(message.get_content())]
        tokens: list[str] = [token for kind, token in found if kind == purpose]
        return tokens[-1]


@pytest.fixture(autouse=True)
def post(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    monkeypatch.setenv("MAIL_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("MAIL_FUNCTION", "account_mail")
    monkeypatch.setenv("LIMITS", "sign_ups=off account_mail_requests=off")
    settings.cache_clear()
    office = Post(tmp_path)
    monkeypatch.setattr(aws, "start_function", office.start)
    yield office
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def person(post: Post, call: Call) -> Person:
    return new_person(call)


def log_in(call: Call, who: Person, password: str) -> Answered:
    return call("POST", "/account/login", {"email": who.email, "password": password})


def ask_reset(call: Call, address: str) -> Answered:
    return call("POST", "/account/reset", {"email": address})


def reset(call: Call, token: str, password: str = NEW_PASSWORD) -> Answered:
    return call("POST", "/account/reset", {"token": token, "newPassword": password})


def test_a_sign_up_mails_one_link_that_confirms_once(call: Call, person: Person, post: Post) -> None:
    assert person.call("GET", "/account").body["emailConfirmed"] is False
    (message,) = post.mails(person.email)
    assert message["Subject"] == "Ghostwatt: Confirm your e-mail address"
    assert person.email not in message["Subject"] + message.get_content()
    token = post.token(person.email, "confirm")
    assert call("POST", "/account/confirm", {"token": token}).status == 200
    assert person.call("GET", "/account").body["emailConfirmed"] is True
    again = call("POST", "/account/confirm", {"token": token})
    assert (again.status, again.body["code"], again.body["field"]) == (422, "bad_link", "token")
    resent = person.call("POST", "/account/confirm/resend")
    assert (resent.status, resent.body["code"]) == (409, "already_confirmed")


def test_a_link_that_is_sent_again_replaces_the_first(call: Call, person: Person, post: Post) -> None:
    first = post.token(person.email, "confirm")
    assert person.call("POST", "/account/confirm/resend").status == 202
    second = post.token(person.email, "confirm")
    assert call("POST", "/account/confirm", {"token": first}).status == 422
    assert call("POST", "/account/confirm", {"token": second}).status == 200


def test_the_digest_of_a_link_is_stored_and_not_the_link(person: Person, post: Post) -> None:
    token = post.token(person.email, "confirm")
    stored = load_account(person.email)
    assert stored
    assert stored.confirm_link
    assert token not in str(stored)
    assert token.rpartition(".")[2] not in str(stored)


@pytest.mark.parametrize("purpose", ["confirm", "reset"])
def test_a_link_has_an_end(call: Call, person: Person, post: Post, purpose: Purpose) -> None:
    ask_reset(call, person.email)
    token, at_ms = post.token(person.email, purpose), now_ms()
    act: dict[Purpose, Callable[[int], object]] = {
        "confirm": lambda now: confirm_address(token, now),
        "reset": lambda now: reset_password(token, NEW_PASSWORD, now),
    }
    with pytest.raises(Invalid):
        act[purpose](at_ms + LIFE_MS[purpose])
    act[purpose](at_ms + LIFE_MS[purpose] - 60_000)


def test_a_link_opens_only_what_it_is_for_and_only_its_own_account(call: Call, person: Person, post: Post) -> None:
    ask_reset(call, person.email)
    confirming, resetting = post.token(person.email, "confirm"), post.token(person.email, "reset")
    assert reset(call, confirming).status == 422
    assert call("POST", "/account/confirm", {"token": resetting}).status == 422
    other = new_person(call)
    theirs = post.token(other.email, "confirm").partition(".")[0]
    assert call("POST", "/account/confirm", {"token": f"{theirs}.{confirming.rpartition('.')[2]}"}).status == 422


@pytest.mark.parametrize(
    "token", ["x", "YW5u.x", "." * 50, "é" * 60, "YW5uQGV4YW1wbGUub3Jn." + "A" * 43, "____." + "A" * 43]
)
def test_what_is_no_link_is_refused_by_name(call: Call, token: str) -> None:
    for answer in (call("POST", "/account/confirm", {"token": token}), reset(call, token)):
        assert (answer.status, answer.body["code"], answer.body["field"]) == (422, "bad_link", "token")


def test_a_forgotten_password_is_replaced_and_everything_else_ends(call: Call, person: Person, post: Post) -> None:
    api_token = person.call("POST", "/account/token", {"name": "Grafana", "scope": "control"}).body["token"]
    second = log_in(call, person, person.password).body
    assert ask_reset(call, f"  {person.email.upper()} ").status == 202
    token = post.token(person.email, "reset")
    assert reset(call, token).status == 200
    assert log_in(call, person, person.password).status == 401
    assert log_in(call, person, NEW_PASSWORD).status == 200
    for ended in (person.token, second["sessionToken"], api_token):
        assert call("GET", "/device/list", x_session_token=ended).status == 401
    assert call("POST", "/account/refresh", {"refreshToken": second["refreshToken"]}).status == 401
    assert reset(call, token, "another green lamp").body["code"] == "bad_link"
    assert log_in(call, person, NEW_PASSWORD).status == 200


def test_a_reset_shows_that_the_address_is_the_persons(call: Call, person: Person, post: Post) -> None:
    confirming = post.token(person.email, "confirm")
    ask_reset(call, person.email)
    assert reset(call, post.token(person.email, "reset")).status == 200
    session = log_in(call, person, NEW_PASSWORD).body["sessionToken"]
    assert call("GET", "/account", x_session_token=session).body["emailConfirmed"] is True
    assert call("POST", "/account/confirm", {"token": confirming}).status == 422


def test_a_weak_password_does_not_use_the_link_up(call: Call, person: Person, post: Post) -> None:
    ask_reset(call, person.email)
    token = post.token(person.email, "reset")
    for weak in ("password", person.email):
        refused = reset(call, token, weak)
        assert (refused.status, refused.body["code"], refused.body["field"]) == (422, "common_password", "newPassword")
    assert reset(call, token).status == 200


def test_an_unknown_address_is_answered_alike_by_the_same_work(call: Call, person: Person, post: Post) -> None:
    unknown = f"{secrets.token_hex(6)}@example.org"
    known_answer, unknown_answer = ask_reset(call, person.email), ask_reset(call, unknown)
    assert (known_answer.status, known_answer.body) == (unknown_answer.status, unknown_answer.body)
    assert [job["email"] for job in post.jobs[-2:]] == [person.email, unknown], "the job alone looks for an account"
    assert post.mails(unknown) == []


def test_a_closed_account_gets_no_link(call: Call, person: Person, post: Post) -> None:
    ask_reset(call, person.email)
    token = post.token(person.email, "reset")
    person.close_account()
    ask_reset(call, person.email)
    assert len(post.mails(person.email)) == 2
    assert reset(call, token).status == 422
    assert load_account(person.email) is None, "its links are gone with it"


@pytest.mark.parametrize("address", ["person", "nobody@example.org"])
def test_mails_to_one_address_have_an_end_whether_there_is_an_account_or_not(
    call: Call, person: Person, post: Post, address: str
) -> None:
    address = person.email if address == "person" else f"{secrets.token_hex(6)}@example.org"
    answers = [ask_reset(call, address) for _ in range(6)]
    assert [answer.status for answer in answers].count(429) == (2 if address == person.email else 1)
    assert (answers[-1].status, answers[-1].body["code"]) == (429, "too_many_requests")
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_one_who_asks_for_many_addresses_is_stopped_and_others_still_sign_up(
    call: Call, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIMITS", "sign_ups=off account_mail_requests=1+1/d")
    settings.cache_clear()
    bucket = secrets.token_hex(6)
    request_link("reset", f"{secrets.token_hex(6)}@example.org", bucket, now_ms())
    with pytest.raises(TooMany):
        request_link("reset", f"{secrets.token_hex(6)}@example.org", bucket, now_ms())
    for _ in range(3):
        new_person(call)


def test_a_sign_up_works_while_no_mail_can_be_started(call: Call, post: Post) -> None:
    post.is_down = True
    somebody = new_person(call)
    assert somebody.call("POST", "/account/confirm/resend").status == 503
    post.is_down = False
    assert somebody.call("POST", "/account/confirm/resend").status == 202
    assert len(post.mails(somebody.email)) == 1


def test_a_place_without_mail_says_so(call: Call, person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_FUNCTION", "")
    settings.cache_clear()
    for answer in (ask_reset(call, person.email), person.call("POST", "/account/confirm/resend")):
        assert (answer.status, answer.body["code"]) == (422, "no_mail")
    assert person.call("GET", "/account").body["emailAvailable"] is False
    new_person(call)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "email"),
        ({"newPassword": NEW_PASSWORD}, "email"),
        ({"token": "x"}, "newPassword"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@b.example", "newPassword": NEW_PASSWORD}, "email"),
        ({"token": "x", "newPassword": "short"}, "newPassword"),
    ],
)
def test_what_is_missing_is_named(call: Call, body: dict[str, str], field: str) -> None:
    answer = call("POST", "/account/reset", body)
    assert (answer.status, answer.body["field"]) == (422, field)


def test_an_international_domain_gets_its_mail_in_ascii(call: Call, post: Post) -> None:
    name = secrets.token_hex(6)
    body = {"email": f"{name}@b\u00fccher.example", "password": NEW_PASSWORD}
    assert call("POST", "/account/signup", body).status == 201
    assert len(post.mails(f"{name}@xn--bcher-kva.example")) == 1


@pytest.mark.parametrize("is_confirmed", [True, False])
def test_two_step_log_in_outlives_a_reset_unless_the_address_was_never_confirmed(
    call: Call, person: Person, post: Post, is_confirmed: bool
) -> None:
    if is_confirmed:
        call("POST", "/account/confirm", {"token": post.token(person.email, "confirm")})
    secret = person.call("POST", "/account/totp", {"currentPassword": person.password}).body["secret"]
    code = totp_code(secret, now_ms() // STEP_MS)
    assert person.call("POST", "/account/totp/confirm", {"code": code}).status == 200
    ask_reset(call, person.email)
    assert reset(call, post.token(person.email, "reset")).status == 200
    asked = log_in(call, person, NEW_PASSWORD)
    assert (asked.status, asked.body.get("code")) == ((401, "code_required") if is_confirmed else (200, None))
