# make run          deps (unless DEPS=no), build, then the daemon on embedded defaults; Ctrl-C stops it

.PHONY: run
run:
	$(if $(filter no,$(DEPS)),,@$(MAKE) --no-print-directory deps)
	@$(MAKE) --no-print-directory all
	@exec $(OUT)/bin/notifier serve $(RUN_ARGS)
