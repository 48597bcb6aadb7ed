# each change of what comes and goes is an edit
# notifier/core/amend.c
s/amend->last_ms + group_settings(core, lane->group)->group_interval_ms/amend->last_ms + group_settings(core, lane->group)->group_interval_ms \/ 4/
