"""Every page in a real browser, wide and narrow, light and dark: nothing leaves the host, nothing complains."""
import pytest

from scene import HOSTILE

# What a page must be for those who see little or nothing: text of enough contrast (WCAG 2, 1.4.3), a name for each field,
# headings that skip no level, one h1, and lists that hold only their items.
READABLE = """
const wrong = [];
const rgb = (text) => { const n = text.match(/[\\d.]+/g).map(Number); return {c: n.slice(0, 3), a: n.length > 3 ? n[3] : 1}; };
const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
                       return .2126 * r + .7152 * g + .0722 * b; };
const under = (e) => { for (; e; e = e.parentElement) { const b = rgb(getComputedStyle(e).backgroundColor); if (b.a === 1) return b.c; }
                       return [255, 255, 255]; };
for (const e of document.querySelectorAll("body *")) {
  const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  if (!own || !e.getClientRects().length || e.closest("svg, .skip")) continue;
  const style = getComputedStyle(e), [a, b] = [light(rgb(style.color).c), light(under(e))].sort((x, y) => y - x);
  const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
  if ((a + .05) / (b + .05) < (large ? 3 : 4.5)) wrong.push(`contrast ${((a + .05) / (b + .05)).toFixed(2)}: ${e.className} ${e.textContent.trim().slice(0, 40)}`);
}
let level = 0;
for (const h of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
  const l = Number(h.tagName[1]);
  if (l > level + 1) wrong.push(`h${level} to h${l}: ${h.textContent.slice(0, 40)}`);
  level = l;
}
if (document.querySelectorAll("h1").length !== 1) wrong.push("not one h1");
for (const f of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
  if (!f.labels.length && !f.getAttribute("aria-label")) wrong.push("no label: " + f.outerHTML);
for (const e of document.querySelectorAll("ul > *, ol > *")) if (e.tagName !== "LI") wrong.push("in a list: " + e.outerHTML.slice(0, 80));
for (const e of document.querySelectorAll("[id]")) if (document.querySelectorAll("#" + CSS.escape(e.id)).length > 1) wrong.push("twice: #" + e.id);
return wrong;
"""
SIZES = {"desktop": (1280, 900, False), "phone": (390, 844, True)}


def paths(scene):
    alert = scene.alert("FeedDown")
    return {"now": "/", "history": "/history", "incident": f"/incidents/{alert['incidents'][0]}", "alert": f"/alerts/{alert['id']}",
            "dead": f"/alerts/{scene.alert('OrderRejected')['id']}", "hostile": f"/alerts/{scene.alert(HOSTILE)['id']}", "deliveries": "/deliveries", "channels": "/channels",
            "routes": "/routes?label=severity%3Dcritical&label=team%3Dtrading&label=page%3Dyes",
            "audit": "/audit", "quarantine": "/quarantine",
            "quarantined": f"/quarantine/{scene.daemon.items('/api/v1/quarantine')[0]['id']}", "account": "/account", "history-of-one": "/history?matcher=team%3Ddata&status=firing&since=7d",
            "silences": "/silences", "silence-new": "/silences/new?matcher=alertname%3DFeedDown&comment=Maintenance+at+the+exchanges&for=2h",
            "delivery": f"/deliveries/{scene.daemon.items('/api/v1/deliveries?status=delivered')[0]['id']}"}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_page(scene, browser, size, dark):
    width, height, touch = SIZES[size]
    browser.dress(width, height, dark, touch)
    browser.requests.clear()
    browser.complaints.clear()
    for name, path in paths(scene).items():
        browser.open(scene.daemon.url + path)
        browser.picture(f"{name}-{size}-{'dark' if dark else 'light'}")
        assert not browser.is_too_wide(), f"{path} is wider than the screen"
        wrong = browser.driver.execute_script(READABLE)
        assert not wrong, (path, wrong)
    outside = [url for url in browser.requests if not url.startswith((scene.daemon.url, "data:", "about:"))]
    assert browser.requests and not outside, outside
    assert not browser.complaints, browser.complaints


def test_what_fires_comes_first(scene, browser):
    """On a phone three boxes about deliveries stood before the first alert."""
    tops = {}
    for name, (width, height, touch) in SIZES.items():
        browser.dress(width, height, False, touch)
        browser.open(scene.daemon.url + "/")
        tops[name] = browser.driver.execute_script(
            "return ['article', '.tile'].map(one => { const box = document.querySelector(one).getBoundingClientRect(); return [box.top, box.left]; })")
    (alert, tile), (beside, wide_tile) = tops["phone"], tops["desktop"]
    assert alert[0] < 300 and tile[0] > alert[0], tops
    assert wide_tile[1] > beside[1] and wide_tile[0] <= beside[0], "where there is room they stand beside"
    order = browser.driver.execute_script("return document.querySelector('article').compareDocumentPosition(document.querySelector('.tile')) & 4")
    assert order, "and by keyboard what fires is reached first"


def test_a_dead_letter_goes_again_by_its_button(scene, browser):
    """By keyboard alone: the form of ours passes what guards it, and the page says what was done."""
    from selenium.webdriver.common.keys import Keys

    browser.dress(1280, 900, False, False)
    browser.complaints.clear()
    scene.pager.always(None)
    browser.open(scene.daemon.url + "/deliveries?status=dead")
    letter = next(one for one in browser.driver.find_elements("css selector", "article") if "OrderRejected" in one.text)
    button = next(one for one in letter.find_elements("css selector", "button") if one.text == "Send again")
    button.send_keys(Keys.ENTER)
    browser.wait(lambda: "It goes again." in browser.text())
    browser.listen()
    scene.pager.wait(lambda: any("OrderRejected" in message.text for message in scene.pager.taken))
    assert not browser.complaints, browser.complaints


def test_times_are_the_readers(scene, browser):
    browser.open(scene.daemon.url + "/history")
    time = browser.driver.find_element("css selector", "article time")
    assert time.get_attribute("title").endswith(" UTC")
    shown = browser.driver.execute_script("return new Date(arguments[0].dateTime).toLocaleTimeString(undefined, {timeStyle: 'medium'})", time)
    assert shown in time.text
    assert "Times are UTC." in scene.daemon.get("/history").text
    assert "Times are those of Europe/Berlin, your browser's time zone" in browser.text(), "on a phone nothing hovers"


def test_a_page_left_open_over_night_gives_the_date(scene, browser):
    """Yesterday's 03:12 looked like today's."""
    browser.open(scene.daemon.url + "/history")
    shown = lambda: browser.driver.find_element("css selector", "article time").text
    today = shown()
    browser.driver.execute_script("""
        const Real = Date;
        window.Date = class extends Real { constructor(...given) { if (given.length) super(...given); else super(Real.now() + 86400000); } };
        document.dispatchEvent(new Event("visibilitychange"));""")
    assert today in shown() and shown() != today, shown()


def test_everything_is_reached_by_keyboard(scene, browser):
    """Tab meets the skip link first, then the pages, then every link, field and button there is."""
    browser.dress(1280, 900, False, False)
    browser.open(scene.daemon.url + "/deliveries")
    wanted = browser.driver.execute_script(
        "return [...document.querySelectorAll('a[href],button,input:not([type=hidden]),select,summary')].filter(e => e.tabIndex >= 0).length")
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.common.action_chains import ActionChains
    met = []
    for _ in range(wanted):
        ActionChains(browser.driver).send_keys(Keys.TAB).perform()
        met.append(browser.driver.execute_script(
            "const e = document.activeElement; e.dataset.met = 1; return [e.textContent || e.name, getComputedStyle(e).outlineStyle]"))
    assert met[0][0] == "To the content", met[:3]
    assert browser.driver.execute_script("return document.querySelectorAll('[data-met]').length") == wanted, met
    assert all(style != "none" for _, style in met), "what has the focus is seen"


def click(browser, selector):
    element = browser.driver.find_element("css selector", selector)
    browser.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    element.click()


def test_the_history_is_searched_and_paged_by_hand(scene, browser):
    browser.dress(390, 844, False, True)
    browser.complaints.clear()
    rows = lambda: [row.text for row in browser.driver.find_elements("css selector", 'main a[href^="/alerts/"]')]
    browser.open(scene.daemon.url + "/history?limit=5")
    first = rows()
    click(browser, 'a[rel="next"]')
    browser.wait(lambda: "cursor=" in browser.driver.current_url and rows() and rows() != first)
    browser.open(scene.daemon.url + "/history")
    field = browser.driver.find_element("css selector", 'main form input[name="matcher"]')
    field.send_keys("team=trading")
    click(browser, "main form button.main")
    browser.wait(lambda: "matcher=team%3Dtrading" in browser.driver.current_url and rows())
    assert set(rows()) == {"OrderRejected", "LatencyHigh"}, rows()
    click(browser, f'main a[href="/alerts/{scene.alert("OrderRejected")["id"]}"]')
    browser.wait(lambda: "The exchange rejects every order of mm-btc" in browser.text() and "/alerts/" in browser.driver.current_url)
    browser.listen()
    assert not browser.complaints, browser.complaints


def test_a_test_is_sent_by_its_button(scene, browser):
    browser.dress(390, 844, False, True)
    browser.complaints.clear()
    browser.open(scene.daemon.url + "/channels")
    click(browser, 'form[action="/channels/team-chat/test"] button')
    browser.wait(lambda: "/deliveries/" in browser.driver.current_url and "What it tells" in browser.text())
    assert "team-chat" in browser.text() and "test" in browser.text()
    browser.listen()
    assert not browser.complaints, browser.complaints


def test_a_silence_is_made_and_ended_by_hand(scene, browser):
    browser.dress(390, 844, False, True)
    browser.complaints.clear()
    browser.open(scene.daemon.url + f"/alerts/{scene.alert('LatencyHigh')['id']}")
    click(browser, 'a[href^="/silences/new"]')
    browser.wait(lambda: "It would hush 1 alert" in browser.text())
    browser.driver.find_element("css selector", 'input[name="comment"]').send_keys("the router is being replaced\n")
    browser.wait(lambda: browser.driver.find_elements("css selector", 'form[action="/silences"] button'))
    click(browser, 'form[action="/silences"] button')
    browser.wait(lambda: "It is in force." in browser.text())
    assert "the router is being replaced" in browser.text()
    browser.picture("silences-one-phone-light")
    click(browser, 'form[action$="/expire"] button')
    browser.wait(lambda: "It is over." in browser.text())
    browser.listen()
    assert not browser.complaints, browser.complaints


def test_the_silences_follow_what_happens(scene, browser):
    """"2 h to go" stood there for as long as the page was open, and what others silenced did not."""
    import json

    browser.open(scene.daemon.url + "/silences")
    browser.driver.execute_script("window.stayed = true")
    silence = {"matchers": [{"name": "alertname", "value": "Nothing", "isRegex": False}], "startsAt": "2026-03-14T09:00:00Z",
               "endsAt": "2099-01-01T00:00:00Z", "createdBy": "somebody else", "comment": "made meanwhile"}
    made = scene.daemon.post(json.dumps(silence), path="/api/v2/silences")
    browser.wait(lambda: "made meanwhile" in browser.text())
    scene.daemon.call("DELETE", f"/api/v2/silence/{made.json['silenceID']}")
    browser.wait(lambda: "expired" in browser.driver.find_element("css selector", "article").text)
    assert browser.driver.execute_script("return window.stayed"), "the same page"


def test_the_first_page_follows_what_happens(scene, browser):
    """Without a reload; and whoever stands on a link still does."""
    daemon = scene.module
    browser.dress(1280, 900, False, False)
    browser.complaints.clear()
    browser.open(scene.daemon.url + "/")
    browser.driver.execute_script("window.stayed = true; document.querySelector('main a[href^=\"/incidents/\"]').focus()")
    standing = browser.driver.execute_script("return document.activeElement.getAttribute('href')")
    newer = daemon.alert("JustNow", severity="warning", annotations={"summary": "It fires while somebody looks"})
    scene.daemon.fire(newer)
    browser.wait(lambda: "It fires while somebody looks" in browser.text())
    scene.daemon.fire({**newer, "status": "resolved", "endsAt": "2026-03-14T10:00:00Z"})
    browser.wait(lambda: "It fires while somebody looks" not in browser.text())
    assert browser.driver.execute_script("return window.stayed"), "the same page"
    assert browser.driver.execute_script("return document.activeElement.getAttribute('href')") == standing
    browser.listen()
    assert not browser.complaints, browser.complaints


def test_under_a_prefix_a_page_follows_too(browser):
    """As behind a proxy that hands on the path it is asked for: script, style and stream come from below it."""
    import pathlib
    import tempfile

    import daemon
    with tempfile.TemporaryDirectory(prefix="notifier-prefix-") as folder:
        d = daemon.Daemon(pathlib.Path(folder), daemon.config(daemon.console(), server={"public_url": "http://localhost/alerts"})).start()
        try:
            d.fire(daemon.alert("BeforeHand"))
            browser.dress(1280, 900, False, False)
            browser.complaints.clear()
            browser.requests.clear()
            browser.open(d.url + "/alerts/")
            browser.driver.execute_script("window.stayed = true")
            browser.wait(lambda: (browser.listen(), any(url.startswith(d.url + "/alerts/api/v1/stream") for url in browser.requests))[1])
            d.fire(daemon.alert("JustNow", annotations={"summary": "It fires below a prefix"}))
            browser.wait(lambda: "It fires below a prefix" in browser.text())
            assert browser.driver.execute_script("return window.stayed"), "the same page"
            click(browser, 'main a[href^="/alerts/incidents/"]')
            browser.wait(lambda: "/alerts/incidents/" in browser.driver.current_url)
            browser.listen()
            assert all(url.startswith(d.url + "/alerts") for url in browser.requests if not url.startswith(("data:", "about:"))), browser.requests
            assert not browser.complaints, browser.complaints
        finally:
            d.finish()


def test_a_page_that_cannot_follow_says_so(browser):
    """The daemon was gone, and the page said for hours that nothing was firing."""
    import pathlib
    import tempfile

    import daemon
    with tempfile.TemporaryDirectory(prefix="notifier-gone-") as folder:
        d = daemon.Daemon(pathlib.Path(folder), daemon.config(daemon.console())).start()
        try:
            browser.dress(390, 844, False, True)
            browser.open(d.url + "/")
            browser.wait(lambda: "Nothing is firing" in browser.text())
            notice = browser.driver.find_element("css selector", "main").find_element("xpath", "preceding-sibling::p")
            assert not notice.is_displayed()
            d.listen = d.url.removeprefix("http://")
            d.stop()
            browser.wait(lambda: notice.is_displayed() and "notifier cannot be reached" in notice.text)
            assert notice.text.startswith("As of ") and notice.get_attribute("role") == "alert"
            d.configure(daemon.config(daemon.console()))
            d.start()
            d.fire(daemon.alert("WhileGone", annotations={"summary": "It fired meanwhile"}))
            browser.wait(lambda: "It fired meanwhile" in browser.text() and not notice.is_displayed())
        finally:
            d.finish()
        browser.listen()
        browser.complaints.clear()  # that the daemon was gone
