# make sim SEED=n   one simulated life, told as it goes
# make sim-100      a hundred lives; part of make check
# make sim-many     lives for SIM_SECONDS (120), until a promise is broken or a rare branch was never reached
# make sim-proof    planted bugs: each must be caught within 300 lives

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
	@timeout --kill-after=5 $$(($(SIM_SECONDS) + 60)) $< --seconds $(SIM_SECONDS) --first $(SIM_FIRST) --marks

.PHONY: sim-proof
sim-proof:
	@timeout --kill-after=5 900 tests/sim/proof.sh
