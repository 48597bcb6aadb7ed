# make bench        notifier against Debian's Alertmanager, the same load in the same run; at most six minutes

BENCH_ARGS ?=

$(OUT)/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(CC) -O2 -g -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror $< -o $@

.PHONY: bench
bench: $(OUT)/bin/notifier $(OUT)/bench/load $(OUT)/bench/sink
	@command -v prometheus-alertmanager >/dev/null || { echo "prometheus-alertmanager is missing: apt-get install prometheus-alertmanager" >&2; exit 1; }
	@NOTIFIER_BIN=$(OUT)/bin/notifier PYTHONDONTWRITEBYTECODE=1 timeout --kill-after=10 360 /usr/bin/python3 tests/bench/bench.py --tools $(OUT)/bench $(BENCH_ARGS)
