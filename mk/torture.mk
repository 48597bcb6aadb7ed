# make torture          power cuts, lying syncs, and each write, sync and open failing in turn, under the real store (90 s; TORTURE_SECONDS, TORTURE_SEED); torture-memory
# make torture-memory   one allocation of the real daemon fails, each place that allocates in turn (40 s of them; MEMORY_SECONDS=0: all, an hour; MEMORY_SEED)
TORTURE_SRC := $(wildcard tests/torture/test_*.c)
TORTURE_BIN := $(patsubst tests/torture/%.c,$(OUT)/tests/torture/%,$(TORTURE_SRC))

$(OUT)/tests/torture/%: $(OUT)/obj/tests/torture/%.o $(OUT)/obj/tests/torture/vfs.o $(foreach l,store core base,$(call lib,$(l)))
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS) \
	  -Wl,--wrap=walfile_firm -o $@

# The sanitizers bring an allocator of their own: this is the release binary's.
$(OUT)/torture/memory.so: tests/torture/memory.c
	@mkdir -p $(@D)
	$(CC) -O2 -g -std=c11 -D_GNU_SOURCE $(WARNINGS) -shared -fPIC -pthread $< -o $@

.PHONY: torture-memory
torture-memory: $(OUT)/bin/notifier $(OUT)/torture/memory.so
	@command -v setarch >/dev/null || { echo "setarch is missing: apt-get install util-linux" >&2; exit 1; }
	@NOTIFIER_BIN=$(OUT)/bin/notifier PYTHONDONTWRITEBYTECODE=1 timeout --kill-after=10 $$(($${MEMORY_SECONDS:-40} ? $${MEMORY_SECONDS:-40} + 90 : 7200)) \
	  /usr/bin/python3 tests/torture/memory.py --shim $(OUT)/torture/memory.so --seconds $${MEMORY_SECONDS:-40} --seed $${MEMORY_SEED:-1}

.PHONY: torture
torture: $(TORTURE_BIN) torture-memory
	TEST_SECONDS=$$(($${TORTURE_SECONDS:-45} + 90)) tests/run.sh $(TORTURE_BIN)
