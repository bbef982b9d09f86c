"""From a notification to mail and webhook: chosen channels, quiet hours, retries, digests, and crashes in between."""

from __future__ import annotations

import email
import email.policy
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from chalicelib.accounts.model import Account
from chalicelib.accounts.store import load_account
from chalicelib.core.deadlines import Deadline
from chalicelib.core.errors import Unavailable, Undeliverable
from chalicelib.core.settings import settings
from chalicelib.core.times import DAY_MS, HOUR_MS, MINUTE_MS
from chalicelib.devices.presence import mark_silent_devices
from chalicelib.energy import reports, usage
from chalicelib.notifications import delivery, webhooks
from chalicelib.notifications import settings_store as notification_settings
from chalicelib.notifications import store as notifications
from chalicelib.notifications.channels import Recipient
from chalicelib.notifications.delivery_rules import RETRY_AFTER_MINUTES
from chalicelib.notifications.model import Notification
from chalicelib.notifications.preferences import Webhook
from chalicelib.notifications.weekly_digest import make_due_digests
from tests.conftest import Call, Person, now_ms, reading
from tests.integration.conftest import confirm_address
from tests.integration.stream import Deliver


@pytest.fixture(autouse=True)
def mails(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[Any]]]:
    """The mails that were sent, parsed, by their names."""
    monkeypatch.setenv("MAIL_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("MAIL_FROM", "ghostwatt@example.org")
    settings.cache_clear()

    def sent() -> list[Any]:
        files = sorted(tmp_path.glob("*.eml"))
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in files]

    yield sent
    monkeypatch.undo()
    settings.cache_clear()


class Hook:
    """In place of the network: the ids that were posted; it refuses while it is down. Other tests' news pass by."""

    def __init__(self) -> None:
        self.url = f"https://hooks.example.org/{secrets.token_hex(6)}"
        self.posted: list[str] = []
        self.tries = 0
        self.down = False

    def post(self, webhook: Webhook, notification: Notification, _now_ms: int) -> None:
        """Take a notification."""
        if webhook.url != self.url:
            return
        self.tries += 1
        if self.down:
            raise Undeliverable("The webhook answered with status 500.")
        self.posted.append(notification.notification_id)


@pytest.fixture(autouse=True)
def hook(call: Call, monkeypatch: pytest.MonkeyPatch) -> Hook:
    double = Hook()
    monkeypatch.setattr(webhooks, "post_webhook", double.post)
    monkeypatch.setattr(webhooks, "check_webhook_url", lambda _url: None)
    return double


def choose(person: Person, **choices: Any) -> dict[str, Any]:
    confirm_address(person)
    answer = person.call("PUT", "/notification/settings", choices)
    assert answer.status == 200, answer
    body: dict[str, Any] = answer.body
    return body


def chosen(person: Person) -> dict[str, Any]:
    body: dict[str, Any] = person.call("GET", "/notification/settings").body
    return body


def go_offline(person: Person) -> int:
    """A device of the person falls silent; returns when that was noticed."""
    person.device("Cellar Pi").call("POST", "/device/heartbeat", {"agentVersion": "1.4.0"})
    at_ms = now_ms() + 151_000
    mark_silent_devices(at_ms)
    return at_ms


def run(at_ms: int) -> None:
    delivery.deliver_due(Deadline(600), at_ms)


def test_a_notification_leaves_by_the_chosen_channels_once(
    person: Person, mails: Callable[[], list[Any]], hook: Hook
) -> None:
    choose(person, email=True, webhook={"url": hook.url})
    at_ms = go_offline(person)
    for later_ms in (0, MINUTE_MS, DAY_MS):
        run(at_ms + later_ms)
    (message,) = mails()
    assert (message["To"], message["Subject"]) == (person.email, "Ghostwatt: A device is offline")
    assert "Cellar Pi is offline." in message.get_content()
    (notification,) = person.call("GET", "/notification/list").body["notifications"]
    assert hook.posted == [notification["notificationId"]]
    assert message["Message-ID"] == f"<{notification['notificationId']}@example.org>"


def test_no_mail_leaves_before_the_address_is_confirmed(
    person: Person, mails: Callable[[], list[Any]], hook: Hook
) -> None:
    choices = {"email": True, "weeklyDigest": True, "webhook": {"url": hook.url}}
    shown = person.call("PUT", "/notification/settings", choices).body
    assert (shown["email"], shown["emailConfirmed"]) == (True, False)
    run(go_offline(person))
    tried = {part["channel"]: part for part in person.call("POST", "/notification/test").body["results"]}
    assert tried["email"]["status"] == "failed"
    assert "not confirmed" in tried["email"]["error"]
    assert tried["webhook"]["status"] == "delivered"
    assert make_due_digests(Deadline(600), now_ms() + 8 * DAY_MS) > 0
    run(now_ms() + 8 * DAY_MS)
    assert [message["Subject"] for message in mails() if message["To"] == person.email] == [
        "Ghostwatt: Confirm your e-mail address"
    ]
    assert len(hook.posted) == 2, "the webhook waits for nothing"
    confirm_address(person)
    assert {part["channel"]: part["status"] for part in person.call("POST", "/notification/test").body["results"]} == {
        "page": "delivered",
        "email": "delivered",
        "webhook": "delivered",
    }


def test_an_account_older_than_confirmations_is_asked_once_when_a_mail_was_due(
    person: Person, mails: Callable[[], list[Any]]
) -> None:
    person.call("PUT", "/notification/settings", {"email": True})
    for _ in range(2):
        run(go_offline(person))
    (message,) = mails()
    assert (message["To"], message["Subject"]) == (person.email, "Ghostwatt: Confirm your e-mail address")


def test_who_is_asked_while_no_mail_can_be_sent_is_asked_again(
    person: Person, mails: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    person.call("PUT", "/notification/settings", {"email": True})
    broken = tmp_path / "file"
    broken.write_text("")
    with monkeypatch.context() as patch:
        patch.setenv("MAIL_DIRECTORY", str(broken))
        settings.cache_clear()
        run(go_offline(person))
    settings.cache_clear()
    assert mails() == []
    run(go_offline(person))
    assert len(mails()) == 1


def test_who_chose_nothing_is_told_on_the_page_alone(
    person: Person, mails: Callable[[], list[Any]], hook: Hook
) -> None:
    run(go_offline(person))
    assert (mails(), hook.posted) == ([], [])
    assert person.call("GET", "/notification/list").body["unread"] == 1


def test_a_kind_can_be_taken_off_a_channel_and_off_the_page(
    person: Person, mails: Callable[[], list[Any]], hook: Hook
) -> None:
    choose(person, email=True, webhook={"url": hook.url}, kinds={"device_offline": ["webhook"]})
    run(go_offline(person))
    assert (mails(), len(hook.posted)) == ([], 1)
    listed = person.call("GET", "/notification/list").body
    assert (listed["unread"], len(listed["notifications"])) == (0, 1)


def test_a_failing_channel_is_tried_again_later_and_given_up_in_the_end(person: Person, hook: Hook) -> None:
    choose(person, webhook={"url": hook.url})
    hook.down = True
    at_ms = go_offline(person)
    for number, minutes in enumerate((*RETRY_AFTER_MINUTES, 0), 1):
        run(at_ms)
        run(at_ms + 1)
        assert hook.tries == number
        error = chosen(person)["lastErrors"]["webhook"]
        assert error["error"] == "The webhook answered with status 500."
        assert error["gaveUp"] is (number > len(RETRY_AFTER_MINUTES))
        at_ms += minutes * MINUTE_MS
    run(at_ms + 7 * DAY_MS)
    assert hook.tries == len(RETRY_AFTER_MINUTES) + 1


def test_a_channel_that_works_again_delivers_and_clears_its_error(
    person: Person, mails: Callable[[], list[Any]], hook: Hook
) -> None:
    choose(person, email=True, webhook={"url": hook.url})
    hook.down = True
    at_ms = go_offline(person)
    run(at_ms)
    assert len(mails()) == 1
    hook.down = False
    run(at_ms + 2 * MINUTE_MS)
    assert (len(hook.posted), len(mails())) == (1, 1)
    assert chosen(person)["lastErrors"] == {"email": None, "webhook": None}


def test_one_dead_receiver_is_tried_once_a_run_however_much_waits_for_it(person: Person, hook: Hook) -> None:
    choose(person, webhook={"url": hook.url})
    hook.down = True
    for _ in range(2):
        go_offline(person)
    run(go_offline(person))
    assert hook.tries == 1


def test_what_falls_into_quiet_hours_is_sent_when_they_are_over(person: Person, hook: Hook) -> None:
    person.call("PATCH", "/account", {"timezone": "Asia/Kathmandu"})
    choose(person, webhook={"url": hook.url}, quietHours={"from": "00:00", "to": "23:59"})
    at_ms = go_offline(person)
    kathmandu_ms = at_ms + 345 * MINUTE_MS
    end_ms = at_ms - kathmandu_ms % DAY_MS + DAY_MS - MINUTE_MS
    run(at_ms)
    assert person.call("GET", "/notification/list").body["unread"] == 1
    run(end_ms - 1)
    assert hook.posted == []
    run(end_ms)
    assert len(hook.posted) == 1


def test_a_crash_between_sending_and_marking_leads_to_one_repeat_with_the_same_id(
    person: Person, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(person, webhook={"url": hook.url})
    at_ms = go_offline(person)

    def die(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as crash:
        crash.setattr(notifications, "save_deliveries", die)
        with pytest.raises(KeyboardInterrupt):
            run(at_ms)
    run(at_ms + MINUTE_MS)
    assert len(hook.posted) == 1, "it is held for a while by the one who died"
    for minutes in (2, 3, 60):
        run(at_ms + minutes * MINUTE_MS)
    assert len(hook.posted) == 2
    assert len(set(hook.posted)) == 1


def test_two_runs_at_once_send_once(person: Person, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(person, webhook={"url": hook.url})
    at_ms = go_offline(person)
    post = hook.post

    def post_while_another_runs(webhook: Webhook, notification: Notification, at: int) -> None:
        run(at_ms)
        post(webhook, notification, at)

    monkeypatch.setattr(webhooks, "post_webhook", post_while_another_runs)
    run(at_ms)
    assert len(hook.posted) == 1


def test_a_closed_account_is_told_nothing(person: Person, mails: Callable[[], list[Any]]) -> None:
    choose(person, email=True)
    at_ms = go_offline(person)
    assert person.close_account().status == 202
    run(at_ms)
    assert mails() == []


def digest_at(person: Person) -> int:
    account = load_account(person.email)
    assert account is not None
    stored = notification_settings.load_settings(account.user_id)
    assert stored is not None
    assert stored.digest_due_at_ms is not None
    return stored.digest_due_at_ms


def test_a_digest_comes_once_a_week_whatever_the_schedule_does(
    person: Person, mails: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []

    def describe_energy(account: Account, from_ms: int, to_ms: int, _now_ms: int) -> list[str]:
        if account.email == person.email:  # others of this run may have chosen a digest too
            asked.append((from_ms, to_ms))
        return ["Saved: 1.2 kWh"]

    monkeypatch.setattr(reports, "describe_energy", describe_energy)
    choose(person, email=True, weeklyDigest=True, kinds={"device_offline": ["page"]})
    go_offline(person)
    due_ms = digest_at(person)
    make_due_digests(Deadline(600), due_ms - 1)
    assert person.call("GET", "/notification/list").body["unread"] == 1
    assert make_due_digests(Deadline(0), due_ms) == 0
    for later_ms in (0, 1, HOUR_MS):
        make_due_digests(Deadline(600), due_ms + later_ms)
    run(due_ms + HOUR_MS)
    monday_ms = due_ms - 7 * HOUR_MS
    assert asked == [(monday_ms - 7 * DAY_MS, monday_ms)], "seven whole days of UTC"
    (message,) = [mail for mail in mails() if mail["To"] == person.email]
    assert message["Subject"] == "Your week: 0 cuts, 0 outlets still drawing standby"
    text = message.get_content()
    assert "Saved: 1.2 kWh" in text
    assert "- Cellar Pi" in text
    assert digest_at(person) == due_ms + 7 * DAY_MS


def test_two_runs_at_once_make_one_digest(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(person, email=True, weeklyDigest=True)
    due_ms, runs = digest_at(person), [0]

    def run_again(*_: object) -> list[str]:
        runs[0] += 1
        if runs[0] == 1:
            make_due_digests(Deadline(600), due_ms)
        return []

    monkeypatch.setattr(reports, "describe_energy", run_again)
    make_due_digests(Deadline(600), due_ms)
    kinds = [entry["kind"] for entry in person.call("GET", "/notification/list").body["notifications"]]
    assert kinds.count("weekly_digest") == 1


def test_a_digest_tells_what_draws_standby_and_what_the_week_used(
    person: Person, mails: Callable[[], list[Any]], deliver: Deliver
) -> None:
    device = person.device()
    port_id = person.port(device, "Console", thresholdWatts=10)["portId"]
    device.send([reading(port_id, now_ms(), 4.6)])
    deliver()
    choose(person, email=True, weeklyDigest=True)
    due_ms = digest_at(person)
    make_due_digests(Deadline(600), due_ms)
    run(due_ms)
    assert any("Console" in message.get_content() for message in mails())


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (Unavailable("summing up", code="summing_up"), nullcontext()),
        (ZeroDivisionError(), pytest.raises(ZeroDivisionError)),
    ],
    ids=["not yet", "broken"],
)
def test_a_digest_that_cannot_be_made_holds_up_no_other_and_stays_due(
    person: Person,
    stranger: Person,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Exception,
    told: AbstractContextManager[Any],
) -> None:
    for each in (person, stranger):
        choose(each, email=True, weeklyDigest=True)
    due_ms = max(digest_at(person), digest_at(stranger))

    def describe_energy(account: Account, *_: int) -> list[str]:
        if account.email == person.email:
            raise trouble
        return []

    monkeypatch.setattr(reports, "describe_energy", describe_energy)
    with told:
        make_due_digests(Deadline(600), due_ms)
    assert digest_at(stranger) > due_ms
    assert digest_at(person) <= due_ms
    monkeypatch.setattr(reports, "describe_energy", lambda *_: [])
    make_due_digests(Deadline(600), due_ms)
    assert digest_at(person) > due_ms


def test_a_home_with_too_many_outlets_for_one_answer_has_no_energy_in_its_digest(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    person.port(person.device())
    monkeypatch.setattr(usage, "MOST_DAYS_OF_QUARTERS", 0)
    account = load_account(person.email)
    assert account is not None
    assert reports.describe_energy(account, now_ms() - 7 * DAY_MS, now_ms(), now_ms()) == []


def test_a_notification_that_cannot_be_taken_holds_up_no_other(
    person: Person, stranger: Person, mails: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in (person, stranger):
        choose(each, email=True, weeklyDigest=True)
    due_ms = max(digest_at(person), digest_at(stranger))
    monkeypatch.setattr(reports, "describe_energy", lambda *_: [])
    make_due_digests(Deadline(600), due_ms)

    def load_recipient(owner_id: str) -> Recipient | None:
        recipient = found(owner_id)
        if recipient is not None and recipient.account.email == person.email:
            raise ZeroDivisionError
        return recipient

    found = delivery.load_recipient
    monkeypatch.setattr(delivery, "load_recipient", load_recipient)
    with pytest.raises(ZeroDivisionError):
        delivery.deliver_due(Deadline(600), due_ms)
    assert [mail["To"] for mail in mails() if mail["To"] in (person.email, stranger.email)] == [stranger.email]
