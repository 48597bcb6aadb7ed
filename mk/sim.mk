# make sim SEED=n   one simulated life, told as it goes
# make sim-100      a hundred lives; part of make check
# make sim-many     lives for SIM_SECONDS (120), or N of them (N=5000: about a quarter of an hour), until a promise is broken or
#                   a rare branch was never reached
# make sim-replay   every process of forty lives is recorded, and decided once more: the same decisions
# make sim-proof    planted bugs: each must be caught within 900 lives

SIM_SECONDS ?= 120
SIM_FIRST   ?= 1
SEED        ?= 1
SIM_LAYERS  := $(filter-out commands routes,$(LAYERS))
SIM_SRC     := $(wildcard tests/sim/*.c) tests/torture/vfs.c

$(OUT)/tests/sim/sim: $(call objects,$(SIM_SRC)) $(foreach l,$(SIM_LAYERS),$(call lib,$(l)))
	@mkdir -p $(@D)
	@echo '  LINK  $@'
	@$(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS) -lesmtp \
	  -Wl,--wrap=walfile_firm -o $@

.PHONY: sim
sim: $(OUT)/tests/sim/sim
	$< --seed $(SEED) --verbose

.PHONY: sim-100
sim-100: $(OUT)/tests/sim/sim
	@timeout --kill-after=5 240 $< --lives 100

.PHONY: sim-many
sim-many: $(OUT)/tests/sim/sim
	@timeout --kill-after=5 $(if $(N),$$(($(N) * 2 + 60)),$$(($(SIM_SECONDS) + 60))) \
	    $< $(if $(N),--lives $(N),--seconds $(SIM_SECONDS)) --first $(SIM_FIRST) --marks

SIM_RECORDS := $(OUT)/sim-records
.PHONY: sim-replay
sim-replay: $(OUT)/tests/sim/sim $(OUT)/bin/notifier
	@rm -rf $(SIM_RECORDS) && mkdir -p $(SIM_RECORDS)
	@SIM_RECORD=$(SIM_RECORDS) timeout --kill-after=5 120 $< --lives 40 >/dev/null
	@for record in $(SIM_RECORDS)/*; do \
	    timeout --kill-after=5 60 $(OUT)/bin/notifier replay-events $$record >$(SIM_RECORDS).out 2>&1 || \
	        { head -n 20 $(SIM_RECORDS).out; echo "sim-replay: $$record is decided otherwise"; exit 1; }; \
	done; echo "sim-replay: $$(ls $(SIM_RECORDS) | wc -l) processes decided the same again"
	@rm -rf $(SIM_RECORDS) $(SIM_RECORDS).out

.PHONY: sim-proof
sim-proof:
	@timeout --kill-after=5 1800 tests/sim/proof.sh
