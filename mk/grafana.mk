# make alerts           Grafana's and Prometheus' rules from grafana/alerts.yaml
# make dashboards       grafana/dashboards/*.json from the Python beside them, then the alerts that name their panels
# make check-dashboards every panel, variable and rule against a real QuestDB with thirty days of data; two minutes, four on a busy machine
# make draw-dashboards  a picture of each dashboard over the same data, in build/pictures, for eyes
# make bench-dashboards the same over millions of rows: how long each panel takes

PYTHON := env PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3

.PHONY: alerts
alerts:
	$(PYTHON) grafana/generate_alerts.py

.PHONY: dashboards
dashboards:
	$(PYTHON) grafana/dashboards.py
	$(PYTHON) grafana/generate_alerts.py

# Grafana's published types, for tests/dashboards/grafana_types.py: the current version's and the oldest that is served,
# from PyPI by their hashes. Part of `make tools`.
GRAFANA_SDKS := build/tools/grafana-sdk/current build/tools/grafana-sdk/11.0
tools: $(GRAFANA_SDKS)

build/tools/pip/bin/pip:
	@/usr/bin/python3 -m venv build/tools/pip || { echo "python3-venv is missing: apt-get install python3-venv" >&2; rm -rf build/tools/pip; exit 1; }

build/tools/grafana-sdk/%: tests/dashboards/grafana-sdk-%.txt | build/tools/pip/bin/pip
	@echo "fetching Grafana's types, $*"
	@rm -rf $@ $@.new && mkdir -p $(@D)
	@build/tools/pip/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes --target $@.new -r $< \
	    || { echo "pip could not fetch grafana-foundation-sdk: is a package index within reach (pip config list)?" >&2; exit 1; }
	@mv $@.new $@ && touch $@

DASHBOARDS_ARGS ?=
.PHONY: check-dashboards
check-dashboards: $(OUT)/bin/notifier $(OUT)/bin/collector $(GRAFANA_SDKS)
	$(call need,java,default-jre-headless)
	$(call need,promtool,prometheus)
	$(need_xdist)
	@NOTIFIER_BIN=$(OUT)/bin/notifier COLLECTOR_BIN=$(OUT)/bin/collector $(PYTHON) -m pytest -q -p no:cacheprovider -n 3 --dist loadgroup tests/dashboards $(DASHBOARDS_ARGS)

.PHONY: draw-dashboards
draw-dashboards:
	$(call need,java,default-jre-headless)
	@timeout --kill-after=10 600 $(PYTHON) tests/dashboards/draw.py build/pictures

.PHONY: bench-dashboards
bench-dashboards:
	@$(PYTHON) tests/dashboards/bench.py
