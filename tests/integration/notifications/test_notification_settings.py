"""Choosing how to be told."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.accounts.store import load_account
from chalicelib.core.deadlines import Deadline
from chalicelib.core.errors import Undeliverable
from chalicelib.deletion.worker import delete_requested
from chalicelib.notifications import settings_store as notification_settings
from chalicelib.notifications import webhooks
from tests.conftest import Person, now_ms

SETTINGS = "/notification/settings"
WEBHOOK = {"url": "https://8.8.8.8/in", "secret": "a secret of mine".replace(" ", "-")}


def test_before_anything_is_chosen_there_is_the_page(person: Person) -> None:
    shown = person.call("GET", SETTINGS).body
    assert (shown["email"], shown["webhook"], shown["quietHours"], shown["weeklyDigest"]) == (False, None, None, False)
    assert shown["emailAddress"] == person.email
    assert shown["emailAvailable"] is True
    assert shown["lastErrors"] == {"email": None, "webhook": None}


def test_choices_are_kept_and_each_persons_own(person: Person, stranger: Person) -> None:
    choices: dict[str, Any] = {
        "kinds": {"cut": ["page", "email"], "phantom": []},
        "email": True,
        "quietHours": {"from": "22:00", "to": "07:00"},
        "weeklyDigest": True,
    }
    stored = person.call("PUT", SETTINGS, choices).body
    assert stored == person.call("GET", SETTINGS).body
    for name in ("email", "quietHours", "weeklyDigest"):
        assert stored[name] == choices[name]
    assert (stored["kinds"]["cut"], stored["kinds"]["phantom"]) == (["page", "email"], [])
    assert stored["kinds"]["device_offline"] == ["page", "email", "webhook"]
    assert stranger.call("GET", SETTINGS).body["email"] is False


def test_a_secret_that_was_made_is_shown_once(person: Person) -> None:
    made = person.call("PUT", SETTINGS, {"webhook": {"url": WEBHOOK["url"]}}).body["webhook"]
    assert len(made["secret"]) >= 32
    assert person.call("GET", SETTINGS).body["webhook"] == {"url": WEBHOOK["url"], "secret": None}
    again = person.call("PUT", SETTINGS, {"webhook": {"url": WEBHOOK["url"] + "2"}}).body["webhook"]
    assert again["secret"] is None
    own = person.call("PUT", SETTINGS, {"webhook": WEBHOOK}).body["webhook"]
    assert own["secret"] is None


@pytest.mark.parametrize(
    ("choices", "field"),
    [
        ({"kinds": {"cut": ["pigeon"]}}, "kinds"),
        ({"kinds": {"weather": ["page"]}}, "kinds"),
        ({"email": "yes"}, "email"),
        ({"webhook": {"url": "http://8.8.8.8/"}}, "webhook.url"),
        ({"webhook": {"url": "https://127.0.0.1/"}}, "webhook.url"),
        ({"webhook": {"url": "https://localhost/"}}, "webhook.url"),
        ({"webhook": {"url": "https://169.254.169.254/latest/meta-data"}}, "webhook.url"),
        ({"webhook": {"url": ""}}, "webhook.url"),
        ({"webhook": {"url": "https://8.8.8.8/", "secret": "short"}}, "webhook.secret"),
        ({"webhook": {"url": "https://8.8.8.8/", "secret": "with a blank in it"}}, "webhook.secret"),
        ({"quietHours": {"from": "24:00", "to": "07:00"}}, "quietHours.from"),
        ({"quietHours": {"from": "22:00", "to": "7:00"}}, "quietHours.to"),
        ({"quietHours": {"from": "22:00", "to": "22:00"}}, "quietHours.to"),
        ({"quietHours": {"from": "22:00"}}, "quietHours.to"),
        ({"weeklyDigest": True}, "weeklyDigest"),
        ({"pigeons": 3}, "pigeons"),
    ],
)
def test_a_wrong_choice_is_named(person: Person, choices: dict[str, Any], field: str) -> None:
    answer = person.call("PUT", SETTINGS, choices)
    assert answer.status == 422, answer
    assert str(answer.body["field"]).startswith(field), answer
    assert person.call("GET", SETTINGS).body["webhook"] is None


def test_a_test_says_what_became_of_it_on_each_channel(person: Person) -> None:
    def refuse(*_: object) -> None:
        raise Undeliverable("The webhook answered with status 500.")

    person.call("PUT", SETTINGS, {"webhook": WEBHOOK})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(webhooks, "post_webhook", refuse)
        results = person.call("POST", "/notification/test").body["results"]
    assert results == [
        {"channel": "page", "status": "delivered", "error": None},
        {"channel": "webhook", "status": "failed", "error": "The webhook answered with status 500."},
    ]
    assert [entry["kind"] for entry in person.call("GET", "/notification/list").body["notifications"]] == ["test"]


def test_tests_are_counted(person: Person) -> None:
    statuses = [person.call("POST", "/notification/test").status for _ in range(11)]
    assert statuses == [200] * 10 + [429]


def test_settings_go_with_the_account(person: Person) -> None:
    person.call("PUT", SETTINGS, {"webhook": WEBHOOK})
    account = load_account(person.email)
    assert account is not None
    assert notification_settings.load_settings(account.user_id) is not None
    person.close_account()
    delete_requested(Deadline(600), now_ms())
    assert notification_settings.load_settings(account.user_id) is None
