# make deps         installs what building, running and testing need (Debian or Ubuntu, as root)
# make clients      the official clients of QuestDB and InfluxDB, from PyPI into build/clients: for `make e2e` and `make bench-collector`

DEPS_BUILD := gcc make pkg-config libmicrohttpd-dev libcurl4-openssl-dev libcjson-dev libesmtp-dev libsqlite3-dev libyaml-dev \
              libpcre2-dev libssl-dev libsystemd-dev libcrypt-dev zlib1g-dev tzdata
DEPS_TEST  := clang libclang-rt-14-dev clang-tidy cppcheck gcovr valgrind python3 python3-pytest python3-pytest-xdist sqlite3 postfix sasl2-bin libsasl2-modules faketime \
              swaks openssl curl jq wrk prometheus-alertmanager prometheus util-linux procps groff-base \
              python3-venv python3-yaml python3-psycopg2 python3-venv chromium chromium-driver python3-selenium default-jre-headless maven docker-compose
DEPS_ALL   := $(DEPS_BUILD) $(DEPS_TEST) $(if $(shell command -v npm),,npm)

.PHONY: deps
deps: packages
	@$(MAKE) --no-print-directory tools

# make packages     the part of deps that Debian has: enough to build and run
.PHONY: packages
packages:
	@missing=$$(for p in $(DEPS_ALL); do dpkg-query -W -f='$${db:Status-Status}\n' $$p 2>/dev/null | grep -qx installed || echo $$p; done); \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if ! command -v apt-get >/dev/null; then echo "install these by your system's means: $(DEPS_ALL)" >&2; exit 1; fi; \
	if [ "$$(id -u)" != 0 ]; then echo "some packages are missing; run: sudo apt-get install -y" $$missing >&2; exit 1; fi; \
	echo "installing:" $$missing; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null

# Exactly these, so that a test that passes today passes tomorrow; for the tests alone, the programs need none of it.
CLIENTS := questdb==6.0.0 influxdb-client==1.50.0
.PHONY: clients
clients: build/clients/.ready
build/clients/.ready: mk/deps.mk
	@rm -rf build/clients
	@echo '  PYPI  $(CLIENTS)'
	@/usr/bin/python3 -m venv build/clients || { echo "python3-venv is missing: apt-get install python3-venv" >&2; exit 1; }
	@timeout --kill-after=10 600 build/clients/bin/pip install -q --disable-pip-version-check --no-input $(CLIENTS)
	@touch $@

# Before the first object: a missing package is named with the command that brings it, not guessed from a compiler's
# complaint. Goals that build nothing themselves are left alone.
hash := \#
PACKAGE_NAMES := libmicrohttpd:libmicrohttpd-dev libcurl:libcurl4-openssl-dev libcjson:libcjson-dev sqlite3:libsqlite3-dev \
                 yaml-0.1:libyaml-dev libpcre2-8:libpcre2-dev libcrypto:libssl-dev libssl:libssl-dev libsystemd:libsystemd-dev \
                 libcrypt:libcrypt-dev zlib:zlib1g-dev
ifneq ($(filter-out help clean deps packages tools run check check-% coverage fuzz fuzz-keep,$(or $(MAKECMDGOALS),all)),)
  MISSING := $(shell if ! command -v pkg-config >/dev/null; then echo pkg-config; \
                     elif ! pkg-config --exists $(PACKAGES); then \
                         for p in $(PACKAGE_NAMES); do pkg-config --exists $${p%%:*} || echo $${p$(hash)$(hash)*:}; done | sort -u; fi; \
                     echo '$(hash)include <libesmtp.h>' | $(CC) $(CPPFLAGS) -E - >/dev/null 2>&1 || echo libesmtp-dev)
  ifneq ($(strip $(MISSING)),)
    $(error building needs $(strip $(MISSING)): run `make deps` as root, or `apt-get install $(strip $(MISSING))`)
  endif
endif
