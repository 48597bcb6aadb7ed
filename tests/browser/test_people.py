"""Signing in with a real browser: what a person then changes carries the proof that the pages put into their forms."""
import pathlib
import subprocess
import tempfile

import pytest

import daemon as daemon_module
from daemon import BIN, alert, config, console, until

PASSWORDS = {"anna": "correct horse battery", "vera": "looks only"}


@pytest.fixture(scope="module")
def guarded():
    """A daemon that asks who you are: anna operates, vera looks."""
    hashes = {name: subprocess.run([BIN, "hash-password"], input=password + "\n", capture_output=True, text=True, timeout=60, check=True).stdout.strip()
              for name, password in PASSWORDS.items()}
    users = [{"name": name, "password_hash": hashes[name], "role": {"anna": "operator", "vera": "viewer"}[name]} for name in hashes]
    tokens = [{"name": "source", "token": "sekretOperatorToken", "role": "operator"}]
    with tempfile.TemporaryDirectory(prefix="notifier-guarded-") as folder:
        made = daemon_module.Daemon(pathlib.Path(folder), config(console(), auth={"users": users, "tokens": tokens}), token="sekretOperatorToken").start()
        made.fire(alert("DiskFull", severity="critical", host="db1"))
        yield made
        made.finish()


def sign_in(browser, guarded, name):
    browser.driver.delete_all_cookies()
    browser.open(guarded.url + "/")
    browser.wait(lambda: browser.driver.find_elements("css selector", 'input[type="password"]'))
    browser.driver.find_element("css selector", 'input[name="name"]').send_keys(name)
    browser.driver.find_element("css selector", 'input[type="password"]').send_keys(PASSWORDS[name] + "\n")
    browser.wait(lambda: "DiskFull" in browser.text())


def click(browser, selector):
    element = browser.driver.find_element("css selector", selector)
    browser.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    element.click()


def test_an_operator_silences_and_ends_it(guarded, browser):
    browser.dress(1280, 900, False, False)
    browser.open(guarded.url + "/style.css")
    sign_in(browser, guarded, "anna")
    browser.open(guarded.url + "/silences/new?matcher=host%3Ddb1&comment=disk+is+swapped&for=1h")
    click(browser, 'form[action="/silences"] button')
    browser.wait(lambda: "It is in force." in browser.text())
    assert "by anna" in browser.text()
    browser.open(guarded.url + "/")
    browser.wait(lambda: "Nothing is firing aloud" in browser.text() and "silenced" in browser.text())
    browser.open(guarded.url + "/silences")
    click(browser, 'form[action$="/expire"] button')
    browser.wait(lambda: "It is over." in browser.text())
    until(lambda: not [s for s in guarded.items("/api/v1/silences") if s["state"] == "active"], "the end of the silence")


def test_a_viewer_is_offered_nothing_to_change(guarded, browser):
    sign_in(browser, guarded, "vera")
    for path in ("/", "/history", "/deliveries", "/channels", "/silences", "/routes"):
        browser.open(guarded.url + path)
        assert not browser.driver.find_elements("css selector", 'main form[method="post"], main a[href^="/silences/new"]'), path
    browser.open(guarded.url + "/silences/new?matcher=a%3Db")
    assert not browser.driver.find_elements("css selector", 'form[action="/silences"]')
    browser.driver.delete_all_cookies()


def test_a_page_whose_session_ended_says_so(guarded, browser):
    sign_in(browser, guarded, "vera")
    browser.driver.delete_all_cookies()
    guarded.fire(alert("SinceThen", severity="warning"))
    browser.wait(lambda: "you are not signed in any more; load the page again" in browser.text())
    assert "DiskFull" in browser.text() and "SinceThen" not in browser.text(), "what was there stays, and is said to be old"
    browser.listen()
    browser.complaints.clear()  # of the answer 401
