# after a restart a rate counts from when a send was decided
# notifier/core/load.c
s/^    return moment_past(core, left_ms > row->started_ms ? left_ms : row->started_ms);$/    (void)left_ms; return moment_past(core, row->started_ms);/
