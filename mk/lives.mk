# make lives SEED=n   one simulated life, the same each time
# make lives-many     thousands of lives, for SIM_SECONDS (120)
# make lives-proof    plants known bugs one by one: the simulator must catch each

SEED ?= 1
SIM_SECONDS ?= 120
SIM_OBJ := $(call objects,$(wildcard tests/lives/*.c))
SIM_LIBS := $(foreach l,notifier store transport mail-worker channels render ingest core base,$(call lib,$(l)))

$(OUT)/tests/lives: $(SIM_OBJ) $(ALL_LIBS)
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(LDFLAGS) $(SIM_OBJ) -Wl,--start-group $(ALL_LIBS) -Wl,--end-group $(LIBS) -lesmtp -o $@

.PHONY: lives lives-100 lives-many
lives: $(OUT)/tests/lives
	$(OUT)/tests/lives --seed $(SEED) --verbose
lives-100: $(OUT)/tests/lives
	$(OUT)/tests/lives --lives 100
lives-many: $(OUT)/tests/lives
	$(OUT)/tests/lives --lives 1000000 --first 1000 --seconds $(SIM_SECONDS)
