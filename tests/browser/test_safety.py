"""What must not happen: another's home on the page, a key shown twice, markup from a name, a session that hangs on."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD, Person

HOSTILE = "<img src=x onerror=document.title='broken'>"


def test_two_people_see_only_their_own(new_person: Callable[..., Person]) -> None:
    ada, ben = new_person(), new_person()
    pi_of_ada, pi_of_ben = ada.api.add_device("Ada's Pi"), ben.api.add_device("Ben's Pi")
    lamp = ada.api.add_port(pi_of_ada, "Ada's lamp", thresholdWatts=10, dwellSeconds=0)
    fan = ben.api.add_port(pi_of_ben, "Ben's fan")
    expect(ada.page.get_by_role("article", name="Ada's lamp")).to_be_visible()
    expect(ben.page.get_by_role("article", name="Ben's fan")).to_be_visible()
    pi_of_ada.send((lamp, 4.0))
    expect(ada.page.get_by_role("link", name="Notifications, 1 unread")).to_be_visible()
    pi_of_ben.send((fan, 41.5))
    expect(ben.page.get_by_role("article", name="Ben's fan")).to_contain_text("41.5W")
    for page, stranger in ((ada.page, "Ben's"), (ben.page, "Ada's")):
        assert stranger not in page.content()
        page.reload()
        expect(page.get_by_role("article")).to_have_count(1)
        assert stranger not in page.content()
    expect(ben.page.get_by_role("link", name="Notifications", exact=True)).to_be_visible()


def test_a_new_key_is_shown_once_and_works(person: Person) -> None:
    page, pi = person.page, person.api.add_device("Hall")
    fan = person.api.add_port(pi, "Fan")
    page.get_by_label("More for this device").click()
    page.get_by_role("button", name="New key…").click()
    page.get_by_role("button", name="Make a new key").click()
    key = page.get_by_label("The new key").input_value()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert key not in page.content()
    page.reload()
    expect(page.get_by_role("heading", name="Hall")).to_be_visible()
    assert key not in page.content()
    pi.use(key)
    pi.send((fan, 12.5))
    expect(page.get_by_role("article", name="Fan")).to_contain_text("12.5W")


def test_hostile_names_are_shown_as_text(person: Person) -> None:
    page, pi = person.page, person.api.add_device(HOSTILE)
    port = person.api.add_port(pi, HOSTILE, thresholdWatts=10, dwellSeconds=0)
    pi.measure(**{HOSTILE: 1.0})
    pi.send((port, 3.0))
    expect(page.get_by_role("heading", name=HOSTILE)).to_have_count(3)  # the device, the outlet, the event
    expect(page.get_by_label("Sensors")).to_contain_text("onerror")
    page.get_by_role("link", name="Notifications, 1 unread").click()
    expect(page.get_by_role("listitem")).to_contain_text(HOSTILE)
    expect(page.locator("img[src=x]")).to_have_count(0)
    assert "broken" not in page.title()


def test_a_released_device_goes_with_its_outlets(person: Person) -> None:
    page, pi = person.page, person.api.add_device("Attic")
    person.api.add_port(pi, "Heater", neverCut=True)
    page.get_by_role("article", name="Heater").get_by_role("switch").press("Enter")
    expect(page.get_by_text("This outlet is never cut")).to_be_visible()
    page.get_by_label("More for this device").click()
    page.get_by_role("button", name="Release…").click()
    page.get_by_role("button", name="Release device").click()
    expect(page.get_by_text("Find your phantoms")).to_be_visible()


def test_no_secret_is_kept_where_scripts_can_read_it(person: Person) -> None:
    stored = person.page.evaluate("JSON.stringify([Object.entries(localStorage), document.cookie])")
    assert "eyJ" not in stored  # how every JWT begins
    assert "refresh" not in stored


def test_a_session_survives_a_reload_and_ends_in_all_tabs(person: Person) -> None:
    page = person.page
    page.reload()
    expect(page.get_by_text("Find your phantoms")).to_be_visible()
    second = page.context.new_page()
    second.goto(page.url)
    expect(second.get_by_text("Find your phantoms")).to_be_visible()
    page.get_by_role("link", name="Account").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    expect(second.get_by_role("heading", name="Log in")).to_be_visible()


def test_tabs_that_load_at_once_all_keep_the_session(person: Person) -> None:
    tabs = [person.page.context.new_page() for _ in range(3)]
    for tab in tabs:
        tab.goto(person.page.url, wait_until="commit")
    for tab in tabs:
        expect(tab.get_by_text("Find your phantoms")).to_be_visible()


def test_what_the_server_refuses_is_shown_at_its_field(person: Person) -> None:
    page = person.page
    page.get_by_role("link", name="Account").click()
    page.get_by_label("Time zone").fill("Mars/Olympus")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Time zone")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Current password").fill("not the one")
    page.get_by_label("New password").fill(PASSWORD + "!")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_label("Current password")).to_be_focused()
    expect(page.locator("[data-field=currentPassword] .error")).not_to_be_empty()


def test_a_deleted_account_is_gone(person: Person) -> None:
    page = person.page
    page.get_by_role("link", name="Account").click()
    page.get_by_role("button", name="Delete account…").click()
    page.get_by_label("Your password").fill("not the one")
    page.get_by_role("button", name="Delete everything").click()
    expect(page.get_by_label("Your password")).to_be_focused()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Delete everything").click()
    expect(page.get_by_role("dialog")).to_have_count(0)  # which has a password too
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert").filter(has_text="password")).to_be_visible()


def test_a_lost_connection_is_made_again_and_catches_up(person: Person) -> None:
    page = person.page
    sockets = []
    page.route_web_socket("**/live*", lambda socket: sockets.append((socket, socket.connect_to_server())))
    page.reload()
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    page.route("**/api/live/ticket", lambda route: route.abort())
    for side in sockets.pop():
        side.close()
    expect(page.get_by_text("reconnecting…")).to_be_visible()
    person.api.add_device("Added meanwhile")
    page.unroute("**/api/live/ticket")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Added meanwhile")).to_be_visible()
