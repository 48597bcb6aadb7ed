# a restart with another policy moves nothing
# notifier/core/load.c
s/^    reload(core, core->policy);$/    for (size_t at = 0; map_each(\&core->groups, \&at, \&item);) if (((struct group *)item)->flush_due.wall_ms) heap_set(\&core->timers, \&((struct group *)item)->timer, ((struct group *)item)->flush_due.steady_ms, ((struct group *)item)->id);/
