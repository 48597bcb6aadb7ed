# make check-browser the pages in a real Chromium, axe-core looks for what keeps somebody out; screenshots in build/screens

.PHONY: check-browser
check-browser: $(OUT)/bin/notifier
	$(call need,chromedriver,chromium chromium-driver)
	@/usr/bin/python3 -c 'import selenium' 2>/dev/null || { echo "python3-selenium is missing: apt-get install python3-selenium" >&2; exit 1; }
	@test -f $(AXE) || { echo "axe-core is missing: make tools" >&2; exit 1; }
	@NOTIFIER_BIN=$(OUT)/bin/notifier AXE=$(AXE) PYTHONDONTWRITEBYTECODE=1 timeout --kill-after=10 600 $(PYTEST) tests/browser

# make screenshots   docs/images anew, from a made-up night; look at them before you commit
.PHONY: screenshots
screenshots: $(OUT)/bin/notifier
	$(call need,chromedriver,chromium chromium-driver)
	@NOTIFIER_BIN=$(OUT)/bin/notifier PYTHONDONTWRITEBYTECODE=1 timeout --kill-after=10 180 /usr/bin/python3 tests/browser/screenshots.py
