# make run          the packages of deps (unless DEPS=no), build, then notifier and collector on embedded defaults; Ctrl-C stops both

.PHONY: run
run:
	$(if $(filter no,$(DEPS)),,@$(MAKE) --no-print-directory packages)
	@$(MAKE) --no-print-directory all
	@$(OUT)/bin/collector serve $(RUN_COLLECTOR_ARGS) & collector=$$!; \
	$(OUT)/bin/notifier serve $(RUN_ARGS) & notifier=$$!; \
	trap 'kill -TERM $$notifier $$collector 2>/dev/null' INT TERM; \
	while kill -0 $$notifier 2>/dev/null && kill -0 $$collector 2>/dev/null; do sleep 0.2; done; \
	kill -TERM $$notifier $$collector 2>/dev/null; \
	wait $$collector; code=$$?; wait $$notifier || code=$$?; exit $$code
