# The suites. Every step is bounded by `timeout`, so that a hang is a failure with a name.
#
# make check        deps (unless DEPS=no), then every test, those against real servers included
# make check-fast   the part under a minute: unit, tidy, a hundred simulated lives
# make e2e          the real binary against providers, Postfix, QuestDB and its clients, and a small disk
# make tidy         layers, banned calls, headers that stand alone, a pure core
# make check-amtool Debian's amtool and Prometheus against the real daemon
# make check-asan   unit, simulator and smoke tests under AddressSanitizer and UBSan
# make check-tsan   the same under ThreadSanitizer
# make check-kill   kill -9 in a loop under load: nothing answered may be lost
# make check-kill-collector  the same for the collector and its QuestDB; 75 s, or KILL_ARGS="--seconds N"
# make coverage     line coverage of base/ notifier/ routes/ collector/, at least COVERAGE_MIN percent
# make template-rows  tests/template/rows.json anew: what Go's own text/template makes of each row (needs go; make check does not)
# make lint         cppcheck and clang-tidy; what the path analyser doubts is listed, the rest fails

PYTEST := /usr/bin/python3 -m pytest -q -p no:cacheprovider
E2E_ARGS ?=
# Most tests wait for timers: more at once than there are processors costs little. 0: one after another, for a debugger.
E2E_WORKERS ?= 4
COVERAGE_MIN ?= 85
# Compilers at once.
JOBS ?= $(shell nproc)
KILL_ARGS ?=
# Words a failing step starts with, for whoever reads only the end of a log.
step = @printf '== %s\n' "$(1)"; timeout --kill-after=10 $(2) $(3) || { code=$$?; [ $$code -ne 124 ] || echo "$(1): not done after $(2) s" >&2; exit $$code; }
need = @command -v $(1) >/dev/null || { echo "$(1) is missing: apt-get install $(2)" >&2; exit 1; }
need_xdist = @/usr/bin/python3 -c 'import xdist' 2>/dev/null || { echo "pytest-xdist is missing: apt-get install python3-pytest-xdist" >&2; exit 1; }

.PHONY: check
check:
	$(if $(filter no,$(DEPS)),,$(call step,deps,1200,$(MAKE) deps))
	$(call step,build,900,$(MAKE) -j$(JOBS) all)
	$(call step,unit build,300,$(MAKE) -j$(JOBS) unit-build)
	$(call step,unit,300,$(MAKE) unit)
	$(call step,tidy,60,$(MAKE) tidy)
	$(call step,sim,300,$(MAKE) sim-100)
	$(call step,e2e,900,$(MAKE) e2e)
	$(call step,openapi,240,$(MAKE) check-openapi)
	$(call step,dashboards,420,$(MAKE) check-dashboards)
	$(call step,browser,600,$(MAKE) check-browser)
	@echo "check: all passed"

.PHONY: check-fast
check-fast:
	$(call step,build,900,$(MAKE) -j$(JOBS) all)
	$(call step,unit build,300,$(MAKE) -j$(JOBS) unit-build)
	$(call step,unit,60,$(MAKE) unit)
	$(call step,tidy,30,$(MAKE) tidy)
	$(call step,sim,60,$(MAKE) sim-100)
	@echo "check-fast: all passed"

.PHONY: tidy
tidy: $(call objects,$(SRC_core))
	@CC="$(CC)" TIDY_CPPFLAGS="$(CPPFLAGS)" tests/tidy.sh $(OUT)/obj

.PHONY: e2e
e2e: $(OUT)/bin/notifier $(OUT)/bin/collector build/clients/.ready
	$(call need,pytest-3,python3-pytest)
	$(call need,java,default-jre-headless)
	$(need_xdist)
	@NOTIFIER_BIN=$(OUT)/bin/notifier COLLECTOR_BIN=$(OUT)/bin/collector PYTHONDONTWRITEBYTECODE=1 timeout --kill-after=10 890 \
	    $(PYTEST) -n $(E2E_WORKERS) --dist loadgroup tests/e2e $(E2E_ARGS)

.PHONY: check-amtool
check-amtool: $(OUT)/bin/notifier
	$(call need,amtool,prometheus-alertmanager)
	$(call need,prometheus,prometheus)
	@NOTIFIER_BIN=$(OUT)/bin/notifier PYTHONDONTWRITEBYTECODE=1 timeout --kill-after=10 300 $(PYTEST) tests/e2e/test_amtool.py $(E2E_ARGS)

# The smoke tests with a binary of this VARIANT.
.PHONY: e2e-smoke
e2e-smoke: $(OUT)/bin/notifier $(OUT)/bin/collector
	$(call need,pytest-3,python3-pytest)
	@NOTIFIER_BIN=$(OUT)/bin/notifier COLLECTOR_BIN=$(OUT)/bin/collector NOTIFIER_SLOW=1 PYTHONDONTWRITEBYTECODE=1 $(PYTEST) tests/e2e -m smoke $(E2E_ARGS)

.PHONY: check-asan
check-asan: export ASAN_OPTIONS ?= detect_leaks=1:abort_on_error=0:exitcode=99:detect_stack_use_after_return=1
check-asan: export UBSAN_OPTIONS ?= print_stacktrace=1
check-asan:
	$(call step,asan build,1200,$(MAKE) -j$(JOBS) VARIANT=asan all)
	$(call step,asan unit,600,$(MAKE) VARIANT=asan unit)
	$(call step,asan sim,600,$(MAKE) VARIANT=asan sim-100)
	$(call step,asan e2e,600,$(MAKE) VARIANT=asan e2e-smoke)
	@echo "check-asan: all passed"

# setarch -R: ThreadSanitizer of gcc 12 cannot place its shadow where the kernel randomises with 32 bits.
.PHONY: check-tsan
check-tsan: export TSAN_OPTIONS ?= halt_on_error=1:exitcode=98:second_deadlock_stack=1
check-tsan:
	$(call need,setarch,util-linux)
	$(call step,tsan build,1200,$(MAKE) -j$(JOBS) VARIANT=tsan all)
	$(call step,tsan unit,600,setarch -R $(MAKE) VARIANT=tsan unit)
	$(call step,tsan sim,600,setarch -R $(MAKE) VARIANT=tsan sim-100)
	$(call step,tsan e2e,600,setarch -R $(MAKE) VARIANT=tsan e2e-smoke)
	@echo "check-tsan: all passed"

.PHONY: check-kill
check-kill: $(OUT)/bin/notifier
	@NOTIFIER_BIN=$(OUT)/bin/notifier PYTHONDONTWRITEBYTECODE=1 timeout --kill-after=10 270 /usr/bin/python3 tests/e2e/kill_loop.py $(KILL_ARGS)

.PHONY: check-kill-collector
check-kill-collector: $(OUT)/bin/collector
	$(call need,java,default-jre-headless)
	@COLLECTOR_BIN=$(OUT)/bin/collector PYTHONDONTWRITEBYTECODE=1 timeout --kill-after=10 300 /usr/bin/python3 tests/e2e/collector_kill_loop.py $(KILL_ARGS)

.PHONY: coverage
coverage:
	$(call need,gcovr,gcovr)
	$(call step,coverage build,1200,$(MAKE) -j$(JOBS) VARIANT=coverage all)
	@find build/coverage -name '*.gcda' -delete
	$(call step,coverage unit,600,$(MAKE) VARIANT=coverage unit)
	$(call step,coverage sim,600,$(MAKE) VARIANT=coverage sim-100)
	$(call step,coverage e2e,1200,$(MAKE) VARIANT=coverage e2e)
	$(call step,coverage report,300,gcovr --root . --filter 'base/' --filter 'notifier/' --filter 'routes/' --filter 'collector/' \
	    --gcov-ignore-parse-errors --print-summary --fail-under-line $(COVERAGE_MIN) -j 2 build/coverage)

GO ?= go
.PHONY: template-rows
template-rows:
	$(call need,$(GO),golang)
	@$(GO) run ./tests/template/*.go >$(OUT)/rows.json && mv $(OUT)/rows.json tests/template/rows.json

LINT_SRC = $(foreach l,$(LAYERS) $(COLLECTOR_LAYERS),$(SRC_$(l))) notifier/main.c collector/main.c
LINT_CHECKS := -*,clang-analyzer-core.*,clang-analyzer-unix.*,clang-analyzer-deadcode.*,bugprone-*,-bugprone-easily-swappable-parameters,-bugprone-narrowing-conversions,-bugprone-reserved-identifier,-bugprone-implicit-widening-of-multiplication-result,-bugprone-assignment-in-if-condition,-bugprone-branch-clone,-bugprone-macro-parentheses,-bugprone-suspicious-include,-bugprone-unchecked-optional-access,-bugprone-sizeof-expression,-bugprone-not-null-terminated-result,-bugprone-integer-division
.PHONY: lint
lint: $(EMBEDDED)
	$(call need,cppcheck,cppcheck)
	$(call need,clang-tidy,clang-tidy)
	$(call step,cppcheck,300,cppcheck --quiet --std=c11 --enable=warning$(comma)portability --inline-suppr --error-exitcode=1 -j 2 \
	    --suppress=missingIncludeSystem --suppress=nullPointerRedundantCheck --suppress=unknownMacro --suppress=uninitvar:notifier/core/dump.c -I. -D_GNU_SOURCE $(LINT_SRC))
	@printf '%s\n' $(LINT_SRC) >$(OUT)/lint.files
	$(call step,clang-tidy,900,xargs -a $(OUT)/lint.files -P 2 -I{} clang-tidy --quiet --checks="$(LINT_CHECKS)" --warnings-as-errors="bugprone-*" {} -- $(CPPFLAGS) -std=c11)
comma := ,
