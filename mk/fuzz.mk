# make fuzz         each parser of strangers' bytes for FUZZ_SECONDS (20), under AddressSanitizer and UBSan
# make fuzz-keep    the same, then keeps the smallest inputs that reach everything, in tests/fuzz/corpus

FUZZ_SECONDS ?= 20
FUZZ_NAMES   ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_OUT     := build/fuzz

# Bodies that real senders emitted start the search where they fit.
FUZZ_SEEDS_webhook := tests/payloads/grafana tests/payloads/alertmanager
FUZZ_SEEDS_json    := tests/payloads/grafana tests/payloads/alertmanager
FUZZ_SEEDS_config  := config
FUZZ_SEEDS_yaml    := config
FUZZ_SEEDS_convert := tests/golden/convert

.PHONY: fuzz
fuzz:
	@command -v clang >/dev/null || { echo "clang is missing: apt-get install clang" >&2; exit 1; }
	timeout --kill-after=10 1200 $(MAKE) VARIANT=fuzz WERROR=no fuzz-binaries
	@for name in $(FUZZ_NAMES); do $(MAKE) --no-print-directory fuzz-one FUZZ_NAME=$$name || exit 1; done
	@echo "fuzz: nothing found"

.PHONY: fuzz-one
fuzz-one:
	@mkdir -p $(FUZZ_OUT)/found/$(FUZZ_NAME) tests/fuzz/corpus/$(FUZZ_NAME)
	@timeout --kill-after=10 $$(($(FUZZ_SECONDS) + 60)) $(FUZZ_OUT)/fuzz/$(FUZZ_NAME) -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
	    -max_len=65536 -print_final_stats=1 -artifact_prefix=$(FUZZ_OUT)/found/$(FUZZ_NAME)- -dict=tests/fuzz/words.dict \
	    $(FUZZ_OUT)/found/$(FUZZ_NAME) tests/fuzz/corpus/$(FUZZ_NAME) $(wildcard $(FUZZ_SEEDS_$(FUZZ_NAME))) >$(FUZZ_OUT)/$(FUZZ_NAME).log 2>&1 || { grep -v -E '^#|Uses:' $(FUZZ_OUT)/$(FUZZ_NAME).log | tail -n 40; \
	        echo "fuzz: $(FUZZ_NAME): FAILED, the input is in $(FUZZ_OUT)/found/"; exit 1; }
	@echo "fuzz: $(FUZZ_NAME): $$(sed -n 's/^stat::number_of_executed_units: *//p' $(FUZZ_OUT)/$(FUZZ_NAME).log) inputs in $(FUZZ_SECONDS) s"

# Seeds written by hand have names and stay; found ones are named by their hash, at most 40 of at most 1 KiB a target.
.PHONY: fuzz-keep
fuzz-keep: fuzz
	@for name in $(FUZZ_NAMES); do \
	    corpus=tests/fuzz/corpus/$$name; rm -rf $(FUZZ_OUT)/kept && mkdir -p $(FUZZ_OUT)/kept; \
	    $(FUZZ_OUT)/fuzz/$$name -merge=1 -max_len=1024 $(FUZZ_OUT)/kept $$corpus $(FUZZ_OUT)/found/$$name 2>/dev/null; \
	    find $$corpus -type f -regextype egrep -regex '.*/[0-9a-f]{40}' -delete; \
	    find $(FUZZ_OUT)/kept -type f -size -3 | sort | head -n 40 | xargs -r cp -t $$corpus; \
	done

ifeq ($(VARIANT),fuzz)
$(OUT)/fuzz/%: $(OUT)/obj/tests/fuzz/fuzz_%.o $(ALL_LIBS) $(COLLECTOR_LIBS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer $< -Wl,--start-group $(ALL_LIBS) $(COLLECTOR_LIBS) -Wl,--end-group $(LIBS) -lesmtp -o $@
.PHONY: fuzz-binaries
fuzz-binaries: $(FUZZ_NAMES:%=$(OUT)/fuzz/%)
endif
