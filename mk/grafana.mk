# make alerts           Grafana's and Prometheus' rules from grafana/alerts.yaml
# make dashboards       grafana/dashboards/*.json from the Python beside them, then the alerts that name their panels
# make check-dashboards every panel, variable and rule against a real QuestDB with thirty days of data; half a minute
# make bench-dashboards the same over millions of rows: how long each panel takes

PYTHON := PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3

.PHONY: alerts
alerts:
	$(PYTHON) grafana/generate_alerts.py

.PHONY: dashboards
dashboards:
	$(PYTHON) grafana/dashboards.py
	$(PYTHON) grafana/generate_alerts.py

DASHBOARDS_ARGS ?=
.PHONY: check-dashboards
check-dashboards: $(OUT)/bin/notifier $(OUT)/bin/collector
	$(call need,java,default-jre-headless)
	$(call need,promtool,prometheus)
	@NOTIFIER_BIN=$(OUT)/bin/notifier COLLECTOR_BIN=$(OUT)/bin/collector $(PYTHON) -m pytest -q -p no:cacheprovider tests/dashboards $(DASHBOARDS_ARGS)

.PHONY: bench-dashboards
bench-dashboards:
	@$(PYTHON) tests/dashboards/bench.py
