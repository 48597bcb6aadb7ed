# make tools        what the tests need and Debian has not, into build/tools: axe-core (npm), schemathesis and Grafana's types (PyPI); part of `make deps`

TOOLS := build/tools
AXE_VERSION := 4.10.3
AXE := $(TOOLS)/axe-$(AXE_VERSION)/node_modules/axe-core/axe.min.js
SCHEMATHESIS_NEEDS := tests/openapi/requirements.txt
SCHEMATHESIS := $(TOOLS)/schemathesis/bin/schemathesis

.PHONY: tools
tools: $(AXE) $(TOOLS)/schemathesis.made
	@:

# npm comes with Node.js; where that is not Debian's, its package would be in the way of it.
$(AXE):
	@command -v npm >/dev/null || { echo "npm is missing: apt-get install npm" >&2; exit 1; }
	@echo "fetching axe-core $(AXE_VERSION)"
	@mkdir -p $(TOOLS)/axe-$(AXE_VERSION)
	@npm install --silent --no-save --no-audit --no-fund --ignore-scripts --prefix $(TOOLS)/axe-$(AXE_VERSION) axe-core@$(AXE_VERSION) \
	    || { echo "npm could not fetch axe-core $(AXE_VERSION): is the registry within reach (npm config get registry)?" >&2; exit 1; }
	@test -f $@ && touch $@

$(TOOLS)/schemathesis.made: $(SCHEMATHESIS_NEEDS)
	@echo "fetching schemathesis"
	@rm -rf $(TOOLS)/schemathesis && mkdir -p $(TOOLS)
	@/usr/bin/python3 -m venv $(TOOLS)/schemathesis
	@$(TOOLS)/schemathesis/bin/pip install --quiet --disable-pip-version-check -r $(SCHEMATHESIS_NEEDS) \
	    || { echo "pip could not fetch schemathesis: is a package index within reach (pip config list)?" >&2; exit 1; }
	@touch $@
