"""Every page in a real browser, wide and narrow, light and dark: nothing leaves the host, nothing complains."""
import pytest

SIZES = {"desktop": (1280, 900, False), "phone": (390, 844, True)}


def paths(scene):
    alert = scene.alert("FeedDown")
    return {"now": "/", "history": "/history", "incident": f"/incidents/{alert['incidents'][0]}"}


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
    outside = [url for url in browser.requests if not url.startswith((scene.daemon.url, "data:", "about:"))]
    assert browser.requests and not outside, outside
    assert not browser.complaints, browser.complaints
