"""axe-core over every page, light and dark, wide and on a phone, signed in and not, a stranger's text among it: no rule that
it calls serious or critical is broken."""
import os
import pathlib

import pytest

from conftest import ROOT
from test_pages import SIZES, paths
from test_people import guarded, sign_in  # noqa: F401

ASK = """
const done = arguments[arguments.length - 1];
for (const folded of document.querySelectorAll("details")) folded.open = true;
axe.run(document, {resultTypes: ["violations"]}).then((found) => done({rules: found.passes.length + found.violations.length,
  broken: found.violations.map((v) => ({impact: v.impact, id: v.id, help: v.help, where: v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200))}))}),
  (failure) => done({rules: 0, broken: [], failure: String(failure)}));
"""
LOOKS = [(size, dark) for size in SIZES for dark in (False, True)]


@pytest.fixture(scope="module")
def axe():
    path = os.environ.get("AXE")
    assert path, "AXE=axe.min.js is not set: make tools, then make check-browser"
    path = pathlib.Path(path)
    return (path if path.is_absolute() else ROOT / path).read_text(encoding="utf-8")


def faults(browser, axe, url, name=None):
    browser.open(url)
    browser.driver.execute_script(axe)  # by the driver, past our Content-Security-Policy
    found = browser.driver.execute_async_script(ASK)
    assert found["rules"] > 20 and "failure" not in found, (url, found)
    return [(name or url, one) for one in found["broken"] if one["impact"] in ("serious", "critical")]


def dress(browser, size, dark):
    width, height, touch = SIZES[size]
    browser.dress(width, height, dark, touch)


def show(found):
    return "\n".join(f"{page}: {one['impact']}: {one['id']}: {one['help']}\n    " + "\n    ".join(one["where"]) for page, one in found)


@pytest.mark.parametrize("size, dark", LOOKS, ids=[f"{size}-{'dark' if dark else 'light'}" for size, dark in LOOKS])
def test_every_page(scene, browser, axe, size, dark):
    dress(browser, size, dark)
    found = [one for path in paths(scene).values() for one in faults(browser, axe, scene.daemon.url + path, path)]
    assert not found, show(found)


@pytest.mark.parametrize("size, dark", [("desktop", False), ("phone", True)], ids=["desktop-light", "phone-dark"])
def test_where_people_sign_in(guarded, browser, axe, size, dark):  # noqa: F811
    dress(browser, size, dark)
    browser.driver.delete_all_cookies()
    found = faults(browser, axe, guarded.url + "/", "signing in")
    sign_in(browser, guarded, "anna")
    for path in ("/", "/account", "/audit", "/history", "/silences/new?matcher=host%3Ddb1", "/channels", "/nosuch", "/incidents/NONE"):
        found += faults(browser, axe, guarded.url + path, path)
    browser.driver.delete_all_cookies()
    assert not found, show(found)
