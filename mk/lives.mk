# make sim SEED=n   one simulated life, the same each time
# make sim-many     thousands of lives, for SIM_SECONDS (120)
# make sim-proof    plants known bugs one by one: the simulator must catch each

SEED ?= 1
SIM_SECONDS ?= 120
LIVES_OBJ := $(call objects,$(wildcard tests/lives/*.c))

$(OUT)/tests/lives: $(LIVES_OBJ) $(ALL_LIBS)
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(LDFLAGS) $(LIVES_OBJ) -Wl,--start-group $(ALL_LIBS) -Wl,--end-group $(LIBS) -lesmtp -o $@

.PHONY: sim sim-100 sim-many sim-proof
sim: $(OUT)/tests/lives
	$(OUT)/tests/lives --seed $(SEED) --verbose
sim-100: $(OUT)/tests/lives
	$(OUT)/tests/lives --lives 100
sim-many: $(OUT)/tests/lives
	$(OUT)/tests/lives --lives 1000000 --first 1000 --seconds $(SIM_SECONDS)
sim-proof:
	tests/lives/proof.sh
