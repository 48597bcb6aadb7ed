# make            build/bin/notifier and build/bin/collector (release flags); installs nothing
# make help       the targets
# VARIANT=asan|tsan|coverage|fuzz builds the same tree below build/VARIANT with other flags.

VARIANT ?= release
DEPS    ?= yes
WERROR  ?= yes
PREFIX  ?= /usr/local
VERSION := $(shell sed -n 's/^\#define NOTIFIER_VERSION "\(.*\)"/\1/p' notifier/version.h 2>/dev/null)

ifeq ($(VARIANT),release)
  OUT := build
else
  OUT := build/$(VARIANT)
endif

CC ?= cc
PACKAGES := libmicrohttpd libcurl libcjson sqlite3 yaml-0.1 libpcre2-8 libcrypto libssl libsystemd libcrypt zlib
CPPFLAGS += -I. -D_GNU_SOURCE -DPCRE2_CODE_UNIT_WIDTH=8 $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wvla \
            -Wwrite-strings -Wpointer-arith -Wformat=2 -Wundef -Wcast-qual -Wimplicit-fallthrough \
            -Wno-format-truncation
ifeq ($(WERROR),yes)
  WARNINGS += -Werror
endif
CFLAGS  ?= -O2 -g
CFLAGS  += -std=c11 $(WARNINGS) -fno-common -fstack-protector-strong -fPIE
LDFLAGS += -pie -Wl,-z,relro,-z,now
LIBS    := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lpthread -lm

ifeq ($(VARIANT),release)
  CFLAGS += -D_FORTIFY_SOURCE=2
endif
ifeq ($(VARIANT),asan)
  CFLAGS += -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
  LDFLAGS += -fsanitize=address,undefined
endif
ifeq ($(VARIANT),tsan)
  CFLAGS += -O1 -fsanitize=thread -fno-omit-frame-pointer
  LDFLAGS += -fsanitize=thread
endif
ifeq ($(VARIANT),coverage)
  CFLAGS += -O0 --coverage
  LDFLAGS += --coverage
endif
ifeq ($(VARIANT),fuzz)
  CC := clang
  CFLAGS += -O1 -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all
  LDFLAGS += -fsanitize=address,undefined
endif

# One archive a layer, lowest last: the order is the order of linking, and of the arrows in ARCHITECTURE.md.
LAYERS := commands notifier routes store mail-worker transport channels render ingest core base
SRC_base        := $(wildcard base/*.c)
SRC_core        := $(wildcard notifier/core/*.c)
SRC_ingest      := $(wildcard notifier/ingest/*.c)
SRC_render      := $(wildcard notifier/render/*.c)
SRC_channels    := $(wildcard notifier/channels/*.c)
SRC_transport   := $(wildcard notifier/transport/*.c)
SRC_mail-worker := $(wildcard notifier/mail-worker/*.c)
SRC_store       := $(wildcard notifier/store/*.c)
SRC_routes      := $(wildcard routes/*.c routes/pages/*.c)
SRC_notifier    := $(filter-out notifier/main.c,$(wildcard notifier/*.c))
SRC_commands    := $(wildcard notifier/commands/*.c)
LIBS_mail-worker := -lesmtp

# The collector stands beside the notifier on base and on the server half of routes.
COLLECTOR_LAYERS := collector sources
SRC_collector   := $(filter-out collector/main.c,$(wildcard collector/*.c))
SRC_sources     := $(wildcard collector/sources/*.c)

lib = $(OUT)/lib/lib$(1).a
ALL_LIBS := $(foreach l,$(LAYERS),$(call lib,$(l)))
COLLECTOR_LIBS := $(foreach l,$(COLLECTOR_LAYERS) routes base,$(call lib,$(l)))
objects = $(patsubst %.c,$(OUT)/obj/%.o,$(1))

.PHONY: all
all: $(OUT)/bin/notifier $(OUT)/bin/collector

$(OUT)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo '  CC    $<'
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# A file embedded as a C array: schemas and pages travel inside the binary.
$(OUT)/gen/%.inc: %
	@mkdir -p $(@D)
	@od -An -v -tx1 $< | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g' > $@
CPPFLAGS += -I$(OUT)/gen
EMBEDDED := $(patsubst %,$(OUT)/gen/%.inc,$(wildcard schemas/sqlite/*.sql schemas/questdb/*.sql schemas/openapi/*.json routes/pages/*.html routes/pages/*.css routes/pages/*.js routes/pages/*.svg notifier/render/*.tmpl))
$(call objects,$(SRC_store) $(SRC_routes) $(SRC_collector) $(SRC_render)): | $(EMBEDDED)

define archive
$(call lib,$(1)): $(call objects,$(SRC_$(1)))
	@mkdir -p $$(@D)
	@rm -f $$@
	@ar rcs $$@ $$^
endef
$(foreach l,$(LAYERS) $(COLLECTOR_LAYERS),$(eval $(call archive,$(l))))

$(OUT)/bin/notifier: $(call objects,notifier/main.c) $(ALL_LIBS)
	@mkdir -p $(@D)
	@echo '  LINK  $@'
	@$(CC) $(CFLAGS) $(LDFLAGS) $< -Wl,--start-group $(ALL_LIBS) -Wl,--end-group $(LIBS) -lesmtp -o $@

$(OUT)/bin/collector: $(call objects,collector/main.c) $(COLLECTOR_LIBS)
	@mkdir -p $(@D)
	@echo '  LINK  $@'
	@$(CC) $(CFLAGS) $(LDFLAGS) $< -Wl,--start-group $(COLLECTOR_LIBS) -Wl,--end-group $(LIBS) -o $@

# Unit tests mirror the tree: tests/unit/LAYER/test_X.c links its layer and those below it.
LINK_base        := base
LINK_core        := core base
LINK_ingest      := ingest core base
LINK_render      := render core base
LINK_channels    := channels render core base
LINK_transport   := transport mail-worker channels render core base
LINK_store       := store core base
LINK_routes      := $(LAYERS)
LINK_notifier    := $(LAYERS)
LINK_collector   := collector sources routes base
LINK_sources     := sources collector routes base
UNIT_SRC := $(wildcard tests/unit/*/test_*.c tests/unit/*/*/test_*.c)
UNIT_BIN := $(patsubst tests/unit/%.c,$(OUT)/tests/unit/%,$(UNIT_SRC))

.SECONDEXPANSION:
$(OUT)/tests/unit/%: $(OUT)/obj/tests/unit/%.o $$(foreach l,$$(LINK_$$(firstword $$(subst /, ,%))),$$(call lib,$$(l)))
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(LDFLAGS) $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS) -lesmtp -o $@

# Else make takes them for intermediate, deletes them, and the next make compiles every test anew.
.SECONDARY: $(call objects,$(UNIT_SRC) $(wildcard tests/fuzz/*.c tests/torture/*.c))

.PHONY: unit-build
unit-build: $(UNIT_BIN)

.PHONY: unit
unit: $(UNIT_BIN)
	tests/run.sh $(UNIT_BIN)

.PHONY: help
help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile mk/*.mk 2>/dev/null

# Each suite keeps its rules in a file of its own.
-include $(wildcard mk/*.mk)
-include $(shell find $(OUT)/obj -name '*.d' 2>/dev/null)

.PHONY: clean
clean:
	rm -rf build
