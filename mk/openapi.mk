# make check-openapi schemathesis with our own openapi.json against a running daemon: no 5xx, no answer that is not in it; ten seconds

OPENAPI_ARGS ?=

.PHONY: check-openapi
check-openapi: $(OUT)/bin/notifier
	@test -x $(SCHEMATHESIS) || { echo "schemathesis is missing: make tools" >&2; exit 1; }
	@NOTIFIER_BIN=$(OUT)/bin/notifier PYTHONDONTWRITEBYTECODE=1 timeout --kill-after=10 240 /usr/bin/python3 tests/openapi/check.py \
	    --schemathesis $(SCHEMATHESIS) $(OPENAPI_ARGS)
