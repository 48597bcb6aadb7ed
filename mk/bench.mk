# make bench        notifier against Debian's Alertmanager, the same load in the same run; at most six minutes

BENCH_ARGS ?=

$(OUT)/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(CC) -O2 -g -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror $< -o $@

.PHONY: bench
bench: $(OUT)/bin/notifier $(OUT)/bench/load $(OUT)/bench/sink
	@command -v prometheus-alertmanager >/dev/null || { echo "prometheus-alertmanager is missing: apt-get install prometheus-alertmanager" >&2; exit 1; }
	@NOTIFIER_BIN=$(OUT)/bin/notifier PYTHONDONTWRITEBYTECODE=1 timeout --kill-after=10 360 /usr/bin/python3 tests/bench/bench.py --tools $(OUT)/bench $(BENCH_ARGS)

# make bench-lists    lists while 100,000 alerts fire, beside Debian's Alertmanager; about three minutes
.PHONY: bench-lists
bench-lists: $(OUT)/bin/notifier $(OUT)/bench/load $(OUT)/bench/sink
	@for name in prometheus-alertmanager amtool; do command -v $$name >/dev/null || { echo "$$name is missing: apt-get install prometheus-alertmanager" >&2; exit 1; }; done
	@NOTIFIER_BIN=$(OUT)/bin/notifier PYTHONDONTWRITEBYTECODE=1 timeout --kill-after=10 1200 /usr/bin/python3 tests/bench/lists.py --tools $(OUT)/bench $(BENCH_ARGS)

# make bench-collector  rows a second into a real QuestDB, durable spool included, beside the Python client and Telegraf's defaults; how soon they can be queried, the real duty, CPU, memory, bytes, 90 days; under four minutes
.PHONY: bench-collector
bench-collector: $(OUT)/bin/collector build/clients/.ready
	@command -v java >/dev/null || { echo "java is missing: apt-get install default-jre-headless" >&2; exit 1; }
	@COLLECTOR_BIN=$(OUT)/bin/collector PYTHONDONTWRITEBYTECODE=1 timeout --kill-after=10 360 /usr/bin/python3 tests/bench/bench_collector.py $(BENCH_ARGS)

# make bench-faults     receivers in trouble: who was told, when, how often; Debian's Alertmanager beside it; four and a half minutes
.PHONY: bench-faults
bench-faults: $(OUT)/bin/notifier
	@command -v prometheus-alertmanager >/dev/null || { echo "prometheus-alertmanager is missing: apt-get install prometheus-alertmanager" >&2; exit 1; }
	@NOTIFIER_BIN=$(OUT)/bin/notifier PYTHONDONTWRITEBYTECODE=1 timeout --kill-after=10 360 /usr/bin/python3 tests/bench/faults.py $(BENCH_ARGS)

# make sc003            10,000 alerts over ten minutes of virtual time while their provider fails a third of the time: told within 60 s, p50, p99; ten seconds
.PHONY: sc003
sc003: $(OUT)/tests/unit/core/test_sc003
	@timeout --kill-after=5 120 $<

# make bench-history    lists over five million changes while alerts come in and retention runs; six minutes, two gigabytes in BENCH_ARGS="--keep FOLDER" or /tmp
.PHONY: bench-history
bench-history: $(OUT)/bin/notifier
	@NOTIFIER_BIN=$(OUT)/bin/notifier PYTHONDONTWRITEBYTECODE=1 timeout --kill-after=10 900 /usr/bin/python3 tests/bench/history.py $(BENCH_ARGS)
