"""A daemon with something to show, and a real Chromium that keeps note of every request and every complaint."""
import json
import os
import pathlib
import shutil
import sys
import tempfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
import daemon as daemon_module  # noqa: E402
import fakes  # noqa: E402
import scene as scene_module  # noqa: E402

SCREENS = ROOT / "build/screens"


@pytest.fixture(scope="session")
def scene():
    with tempfile.TemporaryDirectory(prefix="notifier-browser-") as folder, fakes.Sink() as chat, fakes.Sink() as pager:
        made = scene_module.Scene(daemon_module, pathlib.Path(folder), chat, pager)
        yield made
        made.daemon.finish()


class Browser:
    """One Chromium; `open` gives it a width and a colour scheme, `complaints` and `requests` what it said and asked."""

    def __init__(self, folder):
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or "/usr/bin/chromium"
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                         "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
                         "--lang=en-GB", f"--user-data-dir={folder}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = Service(shutil.which("chromedriver") or "/usr/bin/chromedriver", env={**os.environ, "TZ": "Europe/Berlin"})
        self.driver = webdriver.Chrome(service=service, options=options)
        self.driver.set_page_load_timeout(60)
        self.requests, self.complaints = [], []
        self.driver.get("about:blank")
        self.listen()  # the browser's own first page is not ours

    def dress(self, width, height, dark, touch):
        command = self.driver.execute_cdp_cmd
        command("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": touch})
        command("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                                                            {"name": "prefers-reduced-motion", "value": "reduce"}]})

    def open(self, url):
        self.driver.get(url)
        self.listen()

    def listen(self):
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
        self.complaints += [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def picture(self, name):
        SCREENS.mkdir(parents=True, exist_ok=True)
        size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "captureBeyondViewport": True, "format": "png",
            "clip": {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 4000), "scale": 1}})
        import base64
        (SCREENS / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))

    def text(self):
        return self.driver.execute_script("return document.body ? document.body.innerText : ''")

    def wait(self, condition, seconds=30):
        from selenium.common.exceptions import StaleElementReferenceException
        from selenium.webdriver.support.ui import WebDriverWait
        return WebDriverWait(self.driver, seconds, ignored_exceptions=[StaleElementReferenceException]).until(lambda _: condition())

    def is_too_wide(self):
        return self.driver.execute_script("return document.documentElement.scrollWidth > document.documentElement.clientWidth")


@pytest.fixture(scope="session")
def browser():
    with tempfile.TemporaryDirectory(prefix="notifier-chromium-") as folder:
        made = Browser(folder)
        yield made
        made.driver.quit()
