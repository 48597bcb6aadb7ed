# a summary that was not taken counts as told
# notifier/core/summary.c
s/^    for (size_t i = 0; i < count; i++) {$/    for (size_t i = 0; i < count; i++) { for (struct told *t = lanes[i]->pending; t; t = t->next) { t->status = TOLD_FIRING; t->told_ms = core->now.wall_ms; }/
