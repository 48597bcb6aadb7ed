# make torture          power cuts, failing writes and lying syncs under the real store (60 s; TORTURE_SECONDS, TORTURE_SEED)
TORTURE_SRC := $(wildcard tests/torture/test_*.c)
TORTURE_BIN := $(patsubst tests/torture/%.c,$(OUT)/tests/torture/%,$(TORTURE_SRC))

$(OUT)/tests/torture/%: $(OUT)/obj/tests/torture/%.o $(OUT)/obj/tests/torture/vfs.o $(foreach l,store core base,$(call lib,$(l)))
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS) \
	  -Wl,--wrap=walfile_firm -o $@

.PHONY: torture
torture: $(TORTURE_BIN)
	TEST_SECONDS=$$(($${TORTURE_SECONDS:-45} + 90)) tests/run.sh $(TORTURE_BIN)
